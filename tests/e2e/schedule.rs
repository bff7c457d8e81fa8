//! When runs happen: the grid, cron, overlaps, budgets, confirmation.

use std::time::Duration;

use launchwatch::observation::Observation;
use launchwatch::standin::Fault;
use launchwatch::store::{RunQuery, Store};
use launchwatch_probes::{Reason, Verdict};

use crate::world::{World, configuration};

const MINUTE: Duration = Duration::from_secs(60);

fn one_probe(settings: &str) -> String {
    format!(
        "version: 1\ntargets:\n  - name: hub\n    url: http://hub.example/\n    probes: [{{ {settings} }}]\n"
    )
}

/// Runs in the order of their slots.
async fn runs(world: &World) -> Vec<Observation> {
    let mut runs = world.store.runs(&RunQuery { limit: 10_000, ..RunQuery::default() }).await.unwrap();
    runs.sort_by_key(|r| r.slot);
    runs
}

fn missed(runs: &[Observation]) -> usize {
    runs.iter().filter(|r| r.outcome.reason == Some(Reason::Missed)).count()
}

/// Seconds between the starts of neighbouring runs that took place.
fn gaps(runs: &[Observation]) -> Vec<i64> {
    let began: Vec<_> =
        runs.iter().filter(|r| r.outcome.reason != Some(Reason::Missed)).map(Observation::began).collect();
    began.windows(2).map(|w| w[1].duration_since(w[0]).as_secs()).collect()
}

#[tokio::test(start_paused = true)]
async fn runs_stay_on_the_grid_however_long_each_takes() {
    let world = World::start(
        configuration(&one_probe("type: binder-launch, spec: gh/a/b/c, every: 60s, deadline: 50s")),
        1,
    )
    .await;
    world.run_for(60 * MINUTE).await;
    let runs = runs(&world).await;
    assert!(runs.len() >= 59, "{}", runs.len());
    for pair in runs.windows(2) {
        assert_eq!(pair[1].slot.duration_since(pair[0].slot).as_secs(), 60);
        assert!(pair[1].lag < Duration::from_millis(5), "{:?}", pair[1].lag);
    }
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_run_longer_than_its_interval_skips_queues_or_overlaps_as_told() {
    // A slow launch takes about 30 s here: with a slot every 10 s, two or three slots pass during each.
    let mut seen = Vec::new();
    for overlap in ["skip", "queue", "allow"] {
        let settings =
            format!("type: binder-launch, spec: gh/a/b/c, every: 10s, deadline: 60s, overlap: {overlap}");
        let world = World::start(configuration(&one_probe(&settings)), 1).await;
        world.break_hub(Fault::SlowLaunch);
        world.run_for(10 * MINUTE).await;
        let runs = runs(&world).await;
        let peak = world.hub.snapshot().peak_launches;
        seen.push((missed(&runs), gaps(&runs), peak));
        world.stop().await;
    }
    let [
        (skip_missed, skip_gaps, skip_peak),
        (queue_missed, queue_gaps, queue_peak),
        (allow_missed, allow_gaps, allow_peak),
    ] = seen.try_into().unwrap();
    assert!(
        skip_missed > 20 && skip_gaps.iter().all(|g| *g >= 30 && g % 10 == 0),
        "{skip_missed} {skip_gaps:?}"
    );
    assert!(queue_missed > 20 && queue_gaps.iter().any(|g| g % 10 != 0), "{queue_missed} {queue_gaps:?}");
    assert!(
        allow_missed < 3 && allow_gaps.iter().filter(|g| **g == 10).count() > 40,
        "{allow_missed} {allow_gaps:?}"
    );
    assert_eq!((skip_peak, queue_peak), (1, 1));
    assert!((2..=4).contains(&allow_peak), "{allow_peak}");
}

#[tokio::test(start_paused = true)]
async fn launches_never_exceed_their_budget_and_slots_that_wait_in_vain_are_missed() {
    let text = one_probe("type: binder-launch, spec: gh/a/b/c, every: 5s, deadline: 100s, overlap: allow")
        + "service: { limits: { launches_per_target: 2 } }\n";
    let world = World::start(configuration(&text), 1).await;
    world.break_hub(Fault::SlowLaunch);
    world.run_for(20 * MINUTE).await;
    assert_eq!(world.hub.snapshot().peak_launches, 2);
    assert!(missed(&runs(&world).await) > 50);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_cron_expression_runs_at_its_times_in_its_time_zone() {
    let settings = r#"type: http, cron: "30 15 * * *", time_zone: Europe/Berlin"#;
    let world = World::start(configuration(&one_probe(settings)), 1).await;
    world.run_for(48 * 60 * MINUTE).await;
    let slots: Vec<_> = runs(&world).await.iter().map(|r| r.slot.to_string()).collect();
    assert_eq!(slots, ["2018-07-07T13:30:00Z", "2018-07-08T13:30:00Z"]);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_first_failure_and_a_first_success_are_confirmed_at_once() {
    let text = one_probe("type: http, url: \"http://hub.example/hub/health\", every: 60s, confirm_after: 3s");
    let mut config = configuration(&text);
    config.rules = vec![launchwatch_alerts::Rule::success_zero()];
    let world = World::start(config, 1).await;
    world.run_for(5 * MINUTE).await;
    world.break_hub(Fault::ProxyDown);
    world.run_for(5 * MINUTE).await;
    world.break_hub(Fault::None);
    world.run_for(5 * MINUTE).await;
    let runs = runs(&world).await;
    let confirming: Vec<_> = runs.iter().filter(|r| r.confirms).collect();
    assert_eq!(
        confirming.iter().map(|r| r.outcome.verdict).collect::<Vec<_>>(),
        [Verdict::Failed, Verdict::Passed]
    );
    for c in confirming {
        let before = runs.iter().rev().find(|r| r.slot < c.slot).unwrap();
        let pause = c.began().duration_since(before.ended());
        assert!((2..=3).contains(&pause.as_secs()), "{pause}");
        assert_eq!(before.outcome.verdict, c.outcome.verdict);
    }
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_in_the_middle_of_a_launch_is_recorded_as_aborted_and_accuses_nobody() {
    let text = one_probe("type: binder-launch, spec: gh/a/b/c, every: 120s, deadline: 100s")
        + "service: { grace: 8s }\n";
    let world = World::start(configuration(&text), 1).await;
    world.break_hub(Fault::HubHangs);
    for _ in 0..400 {
        world.run_for(Duration::from_millis(500)).await;
        if world.hub.snapshot().launches_begun > 0 {
            break;
        }
    }
    let (_, _, store) = world.stop().await;
    let runs = store.runs(&RunQuery { limit: 10, ..RunQuery::default() }).await.unwrap();
    assert_eq!((runs[0].outcome.verdict, runs[0].outcome.reason), (Verdict::Unknown, Some(Reason::Aborted)));
}
