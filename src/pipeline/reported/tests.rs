//! Whatever order, however often, in whatever parts, with a crash in between: told is told once.

use std::sync::Arc;
use std::time::Duration;

use launchwatch_alerts::{Engine, Known as Probe, Memory, Plan, Rule, SeriesId};
use launchwatch_probes::{Outcome, Reason, Stage, StageTime, Verdict};
use proptest::prelude::*;

use super::*;
use crate::store::{Batch, Retention, SqliteStore};

const EVERY: i64 = 60;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_530_988_200 + second).unwrap()
}

fn id(number: usize) -> ProbeId {
    ProbeId::from(format!("hub/p{number}@frankfurt"))
}

fn seen(number: usize, turn: i64, bad: bool) -> Observation {
    let verdict = if bad { Verdict::Failed } else { Verdict::Passed };
    let mut outcome =
        Outcome::bare(verdict, bad.then_some(Reason::Timeout), if bad { "no answer" } else { "" });
    let took = Duration::from_millis(250);
    outcome.stages = vec![StageTime { stage: Stage::Body, start: Duration::ZERO, took }];
    Observation {
        probe: id(number),
        location: "frankfurt".into(),
        slot: at(turn * EVERY),
        lag: Duration::ZERO,
        confirms: false,
        outcome,
    }
}

fn store() -> Arc<SqliteStore> {
    Arc::new(SqliteStore::in_memory(Retention::default()).unwrap().at_once())
}

/// A recorder, as far as it has to do with reports.
struct Desk {
    store: Arc<SqliteStore>,
    reported: Reported,
    engine: Engine,
    judged: Vec<(ProbeId, Timestamp)>,
    taken: usize,
}

fn engine() -> Engine {
    let known = (0..2).map(|n| Probe { series: series(&id(n)), every: Duration::from_secs(60) }).collect();
    Engine::new(Plan::simple(vec![Rule::success_zero()], known, ["ops".to_owned()]), Memory::default())
}

fn series(id: &ProbeId) -> SeriesId {
    super::super::recorder::series(id, "frankfurt")
}

impl Desk {
    fn new() -> Self {
        Self { store: store(), reported: Reported::default(), engine: engine(), judged: Vec::new(), taken: 0 }
    }

    /// What is in memory alone is gone; the engine is shown the past by others and stays here.
    fn crash(&mut self) {
        self.reported = Reported::default();
    }

    /// Takes a report; `durable` says whether we live until it is written down.
    async fn tell(&mut self, report: Vec<Observation>, now: Timestamp, durable: bool) {
        let sorted = self.reported.sort(report, self.store.as_ref(), now).await.unwrap();
        if !durable {
            return self.crash();
        }
        for (one, _) in sorted.news.iter().filter(|(_, judged)| *judged) {
            let sample = super::super::sample::of_observation(Arc::new(series(&one.probe)), false, one);
            self.engine.see(&sample, now);
            self.judged.push((one.probe.clone(), one.slot));
        }
        self.taken += sorted.new.iter().filter(|new| **new).count();
        drop(self.engine.tick(now));
        let observations = sorted.news.into_iter().map(|(one, _)| one).collect();
        self.store.record(Batch { observations, now, ..Batch::default() }).await.unwrap();
    }

    async fn kept(&self) -> Vec<Observation> {
        let all = RunQuery { limit: 10_000, ..RunQuery::default() };
        let mut runs = self.store.runs(&all).await.unwrap();
        runs.sort_by_key(|run| (run.slot, run.probe.clone()));
        runs
    }

