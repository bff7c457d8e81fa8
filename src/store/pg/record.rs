//! Keeping a batch: one transaction; what is known in memory follows only when it is durable.

use std::collections::BTreeSet;
use std::sync::Arc;

use deadpool_postgres::{GenericClient, Transaction};
use launchwatch_probes::Verdict;

use super::load::{self, Known};
use super::sql::{self, column, fail, micros};
use super::{PgStore, accounts, hours, letters, outbox, scan};
use crate::observation::Observation;
use crate::store::accept::{Accepted, Form, Last, doubtful, form, horizon, place};
use crate::store::compact::bad;
use crate::store::full::{Full, Which};
use crate::store::names::Names;
use crate::store::open;
use crate::store::pack::journal;
use crate::store::pack::plain::pack;
use crate::store::pack::shape::MOST_SHAPES;
use crate::store::{Batch, Error};

pub(super) async fn record(store: &PgStore, batch: &Batch) -> Result<(), Error> {
    store.inner.note(batch.now);
    let mut place = store.inner.known.lock().await;
    // Unless this comes to a good end, everything is read again before the next.
    let known = std::mem::take(&mut *place);
    let mut lane = store.writer().await?;
    let tx = lane.begin(store.epoch()).await?;
    let known = write(store, &tx, known, batch).await?;
    tx.commit().await.map_err(fail("keep a batch"))?;
    lane.done();
    *place = known;
    Ok(())
}

async fn write(store: &PgStore, tx: &Transaction<'_>, known: Known, batch: &Batch) -> Result<Known, Error> {
    let inner = &*store.inner;
    let number = number(tx).await?;
    // The first time, after a failure, and when somebody else has written.
    let mut known =
        if known.batch == number - 1 && number > 1 { known } else { Known::load(tx, number).await? };
    let until = open::due(batch.now).max(known.flushed);
    if until > known.flushed {
        let counted = store.open_hours().on(tx, Some(number), &inner.damaged).await?;
        hours::close(tx, &counted, until, &inner.damaged).await?;
    }
    let accepted = accept(store, tx, &mut known, batch).await?;
    let late = accepted.late(&known.names, until);
    if !late.is_empty() {
        hours::merge(tx, &late, &inner.damaged).await?;
    }
    let hidden = inner.hidden();
    keep(tx, &mut known, number, &accepted).await?;
    // One after the other as they must be, but sent without waiting for one another.
    tokio::try_join!(
        outbox::keep(tx, &batch.changes),
        accounts::keep_audit(tx, &batch.audit),
        letters::hear(tx, &hidden, &batch.changes, batch.now),
    )?;
    (known.batch, known.flushed) = (number, until);
    Ok(known)
}

/// The number of this batch. Others wait here for its end, so that batches come to be seen in the order of their numbers.
async fn number(tx: &Transaction<'_>) -> Result<i64, Error> {
    let what = "number a batch";
    let next = "UPDATE meta SET value = value + 1 WHERE key = 'batch' RETURNING value";
    column(&sql::one(tx, what, next, &[]).await?, 0, what)
}

/// Picks what is new. A slot later than the last one of its probe is; others are looked for.
async fn accept<'a>(
    store: &PgStore,
    tx: &Transaction<'_>,
    known: &mut Known,
    batch: &'a Batch,
) -> Result<Accepted<'a>, Error> {
    let new: BTreeSet<_> = batch
        .observations
        .iter()
        .map(|seen| &seen.probe)
        .filter(|p| known.names.number(p).is_none())
        .collect();
    if !new.is_empty() {
        load::add_probes(tx, &mut known.names, &new).await?;
    }
    let unnamed = || Error::Corrupt { what: "a probe", detail: "it was given no number".into() };
    let numbers = batch.observations.iter().map(|seen| known.names.number(&seen.probe).ok_or_else(unnamed));
    let numbers: Vec<u32> = numbers.collect::<Result<_, _>>()?;
    let doubtful = doubtful(&batch.observations, &mut known.last, &numbers);
    let mut there = there(store, tx, &known.names, &doubtful).await?;
    let horizon = horizon(batch.now, store.inner.retention.runs);
    let mut accepted = Accepted { plains: Vec::with_capacity(numbers.len()), fulls: Vec::new() };
    for (seen, &probe) in batch.observations.iter().zip(&numbers) {
        let slot = micros(seen.slot);
        let last = place(&mut known.last, probe);
        let new = slot > last.slot;
        // `None`: all of this batch goes forward, so nothing of it need be remembered.
        let first = there.as_mut().map_or(new, |there| there.insert((probe, slot)));
        if slot < horizon || !first {
            continue;
        }
        last.slot = last.slot.max(slot);
        match shape(tx, &mut known.names, last, seen).await? {
            Some(shape) => accepted.plains.push(pack(seen, probe, shape)),
            None => accepted.fulls.push((probe, seen)),
        }
    }
    Ok(accepted)
}

