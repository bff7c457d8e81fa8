//! Matrix: a reaction to one of our messages acknowledges its incident.

use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use launchwatch_alerts::text::one_line;
use launchwatch_alerts::{Command, IncidentId, MessageRef};
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use super::ask::{ask, request};
use super::{Desk, Ear, Unheard};

/// Longest wait for an answer that is there.
const LIMIT: Duration = Duration::from_secs(30);
/// How long the server holds a question to which there is no answer yet.
const POLL: Duration = Duration::from_secs(30);
/// Reactions that mean: I see to it.
const YES: [&str; 3] = ["👀", "✅", "👍"];

/// The reactions in one room.
pub(super) struct MatrixSync {
    channel: String,
    homeserver: Url,
    token: SecretString,
    /// As written: an alias or an id.
    room: String,
    /// What is known once the room was entered. Kept while connections come and go, so that nothing is missed.
    inside: Option<Inside>,
}

struct Inside {
    room: String,
    /// Our own name: what we do ourselves is no answer.
    me: String,
    since: String,
}

/// A reaction to a message.
#[derive(Debug, PartialEq, Eq)]
struct Reaction {
    by: String,
    to: String,
}

impl MatrixSync {
    pub(super) fn new(channel: String, homeserver: Url, token: SecretString, room: String) -> Self {
        Self { channel, homeserver, token, room, inside: None }
    }

    async fn call(
        &self,
        desk: &Desk,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Value, String> {
        let mut url = self.homeserver.clone();
        match url.path_segments_mut() {
            Ok(mut segments) => segments.pop_if_empty().extend(["_matrix", "client", "v3"]).extend(path),
            Err(()) => return Err("homeserver is not an http address".into()),
        };
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let body = (method == Method::POST).then(|| json!({}));
        let request = request(method, url.as_str(), &self.token, body.as_ref())?;
        ask(desk.edges.net.as_ref(), request, LIMIT + POLL).await
    }

    /// Joins the room (which also resolves an alias) and begins with what happens from now on.
    async fn enter(&self, desk: &Desk) -> Result<Inside, String> {
        let told = |value: &Value, key: &str| {
            word(value, key).map(str::to_owned).ok_or(format!("no {key} in the answer"))
        };
        let joined = self.call(desk, Method::POST, &["join", &self.room], &[]).await?;
        let room = told(&joined, "room_id")?;
        let me = told(&self.call(desk, Method::GET, &["account", "whoami"], &[]).await?, "user_id")?;
        let filter = filter(&room);
        let query = [("timeout", "0"), ("filter", filter.as_str())];
        let since = told(&self.call(desk, Method::GET, &["sync"], &query).await?, "next_batch")?;
        tracing::info!(channel.name = self.channel, "hearing reactions in Matrix");
        Ok(Inside { room, me, since })
    }

    /// The incident that a message was about: one of ours, or one in the thread of ours.
    async fn incident(&self, desk: &Desk, room: &str, me: &str, event: &str) -> Option<IncidentId> {
        if let Some(found) = self.known(desk, room, event).await {
            return Some(found);
        }
        let told = self.call(desk, Method::GET, &["rooms", room, "event", event], &[]).await.ok()?;
        let relation = told.get("content")?.get("m.relates_to")?;
        let root = word(relation, "event_id")?;
        let in_thread = word(&told, "sender") == Some(me) && word(relation, "rel_type") == Some("m.thread");
        if in_thread { self.known(desk, room, root).await } else { None }
    }

    async fn known(&self, desk: &Desk, room: &str, event: &str) -> Option<IncidentId> {
        let reference = MessageRef(format!("{room} {event}"));
        match desk.store.incident_of_message(&self.channel, &reference).await {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(%error, "cannot read what a reaction was about");
                None
            }
        }
    }

    async fn heard(&self, desk: &Desk, inside: &Inside, reaction: Reaction) {
        let Reaction { by, to } = reaction;
        let Some(incident) = self.incident(desk, &inside.room, &inside.me, &to).await else { return };
        let id = incident.clone();
        match desk.obey(Command::Acknowledge { incident, by, seconds: None }).await {
            Ok(()) => {}
            Err(Unheard::Again) => tracing::warn!(incident.id = %id, "a reaction could not be taken in"),
            Err(Unheard::No(why)) => tracing::info!(incident.id = %id, "a reaction was not obeyed: {why}"),
        }
    }
}

