//! Alerts and incidents: what the engine must know again after a restart, and what people look up.

use std::collections::BTreeMap;

use deadpool_postgres::GenericClient;
use launchwatch_alerts::{Alert, Incident, IncidentId, IncidentState, Memory, MessageRef};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::sql::{Values, column, execute, maybe, micros, most, rows, text};
use crate::store::damage::Damaged;
use crate::store::{Error, IncidentQuery};

pub(super) fn json(thing: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(thing)
        .map_err(|e| Error::Corrupt { what: "a value to be kept", detail: e.to_string() })
}

/// Keeps alerts as they stand; calm ones are forgotten. The last word on each counts.
pub(super) async fn keep_alerts(db: &impl GenericClient, alerts: &[&Alert]) -> Result<(), Error> {
    let what = "keep alerts";
    let mut last: BTreeMap<String, Option<String>> = BTreeMap::new();
    for alert in alerts {
        let kept = (!alert.forgettable()).then(|| json(alert)).transpose()?;
        last.insert(json(&alert.key)?, kept);
    }
    let calm: Vec<&str> = last.iter().filter(|(_, j)| j.is_none()).map(|(k, _)| k.as_str()).collect();
    let kept = last.iter().filter_map(|(k, j)| Some((k.as_str(), j.as_deref()?)));
    let (keys, texts): (Vec<&str>, Vec<&str>) = kept.unzip();
    if !calm.is_empty() {
        let sql = "DELETE FROM alert WHERE key = ANY($1)";
        execute(db, what, sql, &[&calm]).await?;
    }
    if !keys.is_empty() {
        let sql = "INSERT INTO alert (key, json) SELECT * FROM unnest($1::text[], $2::text[])
                   ON CONFLICT (key) DO UPDATE SET json = excluded.json";
        execute(db, what, sql, &[&keys, &texts]).await?;
    }
    Ok(())
}

/// Keeps incidents as they stand: the last word on each, in the order in which they were first spoken of.
pub(super) async fn keep(db: &impl GenericClient, incidents: &[&Incident]) -> Result<(), Error> {
    if incidents.is_empty() {
        return Ok(());
    }
    let mut place: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut ids, mut opened, mut resolved, mut texts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for incident in incidents {
        let resolved_at = match incident.state {
            IncidentState::Open => None,
            IncidentState::Resolved => Some(incident.resolved_at.map_or(micros(incident.opened_at), micros)),
        };
        let text = json(incident)?;
        let at = *place.entry(&incident.id.0).or_insert(ids.len());
        if let (Some(old), Some(words)) = (resolved.get_mut(at), texts.get_mut(at)) {
            (*old, *words) = (resolved_at, text);
        } else {
            ids.push(incident.id.0.as_str());
            opened.push(micros(incident.opened_at));
            resolved.push(resolved_at);
            texts.push(text);
        }
    }
    let sql = "INSERT INTO incident (id, opened_at, resolved_at, json)
         SELECT id, opened_at, resolved_at, json
         FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[]) WITH ORDINALITY AS i (id, opened_at, resolved_at, json, place) ORDER BY place
         ON CONFLICT (id) DO UPDATE SET resolved_at = excluded.resolved_at, json = excluded.json";
    execute(db, "keep incidents", sql, &[&ids, &opened, &resolved, &texts]).await.map(|_| ())
}

/// What the engine knew: damage here is an error, for an engine that forgot would tell everything twice.
pub(super) async fn memory(db: &impl GenericClient) -> Result<Memory, Error> {
    let mut broken = None;
    let mut damage = |_: i64, e: serde_json::Error| broken = Some(e.to_string());
    let alerts = all(db, "SELECT 0::bigint, json FROM alert ORDER BY key", &[], &mut damage).await?;
    let open = "SELECT nr, json FROM incident WHERE resolved_at IS NULL ORDER BY opened_at, nr";
    let incidents = all(db, open, &[], &mut damage).await?;
    let in_force = "SELECT 0::bigint, json FROM silence WHERE NOT over ORDER BY id";
    let silences = all(db, in_force, &[], &mut damage).await?;
    let lately = "SELECT id, json FROM (SELECT id, at, json FROM deploy ORDER BY at DESC, id DESC LIMIT 100) d ORDER BY at, id";
    let deploys = all(db, lately, &[], &mut damage).await?;
    match broken {
        None => Ok(Memory { alerts, incidents, silences, deploys }),
        Some(detail) => Err(Error::Corrupt { what: "what the engine knew", detail }),
    }
}

pub(super) async fn newest(
    db: &impl GenericClient,
    limit: usize,
    damaged: &Damaged,
) -> Result<Vec<Incident>, Error> {
    let sql = "SELECT nr, json FROM incident ORDER BY opened_at DESC, nr DESC LIMIT $1";
    all(db, sql, &[&most(limit)], &mut |id, e| damaged.note("incident", (id, 0), &e)).await
}

/// One incident; one that cannot be read is as if it was not there.
pub(super) async fn one(
    db: &impl GenericClient,
    id: &IncidentId,
    damaged: &Damaged,
) -> Result<Option<Incident>, Error> {
    let sql = "SELECT nr, json FROM incident WHERE id = $1";
    let mut damage = |id: i64, e: serde_json::Error| damaged.note("incident", (id, 0), &e);
    Ok(all(db, sql, &[&text(&id.0)], &mut damage).await?.pop())
}

/// Incidents, newest first, beginning after the one that the page before ended with.
pub(super) async fn find(
    db: &impl GenericClient,
    query: &IncidentQuery,
    damaged: &Damaged,
) -> Result<Vec<Incident>, Error> {
    let open = match query.open {
        None => "TRUE",
        Some(true) => "resolved_at IS NULL",
        Some(false) => "resolved_at IS NOT NULL",
    };
    let sql = format!(
        "SELECT nr, json FROM incident WHERE {open}
            AND ($1::text IS NULL OR (opened_at, nr) < (SELECT opened_at, nr FROM incident WHERE id = $1))
         ORDER BY opened_at DESC, nr DESC LIMIT $2"
    );
    let before = query.before.as_ref().map(|id| text(&id.0));
    all(db, &sql, &[&before, &most(query.limit)], &mut |id, e| damaged.note("incident", (id, 0), &e)).await
}

/// The incident of the newest message that a channel's service calls so.
pub(super) async fn of_message(
    db: &impl GenericClient,
    channel: &str,
    reference: &MessageRef,
) -> Result<Option<IncidentId>, Error> {
    let what = "read whose message it was";
    let sql = "SELECT incident FROM delivery WHERE channel = $1 AND message = $2 ORDER BY id DESC LIMIT 1";
    let row = maybe(db, what, sql, &[&text(channel), &text(&reference.0)]).await?;
    row.map(|row| column(&row, 0, what).map(IncidentId)).transpose()
}

/// Things kept as a number and their text.
pub(super) async fn all<T: DeserializeOwned>(
    db: &impl GenericClient,
    sql: &str,
    with: Values<'_>,
    damage: &mut (impl FnMut(i64, serde_json::Error) + Send),
) -> Result<Vec<T>, Error> {
    let what = "read incidents and silences";
    let mut found = Vec::new();
    for row in rows(db, what, sql, with).await? {
        match serde_json::from_str(column(&row, 1, what)?) {
            Ok(thing) => found.push(thing),
            Err(e) => damage(column(&row, 0, what)?, e),
        }
    }
    Ok(found)
}
