//! What all judges promise, over random histories: a restart cannot be seen, time cannot confuse them.

use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;

use super::trial::{at, sample};
use super::{Judge, Reading, of};
use crate::{BurnWindow, Details, Health, Sample, Side, When};

const EVERY: Duration = Duration::from_secs(60);

fn mins(n: u64) -> Duration {
    Duration::from_secs(60 * n)
}

/// One or two of each condition. Silence is tried for itself: there a restart gives time.
fn conditions() -> Vec<When> {
    let (measurement, name) = ("m".to_owned(), "f".to_owned());
    let stage = Some("launch".to_owned());
    let latency = |stage, quantile, over| When::Latency {
        stage,
        quantile,
        above: Duration::from_secs(6),
        recover: Duration::from_secs(4),
        over,
        at_least: 3,
    };
    let side = Side::Above;
    vec![
        When::Failures { failures: 2, successes: 2 },
        When::Failures { failures: 3, successes: 1 },
        When::FailuresOf { failures: 3, of: 10, recover: 1 },
        When::SuccessRatio { below: 0.0, over: mins(10), at_least: 3, recover: 0.4 },
        When::SuccessRatio { below: 0.5, over: mins(30), at_least: 5, recover: 0.8 },
        latency(None, 0.5, mins(10)),
        latency(stage, 0.95, mins(30)),
        When::Slow { slow: 3, of: 5, above: Duration::from_secs(6), quick: 2 },
        When::Threshold { measurement: measurement.clone(), side, bound: 6.0, recover: 4.0 },
        When::Forecast {
            measurement: measurement.clone(),
            side,
            bound: 9.0,
            within: mins(10),
            over: mins(20),
        },
        When::Changed { of: name, tell_for: mins(5) },
        When::Changed { of: measurement, tell_for: mins(3) },
        When::BurnRate { objective: 0.9, windows: BurnWindow::PAGING.to_vec(), at_least: 2 },
    ]
}

fn silence() -> When {
    When::NoData { intervals: 2 }
}

/// A run, and perhaps a judgement of it before its end.
#[derive(Debug, Clone)]
struct Run {
    early: bool,
    gap: u32,
    health: Health,
    value: Option<u8>,
}

fn run() -> impl Strategy<Value = Run> {
    let health = prop_oneof![
        5 => Just(Health::Good), 1 => Just(Health::Poor), 4 => Just(Health::Bad), 1 => Just(Health::Unknown)
    ];
    let gap = prop_oneof![12 => 55..65u32, 2 => 65..400u32, 1 => 400..3_000u32];
    (any::<bool>(), gap, health, prop::option::weighted(0.8, 0..10u8))
        .prop_map(|(early, gap, health, value)| Run { early, gap, health, value })
}

/// What a run looks like at its end.
fn ended(run: &Run, second: i64) -> Sample {
    let details = run.value.map(|value| {
        let took = f64::from(value);
        Box::new(Details {
            took,
            stages: vec![("launch", took)],
            measurements: [("m".to_owned(), took)].into(),
            facts: [("f".to_owned(), (value % 2).to_string())].into(),
        })
    });
    Sample { details, ..sample(run.health, second) }
}

/// Judge and engine's memory of it: since when the condition holds, as the alert has it.
struct Watched {
    judge: Box<dyn Judge>,
    alert: Option<(Timestamp, u32)>,
    now: Option<Timestamp>,
}

impl Watched {
    fn new(when: &When) -> Self {
        Self { judge: of(when, EVERY), alert: None, now: None }
    }

    fn note(&mut self, reading: Reading, now: Timestamp) -> Reading {
        match reading {
            Reading::Holds => {
                let since = self.judge.since().unwrap_or(now);
                self.alert.get_or_insert((since, 0)).1 = self.judge.failures();
            }
            Reading::Clear => self.alert = None,
            Reading::Silent => {}
        }
        reading
    }

    /// Lets time pass, then shows the sample.
    fn see(&mut self, sample: &Sample) -> Vec<Reading> {
        let mut said = Vec::new();
        while let Some(at) = self.judge.next().filter(|at| *at <= sample.at) {
            // Nobody is asked about the past.
            let at = at.max(self.now.unwrap_or(sample.at));
            let reading = self.judge.tick(at);
            assert!(self.judge.next().is_none_or(|next| next > at), "would be asked for ever");
            said.push(self.note(reading, at));
        }
        self.now = self.now.max(Some(sample.at));
        let reading = self.judge.see(sample);
        said.push(self.note(reading, sample.at));
        said
    }

