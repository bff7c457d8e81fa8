//! A past for the demo: ninety made-up days, so that its pages look as they would after a season.
//!
//! The runs are made up, the incidents are not: the engine that judges the present judged them.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use launchwatch_alerts::{Change, Engine, Memory};
use launchwatch_probes::{Outcome, Reason, Stage, StageTime, Verdict};

use crate::config::Config;
use crate::observation::{Observation, ProbeId};
use crate::pipeline::sample;
use crate::store::{Batch, Error, Store};

/// Days of it.
const DAYS: i64 = 90;
/// From one run to the next, in seconds: on quiet days, today, and around trouble.
const QUIET: usize = 1_200;
const TODAY: usize = 300;
const CLOSE: usize = 60;
/// Where the past ends and the present begins.
const NOW_BEGINS: SignedDuration = SignedDuration::from_mins(1);

/// Something that went wrong: how many days ago, from which hour on, for how many minutes, what.
struct Trouble {
    days_ago: i64,
    hour: i64,
    minutes: i64,
    reason: Reason,
    stage: Stage,
    says: &'static str,
}

const TROUBLE: [Trouble; 4] = [
    Trouble {
        days_ago: 71,
        hour: 9,
        minutes: 34,
        reason: Reason::SpawnFailed,
        stage: Stage::Launch,
        says: "Spawn failed: the spawner gave up: no node pool answers",
    },
    Trouble {
        days_ago: 40,
        hour: 22,
        minutes: 187,
        reason: Reason::Timeout,
        stage: Stage::Launch,
        says: "no server within 30 s",
    },
    Trouble {
        days_ago: 16,
        hour: 13,
        minutes: 12,
        reason: Reason::HttpStatus,
        stage: Stage::FirstByte,
        says: "the BinderHub answers 503 Service Unavailable",
    },
    Trouble {
        days_ago: 3,
        hour: 6,
        minutes: 51,
        reason: Reason::SpawnFailed,
        stage: Stage::Launch,
        says: "Spawn failed: the spawner gave up: no node pool answers",
    },
];

/// The day on which nobody looked.
const AWAY: i64 = 55;

/// Writes it down.
///
/// # Errors
/// The store does not take it.
pub(super) async fn write(store: &dyn Store, config: &Config, now: Timestamp) -> Result<(), Error> {
    let midnight = now.as_second().div_euclid(86_400) * 86_400;
    let plan = config.plan(config.rules.clone(), now);
    let mut engine = Engine::new(plan, Memory::default());
    for day in (0..=DAYS).rev().filter(|day| *day != AWAY) {
        let trouble = TROUBLE.iter().find(|t| t.days_ago == day);
        let mut batch = Batch::default();
        for (second, close) in moments(trouble, if day == 0 { TODAY } else { QUIET }) {
            let Ok(at) = Timestamp::from_second(midnight - day * 86_400 + second) else { continue };
            if now.duration_since(at) < NOW_BEGINS {
                break;
            }
            let wrong = trouble.filter(|t| within(t, second));
            for probe in &config.probes {
                let seen = run(&probe.id, &config.service.location, probe.launches, at, wrong);
                if close {
                    let series = launchwatch_alerts::SeriesId {
                        target: probe.id.target().to_owned(),
                        probe: probe.id.probe().to_owned(),
                        location: seen.location.to_string(),
                    };
                    engine.see(&sample::of_observation(series.into(), false, &seen), seen.ended());
                }
                batch.observations.push(seen);
            }
            if close {
                batch.changes.extend(engine.tick(at + SignedDuration::from_secs(30)));
            }
            batch.now = at;
        }
        // Nobody is told now of what was then.
        batch.changes.retain(|change| !matches!(change, Change::Notify(_)));
        store.record(batch).await?;
    }
    Ok(())
}

/// Seconds of a day on which something ran, and whether it was near trouble.
fn moments(trouble: Option<&Trouble>, quiet: usize) -> Vec<(i64, bool)> {
    let near = trouble.map_or(0..0, |t| (t.hour * 3_600 - 1_800)..(t.hour * 3_600 + t.minutes * 60 + 3_600));
    let quiet = (0..86_400).step_by(quiet).map(|second| (second, false)).filter(|(s, _)| !near.contains(s));
    let close = near.clone().step_by(CLOSE).map(|second| (second, true));
    let mut all: Vec<_> = quiet.chain(close).collect();
    all.sort_unstable();
    all
}

fn within(trouble: &Trouble, second: i64) -> bool {
    let from = trouble.hour * 3_600;
    (from..from + trouble.minutes * 60).contains(&second)
}

/// One run. What takes how long wanders with the hour and the day, the same at every start.
fn run(
    probe: &ProbeId,
    location: &std::sync::Arc<str>,
    launches: bool,
    slot: Timestamp,
    wrong: Option<&Trouble>,
) -> Observation {
    let second = slot.as_second().unsigned_abs();
    let noise = (second / 60).wrapping_mul(2_654_435_761) >> 7 & 1_023;
    let busy = 1.0 + 0.5 * ((second % 86_400) as f64 / 86_400.0 * std::f64::consts::TAU).sin().max(0.0);
    let stages: &[(Stage, f64)] = if launches {
        &[
            (Stage::Resolve, 0.01),
            (Stage::Launch, 2.2),
            (Stage::Server, 0.4),
            (Stage::Kernel, 0.5),
            (Stage::Teardown, 0.2),
        ]
    } else {
        &[(Stage::Connect, 0.0004), (Stage::FirstByte, 0.003), (Stage::Body, 0.0006)]
    };
    let mut outcome = Outcome::bare(Verdict::Passed, None, "");
    let mut start = Duration::ZERO;
    let fails = wrong.filter(|t| launches || t.stage == Stage::FirstByte);
    for (stage, usual) in stages {
        let took = Duration::from_secs_f64(usual * busy * (0.8 + noise as f64 / 1_800.0));
        outcome.stages.push(StageTime { stage: *stage, start, took });
        start += took;
        if fails.is_some_and(|t| t.stage == *stage || (launches && *stage == Stage::Launch)) {
            break;
        }
    }
    if let Some(trouble) = fails {
        let last = outcome.stages.last().map(|s| s.stage);
        (outcome.verdict, outcome.reason, outcome.failed_stage) =
            (Verdict::Failed, Some(trouble.reason), last);
        outcome.summary = trouble.says.into();
        outcome.evidence = vec![trouble.says.into()];
    } else if launches && noise == 1_000 {
        (outcome.verdict, outcome.reason) = (Verdict::Failed, Some(Reason::StreamCut));
        outcome.failed_stage = outcome.stages.last().map(|s| s.stage);
        outcome.summary = "the stream was cut".into();
    }
    let lag = Duration::from_micros(900);
    Observation {
        probe: probe.clone(),
        location: std::sync::Arc::clone(location),
        slot,
        lag,
        confirms: false,
        outcome,
    }
}
