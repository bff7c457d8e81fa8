//! Before a failure that smells of the network accuses anybody, witnesses are asked whether it is we who are cut off.
//!
//! Pure: what waits, what is excused, whether to ask. Failures wait until the witnesses have spoken (seconds at most),
//! so nothing of a cut of our own line is ever recorded as a failure of somebody else.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use launchwatch_probes::{Reason, Verdict};

use crate::inbox::Letter;
use crate::observation::{Observation, ProbeId};

/// Longest that a failure waits for the witnesses.
const WAIT: SignedDuration = SignedDuration::from_secs(12);
/// A target that failed while the witnesses answered is believed to be at fault this long without asking again.
const BELIEVED: SignedDuration = SignedDuration::from_secs(60);

/// Lets letters pass, keeps failures back until the witnesses have spoken, and excuses what was our own fault.
#[derive(Debug, Default)]
pub(super) struct Gate {
    /// Without witnesses nobody can tell.
    witnessed: bool,
    isolated: Option<Timestamp>,
    /// When the last isolation ended.
    ended: Option<Timestamp>,
    ever_answered: bool,
    ever_passed: bool,
    /// Targets that failed while the witnesses answered, and when that was.
    at_fault: BTreeMap<String, Timestamp>,
    waiting: Vec<Letter>,
    waiting_of: BTreeSet<ProbeId>,
    waiting_since: Option<Timestamp>,
}

impl Gate {
    pub(super) fn new(witnessed: bool) -> Self {
        Self { witnessed, ..Self::default() }
    }

    /// Since when we have been cut off.
    pub(super) fn isolated(&self) -> Option<Timestamp> {
        self.isolated
    }

    /// Takes a letter: what may go on now goes into `out`. True if the witnesses are to be asked.
    pub(super) fn take(&mut self, letter: Letter, now: Timestamp, out: &mut Vec<Letter>) -> bool {
        let Some((probe, verdict, reason)) = of(&letter).filter(|_| self.witnessed) else {
            out.push(letter);
            return false;
        };
        self.ever_passed |= verdict == Verdict::Passed;
        if self.isolated.is_some() {
            out.extend(self.excused(letter));
            return false;
        }
        if matches!(verdict, Verdict::Passed | Verdict::Degraded) {
            self.at_fault.remove(probe.target());
        }
        let accuses = verdict == Verdict::Failed && reason.is_some_and(network_like);
        let believed = self.at_fault.get(probe.target()).is_some_and(|at| now.duration_since(*at) < BELIEVED);
        let asks = accuses && !believed && self.prove_something();
        // Results of one probe stay in order: what comes after one that waits, waits as well.
        if asks || self.waiting_of.contains(probe) {
            self.waiting_of.insert(probe.clone());
            self.waiting.push(letter);
            self.waiting_since.get_or_insert(now);
        } else {
            out.extend(self.excused(letter));
        }
        asks
    }

    /// The witnesses have spoken: what waited goes on.
    pub(super) fn answer(&mut self, answered: bool, now: Timestamp, out: &mut Vec<Letter>) {
        self.ever_answered |= answered;
        let accused = self.ever_answered || self.isolated.is_some() || !self.waiting.is_empty();
        let cut_off = self.witnessed && !answered && accused && self.prove_something();
        if cut_off {
            self.isolated.get_or_insert(now);
        } else if self.isolated.take().is_some() {
            self.ended = Some(now);
        }
        if answered {
            let failed = |l: &Letter| of(l).is_some_and(|(_, verdict, _)| verdict == Verdict::Failed);
            for probe in self.waiting.iter().filter(|l| failed(l)).filter_map(|l| of(l).map(|(p, ..)| p)) {
                self.at_fault.insert(probe.target().to_owned(), now);
            }
        }
        self.release(out);
    }

    /// Witnesses that never answered, while targets did, are out of reach from here: their silence proves nothing.
    fn prove_something(&self) -> bool {
        self.ever_answered || !self.ever_passed
    }

