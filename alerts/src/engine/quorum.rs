//! What several locations say together.

use jiff::{SignedDuration, Timestamp};

use super::lifecycle::signed;
use super::{Engine, Seen};
use crate::judge::Reading;
use crate::{Alert, AlertKey, Sample, SeriesId};

/// After so many intervals without a word, a location has no voice.
const SILENT_AFTER: u32 = 3;

/// What one location says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Vote {
    holds: bool,
    /// It counts until then, unless the location speaks again.
    until: Timestamp,
}

impl Engine {
    /// What all locations together say, after one of them has spoken. That the trouble is over follows only from a
    /// location that sees none; one that has fallen silent neither accuses nor acquits.
    pub(super) fn vote(
        &mut self,
        key: &AlertKey,
        series: &SeriesId,
        reading: Reading,
        as_of: Timestamp,
    ) -> Reading {
        if reading == Reading::Silent {
            return reading;
        }
        let until = self.series.get(series).map_or(as_of, |seen| voice_until(seen, as_of));
        let vote = Vote { holds: reading == Reading::Holds, until };
        self.votes.entry(key.clone()).or_default().insert(series.location.clone(), vote);
        let enough = self.holding(key, as_of) >= self.quorum_of(&key.rule);
        match reading {
            Reading::Holds if enough => Reading::Holds,
            Reading::Clear if !enough => Reading::Clear,
            // Others decide: this one voice changed nothing.
            _ => Reading::Silent,
        }
    }

    /// A vote of the time before the start.
    pub(super) fn remember_vote(&mut self, rule: usize, sample: &Sample, reading: Reading) {
        let Some(rule) = self.plan.rules.get(rule).map(|r| r.name.clone()) else { return };
        let key = AlertKey { rule, series: anywhere(&sample.series) };
        self.vote(&key, &sample.series, reading, sample.at);
    }

    /// After a restart: whatever the past that was shown does not explain, the locations that were not heard must have
    /// said; or else all.
    pub(super) fn restore_votes(&mut self, alert: &Alert, now: Timestamp) {
        let enough = self.quorum_of(&alert.key.rule);
        for all in [false, true] {
            let votes = self.votes.entry(alert.key.clone()).or_default();
            // However long ago they said it.
            if votes.values().filter(|vote| vote.holds).count() >= enough {
                return;
            }
            let locations = self.series.range::<SeriesId, _>(&alert.key.series..);
            for (series, seen) in locations.take_while(|(s, _)| anywhere(s) == alert.key.series) {
                if all || !votes.contains_key(&series.location) {
                    let vote = Vote { holds: true, until: voice_until(seen, now) };
                    votes.insert(series.location.clone(), vote);
                }
            }
        }
    }

    /// Whether a location says that it holds.
    pub(super) fn votes_for(&self, key: &AlertKey, location: &str) -> bool {
        self.votes.get(key).and_then(|votes| votes.get(location)).is_some_and(|vote| vote.holds)
    }

    fn holding(&self, key: &AlertKey, now: Timestamp) -> usize {
        let votes = self.votes.get(key).into_iter().flatten();
        votes.filter(|(_, vote)| vote.holds && now < vote.until).count()
    }

    fn quorum_of(&self, rule: &str) -> usize {
        let quorum = self.plan.rule(rule).map_or(1, |r| r.quorum);
        usize::try_from(quorum).unwrap_or(usize::MAX)
    }
}

/// A series as all locations see it.
pub(super) fn anywhere(series: &SeriesId) -> SeriesId {
    SeriesId { location: String::new(), ..series.clone() }
}

pub(super) fn voice_until(seen: &Seen, as_of: Timestamp) -> Timestamp {
    as_of + signed(seen.every * SILENT_AFTER) + SignedDuration::from_mins(1)
}
