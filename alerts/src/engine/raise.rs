//! A firing alert wants to be told: it is held back, joins an incident, or opens one; and people hear of it now or soon.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::explain::RELAPSED;
use super::trouble::{STORM, note};
use super::{Engine, OURSELVES};
use crate::{AlertKey, Incident, IncidentId, IncidentState, NotificationKind as Kind};

/// How long further alerts of an open incident are gathered before people are told of them in one update.
pub(super) const GATHER: SignedDuration = SignedDuration::from_secs(30);
/// How long the targets of a storm are gathered before it is told.
const GATHER_STORM: SignedDuration = SignedDuration::from_secs(12);
/// How long a storm gathers for an update.
const STORM_UPDATE: SignedDuration = SignedDuration::from_mins(5);
/// When this many incidents were opened within [`STORM_WINDOW`], what follows becomes one incident.
const STORM_AFTER: usize = 2;
/// A storm is joined as long as it was joined within this time.
const STORM_WINDOW: SignedDuration = SignedDuration::from_secs(60);

/// What an alert brings to its incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Brings {
    /// The incident itself.
    Opening,
    /// It is louder than what was known.
    Louder,
    /// One more.
    More,
}

impl Engine {
    /// A firing alert wants to be told.
    pub(super) fn raise(&mut self, key: &AlertKey, now: Timestamp) {
        let of = self.by_target.get(&key.series.target).and_then(|id| self.incidents.get(id));
        let back = of.is_some_and(|i| i.recovered_at.is_some());
        let Some((id, brings)) = self.place(key, now) else { return };
        let Some(incident) = self.incidents.get_mut(&id) else { return };
        if incident.storm && incident.notifications == 0 {
            incident.update_due.get_or_insert(now + GATHER_STORM);
            return;
        }
        match brings {
            Brings::Opening => self.tell(&id, Kind::Opened, None, now),
            Brings::Louder => {
                let by = incident.ack.take().map(|ack| ack.by);
                let words = by.map(|by| format!("it is louder than when {by} acknowledged it"));
                let words = if back { Some(RELAPSED) } else { words.as_deref() };
                self.tell(&id, Kind::Update, words, now);
            }
            Brings::More if incident.ack.is_some() => self.cause_changed(key, now),
            Brings::More if !incident.storm && self.says_the_same(&id, key) => {}
            Brings::More => {
                let Some(incident) = self.incidents.get_mut(&id) else { return };
                let wait = if incident.storm { STORM_UPDATE } else { GATHER };
                incident.update_due.get_or_insert(now + wait);
            }
        }
    }

    /// Whether another rule has told that this series fails: that is then no news.
    fn says_the_same(&self, id: &IncidentId, key: &AlertKey) -> bool {
        let mine = self.news(key);
        self.members.get(id).is_some_and(|members| members.iter().any(|k| k != key && self.news(k) == mine))
    }

    /// Firing alerts want to be told together, in these words; and so do incidents that were hushed so far. Each
    /// incident speaks once.
    pub(super) fn raise_all(
        &mut self,
        keys: Vec<AlertKey>,
        hushed: impl IntoIterator<Item = IncidentId>,
        words: &str,
        now: Timestamp,
    ) {
        let mut speak: BTreeMap<IncidentId, Kind> = hushed.into_iter().map(|id| (id, Kind::Update)).collect();
        for key in keys {
            let Some((id, brings)) = self.place(&key, now) else { continue };
            let acked = self.incidents.get(&id).is_some_and(|i| i.ack.is_some());
            if acked && brings != Brings::Louder {
                self.cause_changed(&key, now);
            } else if brings == Brings::Opening {
                speak.insert(id, Kind::Opened);
            } else {
                speak.entry(id).or_insert(Kind::Update);
            }
        }
        for (id, kind) in speak {
            let Some(incident) = self.incidents.get_mut(&id) else { continue };
            if incident.storm && incident.notifications == 0 {
                note(incident, now, None, words.to_owned());
                incident.update_due.get_or_insert(now + GATHER_STORM);
                continue;
            }
            incident.ack = None;
            self.tell(&id, kind, Some(words), now);
        }
    }

