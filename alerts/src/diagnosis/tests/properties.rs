//! Whatever is seen, a diagnosis is a few causes with sound figures, and the same each time.

use proptest::prelude::*;

use super::stage::{Stage, stage};
use super::*;
use crate::Health;

const REASONS: [&str; 9] = [
    "unseen",
    "no_capacity",
    "timeout",
    "hub_unavailable",
    "resource_quota",
    "server_unusable",
    "connect",
    "build_failed",
    "stalled",
];
const SAID: [&str; 5] =
    ["", "Launching server...", "didn't respond in 30 seconds", "exceeded quota", "Read-only file system"];

fn scenes() -> impl Strategy<Value = Stage> {
    let value = prop_oneof![
        Just(0.0),
        Just(1.0),
        0.0..100.0,
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(-5.0),
        0.0..1e12
    ];
    let numbers = proptest::collection::vec((0..NAMES.len(), value, 0..400_i64), 0..40);
    let launches =
        proptest::collection::vec((0..REASONS.len(), 0..SAID.len(), 0..1000_i64, any::<bool>()), 0..12);
    (numbers, launches).prop_map(|(numbers, launches)| {
        let kinds = ["kubernetes", "hub-drift", "jupyterhub-servers", "binderhub-health", "metrics"];
        let scene = numbers.into_iter().fold(stage(), |s, (name, value, seconds)| {
            s.seen(kinds[name % kinds.len()], seconds, &[(NAMES[name], value)], &[])
        });
        launches.into_iter().fold(scene, |s, (reason, said, seconds, good)| {
            let health = if good { Health::Good } else { Health::Bad };
            s.launch(seconds, health, (REASONS[reason], "launch", SAID[said]), "node-a")
        })
    })
}

proptest! {
    #[test]
    fn a_diagnosis_is_a_few_causes_with_sound_figures_and_the_same_each_time(scene in scenes()) {
        let found = scene.diagnose();
        prop_assert!(found.len() <= 3);
        prop_assert_eq!(&found, &scene.diagnose());
        for d in &found {
            prop_assert!((0.0..=1.0).contains(&d.confidence) && d.confidence >= NAMED - 0.001, "{:?}", d);
            prop_assert!(!d.evidence.is_empty());
        }
        prop_assert!(found.windows(2).all(|two| two[0].confidence >= two[1].confidence - 0.001));
        let labels: BTreeSet<_> = found.iter().map(|d| d.label.as_str()).collect();
        for d in &found {
            let explains = cause(&d.label).unwrap().explains;
            prop_assert!(!explains.iter().any(|e| labels.contains(e)), "{:?}", labels);
        }
    }
}
