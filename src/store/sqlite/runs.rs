//! Runs for people, newest first, from wherever they lie, without reading more than is asked for.

use std::collections::BTreeSet;

use launchwatch_probes::Verdict;
use rusqlite::{Connection, params_from_iter};

use super::damage::Damaged;
use super::names::Names;
use super::scan::{Full, Packed, Raw, Which};
use super::{Live, fail, micros};
use crate::observation::Observation;
use crate::store::newest::Newest;
use crate::store::pack::plain::Plain;
use crate::store::{Error, RunQuery};

pub(super) fn runs(
    db: &Connection,
    live: &Live,
    query: &RunQuery,
    damaged: &Damaged,
) -> Result<Vec<Observation>, Error> {
    let names = &live.names;
    let probe = match &query.probe {
        None => None,
        Some(probe) => match names.number(probe) {
            Some(number) => Some(number),
            None => return Ok(Vec::new()),
        },
    };
    if query.limit == 0 {
        return Ok(Vec::new());
    }
    let probes = probe.map(|p| BTreeSet::from([p]));
    let which = Which {
        probes: probes.as_ref(),
        from: query.from.map_or(i64::MIN, micros),
        to: query.to.map_or(i64::MAX, micros),
    };
    let mut newest = Newest::of(query.limit);
    full(db, &which, probe, query, damaged, &mut newest)?;
    packed(db, names, "journal", &which, None, query.only_bad, damaged, &mut newest)?;
    packed(db, names, "block", &which, probe, query.only_bad, damaged, &mut newest)?;
    Ok(newest.told(names))
}

fn full(
    db: &Connection,
    which: &Which<'_>,
    probe: Option<u32>,
    query: &RunQuery,
    damaged: &Damaged,
    newest: &mut Newest,
) -> Result<(), Error> {
    let what = "read runs";
    let sql = format!(
        "SELECT probe, slot, data FROM run WHERE slot >= ?1 AND slot < ?2 {} {} ORDER BY slot DESC LIMIT ?3",
        if probe.is_some() { "AND probe = ?4" } else { "" },
        if query.only_bad { "AND bad <> 0" } else { "" },
    );
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let values = [which.from, which.to, limit].into_iter().chain(probe.map(i64::from));
    let mut rows = db.prepare_cached(&sql).map_err(fail(what))?;
    let mut rows = rows.query(params_from_iter(values)).map_err(fail(what))?;
    while let Some(row) = rows.next().map_err(fail(what))? {
        let (probe, slot): (u32, i64) = (row.get(0).map_err(fail(what))?, row.get(1).map_err(fail(what))?);
        let data = row.get_ref(2).and_then(|d| Ok(d.as_blob()?)).map_err(fail(what))?;
        match serde_json::from_slice::<Full>(data) {
            Ok(full) => newest.add(slot, probe, Raw::Full(Box::new(full))),
            Err(e) => damaged.note("run", (i64::from(probe), slot), &e),
        }
    }
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "one query in its parts")]
fn packed(
    db: &Connection,
    names: &Names,
    table: &'static str,
    which: &Which<'_>,
    probe: Option<u32>,
    only_bad: bool,
    damaged: &Damaged,
    newest: &mut Newest,
) -> Result<(), Error> {
    let what = "read results";
    let sql = format!(
        "SELECT id, {}, first, data, last FROM {table} WHERE last >= ?1 AND first < ?2 {} {} ORDER BY last DESC",
        if table == "block" { "probe" } else { "NULL" },
        if probe.is_some() { "AND probe = ?3" } else { "" },
        if only_bad { "AND bad <> 0" } else { "" },
    );
    let values = [which.from, which.to].into_iter().chain(probe.map(i64::from));
    let mut rows = db.prepare_cached(&sql).map_err(fail(what))?;
    let mut rows = rows.query(params_from_iter(values)).map_err(fail(what))?;
    while let Some(row) = rows.next().map_err(fail(what))? {
        let last: i64 = row.get(4).map_err(fail(what))?;
        if last < newest.floor() {
            break;
        }
        let wanted =
            |p: &Plain| !only_bad || names.shapes.get(p.shape).is_some_and(|s| s.verdict != Verdict::Passed);
        let row = Packed::of(row).map_err(fail(what))?;
        row.each(names, which, damaged, |p| {
            if wanted(&p) {
                newest.add(p.slot, p.probe, Raw::Plain(p));
            }
        });
    }
    Ok(())
}