    /// The same after a restart: only ends of runs are on record, and as many as it looks back on.
    fn reborn(&self, when: &When, past: &[Sample], now: Timestamp) -> Self {
        let mut again = Self { judge: of(when, EVERY), ..*self };
        let back = again.judge.looks_back();
        let telling = past.iter().enumerate().rev().filter(|(_, s)| s.health != Health::Unknown);
        let by_runs = telling.take(back.runs).last().map_or(past.len(), |(i, _)| i);
        let young = |s: &Sample| now.duration_since(s.slot).unsigned_abs() <= back.time;
        for (i, sample) in past.iter().enumerate() {
            if i >= by_runs || young(sample) {
                again.judge.see(sample);
            }
        }
        if let Some((since, failures)) = self.alert {
            again.judge.resume(since, failures);
        }
        again
    }
}

proptest! {
    #[test]
    fn a_judge_that_was_restarted_says_the_same_as_one_that_was_not(
        runs in prop::collection::vec(run(), 1..120),
        stop in 0..120usize,
    ) {
        for when in conditions() {
            let (mut one, mut other) = (Watched::new(&when), None::<Watched>);
            let (mut past, mut second) = (Vec::new(), 0);
            for (i, run) in runs.iter().enumerate() {
                second += i64::from(run.gap);
                if i == stop {
                    other = Some(one.reborn(&when, &past, at(second - 1)));
                }
                let end = ended(run, second);
                let early = Sample { in_flight: true, ..sample(Health::Bad, second) };
                for sample in run.early.then_some(&early).into_iter().chain([&end]) {
                    let said = one.see(sample);
                    if let Some(other) = &mut other {
                        prop_assert_eq!(said, other.see(sample), "{:?} run {}", when, i);
                    }
                }
                past.push(end);
            }
        }
    }

    #[test]
    fn nothing_that_may_come_makes_a_judge_panic_or_ask_for_ever(
        samples in prop::collection::vec((any::<i32>(), -100..100i64, run(), any::<f64>()), 0..100),
    ) {
        let mut odd: Vec<When> = conditions();
        odd.push(silence());
        odd.push(When::NoData { intervals: u32::MAX });
        odd.push(When::Changed { of: "m".into(), tell_for: Duration::MAX });
        odd.push(When::Latency {
            stage: None, quantile: f64::NAN, above: Duration::MAX, recover: Duration::ZERO,
            over: Duration::MAX, at_least: 0,
        });
        odd.push(When::BurnRate {
            objective: f64::NAN, at_least: 0,
            windows: vec![BurnWindow { long: Duration::ZERO, short: Duration::MAX, rate: f64::NAN }],
        });
        odd.push(When::Forecast {
            measurement: "m".into(), side: Side::Below, bound: f64::INFINITY, within: Duration::MAX,
            over: Duration::ZERO,
        });
        for when in odd {
            let mut judge = of(&when, EVERY);
            for (far, near, run, value) in &samples {
                // Mostly close together, back and forth; now and then years away.
                let second = if far % 10 == 0 { i64::from(*far) } else { *near };
                let mut one = ended(run, second);
                if let Some(details) = &mut one.details {
                    details.took = *value;
                    details.measurements.insert("m".into(), *value);
                }
                judge.see(&one);
                judge.tick(one.at);
                prop_assert!(judge.next().is_none_or(|next| next > one.at), "{:?}", when);
                judge.says();
                judge.since();
                judge.failures();
                judge.looks_back();
                if near % 7 == 0 {
                    judge.resume(one.at, u32::MAX);
                    judge.tick(one.at);
                }
            }
        }
    }
}

#[test]
fn while_all_is_well_no_condition_holds() {
    for when in conditions().into_iter().chain([silence()]) {
        let mut judge = Watched::new(&when);
        for i in 0..300 {
            let run = Run { early: false, gap: 60, health: Health::Good, value: Some(2) };
            assert!(!judge.see(&ended(&run, 60 * i)).contains(&Reading::Holds), "{when:?}");
        }
    }
}

#[test]
fn an_outage_of_an_hour_holds_under_each_condition_that_is_about_failures() {
    for when in conditions() {
        use When::{BurnRate, Failures, FailuresOf, SuccessRatio};
        if !matches!(when, Failures { .. } | FailuresOf { .. } | SuccessRatio { .. } | BurnRate { .. }) {
            continue;
        }
        let mut judge = Watched::new(&when);
        let bad = Run { early: true, gap: 60, health: Health::Bad, value: None };
        let last = (0..60).map(|i| judge.see(&ended(&bad, 60 * i))).last();
        assert_eq!(last.and_then(|mut said| said.pop()), Some(Reading::Holds), "{when:?}");
    }
}
