//! What is served over HTTP, in good days, during an outage, and when launchwatch itself is stuck.

use std::time::Duration;

use launchwatch::standin::Fault;

use crate::world::{THREE_PROBES, World, ask, configuration};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn the_page_says_what_works_and_during_an_outage_what_does_not() {
    let world = World::start(configuration(THREE_PROBES), 1).await;
    let (status, before) = world.get("/").await;
    assert!(status == 200 && before.contains("Nothing is known yet"), "{before}");
    assert!(!before.contains("fresh passed"), "{before}");
    world.run_for(10 * MINUTE).await;
    let (_, good) = world.get("/").await;
    for word in
        ["Everything works", "Cached repositories launch, median", "The site answers", "of runs worked"]
    {
        assert!(good.contains(word), "{word} is not in {good}");
    }
    world.break_hub(Fault::SpawnerRaises);
    world.run_for(10 * MINUTE).await;
    let (_, bad) = world.get("/").await;
    for word in [
        "hub is down",
        "Cached repositories do not launch since",
        "(spawn failed)",
        "Nobody has said yet that they are on it",
        "/incidents/hub-",
    ] {
        assert!(bad.contains(word), "{word} is not in {bad}");
    }
    assert!(!bad.contains("gave up"), "lines of logs are not for the public: {bad}");
    assert!(bad.len() < 50_000, "{} bytes", bad.len());
    let (_, json) = world.get("/api/v1/status").await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["targets"][0]["standing"], "down");
    assert_eq!(json["targets"][0]["incident"]["state"], "open");
    let (status, target) = world.get("/status/hub").await;
    assert!(status == 200 && target.contains("the whole launch: half within"), "{target}");
    world.break_hub(Fault::None);
    world.run_for(30 * MINUTE).await;
    let (_, after) = world.get("/").await;
    assert!(after.contains("Everything works") && after.contains("lasted 1"), "{after}");
    let (_, history) = world.get("/history?month=2018-07").await;
    assert!(history.contains("Incidents of July 2018") && history.contains("outage"), "{history}");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_page_without_a_living_recorder_never_shows_green() {
    let world = World::start(configuration(THREE_PROBES), 1).await;
    world.run_for(10 * MINUTE).await;
    assert_eq!(world.get("/healthz").await.0, 200);
    assert_eq!(world.get("/readyz").await.0, 200);
    let pages = world.pages.clone();
    world.stop().await;
    tokio::time::sleep(MINUTE).await;
    assert_eq!(ask(&pages, "/healthz").await.0, 503);
    assert_eq!(ask(&pages, "/readyz").await.0, 503);
    let (_, page) = ask(&pages, "/").await;
    assert!(page.contains("launchwatch itself is stuck"), "{page}");
    for green in ["Everything works", "fresh passed", "badge passed", "✓"] {
        assert!(!page.contains(green), "{green}: {page}");
    }
}

#[tokio::test(start_paused = true)]
async fn pages_are_arranged_as_the_operator_says_behind_the_proxys_path() {
    let targets = THREE_PROBES.replace(
        "channels:",
        "  - { name: secret, url: 'http://hub.example/', probes: [{ type: http, name: site, every: 30s }] }\n  - { name: other, url: 'http://hub.example/', probes: [{ type: http, name: site, every: 30s }] }\nchannels:",
    );
    let text = targets.replace(
        "service: { witnesses: [] }",
        "service: { witnesses: [], public_url: 'https://example.org/services/watch/' }\npages:\n  title: Our hubs\n  groups: [{ name: Far away, targets: [other] }]\n  links: [{ title: Help, url: 'https://help.example/?a=1&b=2' }]\n  hide: [secret]",
    );
    let world = World::start(configuration(&text), 1).await;
    world.run_for(5 * MINUTE).await;
    let (status, page) = world.get("/services/watch/").await;
    assert_eq!(status, 200);
    for word in [
        "Everything works · Our hubs",
        "Far away",
        "Others",
        "href=\"/services/watch/status/other\"",
        "href=\"https://help.example/?a=1&amp;b=2\"",
    ] {
        assert!(page.contains(word), "{word} is not in {page}");
    }
    assert!(page.find("Far away") < page.find("Others"), "{page}");
    let (_, json) = world.get("/api/v1/status").await;
    for public in [page, json, world.get("/history").await.1] {
        assert!(!public.contains("secret"), "{public}");
    }
    assert_eq!(world.get("/status/secret").await.0, 404);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn metrics_count_runs_reasons_stages_and_ourselves() {
    let world = World::start(configuration(THREE_PROBES), 1).await;
    world.run_for(10 * MINUTE).await;
    world.break_hub(Fault::SpawnerRaises);
    world.run_for(20 * MINUTE).await;
    let (status, text) = world.get("/metrics").await;
    assert_eq!(status, 200);
    let value = |name: &str| -> f64 {
        let line =
            text.lines().find(|l| l.starts_with(name)).unwrap_or_else(|| panic!("{name} is not in {text}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert_eq!(
        value(r#"launchwatch_runs_total{probe="site",target="hub",type="http",verdict="passed"}"#),
        60.0
    );
    assert!(
        value(r#"launchwatch_runs_total{probe="cached",target="hub",type="binder-launch",verdict="failed"}"#)
            >= 4.0
    );
    assert!(
        value(
            r#"launchwatch_run_reasons_total{probe="cached",reason="spawn_failed",stage="launch",target="hub"}"#
        ) >= 4.0
    );
    assert!(
        value(r#"launchwatch_stage_duration_seconds_count{probe="cached",stage="kernel",target="hub"}"#)
            >= 4.0
    );
    assert_eq!(value(r#"launchwatch_incident_open{target="hub"}"#), 1.0);
    assert_eq!(value("launchwatch_outbox_owed"), 0.0);
    assert_eq!(value("launchwatch_build_info"), 1.0);
    assert!(value("launchwatch_schedule_lag_seconds_count") > 60.0);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_unknown_path_is_not_found() {
    let world = World::start(configuration(THREE_PROBES), 1).await;
    assert_eq!(world.get("/no/such/page").await.0, 404);
    world.stop().await;
}
