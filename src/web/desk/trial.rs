//! One test message through a channel, step by step: the same that `launchwatch test-alert` sends.

use std::sync::Mutex;

use async_trait::async_trait;
use jiff::Timestamp;
use launchwatch_alerts::{Envelope, Notification, Post, Receipt, Reply, Undelivered, courier};

use crate::config::ChannelConfig;

/// Steps that are shown.
const STEPS: usize = 12;

/// What came of it.
#[derive(Debug, Clone)]
pub(super) struct Trial {
    pub(super) at: Timestamp,
    pub(super) by: String,
    pub(super) well: bool,
    /// What went out and what came back, without addresses that are secrets.
    pub(super) steps: Vec<String>,
    pub(super) outcome: String,
}

/// Sends a test message.
pub(super) async fn run(
    channel: &ChannelConfig,
    post: &dyn Post,
    at: Timestamp,
    word: &str,
    by: &str,
) -> Trial {
    let watched = Watched { post, steps: Mutex::default() };
    let notification = Notification::test(at, word);
    let receipt = courier::deliver(channel.channel.as_ref(), &notification, None, &watched).await;
    let why = launchwatch_alerts::text::one_line(&receipt.why().unwrap_or_default(), 500);
    let outcome = match &receipt {
        Receipt::Delivered(_) => "delivered: look whether the test message is there".to_owned(),
        Receipt::Remarked { .. } => format!("delivered, but: {why}"),
        Receipt::Retry { .. } | Receipt::Partly { .. } => {
            format!("not delivered (would be tried again): {why}")
        }
        Receipt::Refused { .. } => format!("refused (would not be tried again): {why}"),
    };
    let steps = watched.steps.into_inner().unwrap_or_default();
    Trial { at, by: by.to_owned(), well: matches!(receipt, Receipt::Delivered(_)), steps, outcome }
}

/// A post that takes down what passes through it.
struct Watched<'a> {
    post: &'a dyn Post,
    steps: Mutex<Vec<String>>,
}

#[async_trait]
impl Post for Watched<'_> {
    async fn deliver(&self, envelope: Envelope) -> Result<Reply, Undelivered> {
        // Only the host: paths of hooks are secrets.
        let sent = match &envelope {
            Envelope::Http(request) => {
                format!("{} {}", request.method(), request.uri().host().unwrap_or_default())
            }
            Envelope::Mail(_) => "mail to the relay".to_owned(),
            Envelope::Command(_) => "the program is run".to_owned(),
        };
        let reply = self.post.deliver(envelope).await;
        let came = match &reply {
            Ok(Reply::Http { status, .. }) => format!("answers {status}"),
            Ok(Reply::Mail(said)) => format!("the relay answers for {} recipients", said.len()),
            Ok(Reply::Command { code: Some(code), .. }) => format!("ends with {code}"),
            Ok(Reply::Command { code: None, .. }) => "a signal ended it".to_owned(),
            Ok(Reply::Lost(_)) | Err(_) => "no answer".to_owned(),
        };
        if let Ok(mut steps) = self.steps.lock()
            && steps.len() < STEPS
        {
            steps.push(format!("{sent}: {came}"));
        }
        reply
    }
}
