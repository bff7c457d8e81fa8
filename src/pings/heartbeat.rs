//! A job that pings us: what is on record of it, what a ping becomes, and when its silence says something. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use launchwatch_probes::{HeartbeatTerms, Measurement, Outcome, Reason, Stage, StageTime, Verdict};

use super::calendar::{Calendar, signed};
use super::words::{moment, span};
use crate::observation::Observation;

/// Runs that go on at most, and ends that are remembered: what is older is forgotten.
const MOST: usize = 64;
/// A job that begins again sooner than this, without naming its runs, has said the same thing twice.
const AGAIN: Duration = Duration::from_secs(600);
/// The name of the fact that names a run.
const RUN: &str = "run";
/// The fact that says when it was expected.
const EXPECTED: &str = "expected";
const MICRO: SignedDuration = SignedDuration::from_micros(1);

/// What a job says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// It begins.
    Start,
    /// It has ended well.
    Success,
    /// It has failed.
    Fail,
    /// It has ended with this exit code.
    Exit(u8),
}

impl Word {
    /// The word as it stands in the address.
    pub fn read(text: &str) -> Option<Self> {
        match text {
            "start" => Some(Self::Start),
            "success" => Some(Self::Success),
            "fail" => Some(Self::Fail),
            code if code.len() <= 3 && code.bytes().all(|b| b.is_ascii_digit()) => {
                code.parse().ok().map(Self::Exit)
            }
            _ => None,
        }
    }

    const fn is_good(self) -> bool {
        matches!(self, Self::Success | Self::Exit(0))
    }
}

/// A run that began and has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    name: Option<String>,
    began: Timestamp,
}

/// An outcome, and the slot that names it.
pub(super) type Found = (Timestamp, Outcome);

/// How a job stands. It follows from what is on record, and from when we began to listen.
#[derive(Debug, Clone)]
pub(super) struct Beat {
    calendar: Calendar,
    grace: Duration,
    longest: Duration,
    /// Since when we listen without a break.
    since: Timestamp,
    /// The newest slot on record.
    pub(super) newest: Option<Timestamp>,
    /// When it was last heard of.
    pub(super) heard: Option<Timestamp>,
    /// When we began to listen for the first time.
    first: Timestamp,
    /// The last time that is settled, and whether it was heard then: what is expected is counted from there.
    base: Option<(Timestamp, bool)>,
    runs: Vec<Run>,
    /// Names of runs that ended, and how.
    ended: VecDeque<(String, bool)>,
}

impl Beat {
    pub(super) fn new(terms: &HeartbeatTerms, calendar: Calendar, since: Timestamp) -> Self {
        let grace = terms.grace.unwrap_or_else(|| calendar.grace());
        let longest = terms.longest.unwrap_or(calendar.interval);
        let (runs, ended) = (Vec::new(), VecDeque::new());
        let (newest, heard, base) = (None, None, None);
        Self { calendar, grace, longest, since, newest, heard, first: since, base, runs, ended }
    }

    /// From now on we listen; before, something may have been said that we did not hear.
    pub(super) fn forgive(&mut self, now: Timestamp) {
        self.since = now;
    }

    /// The grace.
    pub(super) const fn grace(&self) -> Duration {
        self.grace
    }

    /// The next time at which it is expected.
    pub(super) fn expected(&self) -> Option<Timestamp> {
        match self.base {
            Some((heard, true)) => self.calendar.after_heard(heard),
            Some((silent, false)) => self.calendar.after(silent),
            None => self.calendar.after(self.first),
        }
    }

    /// When the run that has gone on for longest began.
    pub(super) fn running_since(&self) -> Option<Timestamp> {
        self.runs.iter().map(|run| run.began).min()
    }

