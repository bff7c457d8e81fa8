//! What is packed comes back, and nothing that is damaged is believed or makes a panic.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use launchwatch_probes::{Measurement, Outcome, Reason, Stage, StageTime, Verdict};
use proptest::prelude::*;

use super::plain::{Plain, pack, unpack};
use super::shape::{Shape, Shapes};
use super::{block, bucket, journal};
use crate::observation::{Observation, ProbeId};
use crate::store::{Bucket, Tier};

fn probe() -> ProbeId {
    ProbeId::new("hub", "launch")
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let stage = (prop::sample::select(Stage::ALL), 0..3_000_000_u64, 1..90_000_000_u64);
    let stages = prop::collection::vec(stage, 0..7);
    let values = prop::collection::vec(prop_oneof![any::<f64>(), (-9..9_i32).prop_map(f64::from)], 0..3);
    (stages, values, any::<bool>(), "[a-z]{0,3}").prop_map(|(stages, values, unknown, summary)| {
        let (verdict, reason) =
            if unknown { (Verdict::Unknown, Some(Reason::Missed)) } else { (Verdict::Passed, None) };
        let mut outcome = Outcome::bare(verdict, reason, summary);
        let mut end = 0;
        for (stage, gap, took) in stages {
            // Two in three stages begin where the one before ends.
            let start = Duration::from_micros(end + if gap % 3 == 0 { gap } else { 0 });
            end = start.as_micros() as u64 + took;
            outcome.stages.push(StageTime { stage, start, took: Duration::from_micros(took) });
        }
        outcome.measurements = values
            .into_iter()
            .enumerate()
            .map(|(i, value)| Measurement { name: format!("m{i}"), value })
            .collect();
        outcome
    })
}

fn observations() -> impl Strategy<Value = Vec<Observation>> {
    prop::collection::vec((0..400_000_000_i64, 0..3_000_000_u64, outcome()), 1..40).prop_map(|all| {
        let mut slot = 1_700_000_000_000_000;
        all.into_iter()
            .map(|(step, lag, outcome)| {
                slot += if step % 4 == 0 { step + 1 } else { 60_000_000 };
                Observation {
                    probe: probe(),
                    location: "here".into(),
                    slot: Timestamp::from_microsecond(slot).unwrap(),
                    lag: Duration::from_micros(lag),
                    confirms: false,
                    outcome,
                }
            })
            .collect()
    })
}

fn packed(all: &[Observation]) -> (Vec<Plain>, Shapes) {
    let (mut plains, mut shapes) = (Vec::new(), Shapes::default());
    for (i, seen) in all.iter().enumerate() {
        let id = i as u32 + 1;
        shapes.set(id, Arc::new(Shape::of(seen)));
        plains.push(pack(seen, 3, id));
    }
    (plains, shapes)
}

fn bits(plain: &Plain) -> (u32, i64, u32, u16, Vec<super::plain::Time>, Vec<u64>) {
    let values = plain.values.iter().map(|v| v.to_bits()).collect();
    (plain.probe, plain.slot, plain.shape, plain.lag, plain.times.clone(), values)
}

fn close(kept: Duration, truth: Duration) -> bool {
    let truth = truth.as_secs_f64();
    (kept.as_secs_f64() - truth).abs() <= truth * 0.01 + 1e-6
}

