use std::time::Instant;

use launchwatch_alerts::{Known, Memory, Plan, Rule, When};
use launchwatch_probes::{Outcome, Reason, Stage, StageTime};

use super::*;
use crate::config::{self, Config, Registries};
use crate::store::{Batch, Retention, SqliteStore};

const NOON: &str = "2018-07-07T12:00:00Z";

fn config(probes: usize) -> Config {
    let rows = (0..probes).map(|n| format!("      - {{ type: http, name: p{n} }}\n"));
    let head = "version: 1\ntargets:\n  - name: hub\n    url: http://hub.example\n    probes:\n";
    let launch = "      - { type: binder-launch, name: cached, spec: gh/a/b/c }\n";
    let text = rows.fold(head.to_owned() + launch, |text, row| text + &row);
    config::load_text("t.yaml", &text, Registries::BUILT_IN, &|_| None).unwrap().0
}

fn engine(config: &Config, rules: Vec<Rule>) -> Engine {
    let known = |p: &ProbeConfig| Known { series: series(&p.id, "here"), every: Duration::from_secs(60) };
    Engine::new(Plan::simple(rules, config.probes.iter().map(known).collect(), None), Memory::default())
}

fn seen(probe: &ProbeId, minute: i64, verdict: Verdict) -> Observation {
    let mut outcome = Outcome::bare(verdict, (verdict != Verdict::Passed).then_some(Reason::Timeout), "");
    let took = Duration::from_millis(8_000 + minute.unsigned_abs() * 10);
    outcome.stages = vec![StageTime { stage: Stage::Launch, start: Duration::ZERO, took }];
    let slot = NOON.parse::<Timestamp>().unwrap() - SignedDuration::from_mins(minute);
    Observation {
        probe: probe.clone(),
        location: "here".into(),
        slot,
        lag: Duration::ZERO,
        confirms: false,
        outcome,
    }
}

async fn recall(store: &SqliteStore, config: &Config, rules: Vec<Rule>) -> (Engine, Learned, SharedBoard) {
    let (mut engine, learned, board) = (engine(config, rules), Learned::default(), SharedBoard::new(config));
    let now = NOON.parse().unwrap();
    fill(&board, store, Vec::new(), now).await.unwrap();
    let past = Past { engine: &mut engine, learned: &learned, board: &board, location: "here" };
    past.recall(store, &config.probes, now).await.unwrap();
    (engine, learned, board)
}

#[tokio::test]
async fn after_a_start_judges_go_on_where_they_were_and_patience_knows_what_is_usual() {
    let (config, store) = (config(1), SqliteStore::in_memory(Retention::default()).unwrap());
    let (site, launch) = (ProbeId::new("hub", "p0"), ProbeId::new("hub", "cached"));
    let mut batch = Batch::default();
    // Ten failures, then many runs that say nothing: they must be looked past.
    batch.observations.extend((100..110).rev().map(|m| seen(&site, m, Verdict::Failed)));
    batch.observations.extend((1..100).rev().map(|m| seen(&site, m, Verdict::Unknown)));
    batch.observations.extend((1..60).rev().map(|m| seen(&launch, m, Verdict::Passed)));
    store.record(batch).await.unwrap();
    let (mut engine, learned, board) = recall(&store, &config, vec![Rule::success_zero()]).await;
    assert!(engine.doubted(&series(&site, "here")));
    assert!(!engine.doubted(&series(&launch, "here")));
    assert_eq!(learned.usual(&launch, Stage::Launch).unwrap().as_secs(), 8);
    assert_eq!(learned.usual(&site, Stage::Launch), None, "only launches are waited for");
    assert!(board.read().probes[&launch].last.is_some());
    let now = NOON.parse().unwrap();
    engine.start(now);
    let one = seen(&site, 0, Verdict::Failed);
    let changes = engine.observe(&sample::of_observation(Arc::new(series(&site, "here")), false, &one), now);
    assert!(changes.iter().any(|c| matches!(c, launchwatch_alerts::Change::Notify(_))), "{changes:?}");
}

/// Run with `--ignored --nocapture`, better with `--release`.
#[tokio::test]
#[ignore = "a measurement"]
async fn starting_with_five_thousand_probes() {
    let config = config(5_000);
    let hour = Duration::from_secs(3_600);
    let slow =
        When::Latency { stage: None, quantile: 0.95, above: hour, recover: hour, over: hour, at_least: 5 };
    for (what, rules) in [
        ("failures in a row", vec![Rule::success_zero()]),
        ("and latency over an hour", vec![Rule::success_zero(), Rule::new("slow", slow)]),
    ] {
        for hours in [0, 1, 3] {
            let dir = tempfile::tempdir().unwrap();
            let store = SqliteStore::open(dir.path(), Retention::default()).unwrap();
            for minute in (0..hours * 60).rev() {
                let observations =
                    config.probes.iter().map(|p| seen(&p.id, minute, Verdict::Passed)).collect();
                store
                    .record(Batch { observations, now: NOON.parse().unwrap(), ..Batch::default() })
                    .await
                    .unwrap();
            }
            #[expect(clippy::disallowed_methods, reason = "a measurement in real time")]
            let began = Instant::now();
            recall(&store, &config, rules.clone()).await;
            println!("{what}: {hours} h of history, started after {:?}", began.elapsed());
        }
    }
}
