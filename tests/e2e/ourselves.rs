//! Our own troubles accuse nobody: cut off, short of time or files, paused, clocks that are set, tokens that expired.

use std::time::Duration;

use jiff::SignedDuration;
use launchwatch::config::Config;
use launchwatch::observation::Observation;
use launchwatch::standin::Fault;
use launchwatch::store::{RunQuery, Store};
use launchwatch_alerts::{Rule, When};
use launchwatch_probes::{Reason, Verdict};

use crate::world::{World, configuration};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

const THREE_TARGETS: &str = r#"version: 1
targets:
  - name: hub
    url: http://hub.example/
    probes:
      - { type: http, name: site, every: 30s }
      - { type: binder-launch, name: cached, spec: gh/example/tiny/v1, every: 2m }
  - { name: one, url: "http://one.example/", probes: [{ type: http, name: site, every: 20s }] }
  - { name: two, url: "http://two.example/", probes: [{ type: http, name: site, every: 20s }] }
channels:
  - { type: webhook, name: ops, url: env:HOOK }
"#;

fn witnessed(text: &str) -> Config {
    let mut config = configuration(text);
    let hosts = ["http://witness-a.example/", "http://witness-b.example/"];
    config.service.witnesses = hosts.iter().map(|h| h.parse().unwrap()).collect();
    config
}

async fn runs(world: &World) -> Vec<Observation> {
    let mut runs = world.store.runs(&RunQuery { limit: 100_000, ..RunQuery::default() }).await.unwrap();
    runs.sort_by_key(|r| r.slot);
    runs
}

fn count(runs: &[Observation], verdict: Verdict, reason: Option<Reason>) -> usize {
    runs.iter()
        .filter(|r| r.outcome.verdict == verdict && (reason.is_none() || r.outcome.reason == reason))
        .count()
}

/// `kind target` of every letter.
fn told(world: &World) -> Vec<String> {
    let row = |l: &crate::post::Posted| {
        let json: serde_json::Value = serde_json::from_str(&l.body).unwrap();
        format!("{} {}", l.kind, json["facts"]["target"].as_str().unwrap_or("?"))
    };
    world.post.letters().iter().map(row).collect()
}

