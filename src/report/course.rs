//! Course: runs of a target in their order: when nothing worked, when something did not, when nobody looked.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use launchwatch_probes::{Reason, Stage, Verdict};

use super::facts::{Gap, Moment, Sourced, Zero};
use crate::observation::{Observation, ProbeId};

/// Shortest pause between runs of a launching probe that is a gap: while a target is down, it is asked less often.
const LAUNCH_PAUSE: SignedDuration = SignedDuration::from_mins(11);
/// The same of any other probe, beside its interval.
const PAUSE: SignedDuration = SignedDuration::from_secs(60);
/// Failures in a row from which on nothing works: one alone may be bad luck.
const IN_A_ROW: usize = 2;

/// Whether a run tells anything about the target.
pub(super) fn telling(run: &Observation) -> bool {
    run.outcome.verdict != Verdict::Unknown
}

/// Whether it worked, be it badly.
pub(super) fn worked(run: &Observation) -> bool {
    matches!(run.outcome.verdict, Verdict::Passed | Verdict::Degraded)
}

/// Whether a probe launches, by what its runs did.
pub(super) fn launches(runs: &[Observation]) -> bool {
    let of = |r: &Observation| {
        r.outcome.failed_stage == Some(Stage::Launch)
            || r.outcome.stages.iter().any(|s| s.stage == Stage::Launch)
    };
    runs.iter().any(of)
}

/// The begin of a run, with its id.
pub(super) fn moment(run: &Observation) -> Moment {
    Sourced::new(run.began(), source(run))
}

/// Where something is from that a run found.
pub(super) fn source(run: &Observation) -> String {
    format!("run {} of {}", run.run(), run.probe)
}

/// The usual interval between runs.
pub(super) fn interval(runs: &[Observation]) -> SignedDuration {
    let mut steps: Vec<SignedDuration> =
        runs.windows(2).filter_map(|w| Some(w.get(1)?.slot.duration_since(w.first()?.slot))).collect();
    steps.sort_unstable();
    steps.get(steps.len() / 2).copied().unwrap_or(SignedDuration::from_mins(1))
}

/// The longest pause that is no gap.
fn pause(runs: &[Observation]) -> SignedDuration {
    let least = if launches(runs) { LAUNCH_PAUSE } else { PAUSE };
    interval(runs).checked_mul(3).unwrap_or(LAUNCH_PAUSE).max(least)
}

/// Stretches in which nothing worked, from runs of all probes that count, by their begin. `main` is the probe that looks most
/// often: without a failure of it, something else is out of order.
pub(super) fn zeros(runs: &[&Observation], main: &ProbeId, pause: SignedDuration) -> Vec<Zero> {
    let (mut found, mut streak): (Vec<Zero>, Vec<&Observation>) = (Vec::new(), Vec::new());
    let mut last_good: Option<&Observation> = None;
    for run in runs.iter().filter(|r| telling(r)) {
        let after_gap = streak.last().is_some_and(|last| run.began().duration_since(last.began()) > pause);
        if worked(run) {
            found.extend(zero(&streak, main, last_good, (!after_gap).then_some(run), after_gap));
            streak.clear();
            last_good = Some(run);
        } else {
            if after_gap {
                found.extend(zero(&streak, main, last_good, None, true));
                streak.clear();
                last_good = None;
            }
            streak.push(run);
        }
    }
    found.extend(zero(&streak, main, last_good, None, false));
    found
}

fn zero(
    streak: &[&Observation],
    main: &ProbeId,
    last_good: Option<&Observation>,
    first_good: Option<&Observation>,
    unseen_after: bool,
) -> Option<Zero> {
    let (first, last) = (streak.first()?, streak.last()?);
    if streak.len() < IN_A_ROW || !streak.iter().any(|r| &r.probe == main) {
        return None;
    }
    Some(Zero {
        last_good: last_good.map(moment),
        first_bad: moment(first),
        last_bad: moment(last),
        first_good: first_good.map(moment),
        failed: streak.len(),
        unseen_after,
    })
}

