//! Every metric, once. Label values are configured names or closed vocabularies, never free text.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use launchwatch_probes::Outcome;
use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

use super::agents::Agents;
use super::by_probe::{ByProbe, Place};
use super::exports::Exports;
use crate::config::ProbeConfig;
use crate::lead::Lead;
use crate::observation::ProbeId;

/// Upper bounds of the time a commit takes, in seconds.
const COMMIT_BOUNDS: [f64; 14] =
    [0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 600.0];
/// Upper bounds of the schedule lag in seconds: fine where punctuality is judged.
const LAG_BOUNDS: [f64; 13] =
    [0.001, 0.002, 0.003, 0.005, 0.008, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 1.0, 10.0];

/// Figures about what was seen and about ourselves. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    probes: ByProbe,
    lag: Histogram,
    dropped: IntCounter,
    deliveries: IntCounterVec,
    outbox_owed: IntGauge,
    outbox_oldest: Gauge,
    channel_broken: IntGaugeVec,
    channel_owed: IntGaugeVec,
    channel_oldest: GaugeVec,
    dead_man: IntCounterVec,
    incidents: IntGaugeVec,
    debts: IntGaugeVec,
    in_flight: IntGaugeVec,
    last_commit: Gauge,
    commit_seconds: Histogram,
    store_errors: IntCounter,
    pauses: IntCounter,
    paused_seconds: Gauge,
    clock_sets: IntCounter,
    leader: IntGauge,
    leader_changes: IntCounter,
    lease_renewed: Gauge,
    lead: OnceLock<Lead>,
    agents: Agents,
    exports: Exports,
}

/// What a follower shows: the rest is the leader's, and would be counted twice.
const OF_FOLLOWERS: [&str; 3] =
    ["launchwatch_build_info", "launchwatch_leader", "launchwatch_leader_changes_total"];

