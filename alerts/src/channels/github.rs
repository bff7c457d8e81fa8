//! GitHub: one issue an incident, with comments as it goes on, closed with its end.
//!
//! The issue's number is the reference of the incident's thread. A repeated opening finds the issue by a mark in its
//! body, so that an answer that was lost on its way leaves no second one.

mod answer;
pub(super) mod markdown;

use http::Method;
use http::header::{ACCEPT, AUTHORIZATION, HeaderName, HeaderValue, USER_AGENT};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use self::answer::{Found, after};
use crate::channel::Kind;
use crate::request;
use crate::text::{self, Story};
use crate::{Channel, MessageRef, Next, Notification, NotificationKind, Receipt, Refused, Reply, Spec};

pub(super) const KIND: Kind = Kind::of::<GithubSpec>(
    "github",
    "GitHub: an issue an incident, with comments as it goes on, closed with its end",
    "repository: example/hub-operations\ntoken: github_pat_0000_example\nlabels: [outage]\n",
);

/// The version of the API that this was written for.
const VERSION: &str = "2022-11-28";
/// Newest issues that are searched for the mark: their answer must fit into the 64 KiB that the post reads.
const NEWEST: u8 = 5;

/// Settings of a GitHub repository.
///
/// Everybody who watches the repository is told. A test opens an issue and closes it again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GithubSpec {
    /// The repository: `owner/name`.
    repository: String,
    /// Token that may read and write issues there.
    #[schemars(with = "String", extend("format" = "secret"))]
    token: SecretString,
    /// Labels of the issues; GitHub makes those that are not there.
    #[serde(default = "launchwatch")]
    #[schemars(extend("default" = ["launchwatch"]))]
    labels: Vec<String>,
    /// Address of the API; for GitHub Enterprise Server `https://HOST/api/v3`.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "uri"))]
    api_url: Option<Url>,
}

fn launchwatch() -> Vec<String> {
    vec!["launchwatch".to_owned()]
}

struct Github {
    repository: String,
    token: SecretString,
    auth: HeaderValue,
    labels: Vec<String>,
    issues: String,
}

impl Spec for GithubSpec {
    type Channel = Github;

    fn build(self) -> Result<Github, Vec<Refused>> {
        let mut problems = Vec::new();
        let repository = self.repository.trim().trim_matches('/').to_owned();
        let word =
            |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if !repository.split_once('/').is_some_and(|(owner, name)| word(owner) && word(name)) {
            problems.push(Refused::new("repository", "not a repository", "owner/name, without address"));
        }
        if self.labels.iter().any(|l| l.trim().is_empty() || l.len() > 50 || l.contains(',')) {
            let what = "empty, longer than 50 characters, or with a comma in it";
            problems.push(Refused::new("labels", what, ""));
        }
        let base = request::base(self.api_url, "https://api.github.com").map_err(|r| problems.push(r)).ok();
        let auth = request::bearer("token", &self.token).map_err(|r| problems.push(r)).ok();
        match (base, auth) {
            (Some(base), Some(auth)) if problems.is_empty() => {
                let issues = format!("{base}/repos/{repository}/issues");
                Ok(Github { repository, token: self.token, auth, labels: self.labels, issues })
            }
            _ => Err(problems),
        }
    }
}

impl Channel for Github {
    fn compose(&self, n: &Notification, replies: &[Reply], thread: Option<&MessageRef>) -> Next {
        match thread.and_then(|t| self.number(t)) {
            Some(number) => self.following(n, replies, number),
            None => self.first(n, replies),
        }
    }

    fn secrets(&self) -> Vec<&SecretString> {
        vec![&self.token]
    }
}

/// Whether the issue is closed by this notification.
fn closes(n: &Notification) -> bool {
    matches!(n.kind, NotificationKind::Resolved | NotificationKind::Test)
}

impl Github {
    /// The issue of a thread, if it is in this repository: the settings can have changed since.
    fn number(&self, thread: &MessageRef) -> Option<u64> {
        let (repository, number) = thread.0.rsplit_once('#')?;
        (repository == self.repository).then(|| number.parse().ok()).flatten()
    }

