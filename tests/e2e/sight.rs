//! Looks out of their time that tell two causes apart: they come at once, are marked, and are few.

use std::time::Duration;

use jiff::SignedDuration;
use launchwatch::config::Schedule;
use launchwatch::observation::ProbeId;
use launchwatch::rehearsal::{Scenario, play};
use launchwatch::scheduler::Timetable;
use launchwatch::standin::Fault;
use launchwatch::store::{RunQuery, Store};

use crate::rehearsal::file;
use crate::world::{HUB_TOKEN, World, configuration_with};

const MINUTE: Duration = Duration::from_secs(60);
/// How often the Hub is asked by itself.
const RARELY: Duration = Duration::from_secs(1_800);

/// A BinderHub that is looked at every minute, and its Hub, which is asked twice an hour.
fn config(url: &str, hub: &str, token: &str) -> launchwatch::config::Config {
    let text = format!(
        "version: 1\ntargets:\n  - name: hub\n    url: {url}\n    probes:\n      \
         - {{ type: binderhub-health, name: health, every: 60s }}\n      \
         - {{ type: binder-launch, name: cached, spec: gh/example/tiny/v1, every: 1m, deadline: 50s }}\n      \
         - {{ type: jupyterhub-servers, name: servers, every: 30m, hub_url: \"{hub}\", api_token: env:TOKEN }}\n\
         channels: [{{ type: webhook, name: ops, url: env:HOOK }}]\n"
    );
    configuration_with(&text, &|name| match name {
        "TOKEN" => Some(token.to_owned()),
        _ => Some("http://chat.example/hook".to_owned()),
    })
}

#[tokio::test(start_paused = true)]
async fn the_hub_is_asked_at_once_when_its_answer_would_tell_and_a_hub_that_is_down_not_for_ever() {
    let world = World::start(config("http://hub.example/", "http://hub.example/", HUB_TOKEN), 3).await;
    world.run_for(20 * MINUTE).await;
    let broken_at = world.clock.now();
    world.break_hub(Fault::HubDown);
    world.run_for(12 * MINUTE).await;
    let probe = ProbeId::new("hub", "servers");
    let query = RunQuery { probe: Some(probe.clone()), limit: 50, ..RunQuery::default() };
    let runs = world.store.runs(&query).await.unwrap();
    let asked: Vec<_> = runs.iter().filter(|r| r.outcome.facts.contains_key("asked_for")).collect();
    let first = asked.iter().map(|r| r.slot).min().unwrap_or_else(|| panic!("{runs:#?}"));
    assert!(asked.iter().all(|r| r.confirms && r.outcome.facts["asked_for"].starts_with("to tell ")));
    assert!(first.duration_since(broken_at) < SignedDuration::from_mins(8), "{first}");
    let grid = Timetable::new(Schedule::Every(RARELY), &probe).next_after(first).unwrap();
    assert!(grid.duration_since(first) > SignedDuration::from_mins(3), "the grid comes as soon: {grid}");
    let open = world.store.incidents(10).await.unwrap();
    let said = open
        .iter()
        .flat_map(|i| &i.timeline)
        .find(|e| e.what.starts_with("looked again: hub/servers, to tell "));
    assert!(said.is_some(), "{:#?}", open[0].timeline);
    assert_eq!(open[0].diagnosis[0].label, "hub-unreachable");
    world.run_for(60 * MINUTE).await;
    let runs = world.store.runs(&query).await.unwrap();
    let asked = runs.iter().filter(|r| r.outcome.facts.contains_key("asked_for")).count();
    assert!((1..=3).contains(&asked), "{asked} times");
    world.stop().await;
}

#[test]
fn a_look_out_of_its_time_names_the_right_cause_long_before_the_grid_would() {
    // BinderHub says that it cannot use its Hub, and launches end with that. The Hub is well, and nobody has asked it lately.
    let quiet = std::fs::read_to_string(file("2018-02-12")).unwrap();
    let (hang, fails) = ("{a: 600}, phase: failed", "{a: 12}, phase: failed");
    let whole = "    - from: {a: -1800}\n      to: {a: 3780}\n      member: prod\n      health:\n        status: {a: 200}\n        ok: true\n        body: json\n        checks: {Docker registry: true, JupyterHub API: true,";
    let broken = "    - from: {a: 0}\n      to: {a: 3780}\n      member: prod\n      health:\n        status: {a: 503}\n        ok: false\n        body: json\n        checks: {Docker registry: true, JupyterHub API: false,";
    assert!(quiet.contains(whole) && quiet.contains(hang));
    let words = "Image <image> for user <name> took too long to launch}";
    let text = quiet.replace(whole, broken).replace(hang, fails).replacen(
        words,
        "Failed to create temporary user for <image>}",
        1,
    );
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("connection.yaml");
    std::fs::write(&path, text).unwrap();
    let mut scenario = Scenario::open(&path).unwrap_or_else(|p| panic!("{}", launchwatch::config::told(&p)));
    scenario.end = 1_500.0;
    let config = config("http://prod.rehearsal/", "http://hub.prod.rehearsal/", "rehearsal-prod");
    let played = play(&scenario, Some(config), 1).unwrap();
    let incident = played.incidents.iter().find(|i| i.target == "hub").unwrap();
    let firsts: Vec<_> = incident.named.iter().filter(|n| n.rank == 1).collect();
    let mut labels: Vec<_> = firsts.iter().map(|n| n.label.as_str()).collect();
    labels.dedup(); // it is named again when the trouble gets louder
    assert_eq!(labels, ["hub-unreachable", "binder-hub-connection-stuck"], "{:#?}", incident.timeline);
    let told = firsts[1].at;
    let delay = told.duration_since(firsts[0].at);
    assert!(delay < SignedDuration::from_secs(90), "{delay}: {:#?}", incident.timeline);
    let grid =
        Timetable::new(Schedule::Every(RARELY), &ProbeId::new("hub", "servers")).next_after(told).unwrap();
    assert!(grid.duration_since(told) > SignedDuration::from_mins(3), "the grid comes as soon: {grid}");
    let what = "looked again: hub/servers, to tell hub-unreachable from binder-hub-connection-stuck: if the Hub answers";
    assert!(incident.timeline.iter().any(|e| e.what.starts_with(what)), "{:#?}", incident.timeline);
}
