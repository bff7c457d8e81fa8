//! Figures of exports.

use prometheus::{IntCounterVec, IntGaugeVec};

use super::metrics::Register;

/// Figures by export.
pub(super) struct Exports {
    taken: IntCounterVec,
    refused: IntCounterVec,
    errors: IntCounterVec,
    behind: IntGaugeVec,
}

impl Exports {
    pub(super) fn new(r: &Register<'_>) -> Result<Self, prometheus::Error> {
        let of = &["export"];
        Ok(Self {
            taken: r.counters(
                "launchwatch_export_samples_total",
                "Samples that an export has handed over.",
                of,
            )?,
            refused: r.counters(
                "launchwatch_export_refused_samples_total",
                "Samples that the receiver did not want, and that are given up.",
                of,
            )?,
            errors: r.counters("launchwatch_export_errors_total", "Requests that came to nothing.", of)?,
            behind: r.int_gauges(
                "launchwatch_export_behind_seconds",
                "For how long the oldest minute has waited that an export could have sent; 0 without any.",
                of,
            )?,
        })
    }

    pub(super) fn sent(&self, name: &str, taken: usize, refused: usize) {
        self.taken.with_label_values(&[name]).inc_by(taken as u64);
        self.refused.with_label_values(&[name]).inc_by(refused as u64);
    }

    /// Errors that came about; with none, the figure is there all the same.
    pub(super) fn errors(&self, name: &str, more: u64) {
        self.errors.with_label_values(&[name]).inc_by(more);
    }

    pub(super) fn behind(&self, name: &str, seconds: i64) {
        self.behind.with_label_values(&[name]).set(seconds.max(0));
    }
}