/// Of results that do not go forward, those that are there already; `None` if all go forward.
async fn there(
    store: &PgStore,
    tx: &Transaction<'_>,
    names: &Names,
    doubtful: &BTreeSet<(u32, i64)>,
) -> Result<Option<BTreeSet<(u32, i64)>>, Error> {
    let probes: BTreeSet<u32> = doubtful.iter().map(|d| d.0).collect();
    let slots = || doubtful.iter().map(|d| d.1);
    let (Some(from), Some(to)) = (slots().min(), slots().max()) else { return Ok(None) };
    let mut found = BTreeSet::new();
    let which = Which { probes: Some(&probes), from, to: to.saturating_add(1) };
    scan::each(tx, names, &which, &store.inner.damaged, |probe, slot, _| {
        if doubtful.contains(&(probe, slot)) {
            found.insert((probe, slot));
        }
    })
    .await?;
    Ok(Some(found))
}

/// The shape to keep a result in, or `None` if it is to be kept in full.
async fn shape(
    tx: &Transaction<'_>,
    names: &mut Arc<Names>,
    last: &mut Last,
    seen: &Observation,
) -> Result<Option<u32>, Error> {
    let number = match form(names, last, seen) {
        Form::Full => return Ok(None),
        Form::Shaped(number) => number,
        Form::New(text, shape) => load::add_shape(tx, names, text, shape).await?,
    };
    last.shape = number;
    Ok((number as usize).lt(&MOST_SHAPES).then_some(number))
}

/// Writes what is new, all of it at once.
async fn keep(
    tx: &Transaction<'_>,
    known: &mut Known,
    number: i64,
    accepted: &Accepted<'_>,
) -> Result<(), Error> {
    if accepted.plains.is_empty() && accepted.fulls.is_empty() {
        return Ok(());
    }
    let days: BTreeSet<i64> = accepted.fulls.iter().map(|(_, seen)| load::day(micros(seen.slot))).collect();
    load::add_days(tx, &mut known.days, days).await?;
    tokio::try_join!(
        keep_plain(tx, &known.names, number, accepted),
        keep_full(tx, number, accepted),
        keep_last(tx, &known.last, accepted)
    )?;
    Ok(())
}

async fn keep_plain(
    db: &impl GenericClient,
    names: &Names,
    number: i64,
    accepted: &Accepted<'_>,
) -> Result<(), Error> {
    let plains = &accepted.plains;
    let slots = || plains.iter().map(|p| p.slot);
    let (Some(first), Some(last)) = (slots().min(), slots().max()) else { return Ok(()) };
    let (count, bad) = (plains.len() as i64, bad(plains, names));
    let insert = "INSERT INTO journal (id, first, last, count, bad, data) VALUES ($1, $2, $3, $4, $5, $6)";
    let values: sql::Values<'_> = &[&number, &first, &last, &count, &bad, &journal::encode(plains)];
    sql::execute(db, "keep results", insert, values).await.map(|_| ())
}

async fn keep_full(db: &impl GenericClient, number: i64, accepted: &Accepted<'_>) -> Result<(), Error> {
    if accepted.fulls.is_empty() {
        return Ok(());
    }
    let (mut probes, mut slots, mut bads, mut datas) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (probe, seen) in &accepted.fulls {
        probes.push(i64::from(*probe));
        slots.push(micros(seen.slot));
        bads.push(seen.outcome.verdict != Verdict::Passed);
        datas.push(Full::pack(seen)?);
    }
    let insert = "INSERT INTO run (probe, slot, batch, bad, data)
         SELECT p, s, $5, b, d FROM unnest($1::bigint[], $2::bigint[], $3::boolean[], $4::bytea[]) AS r (p, s, b, d)
         ON CONFLICT (probe, slot) DO NOTHING";
    sql::execute(db, "keep runs", insert, &[&probes, &slots, &bads, &datas, &number]).await.map(|_| ())
}

/// Notes the last slots.
async fn keep_last(db: &impl GenericClient, last: &[Last], accepted: &Accepted<'_>) -> Result<(), Error> {
    let plains = accepted.plains.iter().map(|p| p.probe);
    let probes: BTreeSet<u32> = plains.chain(accepted.fulls.iter().map(|(probe, _)| *probe)).collect();
    let slots: Vec<i64> =
        probes.iter().map(|p| last.get(*p as usize).map_or(i64::MIN, |last| last.slot)).collect();
    let probes: Vec<i64> = probes.into_iter().map(i64::from).collect();
    let upsert = "INSERT INTO last (probe, slot) SELECT * FROM unnest($1::bigint[], $2::bigint[])
         ON CONFLICT (probe) DO UPDATE SET slot = greatest(last.slot, excluded.slot)";
    sql::execute(db, "note the last slots", upsert, &[&probes, &slots]).await.map(|_| ())
}
