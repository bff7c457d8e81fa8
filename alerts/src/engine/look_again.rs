//! Asks for the look that tells the first cause from another, where a probe can give it and has not since the trouble began.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::trouble::note;
use super::{Ask, Change, Engine};
use crate::diagnosis::{NextLook, Sight};
use crate::{Incident, IncidentId, SeriesId};

/// Looks asked for of one incident are at least so far apart; a probe that runs as often by itself is not asked.
const PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// What was seen of this trouble longer ago may have changed.
const HOLDS: SignedDuration = SignedDuration::from_mins(15);
/// Launches asked for at one target: what is down is not to be fed with them.
const LAUNCH_PAUSE: SignedDuration = SignedDuration::from_mins(2);
/// Times a probe is asked for one incident: what has not told the causes apart by then will not.
const TIMES: u32 = 3;

/// What was asked for.
#[derive(Debug, Default)]
pub(super) struct Asks {
    by_incident: BTreeMap<IncidentId, Asked>,
    /// Targets that were to be launched at, and when last.
    launches: BTreeMap<String, Timestamp>,
}

#[derive(Debug)]
struct Asked {
    at: Timestamp,
    times: BTreeMap<SeriesId, u32>,
}

impl Asks {
    /// An incident is over.
    pub(super) fn end(&mut self, id: &IncidentId) {
        self.by_incident.remove(id);
    }

    fn ask(&mut self, id: &IncidentId, series: &SeriesId, by: Sight, now: Timestamp) {
        let asked =
            self.by_incident.entry(id.clone()).or_insert_with(|| Asked { at: now, times: BTreeMap::new() });
        asked.at = now;
        *asked.times.entry(series.clone()).or_default() += 1;
        if by.launches() {
            self.launches.insert(series.target.clone(), now);
        }
    }

    fn rests(&self, id: &IncidentId, now: Timestamp) -> bool {
        self.by_incident.get(id).is_some_and(|asked| now.duration_since(asked.at) < PAUSE)
    }

    fn may(&self, id: &IncidentId, series: &SeriesId, by: Sight, now: Timestamp) -> bool {
        let times = self.by_incident.get(id).and_then(|asked| asked.times.get(series));
        let launched = self.launches.get(&series.target).filter(|_| by.launches());
        times.is_none_or(|times| *times < TIMES)
            && launched.is_none_or(|at| now.duration_since(*at) >= LAUNCH_PAUSE)
    }
}

impl Engine {
    /// Asks for a look while the first cause of an incident is not sure.
    pub(super) fn look_again(&mut self, id: &IncidentId, now: Timestamp) {
        let Some((first, split, series)) = self.next_look(id, now) else { return };
        let why = format!("to tell {first} from {}", split.from);
        let Some(incident) = self.incidents.get_mut(id) else { return };
        note(incident, now, None, format!("looked again: {series}, {why}: {}", split.words));
        self.asks.ask(id, &series, split.by, now);
        self.dirty.incidents.insert(id.clone());
        self.dirty.out.push(Change::Look(Ask { series, incident: id.clone(), why }));
    }

    /// The first cause, the look that would tell it from another, and the probe that can look so.
    fn next_look(&self, id: &IncidentId, now: Timestamp) -> Option<(String, NextLook, SeriesId)> {
        let incident = self.incidents.get(id)?;
        let first = incident.diagnosis.first().filter(|first| !first.splits.is_empty())?;
        if incident.storm || self.asks.rests(id, now) || self.hushed(id, now).is_some() {
            return None;
        }
        first.splits.iter().find_map(|split| {
            let series = self.sight(incident, split.by, now)?;
            Some((first.label.clone(), split.clone(), series))
        })
    }

    /// A probe of the incident's targets that looks in this way and has not lately.
    fn sight(&self, incident: &Incident, by: Sight, now: Timestamp) -> Option<SeriesId> {
        let ancestors = self.plan.ancestors(&incident.target);
        let of_it = |target: &String| incident.targets.contains(target) || ancestors.contains(target);
        let rare = |series: &SeriesId| {
            let every = self.every.get(series).copied().unwrap_or(Duration::ZERO);
            SignedDuration::try_from(every).is_ok_and(|every| every > PAUSE)
        };
        let blind = |series: &SeriesId| {
            let last = self.tracks.get(series).and_then(|track| track.looks.back());
            last.is_none_or(|last| last.slot < incident.since || now.duration_since(last.at) > HOLDS)
        };
        let fits = |(series, kind): &(&SeriesId, &String)| {
            by.is_of(kind)
                && of_it(&series.target)
                && rare(series)
                && blind(series)
                && self.plan.policy.maintained(series, now).is_none()
        };
        let mut found = self.plan.kinds.iter().filter(fits).map(|(series, _)| series);
        found.find(|series| self.asks.may(&incident.id, series, by, now)).cloned()
    }
}
