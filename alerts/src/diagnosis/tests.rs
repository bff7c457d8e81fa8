//! Causes from scenes made by hand.

use std::collections::BTreeSet;

use super::*;

#[test]
fn every_cause_has_a_name_of_its_own_a_runbook_and_explains_causes_that_exist_or_may() {
    let labels: BTreeSet<_> = CAUSES.iter().map(|c| c.label).collect();
    assert_eq!(labels.len(), CAUSES.len());
    for cause in CAUSES {
        assert!(
            cause.runbook.starts_with("# ") && cause.runbook.contains("## The way out"),
            "{}",
            cause.label
        );
        assert!(!cause.explains.contains(&cause.label), "{}", cause.label);
    }
}
