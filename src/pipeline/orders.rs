//! What people want: obeyed by the engine, or done to an incident that is over; answered when it is durable.

use jiff::Timestamp;
use launchwatch_alerts::{Change, Command, Disobeyed, Engine, Incident, IncidentId};
use tokio::sync::oneshot;

use crate::inbox::Caller;
use crate::store::{AuditRow, Store};

type Answer = oneshot::Sender<Result<(), Disobeyed>>;

/// Commands, and who waits for what came of them. Whoever is not answered hears that it is not known.
#[derive(Default)]
pub struct Orders {
    done: Vec<(Answer, Result<(), Disobeyed>)>,
    /// The engine knows only what is open: these may be about an incident that is over.
    afterwards: Vec<(Command, Caller, Answer)>,
    /// What is to be put on record.
    noted: Vec<AuditRow>,
}

impl Orders {
    /// Has the engine obey.
    pub(super) fn obey(
        &mut self,
        engine: &mut Engine,
        (command, caller): (Command, Caller),
        answer: Answer,
        now: Timestamp,
    ) {
        tracing::info!(command.by = %command.by(), "command {}", name(&command));
        match (engine.obey(command.clone(), now), past(&command)) {
            (Err(Disobeyed::NoIncident(_)), Some(_)) => self.afterwards.push((command, caller, answer)),
            (result, _) => self.done(&command, caller, (answer, result), now),
        }
    }

    /// It has come to an end: on record, and to be told to who waits.
    fn done(
        &mut self,
        command: &Command,
        caller: Caller,
        end: (Answer, Result<(), Disobeyed>),
        now: Timestamp,
    ) {
        let came_to = end.1.as_ref().map_or_else(ToString::to_string, |()| "done".to_owned());
        let (what, via) = (name(command).to_owned(), caller.via.to_owned());
        let row = AuditRow { at: now, who: caller.who, via, what, about: about(command).to_owned(), came_to };
        self.noted.push(row.bounded());
        self.done.push(end);
    }

    /// What is to be put on record since the last time.
    pub(super) fn noted(&mut self) -> Vec<AuditRow> {
        std::mem::take(&mut self.noted)
    }

    /// Does to incidents that are over what can still be done to them; `changes` are those of this round so far.
    pub(super) async fn obey_afterwards(
        &mut self,
        store: &dyn Store,
        changes: &mut Vec<Change>,
        now: Timestamp,
    ) {
        for (command, caller, answer) in std::mem::take(&mut self.afterwards) {
            let Some(id) = past(&command) else { continue };
            let known = match latest(changes, id) {
                Some(incident) => Some(incident.clone()),
                None => match store.incident(id).await {
                    Ok(found) => found,
                    Err(error) => {
                        tracing::error!(%error, incident.id = %id, "cannot read an incident");
                        continue;
                    }
                },
            };
            let result = match known {
                None => Err(Disobeyed::NoIncident(id.0.clone())),
                Some(mut incident) => {
                    incident.obey_afterwards(&command, now);
                    changes.push(Change::Incident(incident));
                    Ok(())
                }
            };
            self.done(&command, caller, (answer, result), now);
        }
    }

    /// Answers: to be called when all of it is durable.
    pub(super) fn answer(&mut self) {
        for (answer, result) in self.done.drain(..) {
            // Nobody may wait any more.
            drop(answer.send(result));
        }
    }
}

/// The incident of a command that makes sense after the end.
fn past(command: &Command) -> Option<&IncidentId> {
    match command {
        Command::Label { incident, .. } | Command::Comment { incident, .. } => Some(incident),
        _ => None,
    }
}

/// What a command is about, as people find it again.
fn about(command: &Command) -> &str {
    match command {
        Command::Silence { silence } => &silence.id,
        Command::EndSilence { id, .. } => id,
        Command::Acknowledge { incident, .. }
        | Command::Unacknowledge { incident, .. }
        | Command::Assign { incident, .. }
        | Command::Comment { incident, .. }
        | Command::Label { incident, .. } => &incident.0,
    }
}

fn latest<'a>(changes: &'a [Change], id: &IncidentId) -> Option<&'a Incident> {
    changes.iter().rev().find_map(|change| match change {
        Change::Incident(incident) if incident.id == *id => Some(incident),
        _ => None,
    })
}

const fn name(command: &Command) -> &'static str {
    match command {
        Command::Acknowledge { .. } => "acknowledge",
        Command::Unacknowledge { .. } => "unacknowledge",
        Command::Assign { .. } => "assign",
        Command::Comment { .. } => "comment",
        Command::Label { .. } => "label",
        Command::Silence { .. } => "silence",
        Command::EndSilence { .. } => "end silence",
    }
}
