//! After a start: shows the past to all who go by it, so that pages, judges and patience do not begin anew.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use launchwatch_alerts::{Engine, Incident, LookBack};
use launchwatch_probes::{Reason, Verdict};

use super::board::{CELL_SECONDS, CELLS, SharedBoard};
use super::recorder::series;
use super::sample;
use crate::config::ProbeConfig;
use crate::observation::{Observation, ProbeId};
use crate::scheduler::{Learned, learned};
use crate::store::{Error, RunQuery, SeriesQuery, Store, Tier};

/// Most runs of one probe that are shown to the engine.
const MOST: usize = 20_000;
/// Runs of a launching probe that are looked through for good ones.
const LAUNCHES: usize = learned::LAST * 3 / 2;

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
                if bucket.verdicts.keys().any(|v| matches!(v, Verdict::Passed | Verdict::Degraded)) {
                    state.last_good = Timestamp::from_second(bucket.start).ok();
                }
            }
        }
        board.open = open.into_iter().map(|i| (i.target.clone(), i)).collect();
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
    /// Shows the last runs of these probes to all, as many as each wants to see.
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
        for probe in probes.iter().filter(|p| known.contains_key(&p.id)) {
            let series = Arc::new(series(&probe.id, self.location));
            let back = self.engine.looks_back(&series);
            let runs = if probe.launches { back.runs.max(LAUNCHES) } else { back.runs };
            let seen = last(store, &probe.id, LookBack { runs, ..back }, now).await?;
            self.show(probe, &series, &seen);
        }
        Ok(())
    }

    /// Shows runs, which come newest first, oldest first.
    fn show(
        &mut self,
        probe: &ProbeConfig,
        series: &Arc<launchwatch_alerts::SeriesId>,
        seen: &[Observation],
    ) {
        let curious = self.engine.curious(series);
        for one in seen.iter().rev() {
            self.engine.recall(&sample::of_observation(Arc::clone(series), curious, one));
            if probe.launches {
                self.learned.saw(&probe.id, &one.outcome);
            }
        }
        // A slot that passed without a run says nothing about how the probe stands.
        if let Some(last) = seen.iter().find(|one| one.outcome.reason != Some(Reason::Missed)) {
            self.board.write(|board| {
                if let Some(state) = board.probes.get_mut(&probe.id) {
                    state.last = Some((last.ended(), last.outcome.clone()));
                }
            });
        }
    }
}

/// The last runs of a probe, newest first: so many that say something, and all of so long.
async fn last(
    store: &dyn Store,
    probe: &ProbeId,
    back: LookBack,
    now: Timestamp,
) -> Result<Vec<Observation>, Error> {
    let query = RunQuery { probe: Some(probe.clone()), ..RunQuery::default() };
    let enough = back.runs.clamp(1, MOST);
    let telling =
        |runs: &[Observation]| runs.iter().filter(|r| r.outcome.verdict != Verdict::Unknown).count();
    if back.time > Duration::ZERO {
        let span = SignedDuration::try_from(back.time).unwrap_or(SignedDuration::MAX);
        let from = now.checked_sub(span).unwrap_or(Timestamp::MIN);
        let all = store.runs(&RunQuery { from: Some(from), limit: MOST, ..query.clone() }).await?;
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

#[cfg(test)]
mod tests;