proptest! {
    #[test]
    fn a_run_comes_back_but_for_one_per_cent_of_its_durations(all in observations()) {
        let (plains, shapes) = packed(&all);
        for (plain, seen) in plains.iter().zip(&all) {
            let again = unpack(plain, &probe(), shapes.get(plain.shape).unwrap());
            prop_assert!(close(again.lag, seen.lag) && close(again.outcome.took(), seen.outcome.took()));
            for (a, b) in again.outcome.stages.iter().zip(&seen.outcome.stages) {
                prop_assert!(close(a.took, b.took) && close(a.start, b.start), "{a:?} for {b:?}");
            }
            let (mut a, mut b) = (again.clone(), seen.clone());
            for o in [&mut a, &mut b] {
                o.lag = Duration::ZERO;
                o.outcome.stages.iter_mut().for_each(|s| (s.start, s.took) = Default::default());
                o.outcome.measurements.retain(|m| !m.value.is_nan());
            }
            prop_assert_eq!(a, b);
        }
    }

    #[test]
    fn journal_and_block_give_back_what_they_were_given(all in observations()) {
        let (plains, shapes) = packed(&all);
        let blob = journal::encode(&plains);
        let mut entries = Vec::new();
        journal::scan(&blob, |e| entries.push(e)).unwrap();
        let wanted: Vec<_> = plains.iter().map(bits).collect();
        let read: Vec<_> = entries.iter().map(|e| bits(&journal::read(&blob, *e, &shapes).unwrap())).collect();
        prop_assert_eq!(&read, &wanted);
        let again = block::decode(&block::encode(&plains), 3, plains[0].slot, &shapes).unwrap();
        prop_assert_eq!(again.iter().map(bits).collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn a_chunk_gives_back_its_buckets_merged(all in observations(), hours in prop::collection::vec(0..8_i64, 1..9)) {
        let mut blob = Vec::new();
        let mut truth = std::collections::BTreeMap::new();
        for (i, hour) in hours.iter().enumerate() {
            let mut b = Bucket::at(86_400 * 5 + hour * 3_600);
            all.iter().skip(i).for_each(|o| b.count(&o.outcome));
            truth.entry(b.start).or_insert_with(|| Bucket::at(b.start)).merge(&b);
            blob = bucket::merge(&blob, Tier::Hour, &b).unwrap();
        }
        let read = bucket::range(&blob, Tier::Hour, 86_400 * 5, i64::MIN..i64::MAX, true).unwrap();
        prop_assert_eq!(read, truth.into_values().collect::<Vec<_>>());
    }

    #[test]
    fn a_flipped_bit_or_a_cut_is_noticed(all in observations(), at in any::<prop::sample::Index>(), bit in 0..8_u8, cut: bool) {
        let (plains, shapes) = packed(&all);
        let mut b = Bucket::at(0);
        all.iter().for_each(|o| b.count(&o.outcome));
        let blobs = [journal::encode(&plains), block::encode(&plains), bucket::merge(&[], Tier::Day, &b).unwrap()];
        for mut blob in blobs {
            let at = at.index(blob.len());
            if cut { blob.truncate(at.max(1)) } else { blob[at] ^= 1 << bit }
            prop_assert!(journal::scan(&blob, |_| ()).is_err());
            prop_assert!(block::decode(&blob, 3, plains[0].slot, &shapes).is_err());
            prop_assert!(bucket::range(&blob, Tier::Day, 0, 0..1, true).is_err());
        }
    }

    // A checksum can fit by chance, or be made to fit: then the content may be anything, but must not make a panic.
    #[test]
    fn garbage_under_a_fitting_checksum_makes_no_panic(content in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut blob = super::bytes::frame(1);
        blob.extend(content);
        let blob = super::bytes::close(blob);
        let (_, shapes) = packed(&[]);
        let _ = journal::scan(&blob, |e| { let _ = journal::read(&blob, e, &shapes); });
        let mut shapes = shapes;
        let mut seen = Observation { probe: probe(), location: "x".into(), slot: Timestamp::default(),
            lag: Duration::ZERO, confirms: false, outcome: Outcome::bare(Verdict::Passed, None, "") };
        seen.outcome.stages = vec![StageTime { stage: Stage::Body, start: Duration::ZERO, took: Duration::ZERO }];
        seen.outcome.measurements = vec![Measurement { name: "n".into(), value: 0.0 }];
        (0..4).for_each(|id| shapes.set(id, Arc::new(Shape::of(&seen))));
        for plain in block::decode(&blob, 1, 7, &shapes).unwrap_or_default() {
            unpack(&plain, &probe(), shapes.get(plain.shape).unwrap());
        }
        let _ = journal::scan(&blob, |e| { let _ = journal::read(&blob, e, &shapes); });
        let _ = bucket::range(&blob, Tier::Hour, 0, i64::MIN..i64::MAX, true);
    }
}
