//! Looks that tell causes apart: which pairs there are, when they are wanted, and what the answer does.

use super::stage::{Stage, stage};
use super::*;
use crate::Health;
use crate::diagnosis::splits::SPLITS;

/// Launches hang, and nobody has looked at the Hub.
fn hangs() -> Stage {
    stage().worked(500).fail(4, "timeout", "launch", "Launching server...")
}

/// The first cause, and what would tell it from which other one.
fn wanted(stage: &Stage) -> (String, Vec<(Sight, String)>) {
    let first = stage.diagnose().into_iter().next().unwrap();
    (first.label, first.splits.into_iter().map(|s| (s.by, s.from)).collect())
}

#[test]
fn every_pair_is_of_two_causes_that_do_not_explain_each_other_at_once_and_is_there_once() {
    let mut seen = BTreeSet::new();
    for split in SPLITS {
        let [one, other] = split.between;
        assert!(cause(one).is_some() && cause(other).is_some(), "{one}, {other}");
        assert!(one != other && !split.words.is_empty(), "{one}");
        assert!(seen.insert([one.min(other), one.max(other)]), "{one} and {other} are there twice");
    }
}

#[test]
fn every_way_of_looking_is_that_of_some_probe_and_is_asked_for_by_some_pair() {
    let kinds = [
        "binder-launch",
        "binder-launch!fresh",
        "jupyterhub-launch",
        "jupyterhub-servers",
        "hub-drift",
        "kubernetes",
        "kubernetes-logs",
        "binderhub-health",
    ];
    for split in SPLITS {
        assert!(kinds.iter().any(|kind| split.by.is_of(kind)), "{:?}", split.by);
    }
    for kind in kinds {
        assert!(SPLITS.iter().any(|split| split.by.is_of(kind)), "no pair asks for {kind}");
    }
    assert!(!Sight::Cluster.is_of("kubernetes-logs") && !Sight::Launch.is_of("binder-launch!fresh"));
}

#[test]
fn a_first_cause_that_is_not_sure_says_which_looks_would_tell_and_one_that_is_says_nothing() {
    let (label, looks) = wanted(&hangs());
    assert_eq!(label, "launch-hang-unknown");
    assert!(looks.contains(&(Sight::HubLaunch, "binder-hub-connection-stuck".into())), "{looks:?}");
    assert!(looks.contains(&(Sight::Drift, "hub-pod-reflector-stale".into())), "{looks:?}");
    let words = hangs().diagnose()[0].next_looks.join("\n");
    assert!(
        words.contains("\nto tell it from binder-hub-connection-stuck: if a launch through the Hub"),
        "{words}"
    );
    let (label, looks) = wanted(&hangs().hub(0.03).binder_well());
    assert_eq!((label.as_str(), looks), ("launch-hang-unknown", vec![]), "nothing else is near");
}

#[test]
fn what_is_out_of_the_question_needs_no_look_and_the_likeliest_other_comes_first() {
    let (_, looks) = wanted(&hangs().launch_alone(Health::Bad));
    assert!(!looks.iter().any(|(_, from)| from == "binder-hub-connection-stuck"), "{looks:?}");
    let (label, looks) = wanted(
        &stage()
            .cluster(&[("waiting_for_room", 9.0)])
            .drift(&[("drift_orphans", 30.0), ("drift_orphans_ratio", 0.2)]),
    );
    let first = if label == "cluster-full" { "orphan-pods" } else { "cluster-full" };
    assert_eq!(looks.first().map(|(_, from)| from.as_str()), Some(first), "{looks:?}");
}

#[test]
fn a_launch_through_the_hub_alone_tells_a_stuck_connection_from_a_hub_that_hangs() {
    let first = |stage: &Stage| stage.diagnose().first().map(|d| d.label.clone());
    assert_eq!(first(&hangs().launch_alone(Health::Good)).as_deref(), Some("binder-hub-connection-stuck"));
    assert_eq!(first(&hangs().launch_alone(Health::Bad)).as_deref(), Some("launch-hang-unknown"));
    let hub_alone = stage().launch_alone(Health::Good);
    hub_alone.ask(|scene| assert_eq!(scene.hub_launch(), None, "there is no BinderHub to compare it with"));
}

#[test]
fn what_a_rare_probe_saw_of_this_trouble_stands_and_what_it_saw_before_does_not() {
    // The trouble began 200 seconds ago.
    for (seconds, known) in [(30, true), (190, true), (210, false)] {
        let scene = stage().seen("jupyterhub-servers", seconds, &[("hub_latency_seconds", 0.03)], &[]);
        assert_eq!(scene.ask(|s| s.hub_well().is_some()), known, "{seconds} s ago");
    }
}
