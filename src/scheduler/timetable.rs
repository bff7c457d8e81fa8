//! When a probe is due: slots on a fixed grid, or the times of a cron expression. Pure arithmetic.

use std::time::Duration;

use jiff::Timestamp;

use crate::config::Schedule;
use crate::observation::ProbeId;

/// At most this many missed slots are written down at once: after a long sleep of the machine the gap itself tells.
pub const MISSED_AT_MOST: usize = 500;

/// The slots of one probe.
#[derive(Debug, Clone)]
pub struct Timetable {
    schedule: Schedule,
    /// Phase of the grid in microseconds.
    phase: i64,
}

impl Timetable {
    /// The timetable of a probe. The phase of a grid comes from the probe's name, so that thousands of probes do not
    /// start together, and a restart or a second location does not move them.
    pub fn new(schedule: Schedule, probe: &ProbeId) -> Self {
        let phase = match &schedule {
            Schedule::Every(every) => {
                let hash = ProbeId::new(probe.target(), probe.bare()).hash();
                (spread(hash) % micros(*every).unsigned_abs()).cast_signed()
            }
            Schedule::Cron(_) => 0,
        };
        Self { schedule, phase }
    }

    /// The first slot strictly after `after`; `None` if there is none any more.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        match &self.schedule {
            Schedule::Every(every) => {
                let every = micros(*every);
                let turn = (after.as_microsecond() - self.phase).div_euclid(every) + 1;
                Timestamp::from_microsecond(turn.checked_mul(every)?.checked_add(self.phase)?).ok()
            }
            Schedule::Cron(cron) => cron.next_after(after),
        }
    }

    /// Slots after `after` up to and including `until`, oldest first, at most [`MISSED_AT_MOST`].
    pub fn between(&self, after: Timestamp, until: Timestamp) -> Vec<Timestamp> {
        std::iter::successors(self.next_after(after), |slot| self.next_after(*slot))
            .take_while(|slot| *slot <= until)
            .take(MISSED_AT_MOST)
            .collect()
    }
}

fn micros(every: Duration) -> i64 {
    i64::try_from(every.as_micros()).unwrap_or(i64::MAX).max(1)
}

/// Mixes a hash so that its low bits are as good as its high ones (the finaliser of splitmix64).
fn spread(hash: u64) -> u64 {
    let z = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every(seconds: u64, name: &str) -> Timetable {
        Timetable::new(Schedule::Every(Duration::from_secs(seconds)), &ProbeId::new("hub", name))
    }

    #[test]
    fn slots_are_a_fixed_grid_wherever_one_begins_to_count() {
        let t = every(60, "cached");
        let first = t.next_after(Timestamp::from_second(1_000_000).unwrap()).unwrap();
        for offset in 0..59 {
            let start = first + jiff::SignedDuration::from_secs(offset);
            assert_eq!(t.next_after(start).unwrap().as_second() - first.as_second(), 60);
        }
    }

    #[test]
    fn a_thousand_probes_do_not_start_together() {
        let start = Timestamp::from_second(1_700_000_000).unwrap();
        let mut tenths = vec![0_u32; 600];
        for i in 0..1_000 {
            let slot = every(60, &format!("p{i}")).next_after(start).unwrap();
            let tenth = (slot.as_millisecond() - start.as_millisecond()) / 100;
            tenths[usize::try_from(tenth).unwrap().min(599)] += 1;
        }
        // The mean is 1.7 in a tenth of a second; a burst would be hundreds.
        assert!(tenths.iter().max().unwrap() <= &9, "{tenths:?}");
    }

    #[test]
    fn slots_between_two_moments_are_counted_with_the_last_one() {
        let t = every(10, "x");
        let start = t.next_after(Timestamp::from_second(0).unwrap()).unwrap();
        let end = start + jiff::SignedDuration::from_secs(30);
        assert_eq!(t.between(start, end).len(), 3);
        let years = start + jiff::SignedDuration::from_hours(100_000);
        assert_eq!(t.between(start, years).len(), MISSED_AT_MOST);
    }
}
