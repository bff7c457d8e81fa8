//! How long each stage of each launch usually takes: what lasts far longer hangs, and counts while it hangs.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use launchwatch_probes::{Outcome, Reason, Stage, Verdict};

use crate::observation::ProbeId;

/// Good runs that are looked back on.
pub const LAST: usize = 200;
/// With fewer of them nothing is known.
const ENOUGH: usize = 20;
/// Nothing that lasts less long hangs.
const AT_LEAST: Duration = Duration::from_secs(10);

/// What the last good runs of every launching probe took. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Learned(Arc<Mutex<BTreeMap<ProbeId, Stages>>>);

/// What the stages of one probe took in its last good runs, oldest first.
#[derive(Debug, Default)]
struct Stages(BTreeMap<Stage, VecDeque<Duration>>);

impl Learned {
    /// Takes in a run, oldest first. Only good ones teach what is usual, and none that was cut off while it waited.
    pub fn saw(&self, probe: &ProbeId, outcome: &Outcome) {
        let good = matches!(outcome.verdict, Verdict::Passed | Verdict::Degraded);
        if good && outcome.reason != Some(Reason::WaitsForNode) {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(probe.clone()).or_default().saw(outcome);
        }
    }

    /// The duration that 99 of 100 runs do not exceed; `None` while too few were seen.
    pub fn usual(&self, probe: &ProbeId, stage: Stage) -> Option<Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(probe)?.usual(stage)
    }
}

impl Stages {
    fn saw(&mut self, outcome: &Outcome) {
        for time in &outcome.stages {
            let lately = self.0.entry(time.stage).or_default();
            if lately.len() == LAST {
                lately.pop_front();
            }
            lately.push_back(time.took);
        }
    }

    fn usual(&self, stage: Stage) -> Option<Duration> {
        let lately = self.0.get(&stage).filter(|all| all.len() >= ENOUGH)?;
        let mut sorted: Vec<_> = lately.iter().copied().collect();
        sorted.sort_unstable();
        // Nearest rank: of 100 the 99th, of fewer the longest.
        let rank = (sorted.len() * 99).div_ceil(100);
        sorted.get(rank.saturating_sub(1)).copied()
    }
}

/// When a stage that usually takes at most `usual` has lasted too long.
pub(super) fn too_long(usual: Duration, patience: f64) -> Duration {
    let patient =
        Duration::try_from_secs_f64(usual.as_secs_f64() * patience.max(1.0)).unwrap_or(Duration::MAX);
    patient.max(AT_LEAST)
}

/// That a stage lasts too long, in words.
pub(super) fn in_words(stage: Stage, lasts: Duration, usual: Duration, last: &str) -> String {
    let last = if last.is_empty() { String::new() } else { format!("; the last word was `{last}`") };
    format!("{stage}: {} s so far; 99 of 100 runs need at most {} s{last}", lasts.as_secs(), seconds(usual))
}

/// Whole seconds, rounded up, so that what is usual never reads as less than it is.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use launchwatch_probes::StageTime;

    use super::*;

    fn run(verdict: Verdict, seconds: u64) -> Outcome {
        let took = Duration::from_secs(seconds);
        let stages = vec![StageTime { stage: Stage::Launch, start: Duration::ZERO, took }];
        Outcome {
            stages,
            ..Outcome::bare(verdict, (verdict == Verdict::Failed).then_some(Reason::Timeout), "")
        }
    }

    fn usual(runs: impl IntoIterator<Item = (Verdict, u64)>) -> Option<u64> {
        let (learned, probe) = (Learned::default(), ProbeId::new("hub", "cached"));
        runs.into_iter().for_each(|(verdict, seconds)| learned.saw(&probe, &run(verdict, seconds)));
        learned.usual(&probe, Stage::Launch).map(|d| d.as_secs())
    }

    #[test]
    fn what_is_usual_is_learned_from_the_last_good_runs() {
        use Verdict::{Degraded, Failed, Passed, Unknown};
        let good = |times: usize, seconds: u64| std::iter::repeat_n((Passed, seconds), times);
        assert_eq!(usual(good(19, 8)), None, "too few");
        assert_eq!(usual(good(20, 8)), Some(8));
        assert_eq!(usual(good(19, 8).chain([(Degraded, 19)])), Some(19), "of few the longest");
        assert_eq!(usual(good(19, 8).chain([(Failed, 600), (Unknown, 600)])), None, "only good runs teach");
        assert_eq!(usual(good(198, 8).chain(good(2, 60))), Some(8), "two of two hundred do not count");
        assert_eq!(usual(good(197, 8).chain(good(3, 60))), Some(60), "three do");
        assert_eq!(usual(good(200, 60).chain(good(200, 8))), Some(8), "what was long ago is forgotten");
    }

    #[test]
    fn patience_is_a_multiple_of_the_usual_but_never_less_than_ten_seconds() {
        let second = Duration::from_secs;
        for (usual, patience, expected) in [(20, 1.5, 30), (4, 1.5, 10), (20, 0.5, 20), (0, 3.0, 10)] {
            assert_eq!(too_long(second(usual), patience), second(expected), "{usual} s x {patience}");
        }
        assert_eq!(too_long(second(20), f64::INFINITY), Duration::MAX);
        let words = in_words(Stage::Launch, second(52), Duration::from_millis(18_400), "");
        assert_eq!(words, "launch: 52 s so far; 99 of 100 runs need at most 19 s");
    }
}
