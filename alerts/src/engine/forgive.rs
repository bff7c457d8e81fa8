//! A look that failed through our own fault, or a pause of ours, is no silence of the series.

use std::sync::Arc;

use jiff::Timestamp;

use super::Engine;
use crate::{Rule, Sample, SeriesId, When};

impl Engine {
    /// To be called for a run that said nothing through our own fault: rules about silence begin to wait anew.
    pub fn forgive(&mut self, series: &Arc<SeriesId>, now: Timestamp) {
        let silence = |r: &Rule| matches!(r.when, When::NoData { .. });
        let Some(seen) = self.series.get_mut(series) else { return };
        for row in &mut seen.rows {
            if self.plan.rules.get(row.rule).is_some_and(silence) {
                row.judge.see(&Sample::good(Arc::clone(series), now, now, now));
            }
        }
        self.wind(series);
    }

    /// To be called when the process or the machine stood still until now: that nobody was heard of meanwhile is not
    /// their fault, so nothing counts as silent until it has been silent anew.
    pub fn paused(&mut self, now: Timestamp) {
        let all: Vec<_> = self.series.keys().cloned().collect();
        all.iter().for_each(|series| self.forgive(series, now));
    }
}
