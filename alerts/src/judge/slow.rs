//! So many of the last runs were slow, however they ended.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use super::{Judge, LookBack, Reading};
use crate::{Health, Sample};

/// The most runs that are looked at: what bounds the memory.
const MOST: u32 = 1_000;
/// Reasons that say of a run that works, or of one that does not, that it took too long.
const SLOW: [&str; 5] = ["slow", "retried", "waits_for_node", "timeout", "stalled"];
/// How long a server takes to go is no matter of those who wait for one.
const AFTERWARDS: &str = "teardown";

/// Counts slow runs among the last ones. It holds as soon as there are enough, and is over when so many in a row were
/// quick, or none is left. A run that failed for another reason than time is neither slow nor quick. Memory: the runs.
#[derive(Debug)]
pub(super) struct Slow {
    slow: usize,
    of: usize,
    above: Duration,
    quick: usize,
    /// The last runs by their slots, oldest first.
    ring: VecDeque<(Timestamp, Pace)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    Quick,
    /// And when it began.
    Slow(Timestamp),
    Neither,
}

impl Slow {
    pub(super) fn new(slow: u32, of: u32, above: Duration, quick: u32) -> Self {
        let of = of.clamp(1, MOST);
        let [slow, quick] = [slow.clamp(1, of), quick.clamp(1, MOST)].map(size);
        Self { slow, of: size(of), above, quick, ring: VecDeque::new() }
    }

    fn judged(&self, sample: &Sample) -> Pace {
        let late = sample.reason.is_some_and(|reason| SLOW.contains(&reason));
        match sample.health {
            _ if late => Pace::Slow(sample.began),
            Health::Bad | Health::Unknown => Pace::Neither,
            Health::Good | Health::Poor if self.took(sample) > self.above.as_secs_f64() => {
                Pace::Slow(sample.began)
            }
            Health::Good | Health::Poor => Pace::Quick,
        }
    }

    fn took(&self, sample: &Sample) -> f64 {
        let Some(details) = &sample.details else { return 0.0 };
        let after: f64 = details.stages.iter().filter(|(name, _)| *name == AFTERWARDS).map(|(_, s)| s).sum();
        details.took - after
    }

    fn window(&self) -> impl Iterator<Item = Pace> {
        self.ring.iter().rev().take(self.of).map(|(_, pace)| *pace)
    }

    /// When the slow runs began, the newest first.
    fn slow_ones(&self) -> impl Iterator<Item = Timestamp> {
        self.window().filter_map(|pace| if let Pace::Slow(began) = pace { Some(began) } else { None })
    }
}

impl Judge for Slow {
    fn see(&mut self, sample: &Sample) -> Reading {
        // Said again, it counts as it was said last.
        self.ring.pop_back_if(|(slot, _)| *slot == sample.slot);
        if sample.health == Health::Unknown {
            return Reading::Silent;
        }
        self.ring.push_back((sample.slot, self.judged(sample)));
        if self.ring.len() > self.of.max(self.quick) {
            self.ring.pop_front();
        }
        let quick = self.ring.iter().rev().take_while(|(_, pace)| *pace == Pace::Quick).count() >= self.quick;
        let slow = self.slow_ones().count();
        Reading::of(slow >= self.slow && !quick, slow == 0 || quick)
    }

    fn since(&self) -> Option<Timestamp> {
        self.slow_ones().last()
    }

    fn failures(&self) -> u32 {
        u32::try_from(self.slow_ones().count()).unwrap_or(u32::MAX)
    }

    fn says(&self) -> String {
        format!("{} of the last {} runs slow", self.failures(), self.window().count())
    }

    fn looks_back(&self) -> LookBack {
        LookBack { runs: self.of.max(self.quick).saturating_add(1), ..LookBack::default() }
    }
}

fn size(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Details;
    use crate::judge::trial::{at, letters, sample, timed};

    const LIMIT: Duration = Duration::from_secs(60);

    /// `.` quick, `s` works slowly, `t` fails by time, `x` fails otherwise, `l` works but takes long, `?` unknown.
    fn run(letter: char, second: i64) -> Sample {
        let of = |health, reason| Sample { reason, ..sample(health, second) };
        match letter {
            's' => of(Health::Poor, Some("waits_for_node")),
            't' => of(Health::Bad, Some("timeout")),
            'x' => of(Health::Bad, Some("spawn_failed")),
            'l' => timed(75.0, second),
            '?' => of(Health::Unknown, Some("quota")),
            _ => timed(8.0, second),
        }
    }

    fn row(runs: &str) -> String {
        let mut judge = Slow::new(3, 5, LIMIT, 3);
        letters(runs.chars().zip(0..).map(|(letter, i)| judge.see(&run(letter, 60 * i))))
    }

    #[test]
    fn three_of_five_hold_until_three_in_a_row_are_quick() {
        for (runs, expected) in [
            ("....s......", "....---...."),
            ("sss...", "--HHH."),
            ("ltl.s", "--HHH"),
            ("s.s.s", "----H"),
            ("s..s..s", "-------"),
            // It went on to be slow now and then: not over.
            ("sss..s..s", "--HHHH---"),
            // Failures for other reasons push the slow ones out of sight; an unknown run is none.
            ("sssxxxxx", "--HHH--."),
            ("sx?s?s", "----?H".replace('?', "-").as_str()),
            ("xxx..", "....."),
        ] {
            assert_eq!(row(runs), expected, "{runs}");
        }
    }

    #[test]
    fn a_run_counts_once_and_as_it_was_said_last() {
        let mut judge = Slow::new(2, 3, LIMIT, 2);
        judge.see(&run('t', 0));
        assert_eq!(judge.see(&run('s', 0)), Reading::Silent);
        assert_eq!(judge.see(&run('t', 60)), Reading::Holds);
        assert_eq!(judge.see(&run('?', 60)), Reading::Silent, "it was our fault after all");
        assert_eq!((judge.failures(), judge.since()), (1, Some(at(0))));
        assert_eq!(judge.see(&run('s', 120)), Reading::Holds);
        assert_eq!(judge.says(), "2 of the last 2 runs slow");
    }

    #[test]
    fn how_long_the_server_takes_to_go_does_not_count() {
        let details =
            Details { took: 70.0, stages: vec![("launch", 9.0), ("teardown", 50.0)], ..Details::default() };
        let mut judge = Slow::new(1, 1, LIMIT, 1);
        let sample = Sample { details: Some(Box::new(details)), ..sample(Health::Good, 0) };
        assert_eq!(judge.see(&sample), Reading::Clear);
    }
}
