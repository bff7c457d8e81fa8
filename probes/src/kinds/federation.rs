//! `federation`: whether a redirector and the members behind it agree on who serves.

mod look;
mod memory;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;
use url::Url;

use self::look::{Deaf, Member, Seen, View};
use self::memory::{Memory, Standing};
use super::metrics::openly;
use crate::{Cadence, Cx, Kind, Outcome, Probe, Reason, Refused, Spec, Stage, exchange, target};

pub(super) const KIND: Kind = Kind::of::<FederationSpec>(
    "federation",
    "Asks a federation's redirector whom it sends people to, and the members themselves whether that is right.",
    &[Stage::Resolve, Stage::Connect, Stage::Tls, Stage::FirstByte, Stage::Body],
    Cadence { every: Duration::from_secs(60), deadline: Duration::from_secs(25) },
    "members:
  - { name: one, url: https://one.example.org/, prime: true }
  - { name: two, url: https://two.example.org/ }
",
)
.measuring(&[
    "members",
    "members_active",
    "members_healthy",
    "members_missing",
    "versions_distinct",
    "versions_apart_seconds",
    "prime_stale",
]);

/// Members at most: each is asked two pages a run.
const MOST_MEMBERS: usize = 50;
/// How long the redirector and the members may take to answer.
const PATIENCE: Duration = Duration::from_secs(12);

/// The redirector (the target) sends people to the members that it believes to be well. A member that is well by its own
/// word, runs what the prime member runs, and still gets nobody for longer than a rollout takes, is a fault (`drift`).
#[derive(Deserialize, JsonSchema)]
pub(super) struct FederationSpec {
    /// The members that there should be.
    members: Vec<MemberSpec>,
    /// Ask the redirector where it would send a build of `spec` to, without following it. Switch it on only where the
    /// target redirects: a BinderHub that is asked directly might build.
    #[serde(default)]
    probe_redirect: bool,
    /// What is asked for with `probe_redirect`.
    #[serde(default = "small")]
    spec: String,
}

/// One member.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MemberSpec {
    /// Its name; where the redirector knows it by another, the URL tells.
    name: String,
    /// Where it is reached directly.
    url: String,
    /// Whether it is the member whose version the others must have.
    #[serde(default)]
    prime: bool,
}

fn small() -> String {
    "gh/binder-examples/requirements/50533eb".to_owned()
}

impl Spec for FederationSpec {
    type Probe = Federation;

    fn build(self, url: &Url) -> Result<Federation, Vec<Refused>> {
        let mut refused = Vec::new();
        if self.members.is_empty() || self.members.len() > MOST_MEMBERS {
            let what = format!("{} members; there must be 1 to {MOST_MEMBERS}", self.members.len());
            refused.push(Refused::new("members", what, "write name and url of each"));
        }
        let mut members = Vec::new();
        let mut names = BTreeSet::new();
        for (n, spec) in self.members.into_iter().enumerate() {
            let at = |key: &str| format!("members[{n}].{key}");
            if spec.name.trim().is_empty() || !names.insert(spec.name.clone()) {
                let what = format!("{:?} is empty or occurs twice", spec.name);
                refused.push(Refused::new(at("name"), what, "each member has a name of its own"));
            }
            if spec.prime && members.iter().any(|m: &Member| m.prime) {
                refused.push(Refused::new(at("prime"), "there are two prime members", "keep one"));
            }
            match member(&spec) {
                Ok(member) => members.push(member),
                Err(what) => {
                    refused.push(Refused::new(at("url"), what, "write https://host/ without a password"));
                }
            }
        }
        let page = |path: &str| {
            target::under(url, path).map_err(|e| vec![Refused::new("", format!("target {url}: {e}"), "")])
        };
        let build = format!("build/{}", self.spec.trim_matches('/'));
        let probe = Federation {
            active_hosts: page("active_hosts")?,
            build: self.probe_redirect.then(|| page(&build)).transpose()?,
            members,
            memory: Mutex::default(),
        };
        if refused.is_empty() { Ok(probe) } else { Err(refused) }
    }
}

fn member(spec: &MemberSpec) -> Result<Member, String> {
    let url = openly(&spec.url)?;
    let page = |path: &str| target::under(&url, path).map_err(|e| format!("{url}: {e}"));
    let (health, versions) = (page("health")?, page("versions")?);
    Ok(Member { name: spec.name.clone(), prime: spec.prime, url, health, versions })
}

pub(super) struct Federation {
    active_hosts: Url,
    build: Option<Url>,
    members: Vec<Member>,
    /// Since when things are as they are, as far as this process has seen.
    memory: Mutex<Memory>,
}

#[async_trait]
impl Probe for Federation {
    async fn run(&self, cx: &mut Cx) -> Outcome {
        let limit = PATIENCE.min(cx.remaining() / 2);
        let members = futures::future::join_all(look::questions(cx, &self.members, limit));
        let asked = look::active_hosts(cx, &self.active_hosts, limit);
        let (view, seen) = tokio::join!(asked, members);
        seen.iter().filter_map(|s| s.trouble.as_deref()).for_each(|line| cx.line(line));
        let standing = self.standing(&seen, view.as_ref().ok());
        tell(cx, &standing);
        let view = match view {
            Ok(view) => view,
            Err(deaf) => return self.unanswered(cx, deaf),
        };
        cx.close_stage();
        if let Some(url) = &self.build {
            self.ask_where_to(cx, url, &view).await;
        }
        judge(cx, &standing)
    }
}

impl Federation {
    fn standing(&self, seen: &[Seen], view: Option<&View>) -> Standing {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.look(&self.members, seen, view, Instant::now())
    }

    /// A redirect is a fact; whatever else comes says nothing that the other pages do not.
    async fn ask_where_to(&self, cx: &mut Cx, url: &Url, view: &View) {
        let limit = PATIENCE.min(cx.remaining() / 2);
        match look::redirect(cx, url, limit).await {
            Ok(place) => {
                let direct = self.members.iter().find(|m| place.as_str().starts_with(m.url.as_str()));
                let known = direct.map(|m| m.name.clone()).or_else(|| view.whose(&place));
                let host = || place.host_str().unwrap_or_default().to_owned();
                cx.fact("redirected_to", &known.unwrap_or_else(host));
            }
            Err(what) => cx.line(&what),
        }
    }

    fn unanswered(&self, cx: &mut Cx, deaf: Deaf) -> Outcome {
        let url = &self.active_hosts;
        match deaf {
            Deaf::Net(error) => exchange::failed(cx, &error),
            Deaf::Silent => cx.timed_out(),
            Deaf::Garbled(what) => cx.failed(Reason::Garbled, format!("{url} tells no active hosts: {what}")),
            Deaf::Status(status) => {
                let what = format!("{url} answered {status}");
                match status {
                    StatusCode::TOO_MANY_REQUESTS => cx.unknown(Reason::RateLimited, what),
                    StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => cx.unknown(Reason::ProbeAuth, what),
                    // The redirector's own word for a member that does not answer is 599.
                    _ if status.as_u16() >= 500 => cx.failed(Reason::HubUnavailable, what),
                    _ => cx.failed(Reason::HttpStatus, format!("{what}: is it a federation's redirector?")),
                }
            }
        }
    }
}

fn tell(cx: &mut Cx, standing: &Standing) {
    standing.figures().for_each(|(name, value)| cx.measure(name, value));
    if !standing.missing.is_empty() {
        cx.fact("members_missing_names", &standing.missing_names());
    }
    if let Some(why) = &standing.stale {
        cx.line(why);
    }
}

fn judge(cx: &mut Cx, standing: &Standing) -> Outcome {
    if standing.active == Some(0) {
        return cx.failed(Reason::Drift, "the redirector has no active member left");
    }
    match standing.missing_long() {
        Some(what) => cx.failed(Reason::Drift, what),
        None => cx.passed(),
    }
}

#[cfg(test)]
mod tests;
