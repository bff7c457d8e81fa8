//! After a start: shows the past to all who go by it, so that pages, judges and patience do not begin anew.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use launchwatch_alerts::{Engine, Incident, LookBack, SeriesId};
use launchwatch_probes::Verdict;

use super::board::{CELL_SECONDS, CELLS, SharedBoard, tells};
use super::recorder::series;
use super::sample;
use crate::config::ProbeConfig;
use crate::observation::{Observation, ProbeId};
use crate::scheduler::{Learned, learned};
use crate::store::{Bucket, Error, RunQuery, SeriesQuery, Store, Tier};

/// Most runs of one probe that are asked for by themselves.
const MOST: usize = 20_000;
/// Runs of a launching probe that are looked through for good ones.
const LAUNCHES: usize = learned::LAST * 3 / 2;
/// The last runs of all probes are read together, this much of the time before the last one at least, and of the time
/// before now at most: asking for each of thousands of probes would take a look at everything each time.
const TOGETHER: (SignedDuration, SignedDuration) =
    (SignedDuration::from_mins(10), SignedDuration::from_hours(6));
/// So much of it at a time, so that it need not all be in memory.
const SLICE: SignedDuration = SignedDuration::from_mins(10);

/// Fills in the last hours of every probe, and the open incidents.
///
/// # Errors
/// The store cannot be read.
pub async fn fill(
    board: &SharedBoard,
    store: &dyn Store,
    open: Vec<Incident>,
    now: Timestamp,
) -> Result<(), Error> {
    let span = CELL_SECONDS * i64::try_from(CELLS).unwrap_or(i64::MAX);
    let query = SeriesQuery {
        probes: Vec::new(),
        tier: Tier::Minute,
        from: now.as_second() - span,
        to: now.as_second() + 60,
    };
    let series = store.totals(&query).await?;
    board.write(|board| {
        for (probe, buckets) in &series {
            let Some(state) = board.probes.get_mut(probe) else { continue };
            for bucket in buckets {
                for (verdict, count) in &bucket.verdicts {
                    state.count(bucket.start, *verdict, *count);
                }
                state.add_took(bucket.start, &bucket.took);
                if bucket.verdicts.keys().any(|v| matches!(v, Verdict::Passed | Verdict::Degraded)) {
                    state.last_good = Timestamp::from_second(bucket.start).ok();
                }
            }
        }
        let parts = open.iter().flat_map(|i| i.targets.iter().map(|t| (t.clone(), i.part(t))));
        board.open = parts.collect();
    });
    Ok(())
}

/// Those who are shown the last runs.
pub struct Past<'a> {
    /// Judges go on where they were.
    pub engine: &'a mut Engine,
    /// What launches usually take.
    pub learned: &'a Learned,
    /// The last run of each probe.
    pub board: &'a SharedBoard,
    /// Where we look from.
    pub location: &'a str,
}