impl Metrics {
    /// Registers everything.
    ///
    /// # Errors
    /// A name is registered twice: a bug.
    pub fn new(probes: &[ProbeConfig]) -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let r = Register(&registry);
        let version =
            r.gauges("launchwatch_build_info", "Always 1; the label tells the version.", &["version"])?;
        version.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1.0);
        let inner = Inner {
            probes: ByProbe::new(probes.iter().map(|p| (p.id.clone(), p.kind))),
            lag: r.histogram("launchwatch_schedule_lag_seconds", "From a slot to the start of its run.", &LAG_BOUNDS)?,
            dropped: r.counter("launchwatch_observations_dropped_total", "Results dropped because the inbox was full.")?,
            deliveries: r.counters(
                "launchwatch_delivery_attempts_total",
                "Attempts to deliver a notification, by what came of them.",
                &["channel", "result"],
            )?,
            outbox_owed: r.int_gauge("launchwatch_outbox_owed", "Deliveries still owed.")?,
            outbox_oldest: r.gauge("launchwatch_outbox_oldest_age_seconds", "Age of the oldest notification still owed.")?,
            channel_broken: r.int_gauges(
                "launchwatch_channel_broken",
                "1 while a channel refuses messages; its fallback tells.",
                &["channel"],
            )?,
            channel_owed: r.int_gauges("launchwatch_channel_owed", "Deliveries a channel still owes.", &["channel"])?,
            channel_oldest: r.gauges(
                "launchwatch_channel_oldest_age_seconds",
                "Since when the oldest of them could have been told; 0 without any.",
                &["channel"],
            )?,
            dead_man: r.counters(
                "launchwatch_dead_man_calls_total",
                "Calls of the dead man's switch: answered, failed, or withheld because we do not live.",
                &["result"],
            )?,
            incidents: r.int_gauges("launchwatch_incident_open", "1 while a target has an open incident.", &["target"])?,
            debts: r.int_gauges(
                "launchwatch_debts",
                "Servers still to be shut down: told (known), begun (not named yet), abandoned (left to the culler).",
                &["state"],
            )?,
            in_flight: r.int_gauges("launchwatch_launches_in_flight", "Launches under way or followed.", &["target"])?,
            last_commit: r.gauge("launchwatch_last_commit_timestamp_seconds", "When results were last written down.")?,
            commit_seconds: r.histogram(
                "launchwatch_commit_duration_seconds",
                "Time to write down one batch of results.",
                &COMMIT_BOUNDS,
            )?,
            store_errors: r.counter("launchwatch_store_errors_total", "Writes to the store that failed.")?,
            pauses: r.counter("launchwatch_pauses_total", "Times that the whole process stood still for over 10 s.")?,
            paused_seconds: r.gauge("launchwatch_paused_seconds", "How long the process stood still last time.")?,
            agents: Agents::new(&r)?,
            clock_sets: r.counter("launchwatch_clock_sets_total", "Times that the clock was set by more than 2 s.")?,
            exports: Exports::new(&r)?,
            leader: r.int_gauge("launchwatch_leader", "1 if this process runs probes and tells people, 0 if it follows one that does.")?,
            leader_changes: r.counter("launchwatch_leader_changes_total", "Times that another replica took the lead.")?,
            lease_renewed: r.gauge(
                "launchwatch_lease_renewed_timestamp_seconds",
                "When the lead was last confirmed by the database; 0 where there are no replicas.",
            )?,
            lead: OnceLock::new(),
            registry,
        };
        Ok(Self(Arc::new(inner)))
    }

    /// Shows how the lead stands.
    pub fn show_lead(&self, lead: &Lead) {
        // The first one stays.
        drop(self.0.lead.set(lead.clone()));
    }

    /// Notes how the lead stands now; true if all figures are ours to show.
    fn note_lead(&self) -> bool {
        let standing = self.0.lead.get().and_then(Lead::standing);
        let leads = standing.as_ref().is_none_or(|s| s.leads);
        self.0.leader.set(i64::from(leads));
        if let Some(standing) = standing {
            let missing = standing.changes.saturating_sub(self.0.leader_changes.get());
            self.0.leader_changes.inc_by(missing);
            self.0.lease_renewed.set(standing.renewed.map_or(0.0, seconds));
        }
        leads
    }

    /// A run has begun, this long after its slot.
    pub fn run_began(&self, _probe: &ProbeId, lag: Duration) {
        self.0.lag.observe(lag.as_secs_f64());
    }

    /// A run has ended.
    pub fn run_ended(&self, probe: &ProbeId, outcome: &Outcome, ended: Timestamp) {
        self.0.probes.run_ended(probe, outcome, seconds(ended));
    }

    /// A slot passed without a run.
    pub fn slot_missed(&self, probe: &ProbeId) {
        self.0.probes.slot_missed(probe);
    }

    /// A result was dropped because the inbox was full.
    pub fn letter_dropped(&self) {
        self.0.dropped.inc();
    }

    /// A delivery was tried.
    pub fn delivery(&self, channel: &str, result: &str) {
        self.0.deliveries.with_label_values(&[channel, result]).inc();
    }

    /// How the outbox stands: deliveries owed, and the age of the oldest.
    pub fn outbox(&self, owed: u64, oldest: Option<Duration>) {
        self.0.outbox_owed.set(i64::try_from(owed).unwrap_or(i64::MAX));
        self.0.outbox_oldest.set(oldest.map_or(0.0, |d| d.as_secs_f64()));
    }

    /// How a channel stands: deliveries owed, and the age of the oldest that could have been told.
    pub fn channel(&self, name: &str, broken: bool, owed: u64, oldest: Option<Duration>) {
        self.0.channel_broken.with_label_values(&[name]).set(i64::from(broken));
        self.0.channel_owed.with_label_values(&[name]).set(i64::try_from(owed).unwrap_or(i64::MAX));
        self.0.channel_oldest.with_label_values(&[name]).set(oldest.map_or(0.0, |d| d.as_secs_f64()));
    }

    /// The dead man's switch was called, or not.
    pub fn dead_man(&self, result: &str) {
        self.0.dead_man.with_label_values(&[result]).inc();
    }

    /// Whether a target has an open incident.
    pub fn incident(&self, target: &str, open: bool) {
        self.0.incidents.with_label_values(&[target]).set(i64::from(open));
    }

    /// How many debts there are in a state.
    pub fn debts(&self, state: &str, count: usize) {
        self.0.debts.with_label_values(&[state]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// How many launches of a target are in flight.
    pub fn in_flight(&self, target: &str, count: usize) {
        self.0.in_flight.with_label_values(&[target]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// A batch was written.
    pub fn committed(&self, now: Timestamp, took: Duration) {
        self.0.last_commit.set(seconds(now));
        self.0.commit_seconds.observe(took.as_secs_f64());
    }

    /// A batch could not be written.
    pub fn store_error(&self) {
        self.0.store_errors.inc();
    }

    /// The whole process stood still for so long.
    pub fn paused(&self, length: Duration) {
        self.0.pauses.inc();
        self.0.paused_seconds.set(length.as_secs_f64());
    }

    /// The clock of the machine was set.
    pub fn clock_set(&self) {
        self.0.clock_sets.inc();
    }

    /// A word of an agent has come in.
    pub fn agent(
        &self,
        name: &str,
        now: Timestamp,
        ahead: Option<jiff::SignedDuration>,
        waiting: u64,
        lost: u64,
    ) {
        self.0.agents.heard(name, seconds(now), ahead.map(|a| a.as_secs_f64()), waiting, lost);
    }

    /// What became of observations that were told from a location: `taken`, `known` or `refused`.
    pub fn ingested(&self, location: &str, what: &str, count: u64) {
        self.0.agents.ingested(location, what, count);
    }

    /// There is an export of this name.
    pub fn export(&self, name: &str) {
        self.export_sent(name, 0, 0);
        self.0.exports.errors(name, 0);
        self.export_behind(name, 0);
    }

    /// An export has handed over so many samples; so many others were not wanted.
    pub fn export_sent(&self, name: &str, taken: usize, refused: usize) {
        self.0.exports.sent(name, taken, refused);
    }

    /// A request of an export came to nothing.
    pub fn export_error(&self, name: &str) {
        self.0.exports.errors(name, 1);
    }

    /// For how many seconds the oldest minute has waited that an export could have sent.
    pub fn export_behind(&self, name: &str, seconds: i64) {
        self.0.exports.behind(name, seconds);
    }

    /// Everything in the text format of Prometheus, piece by piece: a piece is made when it is asked for, so that
    /// neither time nor memory is taken for all of it at once.
    ///
    /// # Errors
    /// A metric cannot be written: a bug.
    pub fn pieces(&self) -> Result<impl Iterator<Item = String> + Send + use<>, prometheus::Error> {
        let leads = self.note_lead();
        let mut figures = self.0.registry.gather();
        figures.retain(|figure| leads || OF_FOLLOWERS.contains(&figure.name()));
        let ours = TextEncoder::new().encode_to_string(&figures)?;
        let (metrics, mut place) = (self.clone(), Place::default());
        let theirs = std::iter::from_fn(move || leads.then(|| metrics.0.probes.piece(&mut place)).flatten());
        Ok(std::iter::once(ours).chain(theirs))
    }

    /// Everything in the text format of Prometheus.
    ///
    /// # Errors
    /// A metric cannot be written: a bug.
    pub fn text(&self) -> Result<String, prometheus::Error> {
        Ok(self.pieces()?.collect())
    }
}

#[expect(clippy::cast_precision_loss, reason = "microseconds since 1970 are far below 2^53 for a century")]
fn seconds(moment: Timestamp) -> f64 {
    moment.as_microsecond() as f64 / 1e6
}

pub(super) struct Register<'a>(&'a Registry);

impl Register<'_> {
    fn add<C: Collector + Clone + 'static>(
        &self,
        made: Result<C, prometheus::Error>,
    ) -> Result<C, prometheus::Error> {
        let collector = made?;
        self.0.register(Box::new(collector.clone()))?;
        Ok(collector)
    }

    fn counter(&self, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
        self.add(IntCounter::new(name, help))
    }

    pub(super) fn counters(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntCounterVec, prometheus::Error> {
        self.add(IntCounterVec::new(Opts::new(name, help), labels))
    }

    fn gauge(&self, name: &str, help: &str) -> Result<Gauge, prometheus::Error> {
        self.add(Gauge::new(name, help))
    }

    pub(super) fn gauges(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<GaugeVec, prometheus::Error> {
        self.add(GaugeVec::new(Opts::new(name, help), labels))
    }

    fn int_gauge(&self, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
        self.add(IntGauge::new(name, help))
    }

    pub(super) fn int_gauges(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntGaugeVec, prometheus::Error> {
        self.add(IntGaugeVec::new(Opts::new(name, help), labels))
    }

    fn histogram(&self, name: &str, help: &str, bounds: &[f64]) -> Result<Histogram, prometheus::Error> {
        self.add(Histogram::with_opts(HistogramOpts::new(name, help).buckets(bounds.to_vec())))
    }
}