    /// Holds an alert back, or finds or opens its incident.
    fn place(&mut self, key: &AlertKey, now: Timestamp) -> Option<(IncidentId, Brings)> {
        let alert = self.alerts.get(key).filter(|a| a.incident.is_none())?;
        if let Some(held) = self.held(alert, now) {
            self.hold(key, held, now);
            return None;
        }
        let (target, severity) = (key.series.target.clone(), alert.severity);
        let open = self.by_target.get(&target).cloned().or_else(|| self.below(&target, now));
        let Some(id) = open.or_else(|| self.storm(&target, now)) else {
            return Some((self.open_for(key, now)?, Brings::Opening));
        };
        let louder = self.incidents.get(&id).is_some_and(|i| severity > i.loudness());
        self.join(&id, key, now);
        Some((id, if louder { Brings::Louder } else { Brings::More }))
    }

    /// The storm that goes on.
    fn storm(&self, target: &str, now: Timestamp) -> Option<IncidentId> {
        let storm = self.incidents.values().filter(|i| i.storm && target != OURSELVES);
        storm.map(|i| &i.id).find(|id| self.storms_still(id, now)).cloned()
    }

    fn storms_still(&self, id: &IncidentId, now: Timestamp) -> bool {
        self.index.joined_storm(id).is_some_and(|at| now.duration_since(at) < STORM_WINDOW)
    }

    /// Opens an incident, or a storm where many were opened just now.
    fn open_for(&mut self, key: &AlertKey, now: Timestamp) -> Option<IncidentId> {
        let alert = self.alerts.get(key)?;
        let young = |i: &&Incident| now.duration_since(i.opened_at) < STORM_WINDOW && i.target != OURSELVES;
        let storm =
            key.series.target != OURSELVES && self.incidents.values().filter(young).count() >= STORM_AFTER;
        let target = if storm { STORM.to_owned() } else { key.series.target.clone() };
        let incident = Incident {
            id: self.incident_id(&target, now),
            target,
            targets: BTreeSet::new(),
            storm,
            state: IncidentState::Open,
            severity: alert.severity,
            since: alert.since,
            opened_at: now,
            resolved_at: None,
            alerts: BTreeMap::new(),
            more: 0,
            notifications: 0,
            told: BTreeSet::new(),
            update_due: None,
            ack: None,
            ack_causes: BTreeSet::new(),
            assignee: None,
            reminder_due: None,
            reminders: 0,
            steps: 0,
            step_due: None,
            label: None,
            recovered_at: None,
            diagnosis: Vec::new(),
            named: Vec::new(),
            proposed: Vec::new(),
            spells: Vec::new(),
            timeline: Vec::new(),
            merged_into: None,
            split_from: None,
        };
        let id = incident.id.clone();
        self.incidents.insert(id.clone(), incident);
        self.join(&id, key, now);
        self.note_deploys(&id);
        Some(id)
    }

    /// The name of an incident: target and moment, readable in a chat, the same in a replay, never given twice (an alert
    /// may open a second one long after it began to fire).
    pub(super) fn incident_id(&self, target: &str, now: Timestamp) -> IncidentId {
        let name = format!("{}-{}", target.replace(' ', "-"), now.strftime("%Y%m%dT%H%M%SZ"));
        let taken = |id: &IncidentId| self.incidents.contains_key(id) || self.used.1.contains(id);
        let mut ids = std::iter::once(IncidentId(name.clone()))
            .chain((2u32..).map(|n| IncidentId(format!("{name}-{n}"))));
        ids.find(|id| !taken(id)).unwrap_or(IncidentId(name))
    }

    /// An alert of an incident that somebody has acknowledged fails in another way: quiet no more.
    pub(super) fn cause_changed(&mut self, key: &AlertKey, now: Timestamp) {
        let Some(alert) = self.alerts.get(key) else { return };
        let Some(id) = alert.incident.clone() else { return };
        let cause = super::trouble::cause(alert);
        let Some(incident) = self.incidents.get_mut(&id) else { return };
        if incident.ack.is_none() || incident.ack_causes.contains(&cause) {
            return;
        }
        let by = incident.ack.take().map(|a| a.by).unwrap_or_default();
        let words = format!("this is not what {by} acknowledged: {cause}");
        note(incident, now, None, words.clone());
        self.tell(&id, Kind::Update, Some(&words), now);
    }
}