    /// Takes in what is on record, oldest first. What is known already changes nothing.
    pub(super) fn saw(&mut self, seen: &Observation) {
        if self.newest.is_some_and(|newest| seen.slot <= newest) {
            return;
        }
        self.newest = Some(seen.slot);
        let outcome = &seen.outcome;
        let name = outcome.facts.get(RUN).cloned();
        match (outcome.verdict, outcome.reason) {
            (Verdict::Unknown, Some(Reason::Running)) => {
                self.heard_at(seen.slot);
                self.runs.retain(|run| name.is_some() || run.name.is_some());
                self.runs.push(Run { name, began: seen.slot });
                if self.runs.len() > MOST {
                    self.runs.remove(0);
                }
            }
            (Verdict::Failed, Some(Reason::Timeout)) => {
                self.runs.retain(|run| run.name != name);
            }
            (Verdict::Passed, _) | (Verdict::Failed, Some(Reason::Reported)) => {
                self.heard_at(seen.ended());
                self.runs.retain(|run| run.name != name);
                if let Some(name) = name {
                    self.ended.push_back((name, outcome.verdict == Verdict::Passed));
                    self.ended.drain(..self.ended.len().saturating_sub(MOST));
                }
            }
            // Its slot may be another, where that one was taken.
            _ => {
                let expected = outcome.facts.get(EXPECTED).and_then(|at| at.parse().ok());
                self.settle(expected.unwrap_or(seen.slot), false);
            }
        }
    }

    fn heard_at(&mut self, at: Timestamp) {
        self.heard = self.heard.max(Some(at));
        self.settle(at, true);
    }

    fn settle(&mut self, at: Timestamp, heard: bool) {
        if self.base.is_none_or(|(base, _)| at >= base) {
            self.base = Some((at, heard));
        }
    }

    /// What a ping becomes; nothing if it was said before.
    pub(super) fn would(
        &self,
        word: Word,
        name: Option<&str>,
        lines: Vec<String>,
        now: Timestamp,
    ) -> Vec<Found> {
        let open = self.runs.iter().rev().find(|run| run.name.as_deref() == name);
        let over =
            |good| name.is_some_and(|n| self.ended.iter().any(|(known, how)| known == n && *how == good));
        let mut found = match (word, open) {
            (Word::Start, _) if over(true) || over(false) => return Vec::new(),
            (Word::Start, Some(open)) if name.is_some() || self.is_again(open, now) => return Vec::new(),
            (Word::Start, Some(open)) => vec![(now, unended(open, now)), (now, begun(name, lines))],
            (Word::Start, None) => vec![(now, begun(name, lines))],
            _ if over(word.is_good()) => return Vec::new(),
            _ => vec![self.end(word, name, open, lines, now)],
        };
        // Slots go up, so that nothing that is told later is taken for something older.
        let mut last = self.newest;
        for (slot, _) in &mut found {
            *slot = last.map_or(*slot, |last| (*slot).max(last.saturating_add(MICRO).unwrap_or(last)));
            last = Some(*slot);
        }
        found
    }

    fn is_again(&self, open: &Run, now: Timestamp) -> bool {
        now.duration_since(open.began) < signed(AGAIN.min(self.longest / 2))
    }

    fn end(
        &self,
        word: Word,
        name: Option<&str>,
        open: Option<&Run>,
        lines: Vec<String>,
        now: Timestamp,
    ) -> Found {
        let mut outcome = match word {
            Word::Exit(0) | Word::Success | Word::Start => Outcome::bare(Verdict::Passed, None, ""),
            Word::Fail => {
                let said = lines.last().map_or_else(String::new, |line| format!(": {line}"));
                Outcome::bare(
                    Verdict::Failed,
                    Some(Reason::Reported),
                    format!("the job says that it failed{said}"),
                )
            }
            Word::Exit(code) => {
                let what = format!("the job ended with exit code {code}");
                let mut outcome = Outcome::bare(Verdict::Failed, Some(Reason::Reported), what);
                outcome.facts.insert("exit_code".into(), code.to_string());
                outcome
            }
        };
        outcome.evidence = lines;
        outcome.facts.extend(name.map(|name| (RUN.to_owned(), name.to_owned())));
        let Some(open) = open else { return (now, outcome) };
        // Of a run that took very long the slot is later than its start: what is old is no longer judged.
        let oldest = now - signed((self.calendar.interval * 2).max(Duration::from_secs(240)));
        let slot = (open.began + MICRO).max(oldest).max(self.newest.map_or(oldest, |n| n + MICRO)).min(now);
        let took = |from: Timestamp| Duration::try_from(now.duration_since(from)).unwrap_or_default();
        outcome.stages = vec![StageTime { stage: Stage::Job, start: Duration::ZERO, took: took(slot) }];
        outcome.failed_stage = (!word.is_good()).then_some(Stage::Job);
        let value = took(open.began).as_secs_f64();
        outcome.measurements = vec![Measurement { name: "run_seconds".into(), value }];
        (slot, outcome)
    }

