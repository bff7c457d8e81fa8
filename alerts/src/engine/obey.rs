//! What people say: acknowledge, assign, comment, silence.

use jiff::{SignedDuration, Timestamp};

use super::Engine;
use super::trouble::{cause, note};
use crate::command::{ACK_LASTS, checked};
use crate::{Ack, Command, Disobeyed, Incident, IncidentId, Label, NotificationKind as Kind, Silence};

/// Two clicks within this time are one.
const DOUBLE_CLICK: SignedDuration = SignedDuration::from_mins(1);
/// Most silences at a time: more belong into the configuration.
const MOST_SILENCES: usize = 200;

impl Incident {
    /// Does to an incident that is over what can still be done to it: labels it, or adds a comment. False, and nothing
    /// done, if the command is another one; whether it is about this incident is for the caller to know.
    pub fn obey_afterwards(&mut self, command: &Command, now: Timestamp) -> bool {
        match command {
            Command::Label { by, label, .. } => {
                note(self, now, Some(by), words(*label).to_owned());
                self.label = Some(*label);
                true
            }
            Command::Comment { by, text, .. } => {
                note(self, now, Some(by), crate::text::one_line(text, 2000));
                true
            }
            _ => false,
        }
    }
}

const fn words(label: Label) -> &'static str {
    match label {
        Label::Real => "says it was real",
        Label::FalseAlarm => "says it was a false alarm",
    }
}

impl Engine {
    /// Does what a person wants; what follows comes with [`Engine::flush`].
    ///
    /// # Errors
    /// There is no such incident or silence, or it cannot be meant. Nothing has changed then.
    pub fn obey(&mut self, command: Command, now: Timestamp) -> Result<(), Disobeyed> {
        match command {
            Command::Acknowledge { incident, by, seconds } => self.acknowledge(&incident, by, seconds, now),
            Command::Unacknowledge { incident, by } => self.unacknowledge(&incident, &by, now),
            Command::Assign { incident, to, by } => {
                let id = self.find(&incident)?;
                self.remark(&id, &by, format!("assigned to {to}"), now);
                if let Some(incident) = self.incidents.get_mut(&id) {
                    incident.assignee = Some(to);
                }
                Ok(())
            }
            Command::Comment { incident, by, text } => {
                let id = self.find(&incident)?;
                self.remark(&id, &by, crate::text::one_line(&text, 2000), now);
                Ok(())
            }
            Command::Label { incident, by, label } => {
                let id = self.find(&incident)?;
                self.remark(&id, &by, words(label).to_owned(), now);
                if let Some(incident) = self.incidents.get_mut(&id) {
                    incident.label = Some(label);
                }
                Ok(())
            }
            Command::Merge { into, from, by } => self.merge(&into, &from, &by, now),
            Command::Split { incident, alerts, by } => self.split(&incident, &alerts, &by, now),
            Command::Deploy { deploy } => self.deployed(deploy, now),
            Command::Silence { silence } => self.silence(silence, now),
            Command::EndSilence { id, by } => {
                if !self.silences.contains_key(&id) {
                    return Err(Disobeyed::NoSilence(id));
                }
                self.close_silence(&id, &format!("ended by {by}"), now);
                Ok(())
            }
        }
    }

    fn acknowledge(
        &mut self,
        incident: &IncidentId,
        by: String,
        seconds: Option<i64>,
        now: Timestamp,
    ) -> Result<(), Disobeyed> {
        let id = self.find(incident)?;
        let lasts = seconds.map_or(ACK_LASTS, SignedDuration::from_secs);
        if !lasts.is_positive() || lasts > crate::command::LONGEST_SILENCE {
            return Err(Disobeyed::Nonsense("an acknowledgement lasts between a second and 31 days".into()));
        }
        let members = self.members.get(&id).into_iter().flatten();
        let causes = members.filter_map(|k| self.alerts.get(k)).map(cause).collect();
        if let Some(incident) = self.incidents.get_mut(&id) {
            // Twice the same click is one acknowledgement; later it is a longer one.
            let until = now + lasts;
            let same = |a: &Ack| a.by == by && until.duration_since(a.until).abs() < DOUBLE_CLICK;
            if incident.ack.as_ref().is_some_and(same) && incident.ack_causes == causes {
                return Ok(());
            }
            incident.ack = Some(Ack { by: by.clone(), at: now, until });
            incident.ack_causes = causes;
            incident.assignee.get_or_insert_with(|| by.clone());
        }
        self.remark(&id, &by, "acknowledged".to_owned(), now);
        self.tell(&id, Kind::Acknowledged, None, now);
        Ok(())
    }

    fn unacknowledge(&mut self, incident: &IncidentId, by: &str, now: Timestamp) -> Result<(), Disobeyed> {
        let id = self.find(incident)?;
        if let Some(incident) = self.incidents.get_mut(&id)
            && incident.ack.take().is_some()
        {
            self.remark(&id, by, "no longer sees to it".to_owned(), now);
            let words = format!("{by} no longer sees to it");
            self.tell(&id, Kind::Update, Some(&words), now);
        }
        Ok(())
    }

    fn silence(&mut self, mut silence: Silence, now: Timestamp) -> Result<(), Disobeyed> {
        checked(&silence, now)?;
        if self.silences.len() >= MOST_SILENCES {
            return Err(Disobeyed::Nonsense(format!(
                "there are {MOST_SILENCES} silences already: end some first"
            )));
        }
        if self.silences.contains_key(&silence.id) {
            return Err(Disobeyed::Nonsense(format!("there is a silence `{}` already", silence.id)));
        }
        if let Some(with) = &silence.with {
            silence.with = Some(self.find(with)?);
        }
        (silence.warned, silence.ended, silence.hid) = (false, None, 0);
        let words = format!("silence {} until {}: {}", silence.id, silence.until, silence.reason);
        let covered: Vec<_> = self
            .members
            .iter()
            .filter(|(_, keys)| keys.iter().any(|k| silence.of.matches(&k.series)))
            .map(|(id, _)| id.clone())
            .collect();
        for id in covered {
            self.remark(&id, &silence.by.clone(), words.clone(), now);
        }
        self.dirty.silences.insert(silence.id.clone());
        self.silences.insert(silence.id.clone(), silence);
        Ok(())
    }

    /// The open incident that is meant: by its id, or by the name of a target.
    pub(super) fn find(&self, incident: &IncidentId) -> Result<IncidentId, Disobeyed> {
        let named = || self.by_target.get(&incident.0);
        let known = self.incidents.contains_key(incident).then_some(incident).or_else(named);
        known.cloned().ok_or_else(|| Disobeyed::NoIncident(incident.0.clone()))
    }

    pub(super) fn remark(&mut self, id: &IncidentId, by: &str, what: String, now: Timestamp) {
        if let Some(incident) = self.incidents.get_mut(id) {
            note(incident, now, Some(by), what);
            self.dirty.incidents.insert(id.clone());
        }
    }
}
