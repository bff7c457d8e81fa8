//! The API is what its description says: schemathesis asks everything that it allows, and much that it does not.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::kit::service::{Home, Serve};
use crate::kit::stage;
use crate::kit::wait::{so, until};

/// Longest that one round of questions may take.
const ROUND: Duration = Duration::from_secs(240);
/// What is held against every answer. Not `ignored_auth`: who asks this fast meets the limit of commands before the door;
/// that every route refuses whom it must is tested row by row (`web::access::tests::policy`).
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
    unsupported_method,negative_data_rejection";

/// A service with trouble and with something that works: runs, an incident, alerts, a delivery that is owed.
async fn service() -> (Home, Serve) {
    let works = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = works.local_addr().expect("an address").port();
    stage::spawn(async move {
        while let Ok((taken, _)) = works.accept().await {
            drop(taken);
        }
    });
    let yaml = format!(
        "version: 1\nservice: {{ listen: \"127.0.0.1:0\", witnesses: [] }}\nrules: [{{ name: quick, failures: 2 }}]\n\
         targets:\n  - {{ name: demo-hub, url: \"http://127.0.0.1:9/\", probes: [ {{ type: http, name: health, every: 2s, deadline: 1s }} ] }}\n  \
         - {{ name: up, url: \"http://127.0.0.1:{port}/\", probes: [ {{ type: tcp, name: port, every: 2s, deadline: 1s }} ] }}\n\
         channels:\n  - {{ type: webhook, name: nowhere, url: env:HOOK }}\n"
    );
    let home = Home::new(&yaml, &[("HOOK", "http://127.0.0.1:9/hook-that-nobody-hears")]);
    let serve = home.serve().await;
    until("an incident", 60, async || {
        let incidents = serve.get("api/v1/incidents?state=open").await?;
        so(incidents.contains("\"id\""), incidents)
    })
    .await;
    (home, serve)
}

fn token(home: &Home) -> String {
    let token =
        std::fs::read_to_string(home.path().join("state/command.token")).expect("the service's token");
    token.trim().to_owned()
}

/// Has schemathesis ask, with these arguments besides; fails with what it found.
async fn ask(serve: &Serve, home: &Home, more: &[&str]) {
    let program = stage::tests().join(".venv-api/bin/schemathesis");
    let mut command = tokio::process::Command::new(&program);
    command
        .arg("run")
        .arg(format!("{}api/v1/openapi.json", serve.url))
        .args(["--phases", "examples,coverage,fuzzing", "--checks", CHECKS])
        // It never ends, and is asked elsewhere.
        .args(["--exclude-path", "/api/v1/events"])
        .args(["--seed", "20180707", "--generation-deterministic", "--max-examples", "20", "--no-shrink"])
        .args(["--continue-on-failure", "--no-color", "--warnings", "off"])
        .args(["--request-timeout", "20"])
        .args(more)
        .current_dir(home.path())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    for proxy in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    let ended = tokio::time::timeout(ROUND, command.output()).await;
    let output = ended.unwrap_or_else(|_| panic!("schemathesis did not end within {ROUND:?}"));
    let output = output.unwrap_or_else(|e| panic!("{}: {e} (tests/setup api gets it)", program.display()));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("generated") || said.contains("passed"), "it asked nothing: {said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_described_for_those_who_may_command() {
    let (home, serve) = service().await;
    let bearer = format!("Authorization: Bearer {}", token(&home));
    ask(&serve, &home, &["-H", &bearer]).await;
    assert_eq!(serve.get("healthz").await, Ok("ok\n".into()), "it is none the worse for it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_described_for_the_public() {
    let (home, serve) = service().await;
    ask(&serve, &home, &["--max-examples", "10"]).await;
    assert_eq!(serve.get("healthz").await, Ok("ok\n".into()), "it is none the worse for it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_arrive_as_they_happen_and_go_on_where_they_were_cut_off() {
    let (home, serve) = service().await;
    let token = token(&home);
    let listen = async |last: Option<&str>| -> Vec<(String, Value)> {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let mut request =
            client.get(format!("{}api/v1/events?types=observation", serve.url)).bearer_auth(&token);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let mut answer = request.send().await.expect("a stream");
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        let (mut text, mut seen) = (String::new(), Vec::new());
        while seen.len() < 4 {
            let next = tokio::time::timeout(Duration::from_secs(20), answer.chunk())
                .await
                .expect("an event in time");
            text.push_str(&String::from_utf8_lossy(&next.expect("a piece").expect("no end")));
            seen = text.split_inclusive("\n\n").filter(|e| e.ends_with("\n\n")).filter_map(event).collect();
        }
        seen
    };
    let first = listen(None).await;
    let again = listen(Some(&first[1].0)).await;
    assert_eq!(again[0], first[2], "what came after the last one that was read comes first");
    assert_eq!(again[1], first[3]);
    assert_eq!(first[0].1["type"], json!("observation"));
    assert!(first.iter().all(|(_, data)| data["verdict"].is_string()), "{first:?}");
    drop(home);
}

fn event(text: &str) -> Option<(String, Value)> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    Some((field("id")?.to_owned(), serde_json::from_str(field("data")?).ok()?))
}
