//! What is not looked at but told: how others speak to us, and when their silence says something.

use std::time::Duration;

use regex::Regex;
use secrecy::SecretString;

use crate::Refused;

/// Shortest key: whoever knows it may speak.
const SHORTEST_KEY: usize = 16;
/// Longest key: it stands in an address.
const LONGEST_KEY: usize = 200;

/// How others tell about what a probe is about.
#[derive(Debug, Clone)]
pub enum Passive {
    /// A job that says when it begins, and how it ended.
    Heartbeat(HeartbeatTerms),
    /// Alerts of Prometheus or Alertmanager.
    Alertmanager(AlertTerms),
}

impl Passive {
    /// What proves who speaks.
    pub fn key(&self) -> &SecretString {
        match self {
            Self::Heartbeat(terms) => &terms.key,
            Self::Alertmanager(terms) => &terms.key,
        }
    }
}

/// When a job is late.
#[derive(Debug, Clone)]
pub struct HeartbeatTerms {
    /// What proves that it is the job that speaks.
    pub key: SecretString,
    /// How late a ping may be; `None`: a quarter of the interval, at least a minute and at most an hour.
    pub grace: Option<Duration>,
    /// How long a run may take that said when it began; `None`: as long as the interval.
    pub longest: Option<Duration>,
}

/// Which alerts count, and what their silence means.
#[derive(Debug, Clone)]
pub struct AlertTerms {
    /// What proves that it is our Prometheus or Alertmanager that speaks.
    pub key: SecretString,
    /// Labels and what their whole value must look like; all of them.
    pub matches: Vec<(String, Regex)>,
    /// The alert that always fires: when it falls silent, alerting itself is broken.
    pub watchdog: Option<String>,
    /// How long it may be silent.
    pub silent_after: Duration,
    /// What Alertmanager has not repeated for so long is taken to be over.
    pub forget_after: Duration,
}

/// What is wrong with a key; nothing of it is told.
pub(crate) fn refuse_key(key: &str) -> Option<Refused> {
    let hint = "make one with `openssl rand -hex 16`";
    if key.len() < SHORTEST_KEY {
        let what = format!("the key has fewer than {SHORTEST_KEY} characters: whoever guesses it may speak");
        return Some(Refused::new("key", what, hint));
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
    if key.len() > LONGEST_KEY || !key.chars().all(fits) {
        let what = "the key stands in an address: letters, digits, `-`, `_`, `.` and `~`, at most 200";
        return Some(Refused::new("key", what, hint));
    }
    None
}
