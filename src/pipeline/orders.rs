//! What people want: obeyed by the engine, or done to an incident that is over; answered when it is durable.

use jiff::Timestamp;
use launchwatch_alerts::{
    Change, Command, Disobeyed, Engine, Incident, IncidentId, IncidentState, merge_afterwards,
};
use tokio::sync::oneshot;

use crate::inbox::Caller;
use crate::store::{self, AuditRow, Store};

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
        engine: &mut Engine,
        store: &dyn Store,
        changes: &mut Vec<Change>,
        now: Timestamp,
    ) {
        for (command, caller, answer) in std::mem::take(&mut self.afterwards) {
            // What cannot be read is not known: whoever waits is not answered.
            let Ok(result) = afterwards(&command, engine, store, changes, now).await else { continue };
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
        Command::Merge { from, .. } => Some(from),
        _ => None,
    }
}

/// What a command is about, as people find it again.
fn about(command: &Command) -> &str {
    match command {
        Command::Silence { silence } => &silence.id,
        Command::EndSilence { id, .. } => id,
        Command::Merge { from, .. } => &from.0,
        Command::Deploy { deploy } => &deploy.target,
        Command::Acknowledge { incident, .. }
        | Command::Unacknowledge { incident, .. }
        | Command::Assign { incident, .. }
        | Command::Comment { incident, .. }
        | Command::Label { incident, .. }
        | Command::Split { incident, .. } => &incident.0,
    }
}

/// Obeys a command about an incident that is over.
async fn afterwards(
    command: &Command,
    engine: &mut Engine,
    store: &dyn Store,
    changes: &mut Vec<Change>,
    now: Timestamp,
) -> Result<Result<(), Disobeyed>, store::Error> {
    let Some(id) = past(command) else { return Ok(Ok(())) };
    let Some(mut incident) = on_record(id, store, changes).await? else {
        return Ok(Err(Disobeyed::NoIncident(id.0.clone())));
    };
    if let Command::Merge { into, by, .. } = command {
        return merge((into, by), incident, engine, store, changes, now).await;
    }
    incident.obey_afterwards(command, now);
    changes.push(Change::Incident(incident));
    Ok(Ok(()))
}

/// Merges where at least one of the two is over.
async fn merge(
    (into, by): (&IncidentId, &str),
    mut from: Incident,
    engine: &mut Engine,
    store: &dyn Store,
    changes: &mut Vec<Change>,
    now: Timestamp,
) -> Result<Result<(), Disobeyed>, store::Error> {
    if from.state == IncidentState::Resolved {
        match engine.absorb(into, &mut from, by, now) {
            Err(Disobeyed::NoIncident(_)) => {}
            Err(no) => return Ok(Err(no)),
            Ok(()) => {
                changes.extend(engine.flush());
                changes.push(Change::Incident(from));
                return Ok(Ok(()));
            }
        }
    }
    let Some(mut into) = on_record(into, store, changes).await? else {
        return Ok(Err(Disobeyed::NoIncident(into.0.clone())));
    };
    let merged = merge_afterwards(&mut into, &mut from, by, now);
    if merged.is_ok() {
        changes.extend([Change::Incident(into), Change::Incident(from)]);
    }
    Ok(merged)
}

/// An incident as it stands after the changes of this round.
async fn on_record(
    id: &IncidentId,
    store: &dyn Store,
    changes: &[Change],
) -> Result<Option<Incident>, store::Error> {
    if let Some(incident) = latest(changes, id) {
        return Ok(Some(incident.clone()));
    }
    let found = store.incident(id).await;
    found.inspect_err(|error| tracing::error!(%error, incident.id = %id, "cannot read an incident"))
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
        Command::Merge { .. } => "merge",
        Command::Split { .. } => "split",
        Command::Deploy { .. } => "deploy",
        Command::Silence { .. } => "silence",
        Command::EndSilence { .. } => "end silence",
    }
}
