//! A real Prometheus scrapes the service, and its own linter has nothing to say about the metrics.

use std::io::Write;
use std::process::{Command, Stdio};

use axum::Router;
use axum::routing::get;
use serde_json::Value;

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
