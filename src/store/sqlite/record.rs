//! Keeping a batch: one transaction, and memory follows only when it is durable.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use launchwatch_probes::Verdict;
use rusqlite::{Connection, TransactionBehavior, params};

use super::names::Names;
use super::scan::{self, Full, Which};
use super::{Inner, Live, Writer, accounts, fail, hours, letters, micros, outbox};
use crate::observation::Observation;
use crate::store::accept::{Accepted, Form, Last, doubtful, form, horizon, place};
use crate::store::compact::bad;
use crate::store::pack::journal;
use crate::store::pack::plain::pack;
use crate::store::pack::shape::MOST_SHAPES;
use crate::store::{Batch, Error};

pub(super) fn record(inner: &Inner, batch: &Batch) -> Result<(), Error> {
    inner.note(batch.now);
    inner.write(|writer| write(inner, writer, batch))
}

fn write(inner: &Inner, writer: &mut Writer, batch: &Batch) -> Result<(), Error> {
    let what = "keep a batch";
    let (mut names, flushed) = {
        let live = inner.live.read().unwrap_or_else(PoisonError::into_inner);
        (Arc::clone(&live.names), live.flushed)
    };
    let Writer { db, last, journaled, .. } = writer;
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail(what))?;
    let until = hours::due(batch.now).max(flushed);
    if until > flushed {
        let live = inner.live.read().unwrap_or_else(PoisonError::into_inner);
        hours::close(&tx, &live, until, &inner.damaged)?;
    }
    let accepted = accept(inner, &tx, &mut names, last, batch)?;
    keep(&tx, &names, &accepted)?;
    late(inner, &tx, &names, &accepted, until)?;
    outbox::keep(&tx, &batch.changes)?;
    accounts::keep_audit(&tx, &batch.audit)?;
    letters::hear(&tx, &inner.hidden(), &batch.changes, batch.now)?;

    // Readers take snapshot and memory behind the same gate: none sees one without the other.
    let mut live = inner.live.write().unwrap_or_else(PoisonError::into_inner);
    tx.commit().map_err(fail(what))?;
    *journaled += accepted.plains.len() as u64;
    live.hours = live.hours.split_off(&until);
    (live.names, live.flushed) = (names, until);
    count(&mut live, &accepted);
    Ok(())
}

/// Picks what is new. A slot later than the last one of its probe is; others are looked for.
fn accept<'a>(
    inner: &Inner,
    db: &Connection,
    names: &mut Arc<Names>,
    last: &mut Vec<Last>,
    batch: &'a Batch,
) -> Result<Accepted<'a>, Error> {
    let mut numbers = Vec::with_capacity(batch.observations.len());
    for seen in &batch.observations {
        numbers.push(match names.number(&seen.probe) {
            Some(number) => number,
            None => Arc::make_mut(names).add_probe(db, &seen.probe)?,
        });
    }
    let mut there = there(inner, db, names, last, batch, &numbers)?;
    let horizon = horizon(batch.now, inner.retention.runs);
    let mut accepted = Accepted { plains: Vec::with_capacity(numbers.len()), fulls: Vec::new() };
    for (seen, &probe) in batch.observations.iter().zip(&numbers) {
        let slot = micros(seen.slot);
        let last = place(last, probe);
        let new = slot > last.slot;
        // `None`: all of this batch goes forward, so nothing of it need be remembered.
        let first = there.as_mut().map_or(new, |there| there.insert((probe, slot)));
        if slot < horizon || !first {
            continue;
        }
        last.slot = last.slot.max(slot);
        match shape(db, names, last, seen)? {
            Some(shape) => accepted.plains.push(pack(seen, probe, shape)),
            None => accepted.fulls.push((probe, seen)),
        }
    }
    Ok(accepted)
}

/// Of results that do not go forward, those that are there already; `None` if all go forward.
fn there(
    inner: &Inner,
    db: &Connection,
    names: &Names,
    last: &mut Vec<Last>,
    batch: &Batch,
    numbers: &[u32],
) -> Result<Option<BTreeSet<(u32, i64)>>, Error> {
    let doubtful = doubtful(&batch.observations, last, numbers);
    let probes: BTreeSet<u32> = doubtful.iter().map(|d| d.0).collect();
    let slots = || doubtful.iter().map(|d| d.1);
    let (Some(from), Some(to)) = (slots().min(), slots().max()) else { return Ok(None) };
    let mut found = BTreeSet::new();
    let which = Which { probes: Some(&probes), from, to: to.saturating_add(1) };
    scan::each(db, names, &which, &inner.damaged, |probe, slot, _| {
        if doubtful.contains(&(probe, slot)) {
            found.insert((probe, slot));
        }
    })?;
    Ok(Some(found))
}

/// The shape to keep a result in, or `None` if it is to be kept in full.
fn shape(
    db: &Connection,
    names: &mut Arc<Names>,
    last: &mut Last,
    seen: &Observation,
) -> Result<Option<u32>, Error> {
    let number = match form(names, last, seen) {
        Form::Full => return Ok(None),
        Form::Shaped(number) => number,
        Form::New(text, shape) => Arc::make_mut(names).add_shape(db, text, shape)?,
    };
    last.shape = number;
    Ok((number as usize).lt(&MOST_SHAPES).then_some(number))
}

fn keep(db: &Connection, names: &Names, accepted: &Accepted<'_>) -> Result<(), Error> {
    let what = "keep results";
    let slots = || accepted.plains.iter().map(|p| p.slot);
    if let (Some(first), Some(last)) = (slots().min(), slots().max()) {
        db.prepare_cached("INSERT INTO journal (first, last, count, bad, data) VALUES (?1, ?2, ?3, ?4, ?5)")
            .and_then(|mut s| {
                let (count, data) = (accepted.plains.len() as i64, journal::encode(&accepted.plains));
                s.execute(params![first, last, count, bad(&accepted.plains, names), data])
            })
            .map_err(fail(what))?;
    }
    let mut insert = db
        .prepare_cached("INSERT OR IGNORE INTO run (probe, slot, bad, data) VALUES (?1, ?2, ?3, ?4)")
        .map_err(fail(what))?;
    for (probe, seen) in &accepted.fulls {
        let bad = seen.outcome.verdict != Verdict::Passed;
        insert.execute(params![probe, micros(seen.slot), bad, Full::pack(seen)?]).map_err(fail(what))?;
    }
    Ok(())
}

/// Merges what belongs to hours that are written already.
fn late(inner: &Inner, db: &Connection, names: &Names, new: &Accepted<'_>, until: i64) -> Result<(), Error> {
    let late = new.late(names, until);
    late.iter().try_for_each(|((probe, _), bucket)| hours::merge(db, *probe, bucket, &inner.damaged))
}

/// Counts what belongs to open hours.
fn count(live: &mut Live, new: &Accepted<'_>) {
    let Live { names, hours, flushed } = live;
    for plain in new.plains.iter().filter(|p| hours::start(p.slot) >= *flushed) {
        if let Some(shape) = names.shapes.get(plain.shape) {
            hours::bucket(hours, plain.probe, plain.slot).count_plain(plain, shape);
        }
    }
    for (probe, seen) in &new.fulls {
        let slot = micros(seen.slot);
        if hours::start(slot) >= *flushed {
            hours::bucket(hours, *probe, slot).count(&seen.outcome);
        }
    }
}
