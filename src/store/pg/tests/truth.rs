//! Whatever happens and whoever writes, buckets are what one would count from the results.

use std::collections::{BTreeMap, BTreeSet};

use super::server::{address, open};
use crate::observation::{Observation, ProbeId};
use crate::store::testing::*;
use crate::store::{Batch, Bucket, PgStore, RunQuery, SeriesQuery, Store, Tier};

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

async fn check(store: &PgStore, kept: &BTreeMap<(ProbeId, jiff::Timestamp), Observation>) {
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

/// A replica that only reads looks now and then, so that it counts on from wherever it was.
async fn play(seed: u64) {
    let Some(address) = address().await else { return };
    let mut dice = fastrand::Rng::with_seed(seed);
    let (mut store, follower) = (open(&address).await, open(&address).await);
    let mut now = 100_000;
    let mut kept = BTreeMap::new();
    for _ in 0..dice.usize(8..40) {
        match dice.u8(0..13) {
            0..6 => {
                let ago = |dice: &mut fastrand::Rng| {
                    if dice.u8(0..5) == 0 { dice.i64(-20_000..0) } else { dice.i64(-40..0) }
                };
                let seen: Vec<_> = (0..dice.usize(1..12))
                    .map(|_| result(dice.u8(0..3), now + ago(&mut dice), dice.u8(0..9)))
                    .collect();
                for run in &seen {
                    kept.entry((run.probe.clone(), run.slot)).or_insert_with(|| run.clone());
                }
                store.record(Batch { now: at(now), ..batch(seen) }).await.unwrap();
            }
            6..9 => now += dice.i64(1..9_000),
            9 => drop(store.prune(at(now)).await.unwrap()),
            10 => store.compact().await.unwrap(),
            11 => check(&follower, &kept).await,
            // Another one goes on.
            _ => store = open(&address).await,
        }
    }
    check(&follower, &kept).await;
    check(&store, &kept).await;
    check(&open(&address).await, &kept).await;
}

#[tokio::test]
async fn buckets_are_what_one_counts_from_the_results() {
    for seed in 0..24 {
        play(seed).await;
    }
}

#[tokio::test]
async fn what_came_since_a_batch_comes_once_and_in_order() {
    let Some(address) = address().await else { return };
    let (store, follower) = (open(&address).await, open(&address).await);
    let (mut batch_read, mut slots) = (0, Vec::new());
    for n in 0..9 {
        store.record(batch(vec![passed("a", n * 60), failed("b", n * 60)])).await.unwrap();
        if n % 3 == 2 {
            loop {
                let (seen, upto) = super::super::runs::since(&follower, batch_read, 3).await.unwrap();
                assert!(upto >= batch_read);
                batch_read = upto;
                if seen.is_empty() {
                    break;
                }
                slots.extend(seen.iter().map(|s| (s.slot.as_second() - START) / 60));
            }
        }
    }
    assert_eq!(slots, (0..9).flat_map(|n| [n, n]).collect::<Vec<_>>());
}
