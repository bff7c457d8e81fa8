//! After the process or the machine stood still: nobody's silence of that time is held against them.

use std::sync::Arc;

use jiff::Timestamp;

use super::Engine;
use crate::{Rule, Sample, When};

impl Engine {
    /// To be called when the process or the machine stood still until now: that nobody was heard of meanwhile is not
    /// their fault, so nothing counts as silent until it has been silent anew.
    pub fn paused(&mut self, now: Timestamp) {
        let silence = |r: &Rule| matches!(r.when, When::NoData { .. });
        let mut moved = Vec::new();
        for (series, seen) in &mut self.series {
            for row in &mut seen.rows {
                if self.plan.rules.get(row.rule).is_some_and(silence) {
                    row.judge.see(&Sample::good(Arc::clone(series), now, now, now));
                    moved.push(Arc::clone(series));
                }
            }
        }
        for series in moved {
            self.wind(&series);
        }
    }
}
