//! A real Prometheus scrapes the service, and its own linter has nothing to say about the metrics. In turn, the service
//! asks it, and reads the page of its own metrics.

use std::io::Write;
use std::process::{Command, Stdio};

use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};

use crate::kit::chat::listen;
use crate::kit::launcher::{Env, Server};
use crate::kit::service::Home;
use crate::kit::stage::{self, Place};
use crate::kit::wait::{so, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prometheus_scrapes_the_runs_and_its_linter_is_silent() {
    let _place = Place::take().await;
    let work = tempfile::tempdir().expect("a folder");
    let page = listen(Router::new().route("/", get(|| async { "here" }))).await;
    let home = Home::new(
        &format!(
            r#"version: 1
service: {{ listen: "127.0.0.1:0", witnesses: [] }}
targets:
  - name: site
    url: {page}
    probes:
      - {{ type: http, name: page, every: 300ms, deadline: 300ms }}
      - {{ type: tcp, name: port, port: 9, every: 300ms, deadline: 300ms }}
"#
        ),
        &[],
    );
    let serve = home.serve().await;
    let target = serve.url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let prometheus =
        Server::start("prometheus", work.path(), &Env::from([("LIVE_SCRAPE_TARGET".to_owned(), target)]))
            .await;

    let first = until("the first scrape", 60, async || runs(&prometheus, "passed").await).await;
    let grown = until("the count of runs to grow", 60, async || {
        let now = runs(&prometheus, "passed").await?;
        so(now >= first + 5.0, (first, now)).map(|()| now)
    })
    .await;
    let failed =
        until("failed runs to be counted as well", 60, async || runs(&prometheus, "failed").await).await;
    eprintln!("Prometheus saw {first}, then {grown} runs that passed and {failed} that failed");
    let up = query(&prometheus, "up{job=\"live\"}").await.expect("Prometheus answers");
    assert!((up - 1.0).abs() < f64::EPSILON, "the service is up to Prometheus: {up}");

    let metrics = serve.get("metrics").await.expect("metrics");
    assert_eq!(lint(prometheus.fact("promtool"), &metrics), (Some(0), String::new()), "{metrics}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_asks_prometheus_and_reads_its_page() {
    let _place = Place::take().await;
    let work = tempfile::tempdir().expect("a folder");
    let target = Env::from([("LIVE_SCRAPE_TARGET".to_owned(), "127.0.0.1:9".to_owned())]);
    let prometheus = Server::start("prometheus", work.path(), &target).await;
    let home = Home::new(
        &format!(
            r#"version: 1
service: {{ listen: "127.0.0.1:0", witnesses: [] }}
targets:
  - name: prom
    url: {}
    probes:
      - {{ type: prometheus, name: ask, queries: {{ sum: "sum(vector(40)) + 2", nothing: no_such_metric, one: "1" }} }}
      - {{ type: prometheus, name: wrong, queries: {{ wrong: "sum(", right: "3" }} }}
      - type: metrics
        name: page
        every: 1s
        figures:
          - {{ name: goroutines, metric: go_goroutines }}
          - {{ name: requests, metric: prometheus_http_requests_total, labels: {{ handler: /metrics }}, as: increase }}
"#,
            prometheus.fact("url")
        ),
        &[],
    );
    let (asked, _) = home.probe("prom/ask").await;
    let asked = &asked["outcome"];
    assert_eq!(asked["verdict"], "passed", "{asked:#}");
    assert_eq!(asked["measurements"], json!([{"name": "one", "value": 1.0}, {"name": "sum", "value": 42.0}]));
    let (wrong, _) = home.probe("prom/wrong").await;
    let wrong = &wrong["outcome"];
    assert_eq!((&wrong["verdict"], &wrong["measurements"][0]["name"]), (&json!("unknown"), &json!("right")));
    assert!(wrong["summary"].as_str().is_some_and(|s| s.contains("parse error")), "its own words: {wrong:#}");

    let serve = home.serve().await;
    let labels = |name: &str| ["target=\"prom\"".to_owned(), format!("name=\"{name}\"")];
    for (name, least) in [("goroutines", 1.0), ("requests", 1.0)] {
        let value = until("a figure of the page", 30, async || {
            let labels = labels(name);
            let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
            let value = serve.metric("launchwatch_measurement", &labels).await?;
            so(value >= least, value).map(|()| value)
        })
        .await;
        eprintln!("{name}: {value}");
    }
    assert_eq!(serve.stop(60).await, Some(0));
}

async fn runs(prometheus: &Server, verdict: &str) -> Result<f64, String> {
    let value = query(prometheus, &format!("sum(launchwatch_runs_total{{verdict=\"{verdict}\"}})")).await?;
    so(value > 0.0, value).map(|()| value)
}

/// The value of a PromQL expression that has one.
async fn query(prometheus: &Server, expression: &str) -> Result<f64, String> {
    let mut url: url::Url = format!("{}api/v1/query", prometheus.fact("url")).parse().expect("an address");
    url.query_pairs_mut().append_pair("query", expression);
    let answer = stage::client().get(url).send().await.map_err(|e| e.to_string())?;
    let text = answer.text().await.map_err(|e| e.to_string())?;
    let value: Value = serde_json::from_str(&text).map_err(|e| format!("{e}: {text}"))?;
    let number = value["data"]["result"][0]["value"][1].as_str().and_then(|n| n.parse().ok());
    number.ok_or_else(|| format!("{expression} has no value: {text}"))
}

/// Exit code and words of `promtool check metrics`.
fn lint(promtool: &str, metrics: &str) -> (Option<i32>, String) {
    let mut child = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool runs");
    child.stdin.take().expect("its input").write_all(metrics.as_bytes()).expect("promtool reads");
    let output = child.wait_with_output().expect("promtool ends");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}
