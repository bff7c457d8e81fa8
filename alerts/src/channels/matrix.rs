//! Matrix (and Gitter): one thread an incident; a retry is the same event, and the first one shows the end.

mod answer;

use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use self::answer::{Answer, read};
use crate::channel::Kind;
use crate::request;
use crate::text::{self, Story};
use crate::{
    Channel, Hearing, MessageRef, Next, Notification, NotificationKind, Receipt, Refused, Reply, Spec,
};

pub(super) const KIND: Kind = Kind::of::<MatrixSpec>(
    "matrix",
    "Matrix: a thread an incident in one room, which the account joins by itself",
    "homeserver: https://matrix.example.org\naccess_token: syt_0000_example\nroom: '#ops:example.org'\n",
);

/// Settings of a Matrix room.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MatrixSpec {
    /// Address of the account's server, such as `https://matrix.org`.
    #[schemars(with = "String", extend("format" = "uri"))]
    homeserver: Url,
    /// Access token of the account.
    #[schemars(with = "String", extend("format" = "secret"))]
    access_token: SecretString,
    /// Alias (`#room:server`) or id (`!id:server`) of the room. The account joins it, or must have been invited.
    room: String,
    /// How people can acknowledge an incident here: by `reactions` (👀, ✅ or 👍 on our message), or `none`.
    #[serde(default)]
    acknowledge: Acknowledge,
}

/// How people can acknowledge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Acknowledge {
    /// By a reaction to our message.
    #[default]
    Reactions,
    /// Not here.
    None,
}

pub(super) struct Matrix {
    homeserver: Url,
    token: SecretString,
    auth: HeaderValue,
    room: String,
    acknowledge: Acknowledge,
}

impl Spec for MatrixSpec {
    type Channel = Matrix;

    fn build(self) -> Result<Matrix, Vec<Refused>> {
        let mut problems = Vec::new();
        if !matches!(self.homeserver.scheme(), "http" | "https") {
            problems.push(Refused::new("homeserver", "not an http address", "such as https://matrix.org"));
        }
        let room = self.room.trim().to_owned();
        if !(room.starts_with(['#', '!']) && room.len() < 256) {
            let hint = "#room:server or !id:server; gitter's org/room is #org_room:gitter.im";
            problems.push(Refused::new("room", format!("{room:?} is neither an alias nor an id"), hint));
        }
        match request::bearer("access_token", &self.access_token) {
            Ok(auth) if problems.is_empty() => {
                let Self { homeserver, access_token: token, acknowledge, .. } = self;
                Ok(Matrix { homeserver, token, auth, room, acknowledge })
            }
            Ok(_) => Err(problems),
            Err(problem) => {
                problems.push(problem);
                Err(problems)
            }
        }
    }
}

impl Channel for Matrix {
    /// Join (which also resolves an alias), send, and, where the trouble is over, rewrite the first message.
    fn compose(&self, n: &Notification, replies: &[Reply], thread: Option<&MessageRef>) -> Next {
        let Some((joined, rest)) = replies.split_first() else {
            return self.call(Method::POST, &["join", &self.room], &json!({}));
        };
        let room = match read(joined, "room_id") {
            Answer::Taken(room) => room,
            Answer::Not(receipt) => return Next::Done(receipt),
        };
        let root = thread.and_then(|t| root_in(t, &room));
        let Some((sent, rest)) = rest.split_first() else {
            return self.send(&room, &transaction(n, ""), &message(n, root));
        };
        let event = match read(sent, "event_id") {
            Answer::Taken(event) => event,
            Answer::Not(receipt) => return Next::Done(receipt),
        };
        let first = MessageRef(format!("{room} {}", root.unwrap_or(&event)));
        let Some(root) = root.filter(|_| n.kind == NotificationKind::Resolved) else {
            return Next::Done(Receipt::Delivered(Some(first)));
        };
        match rest.first().map(|edited| read(edited, "event_id")) {
            None => self.send(&room, &transaction(n, "-edit"), &edit(n, root)),
            Some(Answer::Not(retry @ Receipt::Retry { .. })) => Next::Done(retry),
            Some(Answer::Not(other)) => {
                let why = other.why().unwrap_or_default();
                let remark = format!("told, but the first message could not be rewritten: {why}");
                Next::Done(Receipt::Remarked { message: Some(first), remark })
            }
            Some(Answer::Taken(_)) => Next::Done(Receipt::Delivered(Some(first))),
        }
    }

    fn secrets(&self) -> Vec<&SecretString> {
        vec![&self.token]
    }

    fn ears(&self) -> Option<Hearing> {
        (self.acknowledge == Acknowledge::Reactions).then(|| Hearing::MatrixSync {
            homeserver: self.homeserver.clone(),
            access_token: self.token.clone(),
            room: self.room.clone(),
        })
    }
}

/// The first event of the incident, if it is in this room: an alias can come to mean another one.
fn root_in<'a>(thread: &'a MessageRef, room: &str) -> Option<&'a str> {
    thread.0.split_once(' ').filter(|(r, _)| *r == room).map(|(_, event)| event)
}

/// The server takes a second event with the same transaction for the first one.
fn transaction(n: &Notification, suffix: &str) -> String {
    format!("launchwatch-{}{suffix}", n.id)
}

fn message(n: &Notification, root: Option<&str>) -> Value {
    let mut content = content(n);
    if let (Some(root), Some(map)) = (root, content.as_object_mut()) {
        map.insert("m.relates_to".into(), json!({
            "rel_type": "m.thread", "event_id": root, "is_falling_back": true, "m.in_reply_to": {"event_id": root},
        }));
    }
    content
}

/// The first message as it reads now; its place in the room stays.
fn edit(n: &Notification, root: &str) -> Value {
    json!({
        "msgtype": "m.text",
        "body": format!("* {}", text::title(n)),
        "m.mentions": {},
        "m.new_content": content(n),
        "m.relates_to": {"rel_type": "m.replace", "event_id": root},
    })
}

/// `m.mentions` is empty so that nothing in foreign text wakes anybody.
fn content(n: &Notification) -> Value {
    json!({
        "msgtype": "m.text",
        "body": text::plain(n),
        "format": "org.matrix.custom.html",
        "formatted_body": text::html(&Story::of(n)),
        "m.mentions": {},
    })
}

impl Matrix {
    fn send(&self, room: &str, transaction: &str, content: &Value) -> Next {
        self.call(Method::PUT, &["rooms", room, "send", "m.room.message", transaction], content)
    }

    fn call(&self, method: Method, path: &[&str], body: &Value) -> Next {
        let mut url = self.homeserver.clone();
        match url.path_segments_mut() {
            Ok(mut segments) => segments.pop_if_empty().extend(["_matrix", "client", "v3"]).extend(path),
            Err(()) => return request::refused("homeserver is not an http address"),
        };
        let json = HeaderValue::from_static("application/json");
        let headers = vec![(CONTENT_TYPE, json), (AUTHORIZATION, self.auth.clone())];
        request::json(method, url.as_str(), headers, body)
    }
}

#[cfg(test)]
mod tests;
