//! The questions of one look: the redirector's view, each member's own word, and where a build would be sent to.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::LOCATION;
use serde_json::Value;
use url::Url;

use crate::net::NetFault;
use crate::{Cx, NetError, Stage, exchange};

/// Longest answer of the redirector or a member: a few hundred bytes a member.
const LARGEST: usize = 256 << 10;
/// Pods below its quota at which a member is still sent people; what the redirector takes by default.
const HEADROOM: u64 = 10;

/// A member as configured.
pub(super) struct Member {
    pub(super) name: String,
    pub(super) prime: bool,
    pub(super) url: Url,
    pub(super) health: Url,
    pub(super) versions: Url,
}

/// What a member says of itself.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Seen {
    /// It says that it is well; `None` if we could not ask.
    pub(super) healthy: Option<bool>,
    /// Nothing keeps the redirector from sending people: no soft check fails and there is room.
    pub(super) welcome: bool,
    /// The document with its versions.
    pub(super) versions: Option<Value>,
    /// What is wrong with it, in words.
    pub(super) trouble: Option<String>,
}

/// Why the redirector told nothing.
pub(super) enum Deaf {
    Net(NetError),
    Silent,
    Status(StatusCode),
    Garbled(String),
}

/// Whom the redirector sends people to.
#[derive(Debug, Default)]
pub(super) struct View {
    hosts: BTreeMap<String, Host>,
}

#[derive(Debug)]
struct Host {
    url: String,
    versions: Option<Value>,
}

impl View {
    pub(super) fn read(body: &[u8]) -> Result<Self, String> {
        let document: Value = serde_json::from_slice(body).map_err(|e| e.to_string())?;
        let listed = document.get("active_hosts").and_then(Value::as_object);
        let listed = listed.ok_or_else(|| "no `active_hosts` in it".to_owned())?;
        let host = |(name, host): (&String, &Value)| {
            let url = host.get("url").and_then(Value::as_str).unwrap_or_default();
            let versions = host.get("versions").filter(|v| !v.is_null()).cloned();
            (name.clone(), Host { url: plain(url).to_owned(), versions })
        };
        Ok(Self { hosts: listed.iter().map(host).collect() })
    }

    /// Active members.
    pub(super) fn len(&self) -> usize {
        self.hosts.len()
    }

    /// Whether this member is active.
    pub(super) fn lists(&self, member: &Member) -> bool {
        self.host(member).is_some()
    }

    /// What the redirector believes this member runs.
    pub(super) fn versions(&self, member: &Member) -> Option<&Value> {
        self.host(member)?.versions.as_ref()
    }

    /// The active member to which an address belongs.
    pub(super) fn whose(&self, place: &Url) -> Option<String> {
        let of = |host: &&Host| !host.url.is_empty() && place.as_str().starts_with(&format!("{}/", host.url));
        self.hosts.iter().find(|(_, host)| of(host)).map(|(name, _)| name.clone())
    }

    fn host(&self, member: &Member) -> Option<&Host> {
        let url = plain(member.url.as_str());
        self.hosts.get(&member.name).or_else(|| self.hosts.values().find(|h| h.url == url))
    }
}

fn plain(url: &str) -> &str {
    url.trim_end_matches('/')
}

/// Asks the redirector whom it sends people to.
pub(super) async fn active_hosts(cx: &mut Cx, url: &Url, limit: Duration) -> Result<View, Deaf> {
    let request = exchange::question(cx, url, "application/json", None).map_err(Deaf::Net)?;
    let exchange = async {
        let answer = exchange::send(cx, request).await.map_err(Deaf::Net)?;
        cx.stage(Stage::Body);
        let status = answer.status;
        if !status.is_success() {
            return Err(Deaf::Status(status));
        }
        let body = answer.read(LARGEST).await.map_err(Deaf::Net)?;
        View::read(&body).map_err(Deaf::Garbled)
    };
    tokio::time::timeout(limit, exchange).await.unwrap_or(Err(Deaf::Silent))
}