    /// Probes of which something waits.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &ProbeId> {
        self.waiting_of.iter()
    }

    /// When what waits has waited long enough.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.waiting_since.map(|since| since + WAIT)
    }

    /// What has waited long enough goes on: no answer is no reason to keep silent.
    pub(super) fn overdue(&mut self, now: Timestamp, out: &mut Vec<Letter>) {
        if self.next().is_some_and(|at| at <= now) {
            self.release(out);
        }
    }

    /// All that waits goes on.
    pub(super) fn release(&mut self, out: &mut Vec<Letter>) {
        self.waiting_of.clear();
        self.waiting_since = None;
        let waiting = std::mem::take(&mut self.waiting);
        out.extend(waiting.into_iter().filter_map(|letter| self.excused(letter)));
    }

    /// A letter as it may go on: a failure of a time in which we were cut off is no failure, and what a run that goes
    /// on seems to prove then is not said at all.
    fn excused(&self, letter: Letter) -> Option<Letter> {
        let began = match &letter {
            Letter::Observation(seen) => seen.began(),
            Letter::Suspect(suspect) if suspect.probe.elsewhere().is_none() => suspect.began,
            _ => return Some(letter),
        };
        let excused = self.isolated.is_some() || self.ended.is_some_and(|ended| began <= ended);
        match letter {
            Letter::Suspect(suspect) => {
                (!excused || !broken_line(suspect.reason)).then_some(Letter::Suspect(suspect))
            }
            Letter::Observation(mut seen) if excused => {
                excuse(&mut seen);
                Some(Letter::Observation(seen))
            }
            other => Some(other),
        }
    }
}

/// What a letter says; `None` for those that a cut of our own line has nothing to do with.
fn of(letter: &Letter) -> Option<(&ProbeId, Verdict, Option<Reason>)> {
    match letter {
        Letter::Suspect(suspect) if suspect.probe.elsewhere().is_some() => None,
        Letter::Observation(seen) => Some((&seen.probe, seen.outcome.verdict, seen.outcome.reason)),
        Letter::Suspect(suspect) if suspect.withdrawn => Some((&suspect.probe, Verdict::Unknown, None)),
        Letter::Suspect(suspect) => Some((&suspect.probe, Verdict::Failed, Some(suspect.reason))),
        _ => None,
    }
}

fn excuse(seen: &mut Observation) {
    let outcome = &mut seen.outcome;
    if outcome.verdict == Verdict::Failed && outcome.reason.is_some_and(broken_line) {
        outcome.verdict = Verdict::Unknown;
        outcome.reason = Some(Reason::ProberIsolated);
        outcome.summary = format!("launchwatch was cut off from the network: {}", outcome.summary);
    }
}

/// Whether this may just as well be our own line.
pub fn network_like(reason: Reason) -> bool {
    use Reason::{Connect, Dns, Silent, Stalled, StreamCut, Timeout, Tls};
    // Who is cut off hears nobody.
    matches!(reason, Dns | Connect | Tls | Timeout | StreamCut | Stalled | Silent)
}