#[tokio::test(start_paused = true)]
async fn cut_off_from_the_network_we_say_so_and_nobody_else_is_accused_or_loses_uptime() {
    let world = World::start(witnessed(THREE_TARGETS), 1).await;
    world.run_for(10 * MINUTE).await;
    world.cable.cut(true);
    world.run_for(10 * MINUTE).await;
    world.cable.cut(false);
    world.run_for(10 * MINUTE).await;
    assert_eq!(told(&world), ["opened launchwatch", "resolved launchwatch"]);
    assert!(world.post.letters()[0].body.contains("cut off from the network"));
    let runs = runs(&world).await;
    assert_eq!(count(&runs, Verdict::Failed, None), 0, "{runs:#?}");
    let excused = count(&runs, Verdict::Unknown, Some(Reason::ProberIsolated));
    assert!(excused > 60, "{excused}");
    let last = world.clock.now() - SignedDuration::from_mins(9);
    assert!(runs.iter().filter(|r| r.slot > last).all(|r| r.outcome.verdict == Verdict::Passed));
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_launch_in_flight_when_the_line_is_cut_is_no_failure_either() {
    let mut config = witnessed(THREE_TARGETS);
    config.probes.retain(|p| p.launches);
    config.rules = vec![Rule::new("at-once", When::Failures { failures: 1, successes: 1 })];
    let world = World::start(config, 4).await;
    world.break_hub(Fault::SlowLaunch);
    while world.hub.snapshot().launches_begun < 3 {
        world.run_for(SECOND).await;
    }
    world.run_for(5 * SECOND).await;
    world.cable.cut(true);
    world.break_hub(Fault::StreamCut);
    world.run_for(5 * MINUTE).await;
    assert_eq!(told(&world), ["opened launchwatch"]);
    assert_eq!(count(&runs(&world).await, Verdict::Failed, None), 0);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn one_target_that_cannot_be_reached_is_accused_as_quickly_as_ever_while_witnesses_answer() {
    let world = World::start(witnessed(THREE_TARGETS), 1).await;
    world.run_for(10 * MINUTE).await;
    let asked = world.cable.asked();
    assert!(asked <= 2, "while all is well nobody is asked: {asked}");
    let lost_at = world.clock.now();
    world.cable.lose("one.example", true);
    world.run_for(60 * MINUTE).await;
    assert_eq!(told(&world)[0], "opened one");
    let delay = world.post.letters()[0].at.duration_since(lost_at).as_secs();
    assert!(delay <= 30, "{delay} s");
    assert!(told(&world).iter().all(|t| t.ends_with(" one")), "{:?}", told(&world));
    let asked = world.cable.asked() - asked;
    assert!((50..=140).contains(&asked), "two witnesses, about once a minute: {asked}");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn without_witnesses_or_with_such_as_never_answered_targets_are_accused_as_before() {
    for walled in [false, true] {
        let config = if walled { witnessed(THREE_TARGETS) } else { configuration(THREE_TARGETS) };
        let world = World::start(config, 1).await;
        world.cable.lose("witness-a.example", true);
        world.cable.lose("witness-b.example", true);
        world.run_for(10 * MINUTE).await;
        world.cable.lose("one.example", true);
        world.run_for(2 * MINUTE).await;
        let told = told(&world);
        assert!(told[0] == "opened one" && told.iter().all(|t| t.ends_with(" one")), "{walled}: {told:?}");
        world.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_network_that_flickers_for_seconds_is_told_to_nobody_but_of_ourselves() {
    let world = World::start(witnessed(THREE_TARGETS), 9).await;
    world.run_for(5 * MINUTE).await;
    for _ in 0..10 {
        world.cable.cut(true);
        world.run_for(8 * SECOND).await;
        world.cable.cut(false);
        world.run_for(55 * SECOND).await;
    }
    world.run_for(20 * MINUTE).await;
    let others: Vec<_> = told(&world).into_iter().filter(|t| !t.ends_with("launchwatch")).collect();
    assert!(others.is_empty(), "{others:?}");
    assert_eq!(count(&runs(&world).await, Verdict::Failed, None), 0);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_launch_that_hangs_is_told_long_before_its_deadline_also_right_after_a_restart() {
    let text = r#"version: 1
targets:
  - name: hub
    url: http://hub.example/
    probes: [{ type: binder-launch, name: cached, spec: gh/example/tiny/v1, every: 10m, deadline: 9m }]
channels: [{ type: webhook, name: ops, url: env:HOOK }]
rules: [{ name: at-once, failures: 1 }]
"#;
    let config = || {
        let mut config = configuration(text);
        config.probes[0].patience = Some(1.5);
        config
    };
    let world = World::start(config(), 1).await;
    world.run_for(5 * 60 * MINUTE).await;
    let clock = world.clock.clone();
    let (hub, post, store) = world.stop().await;
    let world = World::start_with(config(), 1, clock, store, Some((hub, post))).await;
    world.break_hub(Fault::Silent);
    world.run_for(25 * MINUTE).await;
    let began = runs(&world).await.iter().find(|r| r.outcome.verdict == Verdict::Failed).unwrap().began();
    let letters = world.post.letters();
    let delay = letters[0].at.duration_since(began).as_secs();
    assert!((9..=40).contains(&delay), "told after {delay} s");
    assert!(letters[0].body.contains("of 100 runs need at most"), "{}", letters[0].body);
    assert_eq!(letters.len(), 1, "{letters:#?}");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_launch_that_was_thought_to_hang_and_passes_in_the_end_is_told_to_nobody() {
    let mut config = configuration(THREE_TARGETS);
    config.probes.retain(|p| p.launches);
    config.probes[0].patience = Some(1.5);
    let world = World::start(config, 1).await;
    world.run_for(60 * MINUTE).await;
    world.break_hub(Fault::SlowLaunch);
    world.run_for(20 * MINUTE).await;
    assert_eq!(told(&world), [] as [&str; 0]);
    assert!(world.store.incidents(5).await.unwrap().is_empty());
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_pause_of_the_process_is_a_gap_not_a_failure_and_nothing_is_made_up_for() {
    let world = World::start(witnessed(THREE_TARGETS), 1).await;
    world.run_for(10 * MINUTE).await;
    world.break_hub(Fault::SlowLaunch);
    while world.hub.snapshot().launches_begun < 6 {
        world.run_for(SECOND).await;
    }
    let before = world.clock.now();
    tokio::time::advance(10 * MINUTE).await;
    let resumed = world.clock.now();
    world.run_for(15 * SECOND).await;
    let burst = runs(&world).await.iter().filter(|r| r.began() >= resumed).count();
    assert!(burst <= 4, "{burst} runs in 15 s");
    world.run_for(10 * MINUTE).await;
    let runs = runs(&world).await;
    assert_eq!(told(&world), [] as [&str; 0]);
    assert_eq!(count(&runs, Verdict::Failed, None), 0);
    let gap: Vec<_> = runs.iter().filter(|r| r.slot > before && r.slot < resumed).collect();
    // 20 + 30 + 30 + 5 slots, less those at the edges.
    assert!((80..=86).contains(&gap.len()), "{}", gap.len());
    for run in gap {
        assert_eq!(run.outcome.reason, Some(Reason::Missed), "{run:?}");
        assert!(run.outcome.summary.contains("paused"), "{}", run.outcome.summary);
    }
    let cut: Vec<_> = runs.iter().filter(|r| r.outcome.summary.contains("paused for 60")).collect();
    assert!(
        matches!(cut[..], [one] if one.slot < before && one.outcome.reason == Some(Reason::Prober)),
        "{cut:#?}"
    );
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_is_told_once_and_neither_bursts_nor_stops_the_probing() {
    for hours in [1, -1] {
        let world = World::start(witnessed(THREE_TARGETS), 1).await;
        world.run_for(10 * MINUTE + 7 * SECOND).await;
        let before = runs(&world).await.len();
        world.clock.set_by(SignedDuration::from_hours(hours));
        world.run_for(10 * SECOND).await;
        let took_place = |r: &&Observation| r.outcome.reason != Some(Reason::Missed);
        let burst = runs(&world).await.iter().filter(took_place).count() - before;
        assert!(burst <= 3, "{hours}: {burst} runs in 10 s");
        world.run_for(10 * MINUTE).await;
        let runs = runs(&world).await;
        let since = runs.iter().filter(took_place).count() - before;
        assert!((70..=95).contains(&since), "{hours}: {since} runs in ten minutes");
        assert_eq!(count(&runs, Verdict::Failed, None), 0);
        assert!(runs.iter().all(|r| r.lag < 70 * SECOND), "{hours}");
        assert_eq!(told(&world), ["opened launchwatch", "resolved launchwatch"], "{hours}");
        assert!(world.post.letters()[0].body.contains(if hours > 0 { "set forward" } else { "set back" }));
        world.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_expired_is_our_trouble_until_it_is_renewed() {
    let world = World::start(witnessed(THREE_TARGETS), 1).await;
    world.run_for(5 * MINUTE).await;
    world.break_hub(Fault::TokenRefused);
    world.run_for(10 * MINUTE).await;
    assert_eq!(told(&world), ["opened launchwatch"]);
    let body = &world.post.letters()[0].body;
    assert!(body.contains("token-hub-cached") && body.contains("give it a new token"), "{body}");
    world.break_hub(Fault::None);
    world.run_for(5 * MINUTE).await;
    assert_eq!(told(&world), ["opened launchwatch", "resolved launchwatch"]);
    assert_eq!(count(&runs(&world).await, Verdict::Failed, None), 0);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn out_of_files_is_our_trouble_and_no_run_fails_for_it() {
    let world = World::start(witnessed(THREE_TARGETS), 1).await;
    world.run_for(5 * MINUTE).await;
    world.cable.out_of_files(true);
    world.run_for(3 * MINUTE).await;
    world.cable.out_of_files(false);
    world.run_for(10 * MINUTE).await;
    assert_eq!(told(&world), ["opened launchwatch", "resolved launchwatch"]);
    assert!(world.post.letters()[0].body.contains("out of files"));
    let runs = runs(&world).await;
    assert_eq!(count(&runs, Verdict::Failed, None), 0);
    assert!(count(&runs, Verdict::Unknown, Some(Reason::Prober)) > 15);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn when_we_are_short_of_time_that_is_told_of_us() {
    let world = World::start(witnessed(THREE_TARGETS), 1).await;
    world.run_for(5 * MINUTE).await;
    for _ in 0..10 {
        tokio::time::advance(Duration::from_millis(1_400)).await;
        tokio::task::yield_now().await;
    }
    world.run_for(5 * MINUTE).await;
    assert_eq!(told(&world), ["opened launchwatch", "resolved launchwatch"]);
    assert!(world.post.letters()[0].body.contains("short of CPU"), "{}", world.post.letters()[0].body);
    world.stop().await;
}

/// How long after the breakage people are told, with a rule that wants three failures that span a minute.
async fn told_after(probe: &str, fault: Fault) -> i64 {
    let text = format!(
        "version: 1\ntargets:\n  - name: hub\n    url: http://hub.example/\n    probes: [{{ {probe}, every: 10m }}]\n\
         channels: [{{ type: webhook, name: ops, url: env:HOOK }}]\n"
    );
    let mut config = witnessed(&text);
    config.rules =
        vec![Rule { hold: MINUTE, ..Rule::new("zero", When::Failures { failures: 3, successes: 2 }) }];
    let world = World::start(config, 1).await;
    world.run_for(25 * MINUTE).await;
    world.break_hub(fault);
    world.run_for(15 * MINUTE).await;
    let opened = world.post.letters().first().cloned().unwrap();
    let runs = runs(&world).await;
    let first = runs.iter().find(|r| r.outcome.verdict == Verdict::Failed).unwrap();
    let confirming = runs.iter().filter(|r| r.confirms).count();
    assert!((2..=6).contains(&confirming), "{confirming}");
    world.break_hub(Fault::None);
    world.run_for(12 * MINUTE).await;
    assert_eq!(told(&world).last().unwrap(), "resolved hub", "both successes come with the next slot");
    world.stop().await;
    opened.at.duration_since(first.began()).as_secs()
}

#[tokio::test(start_paused = true)]
async fn a_doubt_is_confirmed_until_it_is_decided() {
    let site = told_after("type: http, url: \"http://hub.example/hub/health\"", Fault::ProxyDown).await;
    assert!((60..=75).contains(&site), "{site} s");
    let launch = told_after("type: binder-launch, spec: gh/a/b/c", Fault::SpawnerRaises).await;
    assert!((60..=150).contains(&launch), "{launch} s");
}
