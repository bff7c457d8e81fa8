//! The configuration changes while an incident is open: it stays one incident, told once and ended once.

use std::time::Duration;

use launchwatch::standin::Fault;
use serde_json::Value;

use crate::commands::say;
use crate::world::{World, configuration};

const MINUTE: Duration = Duration::from_secs(60);

/// One target with one probe under these names, and a rule.
fn named(target: &str, probe: &str, rule: &str) -> String {
    format!(
        r#"version: 1
targets:
  - {{ {target}, url: "http://hub.example/", probes: [{{ type: binderhub-health, {probe}, every: 30s }}] }}
channels:
  - {{ type: webhook, name: ops, url: env:HOOK }}
rules:
  - {{ name: down, {rule} }}
"#
    )
}

fn kinds(world: &World) -> Vec<String> {
    world.post.letters().into_iter().map(|l| l.kind).collect()
}

async fn ids(world: &World, state: &str) -> Vec<String> {
    let path = format!("/api/v1/incidents?state={state}");
    let (_, answer) = say(&world.pages, "GET", &path, Value::Null).await;
    let all = answer["incidents"].as_array().unwrap_or_else(|| panic!("{answer}"));
    all.iter().map(|i| i["id"].as_str().unwrap().to_owned()).collect()
}

/// An outage that is told, a kill, a start with another configuration (twice), and the end of the outage.
async fn outage_across(before: &str, after: &str, target: &str) {
    let world = World::start(configuration(before), 7).await;
    world.run_for(5 * MINUTE).await;
    world.break_hub(Fault::HubDown);
    world.run_for(10 * MINUTE).await;
    assert_eq!(kinds(&world), ["opened"]);
    let open = ids(&world, "open").await;
    let mut world = world;
    for _ in 0..2 {
        let setting = world.kill(configuration(after)).await;
        world = World::begin(setting).await;
        world.run_for(5 * MINUTE).await;
        assert_eq!(ids(&world, "open").await, open, "it goes on");
        let path = format!("/api/v1/incidents/{target}");
        let (status, incident) = say(&world.pages, "GET", &path, Value::Null).await;
        assert_eq!(
            (status, incident["id"].as_str()),
            (200, open.first().map(String::as_str)),
            "{incident:#}"
        );
    }
    world.break_hub(Fault::None);
    world.run_for(20 * MINUTE).await;
    assert_eq!(kinds(&world), ["opened", "resolved"], "nobody was told twice");
    assert!(ids(&world, "open").await.is_empty());
    assert_eq!(ids(&world, "all").await, open, "there was never another");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_incident_outlives_new_names_of_target_and_probe() {
    let before = named("name: hub", "name: health", "failures: 2");
    let after = named("name: lab, was: hub", "name: well, was: health", "failures: 2");
    outage_across(&before, &after, "lab").await;
}

#[tokio::test(start_paused = true)]
async fn an_incident_outlives_another_threshold_and_other_words() {
    let before = named("name: hub", "name: health", "failures: 2");
    let after = named("name: hub, labels: { team: night }", "name: health", "failures: 4, severity: ticket");
    outage_across(&before, &after, "hub").await;
}
