//! Alerts as Prometheus and Alertmanager tell them: two forms, one meaning.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

/// Alerts that are read of one letter; Prometheus sends 64 at a time, Alertmanager a group.
const MOST: usize = 2_000;
/// How long an alert fires that does not say so: as Alertmanager has it (`resolve_timeout`).
const UNSAID: SignedDuration = SignedDuration::from_mins(5);

/// An alert that somebody tells us of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) since: Option<Timestamp>,
    pub(super) state: State,
}

/// How an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It fires until it is said that it does not.
    Firing,
    /// It fires until then, unless it is repeated.
    Until(Timestamp),
    /// It is over.
    Over,
}

/// Why a letter cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It has not the form.
    #[error("cannot read it as {what}: {why}")]
    Form {
        /// What it should be.
        what: &'static str,
        /// What is wrong.
        why: String,
    },
    /// It has the form of another version.
    #[error("this is version `{0}` of Alertmanager's letters; version 4 is understood")]
    Version(String),
}

#[derive(Deserialize)]
struct Webhook {
    version: String,
    alerts: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    #[serde(default)]
    status: String,
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    #[serde(default)]
    starts_at: Option<Timestamp>,
    #[serde(default)]
    ends_at: Option<Timestamp>,
}

/// Reads what Alertmanager posts to a webhook (version 4).
///
/// # Errors
/// It is something else.
pub fn of_webhook(body: &[u8]) -> Result<Vec<Alert>, Unreadable> {
    let letter: Webhook = read(body, "a letter of Alertmanager's webhook")?;
    if letter.version != "4" {
        return Err(Unreadable::Version(
            letter.version.chars().filter(|c| !c.is_control()).take(20).collect(),
        ));
    }
    let state = |alert: &Written| if alert.status == "resolved" { State::Over } else { State::Firing };
    Ok(all(letter.alerts, state))
}

/// Reads what Prometheus posts to the alerts of an Alertmanager (API version 2), as of `now`.
///
/// # Errors
/// It is something else.
pub fn of_prometheus(body: &[u8], now: Timestamp) -> Result<Vec<Alert>, Unreadable> {
    let alerts: Vec<Written> = read(body, "alerts of Prometheus (API version 2)")?;
    let state = |alert: &Written| match alert.ends_at.filter(|at| at.as_second() > 0) {
        Some(ends) if ends <= now => State::Over,
        Some(ends) => State::Until(ends),
        None => State::Until(now + UNSAID),
    };
    Ok(all(alerts, state))
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8], what: &'static str) -> Result<T, Unreadable> {
    serde_json::from_slice(body).map_err(|error| {
        // Where it is wrong, not what stands there: that may be anything.
        let why = format!("line {}, column {}", error.line(), error.column());
        Unreadable::Form { what, why }
    })
}

fn all(written: Vec<Written>, state: impl Fn(&Written) -> State) -> Vec<Alert> {
    let alert = |one: Written| Alert {
        state: state(&one),
        since: one.starts_at.filter(|at| at.as_second() > 0),
        labels: one.labels,
        annotations: one.annotations,
    };
    written.into_iter().take(MOST).map(alert).collect()
}

impl Alert {
    /// What it is called.
    pub(super) fn name(&self) -> &str {
        self.labels.get("alertname").map_or("an alert without a name", String::as_str)
    }

    /// The same for the same labels, whoever tells of it (FNV-1a: also after a restart of another version).
    pub(super) fn fingerprint(&self) -> u64 {
        let parts = self.labels.iter().flat_map(|(k, v)| [k.as_bytes(), &[0xff], v.as_bytes(), &[0xfe]]);
        parts.flatten().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
    }
}