    fn reference(&self, number: u64) -> MessageRef {
        MessageRef(format!("{}#{number}", self.repository))
    }

    /// Looks for the issue, else opens it; closes it again where the trouble is over already.
    fn first(&self, n: &Notification, replies: &[Reply]) -> Next {
        let (listed, rest) = match replies {
            [] => return self.list(),
            [listed, rest @ ..] => (listed, rest),
        };
        let (number, rest) = match answer::find(listed, &markdown::mark(n)) {
            Found::Not(receipt) => return Next::Done(receipt),
            Found::Issue(number) if !matches!(n.kind, NotificationKind::Opened | NotificationKind::Test) => {
                return self.following(n, rest, number);
            }
            Found::Issue(number) => (number, rest),
            Found::None => match rest {
                [] => return self.open(n),
                [opened, rest @ ..] => match answer::number(opened) {
                    Ok(number) => (number, rest),
                    Err(receipt) => return Next::Done(receipt),
                },
            },
        };
        match (closes(n), rest) {
            (false, _) => Next::Done(Receipt::Delivered(Some(self.reference(number)))),
            (true, []) => self.close(n, number),
            (true, [closed, ..]) => Next::Done(after(closed, self.reference(number))),
        }
    }

    /// The issue is closed first, which can be repeated at will, then commented on.
    fn following(&self, n: &Notification, replies: &[Reply], number: u64) -> Next {
        let (closed, rest) = match (closes(n), replies) {
            (true, []) => return self.close(n, number),
            (true, [closed, rest @ ..]) => (Some(closed), rest),
            (false, replies) => (None, replies),
        };
        let closed = closed.map(|c| after(c, self.reference(number)));
        if let Some(Receipt::Retry { .. }) = closed {
            return Next::Done(closed.unwrap_or_else(request::wrong_reply));
        }
        match rest {
            [] => {
                let body = json!({"body": markdown::comment(&Story::of(n))});
                self.call(Method::POST, &format!("{}/{number}/comments", self.issues), Some(&body))
            }
            // The issue was deleted or moved away: open another rather than say nothing.
            [Reply::Http { status: 404 | 410, .. }, rest @ ..] => self.first(n, rest),
            [commented, ..] => {
                let receipt = after(commented, self.reference(number));
                Next::Done(match closed.as_ref().and_then(Receipt::why) {
                    Some(why) => receipt.beside(format!("the issue could not be closed: {why}")),
                    None => receipt,
                })
            }
        }
    }

    fn list(&self) -> Next {
        let mut url = format!("{}?state=all&sort=created&direction=desc&per_page={NEWEST}", self.issues);
        if let Some(label) = self.labels.first() {
            let label: String = url::form_urlencoded::byte_serialize(label.as_bytes()).collect();
            url.push_str(&format!("&labels={label}"));
        }
        self.call(Method::GET, &url, None)
    }

    fn open(&self, n: &Notification) -> Next {
        let story = Story::of(n);
        let body = json!({
            "title": title(&story),
            "body": markdown::issue(&story, n),
            "labels": self.labels,
        });
        self.call(Method::POST, &self.issues, Some(&body))
    }

    fn close(&self, n: &Notification, number: u64) -> Next {
        let body = json!({"title": title(&Story::of(n)), "state": "closed", "state_reason": "completed"});
        self.call(Method::PATCH, &format!("{}/{number}", self.issues), Some(&body))
    }

    fn call(&self, method: Method, url: &str, body: Option<&Value>) -> Next {
        let mut headers = vec![
            (ACCEPT, HeaderValue::from_static("application/vnd.github+json")),
            (USER_AGENT, HeaderValue::from_static("launchwatch")),
            (HeaderName::from_static("x-github-api-version"), HeaderValue::from_static(VERSION)),
            (AUTHORIZATION, self.auth.clone()),
        ];
        let Some(body) = body else { return request::bytes(method, url, headers, bytes::Bytes::new()) };
        headers.push(request::JSON);
        request::json(method, url, headers, body)
    }
}

/// Fits into GitHub's 256 characters.
fn title(story: &Story) -> String {
    format!("{} {}", story.mark, text::one_line(&story.title, 200))
}

#[cfg(test)]
mod tests;