    /// How the alerts stand.
    fn alerts(&self) -> Vec<String> {
        self.engine
            .alerts()
            .map(|a| format!("{} {:?} {} {}", a.key.series, a.state, a.since, a.failures))
            .collect()
    }
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn course() -> impl Strategy<Value = Vec<Observation>> {
    proptest::collection::vec(any::<(bool, bool)>(), 1..24).prop_map(|turns| {
        let both = turns.iter().enumerate().flat_map(|(turn, (a, b))| {
            let turn = i64::try_from(turn).unwrap();
            [seen(0, turn, *a), seen(1, turn, *b)]
        });
        both.collect()
    })
}

/// A report: so many of what comes next, how far back it begins to repeat, and whether we live until it is durable.
fn parts() -> impl Strategy<Value = Vec<(usize, usize, bool, bool)>> {
    proptest::collection::vec((1_usize..9, 0_usize..30, proptest::bool::weighted(0.8), any::<bool>()), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn in_order_with_repeats_splits_and_crashes_all_ends_as_if_told_once(course in course(), parts in parts()) {
        let (once, often) = wait(async {
            let now = |upto: usize| course.get(upto.saturating_sub(1)).map_or(at(0), |o| o.ended());
            let mut once = Desk::new();
            for (number, one) in course.iter().enumerate() {
                once.tell(vec![one.clone()], now(number + 1), true).await;
            }
            let mut often = Desk::new();
            // Whoever is not answered sends the same again, and more besides.
            let mut upto = 0;
            let rest = std::iter::repeat_n((4, 0, true, false), course.len());
            for (more, back, durable, crash) in parts.iter().copied().chain(rest) {
                let end = (upto + more).min(course.len());
                let report = course[upto.saturating_sub(back)..end].to_vec();
                often.tell(report, now(end), durable).await;
                if durable { upto = end; }
                if crash { often.crash(); }
            }
            ((once.kept().await, once.judged.clone(), once.taken, once.alerts()),
             (often.kept().await, often.judged.clone(), often.taken, often.alerts()))
        });
        prop_assert_eq!(once.0, often.0);
        prop_assert_eq!(once.2, often.2);
        // Two series side by side: each in its own order.
        for number in 0..2 {
            let of = |all: &[(ProbeId, Timestamp)]| all.iter().filter(|(p, _)| *p == id(number)).cloned().collect::<Vec<_>>();
            prop_assert_eq!(of(&once.1), of(&often.1));
        }
        let states = |all: &[String]| all.iter().map(|a| a.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>();
        prop_assert_eq!(states(&once.3), states(&often.3));
    }

    #[test]
    fn in_any_order_the_record_is_whole_each_counts_once_and_nothing_is_judged_backwards(
        course in course(), picks in proptest::collection::vec((any::<prop::sample::Index>(), 1_usize..12, any::<bool>(), any::<bool>()), 1..40)
    ) {
        let (kept, judged, taken) = wait(async {
            let mut desk = Desk::new();
            let now = at(24 * EVERY);
            for (first, length, durable, crash) in &picks {
                let mut report: Vec<_> = course.iter().cycle().skip(first.index(course.len())).take(*length).cloned().collect();
                report.reverse();
                desk.tell(report, now, *durable).await;
                if *crash { desk.crash(); }
            }
            for part in course.chunks(5).rev() {
                desk.tell(part.to_vec(), now, true).await;
            }
            (desk.kept().await, desk.judged.clone(), desk.taken)
        });
        // Times of runs that passed are kept to the hundredth.
        let names = |all: &[Observation]| all.iter().map(|o| (o.slot, o.probe.clone(), o.outcome.verdict)).collect::<Vec<_>>();
        prop_assert_eq!(names(&kept), names(&course));
        prop_assert_eq!(taken, course.len());
        for number in 0..2 {
            let slots: Vec<_> = judged.iter().filter(|(p, _)| *p == id(number)).map(|(_, s)| *s).collect();
            prop_assert!(slots.is_sorted_by(|a, b| a < b), "{slots:?}");
        }
    }
}

#[test]
fn what_is_late_is_kept_and_not_judged() {
    wait(async {
        let mut desk = Desk::new();
        desk.reported.late.insert(id(1), SignedDuration::from_mins(15));
        let now = at(600);
        for (number, second, expected) in [(0, 200, false), (0, 300, true), (0, 299, false), (1, 200, true)] {
            let one = Observation { slot: at(second), ..seen(number, 0, false) };
            let before = desk.judged.len();
            desk.tell(vec![one], now, true).await;
            assert_eq!(desk.judged.len() > before, expected, "{number} {second}");
        }
        assert_eq!(desk.kept().await.len(), 4);
    });
}

#[test]
fn memory_is_bounded_and_what_is_forgotten_is_looked_up() {
    wait(async {
        let mut desk = Desk::new();
        let all: Vec<_> = (0..5_000).map(|turn| seen(0, turn, false)).collect();
        for part in all.chunks(500) {
            desk.tell(part.to_vec(), at(5_000 * EVERY), true).await;
        }
        assert_eq!(desk.reported.series[&id(0)].slots.len(), REMEMBERED);
        desk.tell(all[..500].to_vec(), at(5_000 * EVERY), true).await;
        assert_eq!(desk.taken, 5_000);
    });
}
