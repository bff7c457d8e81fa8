//! Whatever happens and whenever the process ends, buckets are what one would count from the results.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::observation::{Observation, ProbeId};
use crate::store::testing::*;
use crate::store::{Batch, Bucket, RunQuery, SeriesQuery, Store, Tier};

/// What a test does next.
#[derive(Debug, Clone)]
enum Step {
    /// Keeps results: probe, seconds to the date (negative is late), form.
    Keep(Vec<(u8, i64, u8)>),
    /// Time goes on by so many seconds.
    Wait(i64),
    /// Housekeeping.
    Prune,
    /// Blocks are made.
    Compact,
    /// The process ends without a word and begins again.
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let result = (0..3_u8, prop_oneof![4 => -40..0_i64, 1 => -20_000..0_i64], 0..9_u8);
    prop::collection::vec(
        prop_oneof![
            6 => prop::collection::vec(result, 1..12).prop_map(Step::Keep),
            3 => (1..9_000_i64).prop_map(Step::Wait),
            1 => Just(Step::Prune),
            1 => Just(Step::Compact),
            2 => Just(Step::Reopen),
        ],
        1..40,
    )
}

fn result(probe: u8, seconds: i64, form: u8) -> Observation {
    let name = ["a", "b", "c"][usize::from(probe)];
    match form {
        0 => failed(name, seconds),
        1 => missed(name, seconds),
        _ => passed(name, seconds),
    }
}

/// Buckets counted from scratch.
fn count(runs: &[Observation], tier: Tier) -> Vec<(ProbeId, Vec<Bucket>)> {
    let mut counted: BTreeMap<ProbeId, BTreeMap<i64, Bucket>> = BTreeMap::new();
    for run in runs {
        let start = tier.floor(run.slot.as_second());
        let of = counted.entry(run.probe.clone()).or_default();
        of.entry(start).or_insert_with(|| Bucket { start, ..Bucket::default() }).count(&run.outcome);
    }
    counted.into_iter().map(|(p, b)| (p, b.into_values().collect())).collect()
}

async fn check(store: &SqliteStore, kept: &BTreeMap<(ProbeId, jiff::Timestamp), Observation>) {
    let runs = store.runs(&RunQuery { limit: 1_000_000, ..RunQuery::default() }).await.unwrap();
    let told: BTreeSet<_> =
        runs.iter().map(|r| (r.probe.clone(), r.slot, r.outcome.verdict, r.confirms)).collect();
    let truth: BTreeSet<_> =
        kept.values().map(|r| (r.probe.clone(), r.slot, r.outcome.verdict, r.confirms)).collect();
    assert_eq!((runs.len(), told), (kept.len(), truth));
    for tier in Tier::ALL {
        let query = SeriesQuery { probes: Vec::new(), tier, from: START - 200_000, to: START + 10_000_000 };
        assert_eq!(store.series(&query).await.unwrap(), count(&runs, tier), "{tier:?}");
    }
    assert_eq!(store.unreadable(), 0);
}

async fn play(steps: Vec<Step>) {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    let mut now = 100_000;
    let mut kept = BTreeMap::new();
    for step in steps {
        match step {
            Step::Keep(results) => {
                let seen: Vec<_> =
                    results.into_iter().map(|(p, ago, form)| result(p, now + ago, form)).collect();
                for run in &seen {
                    kept.entry((run.probe.clone(), run.slot)).or_insert_with(|| run.clone());
                }
                store.record(Batch { now: at(now), ..batch(seen) }).await.unwrap();
            }
            Step::Wait(seconds) => now += seconds,
            Step::Prune => drop(store.prune(at(now)).await.unwrap()),
            Step::Compact => store.compact().await.unwrap(),
            Step::Reopen => {
                // Nothing is written when a store is dropped: this is what a killed process leaves.
                drop(store);
                store = open(&dir);
            }
        }
    }
    check(&store, &kept).await;
    drop(store);
    check(&open(&dir), &kept).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn buckets_are_what_one_counts_from_the_results(steps in steps()) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(play(steps));
    }
}
