//! How far an export has come, probe by probe, and which minutes may go next.
//!
//! # Why
//! Receivers refuse what is older than the newest sample of a series, and a sample that changes. So a minute goes when
//! nothing more can come into it, and once: the minutes of one probe in their order. A minute is settled when the
//! longest run that was due in it has ended. What agents hand in after hours comes in order as well: of a probe that
//! is looked at from elsewhere, a minute is settled when a later one has begun, or when nothing has come for a while.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::ProbeConfig;
use crate::observation::ProbeId;
use crate::store::Tier;

/// Waited for after the deadline of a run: it is written down by then. In seconds.
const SLACK: i64 = 60;
/// Settling time of a probe that is in no configuration any more.
const UNKNOWN: i64 = 900;
/// Nothing is waited for longer than this: receivers take back at most an hour.
const LONGEST: i64 = 1_800;
/// After so long without anything from an agent, its newest minute is settled.
const QUIET: i64 = 600;
/// What a probe that is new may bring along: an agent that could not report at once.
const NEW: i64 = 86_400;

/// How far an export has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// When it began, in seconds since 1970: what was settled by then is for a backfill.
    began: i64,
    /// When it last was through.
    as_of: i64,
    /// By probe: minutes that begin before this second are sent, or will never be.
    sent: BTreeMap<ProbeId, i64>,
    /// The last slot of each probe, and when we saw it first.
    #[serde(skip)]
    seen: BTreeMap<ProbeId, (Timestamp, i64)>,
}

/// The minutes of a probe that are settled and not sent: from one second up to, but without, another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) probe: ProbeId,
    pub(super) from: i64,
    pub(super) to: i64,
}

/// How long after their end the minutes of each probe are settled, in seconds.
pub(super) struct Settling(BTreeMap<ProbeId, i64>);

impl Settling {
    pub(super) fn of(probes: &[ProbeConfig]) -> Self {
        let seconds = |p: &ProbeConfig| i64::try_from(p.deadline.as_secs()).unwrap_or(LONGEST);
        Self(probes.iter().map(|p| (p.id.clone(), seconds(p).saturating_add(SLACK).min(LONGEST))).collect())
    }

    pub(super) fn after(&self, probe: &ProbeId) -> i64 {
        self.0.get(probe).copied().unwrap_or(UNKNOWN)
    }
}

impl Progress {
    /// An export that begins now.
    pub(super) fn new(now: Timestamp) -> Self {
        Self { began: now.as_second(), as_of: now.as_second(), sent: BTreeMap::new(), seen: BTreeMap::new() }
    }

    /// What is due, with the last slots that are on record; nothing older than `oldest`.
    pub(super) fn due(
        &mut self,
        last: &BTreeMap<ProbeId, Timestamp>,
        settling: &Settling,
        now: i64,
        oldest: i64,
    ) -> Vec<Due> {
        let look = |(probe, slot): (&ProbeId, &Timestamp)| {
            let seen = self.seen.get(probe).filter(|seen| seen.0 == *slot);
            (probe.clone(), seen.copied().unwrap_or((*slot, now)))
        };
        self.seen = last.iter().map(look).collect();
        let of = |(probe, (slot, since)): (&ProbeId, &(Timestamp, i64))| {
            let after = settling.after(probe);
            let newest = Tier::Minute.floor(slot.as_second());
            let begun = Tier::Minute.floor(self.began.max(self.as_of - NEW) - after);
            let from = self.sent.get(probe).copied().unwrap_or(begun).max(oldest);
            let settled = Tier::Minute.floor(now - after).min(newest + 60);
            let open = probe.elsewhere().is_some() && since + QUIET > now;
            let to = if open { settled.min(newest) } else { settled };
            (from < to).then(|| Due { probe: probe.clone(), from, to })
        };
        self.seen.iter().filter_map(of).collect()
    }

    /// Minutes of a probe that begin before this second are sent.
    pub(super) fn sent(&mut self, probe: &ProbeId, before: i64) {
        self.sent.insert(probe.clone(), before);
    }

    /// Everything that was due is sent; probes of which nothing is kept are forgotten.
    pub(super) fn through(&mut self, last: &BTreeMap<ProbeId, Timestamp>, now: i64) {
        self.as_of = now;
        self.sent.retain(|probe, _| last.contains_key(probe));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_767_268_800;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn due(progress: &mut Progress, probe: &str, slot: i64, now: i64) -> Option<(i64, i64)> {
        let id = ProbeId::from(probe.to_owned());
        let settling = Settling([(id.clone(), 90)].into());
        let due = progress.due(&[(id, at(slot))].into(), &settling, now, 0);
        due.first().map(|d| (d.from - NOON, d.to - NOON))
    }

    #[test]
    fn a_minute_is_due_once_and_only_when_nothing_more_can_come_into_it() {
        let mut progress = Progress::new(at(NOON));
        let probe = ProbeId::new("hub", "site");
        // It began at noon with what was settled then; the slot of 12:00:30 is settled 90 s after 12:01.
        for (now, expected) in [(0, None), (149, Some((-120, 0))), (150, Some((-120, 60)))] {
            assert_eq!(due(&mut progress, "hub/site", NOON + 30, NOON + now), expected, "{now}");
        }
        progress.sent(&probe, NOON + 60);
        assert_eq!(due(&mut progress, "hub/site", NOON + 30, NOON + 9_000), None, "nothing new");
        // An outage of the receiver: everything since is due.
        assert_eq!(due(&mut progress, "hub/site", NOON + 36_010, NOON + 36_120), Some((60, 36_000)));
    }

    #[test]
    fn what_agents_hand_in_late_goes_when_it_is_whole() {
        let mut progress = Progress::new(at(NOON));
        let (probe, now) = (ProbeId::new("hub", "site@there"), NOON + 40_000);
        progress.sent(&probe, NOON + 60);
        progress.through(&[(probe.clone(), at(NOON + 30))].into(), now);
        // Hours later the agent is back and has handed in half of what it kept.
        assert_eq!(due(&mut progress, "hub/site@there", now - 600, now), Some((60, 39_360)));
        // Of one that fell silent, the last minute goes in the end.
        assert_eq!(due(&mut progress, "hub/site@there", NOON + 90, NOON + 3_000), None);
        assert_eq!(due(&mut progress, "hub/site@there", NOON + 90, NOON + 3_599), None);
        assert_eq!(due(&mut progress, "hub/site@there", NOON + 90, NOON + 3_600), Some((60, 120)));
    }

    #[test]
    fn a_probe_that_is_new_begins_with_the_export_or_a_day_ago() {
        let mut progress = Progress::new(at(NOON));
        progress.through(&BTreeMap::new(), NOON + 600);
        assert_eq!(due(&mut progress, "hub/new", NOON + 650, NOON + 900), Some((-120, 660)));
        progress.through(&BTreeMap::new(), NOON + 100_800);
        assert_eq!(due(&mut progress, "hub/new", NOON + 100_850, NOON + 101_100), Some((14_280, 100_860)));
    }
}