impl Past<'_> {
    /// Shows the last runs of these probes to all, oldest first, at least as many as each wants to see.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn recall(
        mut self,
        store: &dyn Store,
        probes: &[ProbeConfig],
        now: Timestamp,
    ) -> Result<(), Error> {
        let known = store.last_slots().await?;
        let Some(newest) = known.values().max().copied() else { return Ok(()) };
        let rows = probes.iter().filter(|p| known.contains_key(&p.id)).map(|p| (p.id.clone(), self.row(p)));
        let rows: BTreeMap<_, _> = rows.collect();
        let longest = rows.values().map(|r| signed(r.back.time)).max().unwrap_or_default().min(TOGETHER.1);
        let start = (newest - TOGETHER.0).min(now - longest);
        let end = newest + SignedDuration::from_secs(1);
        self.show_before(store, &rows, start, end, now).await?;
        let mut from = start;
        while from < end {
            let to = (from + SLICE).min(end);
            let query = RunQuery { from: Some(from), to: Some(to), limit: usize::MAX, ..RunQuery::default() };
            self.show(&rows, &store.runs(&query).await?);
            from = to;
        }
        Ok(())
    }

    fn row(&self, probe: &ProbeConfig) -> Row {
        let series = Arc::new(series(&probe.id, probe.id.elsewhere().unwrap_or(self.location)));
        let back = self.engine.looks_back(&series);
        let runs = if probe.launches { back.runs.max(LAUNCHES) } else { back.runs };
        let back = LookBack { runs: runs.clamp(1, MOST), ..back };
        Row { curious: self.engine.curious(&series), back, launches: probe.launches, series }
    }

    /// Shows what came before the time that is read together, of those for whom that is not enough.
    async fn show_before(
        &mut self,
        store: &dyn Store,
        rows: &BTreeMap<ProbeId, Row>,
        start: Timestamp,
        end: Timestamp,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (from, to) = (start.as_second(), end.as_second() + 60);
        let later = store.totals(&SeriesQuery { probes: Vec::new(), tier: Tier::Minute, from, to }).await?;
        let later: BTreeMap<_, _> =
            later.iter().map(|(probe, buckets)| (probe, telling_of(buckets))).collect();
        for (probe, row) in rows {
            let missing = row.back.runs.saturating_sub(later.get(probe).copied().unwrap_or(0));
            let since = now - signed(row.back.time);
            if missing > 0 || since < start {
                self.show(rows, &before(store, probe, missing, since, start).await?);
            }
        }
        Ok(())
    }

    /// Shows runs, which come newest first, oldest first.
    fn show(&mut self, rows: &BTreeMap<ProbeId, Row>, seen: &[Observation]) {
        let mut last = BTreeMap::new();
        for one in seen.iter().rev() {
            let Some(row) = rows.get(&one.probe) else { continue };
            self.engine.recall(&sample::of_observation(Arc::clone(&row.series), row.curious, one));
            if row.launches {
                self.learned.saw(&one.probe, &one.outcome);
            }
            if tells(&one.outcome) {
                last.insert(&one.probe, one);
            }
        }
        self.board.write(|board| {
            for (probe, one) in last {
                if let Some(state) = board.probes.get_mut(probe) {
                    state.last = Some((one.ended(), one.outcome.clone()));
                    state.slot = Some(one.slot);
                }
            }
        });
    }
}

/// What one probe wants to be shown.
struct Row {
    series: Arc<SeriesId>,
    curious: bool,
    back: LookBack,
    launches: bool,
}

/// Runs that say something.
fn telling_of(buckets: &[Bucket]) -> usize {
    let counts = buckets.iter().flat_map(|b| &b.verdicts).filter(|(v, _)| **v != Verdict::Unknown);
    counts.map(|(_, count)| usize::try_from(*count).unwrap_or(usize::MAX)).sum()
}

/// Runs of a probe before a moment, newest first: so many that say something, and all since `since`.
async fn before(
    store: &dyn Store,
    probe: &ProbeId,
    enough: usize,
    since: Timestamp,
    to: Timestamp,
) -> Result<Vec<Observation>, Error> {
    let query = RunQuery { probe: Some(probe.clone()), to: Some(to), ..RunQuery::default() };
    let telling =
        |runs: &[Observation]| runs.iter().filter(|r| r.outcome.verdict != Verdict::Unknown).count();
    if since < to {
        let all = store.runs(&RunQuery { from: Some(since), limit: MOST, ..query.clone() }).await?;
        if telling(&all) >= enough {
            return Ok(all);
        }
    }
    let mut limit = enough;
    loop {
        let runs = store.runs(&RunQuery { limit, ..query.clone() }).await?;
        if telling(&runs) >= enough || runs.len() < limit || limit >= MOST {
            return Ok(runs);
        }
        // Some of them say nothing: look further back, in few steps.
        limit = (limit * 4).min(MOST);
    }
}

fn signed(time: Duration) -> SignedDuration {
    SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX).min(SignedDuration::from_hours(24 * 400))
}

#[cfg(test)]
mod tests;