/// What a broken line of ours can look like from within a launch, too.
fn broken_line(reason: Reason) -> bool {
    use Reason::{HubUnavailable, KernelFailed, ServerUnusable, TeardownFailed};
    network_like(reason) || matches!(reason, HubUnavailable | KernelFailed | ServerUnusable | TeardownFailed)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use launchwatch_probes::Outcome;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_530_988_200 + second).unwrap()
    }

    fn run(target: &str, second: i64, verdict: Verdict, reason: Option<Reason>) -> Letter {
        Letter::Observation(Observation {
            probe: ProbeId::new(target, "site"),
            location: "here".into(),
            slot: at(second),
            lag: Duration::ZERO,
            confirms: false,
            outcome: Outcome::bare(verdict, reason, "no answer"),
        })
    }

    fn failed(target: &str, second: i64) -> Letter {
        run(target, second, Verdict::Failed, Some(Reason::Connect))
    }

    fn passed(target: &str, second: i64) -> Letter {
        run(target, second, Verdict::Passed, None)
    }

    /// `target:verdict` of each letter.
    fn said(letters: &[Letter]) -> Vec<String> {
        let row = |l: &Letter| {
            of(l).map(|(p, v, r)| format!("{}:{v}:{}", p.target(), r.map_or("-", |r| r.as_str())))
        };
        letters.iter().filter_map(row).collect()
    }

    fn sound() -> Gate {
        let mut gate = Gate::new(true);
        gate.answer(true, at(0), &mut Vec::new());
        gate
    }

    #[test]
    fn a_failure_waits_for_the_witnesses_and_keeps_what_follows_it_in_order() {
        let (mut gate, mut out) = (sound(), Vec::new());
        assert!(gate.take(failed("a", 10), at(10), &mut out));
        assert!(!gate.take(passed("a", 11), at(11), &mut out));
        assert!(!gate.take(passed("b", 11), at(11), &mut out));
        assert_eq!(said(&out), ["b:passed:-"]);
        gate.answer(true, at(12), &mut out);
        assert_eq!(said(&out), ["b:passed:-", "a:failed:connect", "a:passed:-"]);
    }

    #[test]
    fn while_no_witness_answers_failures_are_ours_and_also_those_of_runs_that_began_then() {
        let (mut gate, mut out) = (sound(), Vec::new());
        gate.take(failed("a", 10), at(10), &mut out);
        gate.answer(false, at(15), &mut out);
        assert!(!gate.take(failed("b", 20), at(20), &mut out));
        gate.answer(true, at(30), &mut out);
        assert!(gate.take(failed("c", 29), at(35), &mut out));
        gate.answer(true, at(36), &mut out);
        assert_eq!(
            said(&out),
            ["a:unknown:prober_isolated", "b:unknown:prober_isolated", "c:unknown:prober_isolated"]
        );
        out.clear();
        gate.take(failed("c", 40), at(40), &mut out);
        gate.answer(true, at(41), &mut out);
        assert_eq!(said(&out), ["c:failed:connect"]);
    }

    #[test]
    fn what_has_nothing_to_do_with_the_network_never_waits() {
        let (mut gate, mut out) = (sound(), Vec::new());
        for (verdict, reason) in [
            (Verdict::Failed, Some(Reason::HttpStatus)),
            (Verdict::Failed, Some(Reason::BuildFailed)),
            (Verdict::Unknown, Some(Reason::Missed)),
            (Verdict::Degraded, Some(Reason::Slow)),
        ] {
            assert!(!gate.take(run("a", 10, verdict, reason), at(10), &mut out));
        }
        assert_eq!(out.len(), 4);
    }

    #[test]
    fn a_target_known_to_be_at_fault_is_asked_about_once_a_minute() {
        let (mut gate, mut out) = (sound(), Vec::new());
        assert!(gate.take(failed("a", 0), at(0), &mut out));
        gate.answer(true, at(1), &mut out);
        let asked: Vec<bool> = [10, 30, 60, 61].map(|s| gate.take(failed("a", s), at(s), &mut out)).into();
        assert_eq!(asked, [false, false, false, true]);
        gate.answer(true, at(62), &mut out);
        gate.take(passed("a", 70), at(70), &mut out);
        assert!(gate.take(failed("a", 80), at(80), &mut out), "it worked in between");
    }

    #[test]
    fn witnesses_that_never_answered_prove_nothing_unless_nothing_else_answers_either() {
        let (mut behind_a_wall, mut out) = (Gate::new(true), Vec::new());
        behind_a_wall.take(passed("a", 0), at(0), &mut out);
        behind_a_wall.take(failed("b", 1), at(1), &mut out);
        behind_a_wall.answer(false, at(6), &mut out);
        assert_eq!(said(&out), ["a:passed:-", "b:failed:connect"]);
        let (mut on_a_broken_node, mut out) = (Gate::new(true), Vec::new());
        on_a_broken_node.answer(false, at(0), &mut out);
        assert_eq!(on_a_broken_node.isolated(), None, "nobody is accused yet");
        on_a_broken_node.take(failed("b", 1), at(1), &mut out);
        on_a_broken_node.answer(false, at(6), &mut out);
        assert_eq!(said(&out), ["b:unknown:prober_isolated"]);
    }

    #[test]
    fn without_an_answer_the_failure_is_told_all_the_same() {
        let (mut gate, mut out) = (sound(), Vec::new());
        gate.take(failed("a", 0), at(0), &mut out);
        gate.overdue(at(11), &mut out);
        assert_eq!(out.len(), 0);
        gate.overdue(at(12), &mut out);
        assert_eq!(said(&out), ["a:failed:connect"]);
        assert_eq!(gate.next(), None);
    }

    #[test]
    fn without_witnesses_everything_passes() {
        let (mut gate, mut out) = (Gate::new(false), Vec::new());
        assert!(!gate.take(failed("a", 0), at(0), &mut out));
        assert_eq!(out.len(), 1);
    }
}
