//! What can be read through the API: page by page without gaps, taken away whole, and by the public without evidence.

use std::collections::BTreeSet;
use std::time::Duration;

use launchwatch::standin::Fault;
use serde_json::Value;
use tower::ServiceExt;

use crate::commands::say;
use crate::world::{THREE_PROBES, TOKEN, World, configuration};

const MINUTE: Duration = Duration::from_secs(60);

async fn get(world: &World, path: &str) -> Value {
    let (status, answer) = say(&world.pages, "GET", path, Value::Null).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

async fn text(world: &World, path: &str, token: bool) -> (u16, String) {
    let mut request = http::Request::get(path);
    if token {
        request = request.header("authorization", format!("Bearer {TOKEN}"));
    }
    let request = request.body(axum::body::Body::empty()).unwrap();
    let answer = world.pages.clone().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let bytes = axum::body::to_bytes(answer.into_body(), 10_000_000).await.unwrap();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

async fn troubled() -> World {
    let world = World::start(configuration(THREE_PROBES), 7).await;
    world.run_for(10 * MINUTE).await;
    world.break_hub(Fault::SpawnerRaises);
    world.run_for(10 * MINUTE).await;
    world
}

#[tokio::test(start_paused = true)]
async fn runs_come_page_by_page_without_gap_or_double_and_are_exported_whole() {
    let world = troubled().await;
    let (mut ids, mut pages, mut next) = (Vec::new(), 0, String::new());
    loop {
        let page = get(&world, &format!("/api/v1/runs?limit=7{next}")).await;
        ids.extend(page["runs"].as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap().to_owned()));
        pages += 1;
        let Some(place) = page["next"].as_str() else { break };
        next = format!("&before={place}");
    }
    assert!(pages > 5, "{pages} pages");
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "a run twice");
    let (status, lines) = text(&world, "/api/v1/runs.ndjson", true).await;
    let exported: Vec<Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let exported: Vec<&str> = exported.iter().map(|r| r["id"].as_str().unwrap()).collect();
    assert_eq!((status, exported), (200, ids.iter().map(String::as_str).collect::<Vec<_>>()));
    let (_, table) = text(&world, "/api/v1/runs.csv?only_bad=true", true).await;
    let bad = get(&world, "/api/v1/runs?only_bad=true&limit=500").await;
    let bad = bad["runs"].as_array().unwrap();
    assert!(!bad.is_empty() && bad.iter().all(|r| r["verdict"] != "passed"), "{bad:?}");
    assert!(table.starts_with("id,target,probe,") && table.matches("\r\n").count() > bad.len(), "{table}");
    assert_eq!(text(&world, "/api/v1/runs.csv", false).await.0, 401, "not for the public");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_public_sees_that_it_fails_and_not_what_the_lines_said() {
    let world = troubled().await;
    let bad = get(&world, "/api/v1/runs?only_bad=true&limit=1").await;
    let run = &bad["runs"][0];
    let [target, probe, slot] = ["target", "probe", "slot"].map(|key| run[key].as_str().unwrap());
    let path = format!("/api/v1/runs/{target}/{probe}/{slot}");
    let whole = get(&world, &path).await;
    assert_eq!(whole["id"], run["id"]);
    assert!(whole["evidence"].is_array() && whole["summary"].is_string(), "{whole:#}");
    let (status, public) = text(&world, &path, false).await;
    let public: Value = serde_json::from_str(&public).unwrap();
    assert_eq!((status, &public["verdict"]), (200, &whole["verdict"]));
    assert!(
        public["evidence"].is_null() && public["summary"].is_null() && public["facts"].is_null(),
        "{public:#}"
    );
    let (_, standing) = text(&world, &format!("/api/v1/probes/{target}/{probe}"), false).await;
    let standing: Value = serde_json::from_str(&standing).unwrap();
    assert_eq!((&standing["summary"], &standing["evidence"]), (&"".into(), &Value::Array(vec![])));
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_series_counts_what_the_runs_say() {
    let world = troubled().await;
    let series = get(&world, "/api/v1/series?target=hub&tier=minute").await;
    let runs = get(&world, "/api/v1/runs?target=hub&limit=500").await;
    let cells = series["probes"].as_array().unwrap().iter().flat_map(|p| p["cells"].as_array().unwrap());
    let counted: u64 =
        cells.flat_map(|c| c["verdicts"].as_object().unwrap().values()).filter_map(Value::as_u64).sum();
    assert_eq!(counted as usize, runs["runs"].as_array().unwrap().len());
    let (status, problem) = say(&world.pages, "GET", "/api/v1/series?target=nowhere", Value::Null).await;
    assert_eq!((status, problem["hint"].as_str()), (404, Some("targets: hub")), "{problem}");
    world.stop().await;
}
