//! Causes from scenes made by hand.

mod first;
mod lookalikes;
mod names;
mod properties;
mod scenes;
mod splits;
mod stage;

use std::collections::BTreeSet;

use super::*;

#[test]
fn every_cause_has_a_name_of_its_own_a_runbook_and_explains_causes_that_exist() {
    let labels: BTreeSet<_> = CAUSES.iter().map(|c| c.label).collect();
    assert_eq!(labels.len(), CAUSES.len());
    for cause in CAUSES {
        for part in ["## Signs", "## Check", "## The way out", "## Not first"] {
            assert!(cause.runbook.contains(part), "{}: {part}", cause.label);
        }
        let lines = cause.runbook.lines().count();
        assert!(cause.runbook.starts_with("# ") && (15..=35).contains(&lines), "{}: {lines}", cause.label);
        assert!(!cause.title.contains("TODO") && cause.title.len() <= 120, "{}", cause.label);
        assert!(!cause.explains.contains(&cause.label), "{}", cause.label);
        for other in cause.explains {
            assert!(labels.contains(other), "{} explains {other}, which is no cause", cause.label);
        }
    }
}

#[test]
fn no_two_causes_explain_each_other() {
    for cause in CAUSES {
        for other in cause.explains.iter().filter_map(|label| super::cause(label)) {
            assert!(!other.explains.contains(&cause.label), "{} and {}", cause.label, other.label);
        }
    }
}

#[test]
fn what_a_settled_cause_explains_is_no_cause_of_the_same_trouble() {
    let labels = |roots: &[&str]| -> Vec<String> {
        let full = stage::stage().cluster(&[("waiting_for_room", 9.0), ("nodes_at_limit", 1.0)]);
        full.ask(|s| diagnose(s, None, roots).into_iter().map(|d| d.label).collect())
    };
    assert_eq!(labels(&[]).first().map(String::as_str), Some("cluster-full"));
    assert!(!labels(&["hub-pod-reflector-stale"]).contains(&"cluster-full".to_owned()));
    assert_eq!(labels(&["ingress-down"]), labels(&[]), "which explains other things");
}

#[test]
fn a_standing_cause_gives_way_only_to_one_that_is_clearly_likelier() {
    let both = stage::stage().cluster(&[("waiting_for_room", 9.0), ("nodes_at_limit", 1.0)]).drift(&[
        ("drift_orphans", 30.0),
        ("drift_orphans_ratio", 0.2),
        ("drift_stuck", 0.0),
    ]);
    let first = |standing| both.ask(|s| diagnose(s, standing, &[])[0].label.clone());
    assert_eq!(first(None), "cluster-full");
    assert_eq!(first(Some("orphan-pods")), "cluster-full", "much likelier");
    let close = stage::stage()
        .cluster(&[("waiting_for_room", 9.0)])
        .drift(&[("drift_orphans", 30.0), ("drift_orphans_ratio", 0.2)]);
    let first = |standing| close.ask(|s| diagnose(s, standing, &[])[0].label.clone());
    assert_eq!(first(Some("cluster-full")), "cluster-full");
    assert_eq!(first(Some("orphan-pods")), "orphan-pods");
}
