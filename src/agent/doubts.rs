//! How probes stand as far as one place can tell: whether to look again soon, and when to spare a target that is down.
//!
//! # Why
//! In the service the engine says this, with its rules. An agent has none: it confirms a first failure and a first
//! success, and after three failures in a row it launches no more often than on a target that is known to be down.

use std::collections::BTreeMap;

use jiff::Timestamp;
use launchwatch_probes::Verdict;

use crate::observation::{Observation, ProbeId};
use crate::scheduler::Standing;

/// So many failures in a row are no news any more, and so many successes after them are believed.
const ENOUGH: (u32, u32) = (3, 2);

/// What was seen of each probe lately.
#[derive(Debug, Default)]
pub(super) struct Doubts(BTreeMap<ProbeId, Row>);

#[derive(Debug, Default)]
struct Row {
    failures: u32,
    since: Option<Timestamp>,
    /// Successes since the failures.
    successes: u32,
}

impl Row {
    fn down(&self) -> bool {
        self.failures >= ENOUGH.0
    }

    fn doubted(&self) -> bool {
        self.failures > 0 && !self.down() || self.successes > 0
    }

    fn see(&mut self, verdict: Verdict, slot: Timestamp) {
        match verdict {
            Verdict::Unknown => {}
            Verdict::Failed => {
                self.since.get_or_insert(slot);
                (self.failures, self.successes) = (self.failures + 1, 0);
            }
            Verdict::Passed | Verdict::Degraded => {
                self.successes = if self.since.is_some() { self.successes + 1 } else { 0 };
                self.failures = 0;
                if self.successes >= ENOUGH.1 {
                    *self = Self::default();
                }
            }
        }
    }
}

impl Doubts {
    /// Takes what was seen, and tells the runners.
    pub(super) fn see(&mut self, seen: &Observation, standing: &Standing) {
        let row = self.0.entry(seen.probe.clone()).or_default();
        row.see(seen.outcome.verdict, seen.slot);
        standing.doubt(std::iter::once((&seen.probe, row.doubted())));
        let target = seen.probe.target().to_owned();
        let of_target = self.0.iter().filter(|(probe, row)| probe.target() == target && row.down());
        let since = of_target.filter_map(|(_, row)| row.since).min();
        standing.set(std::iter::once((&target, since)));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use launchwatch_probes::{Outcome, Reason};

    use super::*;

    #[test]
    fn a_failure_is_doubted_until_it_is_no_news_and_so_is_the_end_of_it() {
        let (mut doubts, standing) = (Doubts::default(), Standing::default());
        let probe = ProbeId::new("hub", "site");
        let mut second = 0;
        let mut look = |verdict| {
            second += 10;
            let seen = Observation {
                probe: probe.clone(),
                location: "there".into(),
                slot: Timestamp::from_second(second).unwrap(),
                lag: Duration::ZERO,
                confirms: false,
                outcome: Outcome::bare(verdict, Some(Reason::Timeout), ""),
            };
            doubts.see(&seen, &standing);
            (standing.doubted(&probe), standing.down_since("hub").map(Timestamp::as_second))
        };
        for (verdict, expected) in [
            (Verdict::Passed, (false, None)),
            (Verdict::Failed, (true, None)),
            (Verdict::Unknown, (true, None)),
            (Verdict::Failed, (true, None)),
            (Verdict::Failed, (false, Some(20))),
            (Verdict::Failed, (false, Some(20))),
            (Verdict::Passed, (true, None)),
            (Verdict::Passed, (false, None)),
            (Verdict::Passed, (false, None)),
        ] {
            assert_eq!(look(verdict), expected, "{verdict} at {second}");
        }
    }
}
