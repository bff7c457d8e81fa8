//! What leaves for other stores of time series arrives whole: real Prometheus and VictoriaMetrics, with an outage between.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use jiff::SignedDuration;
use launchwatch::observation::{Observation, ProbeId};
use launchwatch::store::{Batch, Retention, SqliteStore, Store};
use launchwatch_probes::{Outcome, Stage, StageTime, Verdict};
use serde_json::{Value, json};

use crate::kit::chat::listen;
use crate::kit::launcher::{Env, Server};
use crate::kit::service::Home;
use crate::kit::stage::{self, Place};
use crate::kit::wait::{so, until};

/// Samples by series (its labels as text) and time in seconds.
type Samples = BTreeMap<String, BTreeMap<i64, f64>>;

/// What VictoriaMetrics adds to what comes by OTLP.
const BY_OTLP: [&str; 4] =
    ["job=launchwatch,", "instance=here,", "service.name=launchwatch,", "service.instance.id=here,"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_every_minute_counted_arrives_whole_after_an_outage_of_the_receivers() {
    let _place = Place::take().await;
    let work = tempfile::tempdir().expect("a folder");
    let mut prometheus = Server::start("prometheus", work.path(), &Env::new()).await;
    let mut victoria = Server::start("victoria", work.path(), &Env::new()).await;
    // Those that take OTLP.
    let newer = Server::start("newer_victoria", work.path(), &Env::new()).await;
    let decoder = Server::start("otlp", work.path(), &Env::new()).await;
    let page = listen(Router::new().route("/", get(|| async { "here" }))).await;
    let write = |server: &Server| format!("{}api/v1/write", server.fact("url"));
    let exports = [
        format!("type: remote_write, name: prometheus, url: {}", write(&prometheus)),
        format!("type: remote_write, name: victoria, url: {}, labels: {{ env: live }}", write(&victoria)),
        format!("type: otlp, name: newer, url: {}opentelemetry/v1/metrics", newer.fact("url")),
        format!("type: otlp, name: deltas, deltas: true, url: {}v1/metrics", decoder.fact("url")),
    ];
    let exports: String = exports.iter().map(|e| format!("  - {{ {e}, every: 10s }}\n")).collect();
    let exports = format!("exports:\n{exports}");
    let home = Home::new(&configuration(&page, &exports), &[]);
    let serve = home.serve().await;
    until("the first minute to arrive", 240, async || {
        let there = samples(&prometheus, &[]).await?;
        so(there.len() > 50, there.len())
    })
    .await;
    prometheus.kill().await;
    // One is gone, the other takes requests and answers none.
    victoria.order("stop").await;
    until("the exports to fall behind", 400, async || {
        let behind = serve.metric("launchwatch_export_behind_seconds", &["victoria"]).await?;
        let errors = serve.metric("launchwatch_export_errors_total", &["prometheus"]).await?;
        so(behind > 130.0 && errors > 2.0, (behind, errors))
    })
    .await;
    prometheus.start_again().await;
    victoria.order("cont").await;
    until("the exports to catch up", 300, async || {
        let behind = serve.metric("launchwatch_export_behind_seconds", &["export="]).await?;
        so(behind < 1.0, behind)
    })
    .await;
    let refused = serve.metric("launchwatch_export_refused_samples_total", &["export="]).await;
    assert_eq!(refused, Ok(0.0));
    assert_eq!(serve.stop(60).await, Some(0));

    // It also finds what it took only seconds later.
    tokio::time::sleep(Duration::from_secs(10)).await;
    let kept = exported(&home).await;
    for (name, server, more) in [
        ("Prometheus by remote-write", &prometheus, &[] as &[&str]),
        ("VictoriaMetrics by remote-write", &victoria, &["env=live,"]),
        ("VictoriaMetrics by OTLP", &newer, &BY_OTLP),
    ] {
        let there = samples(server, more).await.unwrap_or_else(|e| panic!("{name}: {e}"));
        compare(name, &kept, &there);
    }
    compare("sums and histograms by OTLP", &kept, &decoded(&decoder));
    becomes_blocks(&home, work.path()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_hours_leaves_no_hole_where_a_receiver_may_go_back() {
    let _place = Place::take().await;
    let work = tempfile::tempdir().expect("a folder");
    let window = Env::from([("LIVE_OUT_OF_ORDER".to_owned(), "1d".to_owned())]);
    let wide = Server::start("prometheus", &work.path().join("wide"), &window).await;
    let usual = Server::start("prometheus", &work.path().join("usual"), &Env::new()).await;
    let victoria = Server::start("victoria", work.path(), &Env::new()).await;
    let page = listen(Router::new().route("/", get(|| async { "here" }))).await;
    let servers = [("wide", &wide), ("usual", &usual), ("victoria", &victoria)];
    let export = |(name, server): (&str, &Server)| {
        let url = server.fact("url");
        format!("  - {{ type: remote_write, name: {name}, url: {url}api/v1/write, every: 10s }}\n")
    };
    let exports = format!("exports:\n{}", servers.map(export).concat());
    let home = Home::new(&configuration(&page, &exports), &[]);
    for server in [&wide, &usual] {
        until("samples of now", 30, async || {
            let url = format!("{}api/v1/query?query=up", server.fact("url"));
            let text = stage::client().get(url).send().await.map_err(|e| e.to_string())?.text().await;
            so(text.as_ref().is_ok_and(|t| t.contains("value")), text)
        })
        .await;
    }
    five_hours(&home.path().join("state"), &servers.map(|(name, _)| name)).await;
    let serve = home.serve().await;
    let metric = async |name: &str, export: &str| {
        serve.metric(&format!("launchwatch_export_{name}"), &[&format!("export=\"{export}\"")]).await
    };
    for (name, _) in servers {
        until("everything to be sent", 240, async || {
            let (sent, behind) =
                (metric("samples_total", name).await?, metric("behind_seconds", name).await?);
            so(sent > 0.0 && behind < 1.0, (name, sent, behind))
        })
        .await;
    }
    let kept = exported(&home).await;
    let all = |of: &Samples| of.values().map(BTreeMap::len).sum::<usize>();
    for (name, server) in [("Prometheus with a window", &wide), ("VictoriaMetrics", &victoria)] {
        // VictoriaMetrics finds what it has taken a few seconds later.
        let there = until("everything to be found", 60, async || {
            let there = samples(server, &[]).await?;
            so(all(&there) == all(&kept), (name, all(&there), all(&kept))).map(|()| there)
        })
        .await;
        compare(name, &kept, &there);
    }
    assert_eq!(metric("refused_samples_total", "wide").await, Ok(0.0));
    // One that takes nothing older than an hour has the last of it, and it is told what it has not.
    let (there, refused) =
        (samples(&usual, &[]).await.expect("it answers"), metric("refused_samples_total", "usual").await);
    eprintln!("without a window: {} of {} samples, refused {refused:?}", all(&there), all(&kept));
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let lost = (all(&kept) - all(&there)) as f64;
    assert!(refused == Ok(lost) && lost > 0.0 && all(&there) > 0, "{lost}");
    let newest = |of: &Samples| of.values().flat_map(BTreeMap::keys).max().copied();
    assert_eq!(newest(&there), newest(&kept));
}

/// A store in which the exports stand where they stood five hours ago, with a run a minute since.
async fn five_hours(state: &Path, exports: &[&str]) {
    let store = SqliteStore::open(state, Retention::default()).expect("a store");
    let begun = stage::now() - SignedDuration::from_hours(5);
    let mut observations = Vec::new();
    for minute in 0..280 {
        let mut outcome = Outcome::bare(Verdict::Passed, None, "");
        let took = Duration::from_millis(100 + minute);
        outcome.stages.push(StageTime { stage: Stage::Connect, start: Duration::ZERO, took });
        observations.push(Observation {
            probe: ProbeId::new("site", "past"),
            location: "here".into(),
            slot: begun + Duration::from_secs(60 * minute),
            lag: Duration::ZERO,
            confirms: false,
            outcome,
        });
    }
    let batch = Batch { observations, now: stage::now(), ..Batch::default() };
    store.record(batch).await.expect("it is written down");
    let second = begun.as_second() - 60;
    for export in exports {
        let note = json!({ "began": second, "as_of": second, "sent": {} }).to_string();
        store.note(&format!("export {export}"), note).await.expect("it is noted");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_past_becomes_blocks_that_prometheus_answers_from() {
    let _place = Place::take().await;
    let work = tempfile::tempdir().expect("a folder");
    let page = listen(Router::new().route("/", get(|| async { "here" }))).await;
    let home = Home::new(&configuration(&page, ""), &[]);
    let serve = home.serve().await;
    until("some looks over two minutes", 200, async || {
        let runs = serve.metric("launchwatch_runs_total", &["page"]).await?;
        so(runs > 150.0, runs)
    })
    .await;
    // Beside the running service.
    becomes_blocks(&home, work.path()).await;
    assert_eq!(serve.stop(60).await, Some(0));
}

/// What a service has counted becomes blocks, and Prometheus, started on them, answers with all of it.
async fn becomes_blocks(home: &Home, work: &Path) {
    let work = work.join("blocks");
    std::fs::create_dir_all(&work).expect("a folder");
    let file = work.join("past.om");
    let output = home.run(&["export", "openmetrics", "-o", file.to_str().expect("a path")]).await;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(&file).expect("the file");
    assert!(text.ends_with("# EOF\n"));
    strictly_read(&file);

    let place = work.join("prometheus").join("prometheus");
    std::fs::create_dir_all(&place).expect("a folder");
    let promtool = stage::tests().join(".servers/debian/usr/bin/promtool");
    let made = Command::new(promtool)
        .args(["tsdb", "create-blocks-from", "openmetrics"])
        .args([&file, &place])
        .output()
        .expect("promtool runs");
    let said = String::from_utf8_lossy(&[made.stdout, made.stderr].concat()).into_owned();
    assert!(made.status.success(), "{said}");
    let prometheus = Server::start("prometheus", &work, &Env::new()).await;
    let there = samples(&prometheus, &[]).await.expect("it answers");
    let wanted = read(&text);
    assert!(wanted.len() > 50);
    for (series, samples) in &wanted {
        assert_eq!(there.get(series), Some(samples), "{series}");
    }
    assert_eq!(there.len(), wanted.len());
    let count: usize = wanted.values().map(BTreeMap::len).sum();
    eprintln!("{count} samples of {} series are in the blocks", there.len());
}

/// Reads a file with the parser of Prometheus' own client, which takes the format at its word.
fn strictly_read(file: &Path) {
    let words = "import sys\nfrom prometheus_client.openmetrics.parser import text_fd_to_metric_families as read\nprint(sum(len(f.samples) for f in read(open(sys.argv[1]))))";
    let python = stage::tests().join(".venv/bin/python");
    let output = Command::new(python).args(["-c", words]).arg(file).output().expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    eprintln!("the strict parser reads {} samples", String::from_utf8_lossy(&output.stdout).trim());
}

/// Everything that arrived is in the store as well, and what the store has between the first and the last of it has
/// arrived.
fn compare(name: &str, kept: &Samples, there: &Samples) {
    let times = || there.values().flat_map(BTreeMap::keys);
    let (first, last) = (*times().min().expect("samples"), *times().max().expect("samples"));
    assert!(last - first >= 120, "{name}: too short to tell: {first} {last}");
    let mut count = 0;
    for (series, samples) in kept {
        for (time, value) in samples.range(first..=last) {
            let found = there.get(series).and_then(|of| of.get(time));
            assert!(
                found.is_some_and(|f| near(*f, *value)),
                "{name}: {series} at {time}: {value} is {found:?} there"
            );
            count += 1;
        }
    }
    let arrived: usize = there.values().map(BTreeMap::len).sum();
    assert_eq!(arrived, count, "{name}: nothing is there that the store does not have");
    eprintln!("{name}: {count} samples of {} series over {} s arrived whole", there.len(), last - first);
}

/// What OpenTelemetry's own messages make of what was sent.
fn decoded(server: &Server) -> Samples {
    let mut all = Samples::new();
    for line in std::fs::read_to_string(server.fact("taken")).expect("something was taken").lines() {
        let number: Value = serde_json::from_str(line).expect("a line of JSON");
        let labels: BTreeMap<String, Value> =
            serde_json::from_value(number["labels"].clone()).expect("labels");
        let series = named(number["name"].as_str().expect("a name"), labels.iter(), &[]);
        let (time, value) = (number["time"].as_i64().expect("a time"), number["value"].as_f64());
        let before = all.entry(series).or_default().insert(time, value.expect("a value"));
        assert_eq!(before, None, "twice: {line}");
    }
    all
}

/// The same but for what is lost when a number is written in decimal.
fn near(one: f64, other: f64) -> bool {
    (one - other).abs() <= other.abs() * 1e-12
}

/// What the store has, by the service's own export.
async fn exported(home: &Home) -> Samples {
    let output = home.run(&["export", "openmetrics"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    read(&String::from_utf8(output.stdout).expect("text"))
}

/// The samples of a text in the format that the service writes.
fn read(text: &str) -> Samples {
    let mut all = Samples::new();
    for line in text.lines().filter(|l| !l.starts_with('#')) {
        let (name, rest) = line.split_once('{').expect("labels");
        let (labels, numbers) = rest.split_once("} ").expect("a value");
        let (value, time) = numbers.split_once(' ').expect("a time");
        let labels: BTreeMap<String, Value> = labels
            .split("\",")
            .filter_map(|l| l.split_once("=\""))
            .map(|(k, v)| (k.to_owned(), Value::from(v.trim_end_matches('"'))))
            .collect();
        let series = named(name, labels.iter(), &[]);
        all.entry(series)
            .or_default()
            .insert(time.parse().expect("seconds"), value.parse().expect("a value"));
    }
    all
}

/// A series as text, without what an export adds to it.
fn named<'a>(name: &str, labels: impl Iterator<Item = (&'a String, &'a Value)>, without: &[&str]) -> String {
    let mut all: Vec<String> = labels
        .filter(|(key, _)| *key != "__name__")
        .map(|(key, value)| format!("{key}={},", value.as_str().unwrap_or_default()))
        .collect();
    all.retain(|label| !without.contains(&label.as_str()));
    all.sort();
    format!("{name} {}", all.concat())
}

/// Everything of ours that a server has, sample by sample as it came.
async fn samples(server: &Server, without: &[&str]) -> Result<Samples, String> {
    let mut url: url::Url = format!("{}api/v1/query", server.fact("url")).parse().expect("an address");
    url.query_pairs_mut().append_pair("query", "{__name__=~\"launchwatch_bucket_.*\"}[12h]");
    let answer = stage::client().get(url).send().await.map_err(|e| e.to_string())?;
    let text = answer.text().await.map_err(|e| e.to_string())?;
    let value: Value = serde_json::from_str(&text).map_err(|e| format!("{e}: {text}"))?;
    let mut all = Samples::new();
    for series in value["data"]["result"].as_array().into_iter().flatten() {
        let labels: BTreeMap<String, Value> =
            serde_json::from_value(series["metric"].clone()).map_err(|e| e.to_string())?;
        let name = series["metric"]["__name__"].as_str().unwrap_or_default();
        let of = all.entry(named(name, labels.iter(), without)).or_default();
        for pair in series["values"].as_array().into_iter().flatten() {
            let number = |v: &Value| v.as_str().and_then(|n| n.parse::<f64>().ok());
            let (Some(time), Some(value)) = (pair[0].as_f64(), number(&pair[1])) else {
                return Err(format!("no sample: {pair}"));
            };
            #[expect(clippy::cast_possible_truncation, reason = "whole seconds")]
            of.insert(time as i64, value);
        }
    }
    if all.is_empty() { Err(text) } else { Ok(all) }
}

fn configuration(page: &str, exports: &str) -> String {
    format!(
        r#"version: 1
service: {{ listen: "127.0.0.1:0", witnesses: [] }}
targets:
  - name: site
    url: {page}
    probes:
      - {{ type: http, name: page, every: 700ms, deadline: 500ms }}
      - {{ type: tcp, name: port, port: 9, every: 5s, deadline: 500ms }}
{exports}"#
    )
}
