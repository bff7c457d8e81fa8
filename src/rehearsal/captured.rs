//! Captured post: every letter is taken and answered as its service would, and none leaves.

use async_trait::async_trait;
use bytes::Bytes;
use http::HeaderMap;
use launchwatch_alerts::{Envelope, Post, Reply, Undelivered};

/// What the services of chats and pagers answer to what they took, all at once: each reads what it knows.
const TAKEN: &str = r#"{"ok":true,"ts":"1.1","channel":"rehearsal","event_id":"$rehearsal","room_id":"!rehearsal:rehearsal",
"id":1,"number":1,"name":"spaces/rehearsal/messages/1","thread":{"name":"spaces/rehearsal/threads/1"},"status":"success",
"result":{"message_id":1},"requestId":"rehearsal","dedup_key":"rehearsal","message":"taken","msg":"","html_url":"http://rehearsal/1"}"#;

/// Takes everything.
pub(super) struct Captured;

#[async_trait]
impl Post for Captured {
    async fn deliver(&self, envelope: Envelope) -> Result<Reply, Undelivered> {
        Ok(match envelope {
            Envelope::Http(_) => {
                let mut headers = HeaderMap::new();
                headers
                    .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
                Reply::Http { status: 200, headers, body: Bytes::from_static(TAKEN.as_bytes()) }
            }
            Envelope::Mail(letter) => {
                Reply::Mail(letter.to.into_iter().map(|to| (to, 250, "taken".to_owned())).collect())
            }
            Envelope::Command(_) => Reply::Command { code: Some(0), said: String::new() },
        })
    }
}