    /// What is to be said now because nothing was said.
    pub(super) fn due(&self, now: Timestamp) -> Option<Found> {
        if let Some(run) = self.runs.iter().find(|run| self.run_ends(run) <= now) {
            let what = format!(
                "the job began at {} and has not said within {} how it ended",
                moment(run.began),
                span(self.longest)
            );
            return Some((self.free(self.run_ends(run)), timed_out(run, what)));
        }
        let expected = self.expected().filter(|_| self.runs.is_empty())?;
        let accused = self.calendar.latest(expected, now - signed(self.grace));
        (self.accuse_at(accused) <= now).then(|| (self.free(accused), self.silent(accused)))
    }

    /// When there may be something to say next.
    pub(super) fn next(&self) -> Option<Timestamp> {
        let runs = self.runs.iter().map(|run| self.run_ends(run)).min();
        runs.or_else(|| Some(self.accuse_at(self.expected()?)))
    }

    fn accuse_at(&self, expected: Timestamp) -> Timestamp {
        let grace = signed(self.grace);
        expected.saturating_add(grace).unwrap_or(Timestamp::MAX).max(self.since + grace)
    }

    /// When a run must have ended: whoever ended while we were not there has the grace to say so again.
    fn run_ends(&self, run: &Run) -> Timestamp {
        let ends = run.began.saturating_add(signed(self.longest)).unwrap_or(Timestamp::MAX);
        if run.began < self.since { ends.max(self.since + signed(self.grace)) } else { ends }
    }

    fn free(&self, slot: Timestamp) -> Timestamp {
        self.newest.map_or(slot, |newest| slot.max(newest + MICRO))
    }

    fn silent(&self, expected: Timestamp) -> Outcome {
        let last = self
            .heard
            .map_or_else(|| "no ping ever came".into(), |at| format!("no ping since {}", moment(at)));
        let away = if expected < self.since {
            format!("; launchwatch listens only since {}", moment(self.since))
        } else {
            String::new()
        };
        let what =
            format!("{last}; expected at {} with {} of grace{away}", moment(expected), span(self.grace));
        let mut outcome = Outcome::bare(Verdict::Failed, Some(Reason::Silent), what);
        let last = self.heard.map(|at| ("last_ping".to_owned(), at.to_string()));
        outcome.facts.extend(last);
        outcome.facts.insert(EXPECTED.into(), expected.to_string());
        outcome
    }
}

fn begun(name: Option<&str>, lines: Vec<String>) -> Outcome {
    let mut outcome = Outcome::bare(Verdict::Unknown, Some(Reason::Running), "the job says that it begins");
    outcome.evidence = lines;
    outcome.facts.extend(name.map(|name| (RUN.to_owned(), name.to_owned())));
    outcome
}

fn unended(run: &Run, now: Timestamp) -> Outcome {
    let what = format!(
        "the job begins again at {}, and never said how the run of {} ended",
        moment(now),
        moment(run.began)
    );
    timed_out(run, what)
}

fn timed_out(run: &Run, what: String) -> Outcome {
    let mut outcome = Outcome::bare(Verdict::Failed, Some(Reason::Timeout), what);
    outcome.failed_stage = Some(Stage::Job);
    outcome.facts.extend(run.name.clone().map(|name| (RUN.to_owned(), name)));
    outcome.facts.insert("began".into(), run.began.to_string());
    outcome
}
