//! After a start: fills the board with what the store knows, so that pages and pictures do not begin empty.

use launchwatch_alerts::Memory;
use launchwatch_probes::Verdict;

use super::board::{CELL_SECONDS, CELLS, SharedBoard};
use crate::store::{Error, RunQuery, SeriesQuery, Store, Tier};
use jiff::Timestamp;

/// Fills in the last hours of every probe.
///
/// # Errors
/// The store cannot be read.
pub async fn fill(
    board: &SharedBoard,
    store: &dyn Store,
    memory: &Memory,
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
    let mut lasts = Vec::new();
    for (probe, _) in &series {
        let last = RunQuery { probe: Some(probe.clone()), limit: 1, ..RunQuery::default() };
        lasts.extend(store.runs(&last).await?);
    }
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
        for seen in lasts {
            if let Some(state) = board.probes.get_mut(&seen.probe) {
                state.last = Some((seen.ended(), seen.outcome));
            }
        }
        board.open = memory.incidents.iter().map(|i| (i.target.clone(), i.clone())).collect();
    });
    Ok(())
}
