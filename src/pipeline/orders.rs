//! What people want: obeyed by the engine, or done to an incident that is over; answered when it is durable.

use jiff::Timestamp;
use launchwatch_alerts::{Change, Command, Disobeyed, Engine, Incident, IncidentId};
use tokio::sync::oneshot;

use crate::store::Store;

type Answer = oneshot::Sender<Result<(), Disobeyed>>;

/// Commands, and who waits for what came of them. Whoever is not answered hears that it is not known.
#[derive(Default)]
pub struct Orders {
    done: Vec<(Answer, Result<(), Disobeyed>)>,
    /// The engine knows only what is open: these may be about an incident that is over.
    afterwards: Vec<(Command, Answer)>,
}

impl Orders {
    /// Has the engine obey.
    pub(super) fn obey(&mut self, engine: &mut Engine, command: Command, answer: Answer, now: Timestamp) {
        tracing::info!(command.by = %command.by(), "command {}", name(&command));
        let past = past(&command).is_some().then(|| command.clone());
        match (engine.obey(command, now), past) {
            (Err(Disobeyed::NoIncident(_)), Some(command)) => self.afterwards.push((command, answer)),
            (result, _) => self.done.push((answer, result)),
        }
    }

    /// Does to incidents that are over what can still be done to them; `changes` are those of this round so far.
    pub(super) async fn obey_afterwards(
        &mut self,
        store: &dyn Store,
        changes: &mut Vec<Change>,
        now: Timestamp,
    ) {
        for (command, answer) in std::mem::take(&mut self.afterwards) {
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
            self.done.push((answer, result));
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
