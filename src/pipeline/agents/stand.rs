//! What was last heard of an agent, and how it stands by that: plain arithmetic.

use jiff::{SignedDuration, Timestamp};
use launchwatch_alerts::text::one_line;

use super::Agent;
use crate::inbox::Ourselves;
use crate::wire::Report;

/// A clock that is further off than this is wrong; it is right again below the second.
const CLOCK: (SignedDuration, SignedDuration) =
    (SignedDuration::from_secs(2), SignedDuration::from_millis(1_500));
/// What was lost is trouble for so long.
const LOST: SignedDuration = SignedDuration::from_mins(10);
/// Longest version that is kept, in bytes.
const WORD: usize = 40;

/// What was last heard of an agent.
#[derive(Debug, Clone)]
pub struct Heard {
    /// When; `None` if never, as far as the record tells.
    pub last: Option<Timestamp>,
    /// Silence counts from here.
    pub(super) counted: Timestamp,
    /// How far its clock is ahead of ours, as far as that is known.
    pub clock_ahead: Option<SignedDuration>,
    /// Its clock was wrong at the last word.
    clock_wrong: bool,
    /// Observations that wait to be sent.
    pub waiting: u64,
    /// Observations that it gave up since it began.
    lost: u64,
    /// The same, as far as we heard of them since we began.
    pub lost_since_start: u64,
    /// When it last told of more of them.
    lost_at: Option<Timestamp>,
    /// Its version.
    pub version: String,
    /// `agent`, or `once`.
    pub mode: String,
}

/// How an agent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It speaks.
    Well,
    /// It speaks, and something is wrong with it.
    Troubled,
    /// It has not spoken for too long.
    Silent,
    /// It has never spoken, and there is time yet.
    Awaited,
}

impl State {
    /// In a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Troubled => "troubled",
            Self::Silent => "silent",
            Self::Awaited => "awaited",
        }
    }
}

/// How an agent stands, and what there is to say of it.
#[derive(Debug, Clone)]
pub struct Stand {
    /// In a word.
    pub state: State,
    /// What was last heard.
    pub heard: Heard,
    /// What is said of it as our own trouble, good or bad.
    pub(super) words: Vec<Ourselves>,
}

impl Stand {
    /// What is wrong, in sentences.
    pub fn trouble(&self) -> impl Iterator<Item = &str> {
        self.words.iter().filter(|word| !word.good).map(|word| word.summary.as_str())
    }
}

impl Heard {
    pub(super) fn nothing(now: Timestamp) -> Self {
        Self {
            last: None,
            counted: now,
            clock_ahead: None,
            clock_wrong: false,
            waiting: 0,
            lost: 0,
            lost_since_start: 0,
            lost_at: None,
            version: String::new(),
            mode: String::new(),
        }
    }

    pub(super) fn take(&mut self, report: &Report, now: Timestamp) {
        (self.last, self.counted, self.waiting) = (Some(now), now, report.waiting);
        (self.version, self.mode) = (one_line(&report.version, WORD), one_line(&report.mode, WORD));
        // Without a measurement, only that it is ahead can be seen: a report may have been long on its way.
        let seen = report.sent_at.map(|at| at.duration_since(now)).filter(|ahead| *ahead > CLOCK.0);
        self.clock_ahead = report.clock_ahead_ms.map(SignedDuration::from_millis).or(seen);
        let off = self.clock_ahead.map_or(SignedDuration::ZERO, SignedDuration::abs);
        self.clock_wrong = off > if self.clock_wrong { CLOCK.1 } else { CLOCK.0 };
        // A count that went back began anew.
        let more = report.lost.checked_sub(self.lost).unwrap_or(report.lost);
        self.lost = report.lost;
        if more > 0 {
            self.lost_since_start = self.lost_since_start.saturating_add(more);
            self.lost_at = Some(now);
        }
    }

    pub(super) fn stand(&self, agent: &Agent, now: Timestamp) -> Stand {
        let silent = now.duration_since(self.counted) > agent.silent_after;
        let losing = self.lost_at.is_some_and(|at| now.duration_since(at) < LOST);
        let mut words = vec![word(agent, "", !silent, self.silence(agent, silent))];
        // While nothing is heard, what its clock does is not known.
        if !silent {
            words.push(word(agent, "-clock", !self.clock_wrong, self.clock(agent)));
        }
        words.push(word(agent, "-lost", !losing, self.losses(agent)));
        let state = match (silent, self.last) {
            (true, _) => State::Silent,
            (false, None) => State::Awaited,
            (false, Some(_)) if self.clock_wrong || losing => State::Troubled,
            (false, Some(_)) => State::Well,
        };
        Stand { state, heard: self.clone(), words }
    }

    fn silence(&self, agent: &Agent, silent: bool) -> String {
        let name = &agent.name;
        if !silent {
            return format!("{name} speaks");
        }
        let since = self.last.map_or_else(
            || format!("nothing has been heard from {name} yet"),
            |at| format!("nothing has been heard from {name} since {}", at.strftime("%Y-%m-%d %H:%M:%S UTC")),
        );
        let probes = match agent.probes.len() {
            1 => "its probe is".to_owned(),
            n => format!("its {n} probes are"),
        };
        format!("{since}: {probes} unknown. Look whether the agent or cron job runs there, and reaches us")
    }

    fn clock(&self, agent: &Agent) -> String {
        let ahead = self.clock_ahead.unwrap_or_default();
        let side = if ahead.is_negative() { "behind" } else { "ahead of" };
        let seconds = ahead.abs().as_secs_f64();
        match self.clock_wrong {
            true => format!("the clock of {} is {seconds:.1} s {side} ours; set it (NTP)", agent.name),
            false => format!("the clock of {} is right", agent.name),
        }
    }

    fn losses(&self, agent: &Agent) -> String {
        let (name, lost) = (&agent.name, self.lost_since_start);
        format!(
            "{name} could not reach us for so long that it gave up what it had seen: {lost} results are lost so far"
        )
    }
}

fn word(agent: &Agent, of: &str, good: bool, summary: String) -> Ourselves {
    Ourselves { probe: format!("agent-{}{of}", agent.name), good, summary }
}
