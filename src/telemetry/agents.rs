//! Figures of those who look from elsewhere.

use prometheus::{GaugeVec, IntCounterVec, IntGaugeVec};

use super::metrics::Register;

/// Figures by location.
pub(super) struct Agents {
    last: GaugeVec,
    ahead: GaugeVec,
    waiting: IntGaugeVec,
    lost: IntCounterVec,
    ingested: IntCounterVec,
}

impl Agents {
    pub(super) fn new(r: &Register<'_>) -> Result<Self, prometheus::Error> {
        let of = &["location"];
        Ok(Self {
            last: r.gauges(
                "launchwatch_agent_last_word_timestamp_seconds",
                "When an agent or cron job was last heard of.",
                of,
            )?,
            ahead: r.gauges(
                "launchwatch_agent_clock_ahead_seconds",
                "How far its clock is ahead of ours.",
                of,
            )?,
            waiting: r.int_gauges("launchwatch_agent_waiting", "Results that it could not send yet.", of)?,
            lost: r.counters(
                "launchwatch_agent_lost_total",
                "Results that it gave up for want of room.",
                of,
            )?,
            ingested: r.counters(
                "launchwatch_ingested_total",
                "Results told from elsewhere: taken, known already, or refused.",
                &["location", "what"],
            )?,
        })
    }

    /// A word has come in, at this second since 1970; `lost` since we began.
    pub(super) fn heard(&self, name: &str, now: f64, ahead: Option<f64>, waiting: u64, lost: u64) {
        self.last.with_label_values(&[name]).set(now);
        if let Some(ahead) = ahead {
            self.ahead.with_label_values(&[name]).set(ahead);
        }
        self.waiting.with_label_values(&[name]).set(i64::try_from(waiting).unwrap_or(i64::MAX));
        let counted = self.lost.with_label_values(&[name]);
        counted.inc_by(lost.saturating_sub(counted.get()));
    }

    pub(super) fn ingested(&self, location: &str, what: &str, count: u64) {
        self.ingested.with_label_values(&[location, what]).inc_by(count);
    }
}
