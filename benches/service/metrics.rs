//! What it costs to be asked for all figures.

use std::fmt::Write as _;
use std::thread::sleep;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use launchwatch::config::{self, Registries};
use launchwatch::telemetry::Metrics;
use launchwatch_probes::{Measurement, Outcome, Reason, Stage, StageTime, Verdict};

use crate::process::{self, Servers, Service};
use crate::scrape;
use crate::table::Table;

const SERIES: usize = 10_000;
const SCRAPES: u32 = 300;
/// Series of an `http` probe, about.
const A_PROBE: usize = 59;

/// Over HTTP: CPU of the whole process.
pub(crate) fn ten_thousand_series(table: &mut Table) {
    let servers = Servers::start("pages");
    let mut text = String::from("targets:\n");
    for n in 0..SERIES.div_ceil(A_PROBE) {
        let _ = writeln!(
            text,
            "  - {{ name: t{n}, url: 'http://127.0.0.1:{}/', probes: [{{ type: http, every: 10s }}] }}",
            servers.ports[1]
        );
    }
    let service = Service::start("", &text, &[]);
    sleep(Duration::from_secs(11));
    let series = service.scrape().len();
    let cost = |scrapes: u32| {
        let (cpu, began) = (service.cpu(), Instant::now());
        (0..scrapes).for_each(|_| drop(scrape::get(service.at, "/metrics")));
        (service.cpu() - cpu, began.elapsed().as_secs_f64())
    };
    cost(50);
    let (cpu, took) = cost(SCRAPES);
    let each = |seconds: f64| 1e6 * seconds / f64::from(SCRAPES) / series as f64;
    eprintln!(
        "  {series} series, {:.2} ms a scrape, load {}",
        1e3 * took / f64::from(SCRAPES),
        process::load()
    );
    table.at_most("/metrics over HTTP: CPU a series", "µs", each(cpu), 0.33, 0.66);
    table.note("/metrics over HTTP: time a series", "µs", each(took));
}

/// In this process: the text alone.
pub(crate) fn text_alone(table: &mut Table) {
    let mut text = String::from("version: 1\ntargets:\n");
    for n in 0..SERIES.div_ceil(A_PROBE) {
        let _ = writeln!(text, "  - {{ name: t{n}, url: 'http://127.0.0.1:9/', probes: [http] }}");
    }
    let (config, _) = config::load_text("bench", &text, Registries::BUILT_IN, &|_| None).unwrap();
    let metrics = Metrics::new(&config.probes).unwrap();
    for probe in &config.probes {
        metrics.run_ended(&probe.id, &outcome(), Timestamp::now());
    }
    let series = scrape::Scrape::of(&metrics.text().unwrap()).len();
    let began = Instant::now();
    (0..SCRAPES).for_each(|_| drop(metrics.text()));
    let each = 1e6 * began.elapsed().as_secs_f64() / f64::from(SCRAPES) / series as f64;
    table.at_most(&format!("text of {series} series"), "µs a series", each, 0.33, 0.66);
}

fn outcome() -> Outcome {
    let stage = |stage| StageTime { stage, start: Duration::ZERO, took: Duration::from_micros(1_234) };
    Outcome {
        stages: vec![stage(Stage::Connect), stage(Stage::FirstByte), stage(Stage::Body)],
        measurements: vec![Measurement { name: "http_status".into(), value: 200.0 }],
        ..Outcome::bare(Verdict::Failed, Some(Reason::Timeout), "")
    }
}