fn word<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

/// Only reactions, and only of this room.
fn filter(room: &str) -> String {
    let nothing = json!({ "types": [] });
    let reactions = json!({ "types": ["m.reaction"], "limit": 50 });
    let of_room = json!({
        "rooms": [room], "timeline": reactions, "state": nothing, "ephemeral": nothing, "account_data": nothing,
    });
    json!({ "room": of_room, "presence": nothing, "account_data": nothing }).to_string()
}

/// Reactions of others that mean yes.
fn reactions(answer: &Value, room: &str, me: &str) -> Vec<Reaction> {
    let joined = answer.pointer("/rooms/join").and_then(|rooms| rooms.get(room));
    let events = joined.and_then(|room| room.pointer("/timeline/events")).and_then(Value::as_array);
    let meant = |event: &Value| {
        let relation = event.get("content")?.get("m.relates_to")?;
        let by = word(event, "sender").filter(|s| *s != me)?;
        let yes = word(relation, "key").is_some_and(|key| YES.contains(&bare(key).as_str()));
        let to = word(relation, "event_id")?;
        let kinds = (word(event, "type"), word(relation, "rel_type"));
        let right = kinds == (Some("m.reaction"), Some("m.annotation")) && yes;
        right.then(|| Reaction { by: one_line(by, 80), to: to.to_owned() })
    };
    events.into_iter().flatten().filter_map(meant).collect()
}

/// A sign without its colour of skin and its style.
fn bare(key: &str) -> String {
    key.chars().filter(|c| !matches!(c, '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}')).collect()
}

#[async_trait]
impl Ear for MatrixSync {
    async fn listen(&mut self, desk: &Desk) -> Result<(), String> {
        let mut inside = match self.inside.take() {
            Some(inside) => inside,
            None => self.enter(desk).await?,
        };
        let filter = filter(&inside.room);
        let timeout = POLL.as_millis().to_string();
        loop {
            let query = [("since", inside.since.as_str()), ("timeout", &timeout), ("filter", &filter)];
            let answer = match self.call(desk, Method::GET, &["sync"], &query).await {
                Ok(answer) => answer,
                Err(why) => {
                    // A server that has lost our place must be entered anew.
                    self.inside = (!why.contains("M_UNKNOWN_POS")).then_some(inside);
                    return Err(why);
                }
            };
            for reaction in reactions(&answer, &inside.room, &inside.me) {
                self.heard(desk, &inside, reaction).await;
            }
            match answer.get("next_batch").and_then(Value::as_str) {
                Some(next) => inside.since = next.to_owned(),
                None => return Err("sync: no next_batch in the answer".into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_of_somebody_else_to_a_message_of_this_room_counts() {
        let event = |sender: &str, kind: &str, rel: &str, key: &str| json!({"type": kind, "sender": sender, "content": {"m.relates_to": {"rel_type": rel, "event_id": "$e", "key": key}}});
        for (event, counts) in [
            (event("@ada:x", "m.reaction", "m.annotation", "👀"), true),
            (event("@ada:x", "m.reaction", "m.annotation", "✅"), true),
            (event("@ada:x", "m.reaction", "m.annotation", "👍️"), true),
            (event("@ada:x", "m.reaction", "m.annotation", "👍🏽"), true),
            (event("@ada:x", "m.reaction", "m.annotation", "👎"), false),
            (event("@ada:x", "m.reaction", "m.annotation", ""), false),
            (event("@bot:x", "m.reaction", "m.annotation", "👀"), false),
            (event("@ada:x", "m.reaction", "m.reference", "👀"), false),
            (event("@ada:x", "m.room.message", "m.annotation", "👀"), false),
            (json!({"type": "m.reaction", "sender": "@ada:x", "content": {}}), false),
            (json!(null), false),
        ] {
            let answer = json!({"rooms": {"join": {"!r": {"timeline": {"events": [event]}}}}});
            let expected = counts.then(|| Reaction { by: "@ada:x".into(), to: "$e".into() });
            assert_eq!(
                reactions(&answer, "!r", "@bot:x"),
                expected.into_iter().collect::<Vec<_>>(),
                "{answer}"
            );
            assert!(reactions(&answer, "!other", "@bot:x").is_empty());
        }
    }
}
