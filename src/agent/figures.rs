//! What an agent can say of itself: for its own pages and metrics.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use prometheus::{Encoder as _, Gauge, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};

use super::spool::Waiting;

/// The figures. Cheap to clone.
#[derive(Clone)]
pub struct Figures(Arc<Inner>);

struct Inner {
    registry: Registry,
    reports: IntCounterVec,
    observations: IntCounterVec,
    waiting: IntGauge,
    bytes: IntGauge,
    ahead: Gauge,
    last: Gauge,
    probes: IntGauge,
    said: Mutex<Said>,
    alive: Mutex<Option<Timestamp>>,
}

/// How the agent stands, in words.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Said {
    /// Version of the plan that holds.
    pub plan: String,
    /// Why a part of the plan cannot be followed.
    pub plan_trouble: Vec<String>,
    /// Why nothing gets through to the service; empty when it does.
    pub report_trouble: String,
    /// When a report last got through.
    pub reported: Option<Timestamp>,
    /// Our own trouble, by what it is about.
    pub ourselves: std::collections::BTreeMap<String, String>,
}

impl Figures {
    /// Registers everything.
    ///
    /// # Errors
    /// A name is registered twice: a bug.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let counters = |name: &str, help: &str, label: &str| -> Result<IntCounterVec, prometheus::Error> {
            let made = IntCounterVec::new(Opts::new(name, help), &[label])?;
            registry.register(Box::new(made.clone()))?;
            Ok(made)
        };
        let int = |name: &str, help: &str| -> Result<IntGauge, prometheus::Error> {
            let made = IntGauge::new(name, help)?;
            registry.register(Box::new(made.clone()))?;
            Ok(made)
        };
        let gauge = |name: &str, help: &str| -> Result<Gauge, prometheus::Error> {
            let made = Gauge::new(name, help)?;
            registry.register(Box::new(made.clone()))?;
            Ok(made)
        };
        let inner = Inner {
            reports: counters(
                "launchwatch_agent_reports_total",
                "Reports to the service, by what came of them.",
                "result",
            )?,
            observations: counters(
                "launchwatch_agent_observations_total",
                "Observations: taken by the service, known to it already, refused by it, or given up here (lost).",
                "result",
            )?,
            waiting: int("launchwatch_agent_waiting", "Observations that the service has not taken yet.")?,
            bytes: int("launchwatch_agent_waiting_bytes", "What they take on disk.")?,
            ahead: gauge(
                "launchwatch_agent_clock_ahead_seconds",
                "How far our clock is ahead of the service's.",
            )?,
            last: gauge(
                "launchwatch_agent_last_report_timestamp_seconds",
                "When a report last got through.",
            )?,
            probes: int("launchwatch_agent_probes", "Probes that are run here.")?,
            said: Mutex::default(),
            alive: Mutex::default(),
            registry,
        };
        Ok(Self(Arc::new(inner)))
    }

    /// A report was tried.
    pub fn report(&self, result: &str) {
        self.0.reports.with_label_values(&[result]).inc();
    }

    /// Observations came to this.
    pub fn observations(&self, result: &str, count: u64) {
        self.0.observations.with_label_values(&[result]).inc_by(count);
    }

    /// How much waits.
    pub fn waiting(&self, waiting: Waiting) {
        self.0.waiting.set(i64::try_from(waiting.observations).unwrap_or(i64::MAX));
        self.0.bytes.set(i64::try_from(waiting.bytes).unwrap_or(i64::MAX));
        let lost = self.0.observations.with_label_values(&["lost"]);
        lost.inc_by(waiting.lost.saturating_sub(lost.get()));
    }

    /// A report got through.
    pub fn reported(&self, now: Timestamp, ahead_ms: Option<i64>) {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds are far below 2^53")]
        let seconds = |ms: i64| ms as f64 / 1e3;
        self.0.last.set(seconds(now.as_millisecond()));
        self.0.ahead.set(ahead_ms.map_or(0.0, seconds));
    }

    /// So many probes are run.
    pub fn probes(&self, count: usize) {
        self.0.probes.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// The one who takes what runs found has gone round.
    pub fn alive(&self, now: Timestamp) {
        *self.0.alive.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    /// When that was last.
    pub fn alive_at(&self) -> Option<Timestamp> {
        *self.0.alive.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is said.
    pub fn say(&self, change: impl FnOnce(&mut Said)) {
        change(&mut self.0.said.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What is said.
    pub fn said(&self) -> Said {
        self.0.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Everything in the text format of Prometheus.
    pub fn text(&self) -> String {
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.0.registry.gather(), &mut text) {
            tracing::warn!(%error, "cannot write our figures");
        }
        String::from_utf8_lossy(&text).into_owned()
    }
}