/// The questions to all members at once, which need nothing of the run any more.
pub(super) fn questions<'m>(
    cx: &Cx,
    members: &'m [Member],
    limit: Duration,
) -> Vec<impl Future<Output = Seen> + use<'m>> {
    let ask = |url: &Url| {
        let (net, request) = (cx.net(), exchange::question(cx, url, "application/json", None));
        async move {
            let exchange = async {
                let answer = net.send(request?).await?;
                let status = answer.status;
                Ok((status, answer.read(LARGEST).await?))
            };
            let silent =
                || NetError::new(NetFault::Cut, format!("no answer within {:.0} s", limit.as_secs_f64()));
            tokio::time::timeout(limit, exchange).await.unwrap_or_else(|_| Err(silent()))
        }
    };
    let all = members.iter().map(|member| {
        let (health, versions) = (ask(&member.health), ask(&member.versions));
        async move {
            let (health, versions) = tokio::join!(health, versions);
            seen(member, health, versions)
        }
    });
    all.collect()
}

type Heard = Result<(StatusCode, Bytes), NetError>;

fn seen(member: &Member, health: Heard, versions: Heard) -> Seen {
    let told = versions.ok().filter(|(status, _)| status.is_success());
    let versions = told.and_then(|(_, body)| serde_json::from_slice(&body).ok()).filter(Value::is_object);
    let trouble = |what: String| Some(format!("{}: {what}", member.name));
    let (status, body) = match health {
        Ok(answer) => answer,
        Err(error) => {
            // What is wrong on our side says nothing of the member.
            let healthy = (error.fault != NetFault::Local).then_some(false);
            let trouble = trouble(format!("/health: {error}"));
            return Seen { healthy, trouble, versions, welcome: false };
        }
    };
    let report: Value = serde_json::from_slice(&body).unwrap_or_default();
    let well = status.is_success() && report.get("ok").and_then(Value::as_bool) == Some(true);
    let what = match (well, versions.is_some()) {
        (true, true) => None,
        (true, false) => trouble("tells no versions".to_owned()),
        (false, _) => trouble(format!("/health answered {status}, not that it is well")),
    };
    Seen { healthy: Some(well && versions.is_some()), welcome: welcome(&report), versions, trouble: what }
}

/// Whether the redirector has no reason of its own to leave a member out, by the member's health page.
fn welcome(report: &Value) -> bool {
    let checks = report.get("checks").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    checks.iter().all(|check| {
        let count = |key: &str| check.get(key).and_then(Value::as_u64);
        let full = count("total_pods")
            .zip(count("quota"))
            .is_some_and(|(total, quota)| total.saturating_add(HEADROOM) >= quota);
        check.get("ok").and_then(Value::as_bool) != Some(false) && !full
    })
}

/// Where a build would be sent to. Nothing but the head of the answer is read: should the target build itself, it is left
/// alone at once, and it was asked in a way that BinderHub refuses (only event streams are built for).
pub(super) async fn redirect(cx: &mut Cx, url: &Url, limit: Duration) -> Result<Url, String> {
    let request = exchange::question(cx, url, "application/json", None).map_err(|e| e.to_string())?;
    let answer = match tokio::time::timeout(limit, cx.net().send(request)).await {
        Ok(answer) => answer.map_err(|e| format!("{url}: {e}"))?,
        Err(_) => return Err(format!("{url}: no answer within {:.0} s", limit.as_secs_f64())),
    };
    let to = answer.headers.get(LOCATION).and_then(|v| v.to_str().ok());
    match to.filter(|_| answer.status.is_redirection()) {
        Some(to) => url.join(to).map_err(|e| format!("{url} redirects to {to:?}: {e}")),
        None => Err(format!("{url} answered {} and redirects nowhere", answer.status)),
    }
}