impl Zero {
    /// From when to when nothing worked as best estimate; what did not end lasts until `end`.
    pub(super) fn span(&self, end: Timestamp) -> (Timestamp, Timestamp) {
        let from = self.first_bad.value;
        let last = if self.unseen_after { self.last_bad.value } else { end };
        let until = self.first_good.as_ref().map_or(last, |g| g.value);
        (from, until.max(from))
    }

    /// The shortest and the longest it can have been.
    pub(super) fn bounds(&self, end: Timestamp) -> (SignedDuration, SignedDuration) {
        let (from, until) = self.span(end);
        let earliest = self.last_good.as_ref().map_or(from, |g| g.value);
        let least = self.last_bad.value.duration_since(from);
        (least, until.duration_since(earliest))
    }
}

/// The longest pause that is no gap in the runs of several probes together.
pub(super) fn shortest_pause<'r>(all: impl Iterator<Item = &'r Vec<Observation>>) -> SignedDuration {
    all.map(|runs| pause(runs)).min().unwrap_or(LAUNCH_PAUSE)
}

/// Stretches in which a probe failed or was slow.
pub(super) fn troubled(runs: &[Observation], end: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let pause = pause(runs);
    let tell: Vec<&Observation> = runs.iter().filter(|r| telling(r)).collect();
    let mut spans: Vec<(Timestamp, Timestamp)> = Vec::new();
    for (n, run) in tell.iter().enumerate() {
        if run.outcome.verdict == Verdict::Passed {
            continue;
        }
        let (from, next) = (run.began(), tell.get(n + 1).map_or(end, |r| r.began()));
        let until = next.min(from.checked_add(pause).unwrap_or(next)).max(from);
        match spans.last_mut().filter(|last| last.1 >= from) {
            Some(last) => last.1 = last.1.max(until),
            None => spans.push((from, until)),
        }
    }
    spans
}

/// Minutes of the first spans that are not also in the others.
pub(super) fn minutes(of: &[(Timestamp, Timestamp)], but: &[(Timestamp, Timestamp)]) -> f64 {
    let mut merged: Vec<(Timestamp, Timestamp)> = of.to_vec();
    merged.sort_unstable();
    let (mut total, mut reached) = (Duration::ZERO, Timestamp::MIN);
    for (from, until) in merged {
        let from = from.max(reached);
        if until <= from {
            continue;
        }
        reached = until;
        let length = |a: Timestamp, b: Timestamp| Duration::try_from(b.duration_since(a)).unwrap_or_default();
        let inside: Duration = but.iter().map(|(a, b)| length(from.max(*a), until.min(*b))).sum();
        total += length(from, until).saturating_sub(inside);
    }
    tenths(total.as_secs_f64() / 60.0)
}

/// To a tenth: finer than any probe looks.
pub(super) fn tenths(of: f64) -> f64 {
    (of * 10.0).round() / 10.0
}

/// When a probe told nothing: pauses, and runs that say nothing, merged.
pub(super) fn gaps(probe: &ProbeId, runs: &[Observation], (from, to): (Timestamp, Timestamp)) -> Vec<Gap> {
    let pause = pause(runs);
    let tell: Vec<&Observation> = runs.iter().filter(|r| telling(r)).collect();
    let inner = tell.windows(2).filter_map(|w| Some((w.first()?.began(), w.get(1)?.began())));
    let head = tell.first().map(|r| (from, r.began()));
    let tail = tell.last().map(|r| (r.began(), to));
    let none = tell.is_empty().then_some((from, to));
    let all = head.into_iter().chain(inner).chain(tail).chain(none);
    let gaps = all.filter(|(a, b)| b.duration_since(*a) > pause);
    gaps.map(|(a, b)| Gap { probe: probe.to_string(), from: a, to: b, why: why(runs, a, b) }).collect()
}

fn why(runs: &[Observation], from: Timestamp, to: Timestamp) -> String {
    let within = runs.iter().filter(|r| r.began() > from && r.began() < to && !telling(r));
    let mut reasons: Vec<Reason> = within.filter_map(|r| r.outcome.reason).collect();
    reasons.sort_unstable();
    let most = reasons.chunk_by(|a, b| a == b).max_by_key(|c| c.len()).and_then(<[Reason]>::first);
    most.map_or_else(|| "no run on record".to_owned(), |r| format!("runs that say nothing: {r}"))
}
