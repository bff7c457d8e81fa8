//! (test) The text is the one that the metrics library would write.

use std::time::Duration;

use launchwatch_probes::{Measurement, StageTime, Verdict};
use prometheus::{GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, TextEncoder};

use super::*;

/// The same families, kept by the library.
struct Theirs {
    registry: Registry,
    runs: IntCounterVec,
    reasons: IntCounterVec,
    missed: IntCounterVec,
    last: GaugeVec,
    measurements: GaugeVec,
    launches: IntCounterVec,
    stages: HistogramVec,
}

impl Theirs {
    fn new() -> Self {
        let registry = Registry::new();
        let counters = |name: &str, help: &str, labels: &[&str]| {
            let made = IntCounterVec::new(Opts::new(name, help), labels).unwrap();
            registry.register(Box::new(made.clone())).unwrap();
            made
        };
        let gauges = |name: &str, help: &str, labels: &[&str]| {
            let made = GaugeVec::new(Opts::new(name, help), labels).unwrap();
            registry.register(Box::new(made.clone())).unwrap();
            made
        };
        let bounds = cells::BOUNDS.map(|b| b.0).to_vec();
        let opts = HistogramOpts::new("launchwatch_stage_duration_seconds", "Duration of a stage of a run.");
        let stages = HistogramVec::new(opts.buckets(bounds), &["target", "probe", "stage"]).unwrap();
        registry.register(Box::new(stages.clone())).unwrap();
        let why = "Runs that did not pass, by reason and by the stage in which they ended.";
        let served = "Launches by who served them: the member they were sent to, the node of their pod, as far as they are known.";
        let places = ["target", "probe", "member", "node", "verdict"];
        let numbers = "Numbers that probes read, in base units; the label `name` says which.";
        let of = ["target", "probe"];
        Self {
            runs: counters(
                "launchwatch_runs_total",
                "Runs by verdict.",
                &["target", "probe", "type", "verdict"],
            ),
            reasons: counters("launchwatch_run_reasons_total", why, &["target", "probe", "reason", "stage"]),
            launches: counters("launchwatch_launches_total", served, &places),
            missed: counters("launchwatch_slots_missed_total", "Slots that passed without a run.", &of),
            last: gauges("launchwatch_last_run_timestamp_seconds", "When the last run ended.", &of),
            measurements: gauges("launchwatch_measurement", numbers, &["target", "probe", "name"]),
            stages,
            registry,
        }
    }

    fn know(&self, id: &ProbeId) {
        let (target, probe) = (id.target(), id.probe());
        for verdict in Verdict::ALL {
            self.runs.with_label_values(&[target, probe, "http", verdict.as_str()]);
        }
        self.missed.with_label_values(&[target, probe]);
        self.last.with_label_values(&[target, probe]);
    }

    fn run_ended(&self, id: &ProbeId, outcome: &Outcome, ended: f64) {
        let (target, probe) = (id.target(), id.probe());
        self.runs.with_label_values(&[target, probe, "http", outcome.verdict.as_str()]).inc();
        self.last.with_label_values(&[target, probe]).set(ended);
        for s in &outcome.stages {
            self.stages.with_label_values(&[target, probe, s.stage.as_str()]).observe(s.took.as_secs_f64());
        }
        if let Some(reason) = outcome.reason {
            let stage = outcome.failed_stage.map_or("", |s| s.as_str());
            self.reasons.with_label_values(&[target, probe, reason.as_str(), stage]).inc();
        }
        if let Some(node) = outcome.facts.get("node") {
            for verdict in Verdict::ALL {
                let count = u64::from(*verdict == outcome.verdict);
                let labels = [target, probe, "", node.as_str(), verdict.as_str()];
                self.launches.with_label_values(&labels).inc_by(count);
            }
        }
        for m in &outcome.measurements {
            self.measurements.with_label_values(&[target, probe, &m.name]).set(m.value);
        }
    }
}

fn outcome(verdict: Verdict, reason: Option<Reason>, stage: Option<Stage>, took: &[f64]) -> Outcome {
    let stages = [Stage::Connect, Stage::FirstByte, Stage::Body].into_iter().zip(took);
    Outcome {
        failed_stage: stage,
        stages: stages
            .map(|(stage, s)| StageTime { stage, start: Duration::ZERO, took: Duration::from_secs_f64(*s) })
            .collect(),
        measurements: vec![
            Measurement { name: "body_bytes".into(), value: 1e21 },
            Measurement { name: "odd \"name\" \\ of\nours".into(), value: -0.125 },
            Measurement { name: "no_number".into(), value: f64::NAN },
        ],
        ..Outcome::bare(verdict, reason, "")
    }
}

/// Lines in an order that does not depend on which series came first.
fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn the_text_is_the_one_that_the_metrics_library_would_write() {
    let ids: Vec<ProbeId> =
        (0..300).map(|n| ProbeId::new(&format!("t{}", n / 2), ["page", "api"][n % 2])).collect();
    let ours = ByProbe::new(ids.iter().map(|id| (id.clone(), "http")));
    let theirs = Theirs::new();
    ids.iter().for_each(|id| theirs.know(id));
    let runs = [
        outcome(Verdict::Passed, None, None, &[0.004, 0.005, 0.005_001]),
        outcome(Verdict::Failed, Some(Reason::Timeout), Some(Stage::FirstByte), &[0.1, 601.0]),
        outcome(Verdict::Unknown, Some(Reason::Missed), None, &[]),
    ];
    let [mut placed, ..] = runs.clone();
    placed.facts.insert("node".into(), "node \"1\"".into());
    ours.run_ended(&ids[7], &placed, 1_763_800_000.0);
    theirs.run_ended(&ids[7], &placed, 1_763_800_000.0);
    for (n, id) in ids.iter().enumerate() {
        for outcome in runs.iter().cycle().take(n % 5) {
            ours.run_ended(id, outcome, 1_763_800_000.25 + n as f64);
            theirs.run_ended(id, outcome, 1_763_800_000.25 + n as f64);
        }
        if n % 3 == 0 {
            ours.slot_missed(id);
            theirs.missed.with_label_values(&[id.target(), id.probe()]).inc();
        }
    }
    let mut place = Place::default();
    let pieces: Vec<String> = std::iter::from_fn(|| ours.piece(&mut place)).collect();
    let expected = TextEncoder::new().encode_to_string(&theirs.registry.gather()).unwrap();
    assert_eq!(sorted(&pieces.concat()), sorted(&expected));
    assert!(pieces.len() > 10 && pieces.iter().all(|p| p.len() < 64 * 1024), "{}", pieces.len());
}

#[test]
fn nothing_is_written_where_there_is_nothing_to_say() {
    let nobody = ByProbe::new(std::iter::empty());
    assert_eq!(nobody.piece(&mut Place::default()), None);
}
