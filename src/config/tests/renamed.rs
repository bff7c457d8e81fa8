//! Former names: what they lead to, and which cannot be such.

use super::judged;
use crate::config::Severity;

const TWO: &str = "version: 1
targets:
  - name: hub
    was: old
    url: https://hub.example.org
    probes: [{ type: web, name: site, was: page }, { type: start-server, spec: a/b/c/d }]
  - { name: other, url: 'https://o.example.org', probes: [{ type: web, was: front }] }
";

#[test]
fn every_former_name_of_a_series_leads_to_its_name_of_today() {
    let (config, problems) = judged(TWO);
    assert!(problems.iter().all(|p| p.severity == Severity::Warning), "{problems:#?}");
    let pairs: Vec<_> = config.unwrap().renamed().iter().map(|(old, new)| format!("{old} > {new}")).collect();
    let expected = [
        "old/page > hub/site",
        "old/site > hub/site",
        "hub/page > hub/site",
        "old/start-server > hub/start-server",
        "other/front > other/web",
    ];
    assert_eq!(pairs, expected);
}

#[test]
fn a_former_name_is_of_nothing_that_is_there_and_has_one_heir() {
    let cases = [
        ("was: old", "was: other", "targets[0].was", "there is a target `other` still"),
        ("was: old", "was: hub", "targets[0].was", "there is a target `hub` still"),
        ("was: old", "was: 'o/d'", "targets[0].was", "a name may not hold '/'"),
        ("was: old", "was: ''", "targets[0].was", "the name is empty"),
        (
            "was: page",
            "was: start-server",
            "targets[0].probes[0].was",
            "there is a probe `start-server` still",
        ),
        (
            "type: start-server",
            "type: start-server, was: page",
            "targets[0].probes[1].was",
            "has become another probe",
        ),
        (
            "name: other,",
            "name: other, was: old,",
            "targets[1].was",
            "`old` has become another target already",
        ),
        ("was: old", "was: [old]", "targets[0].was", ""),
    ];
    for (from, to, path, words) in cases {
        let (_, problems) = judged(&TWO.replacen(from, to, 1));
        let wrong: Vec<_> = problems.iter().filter(|p| p.severity == Severity::Error).collect();
        assert_eq!(wrong.len(), 1, "{to}: {wrong:#?}");
        let at = wrong[0].path.to_string();
        assert!(at == path && wrong[0].what.contains(words), "{to}: {wrong:#?}");
    }
}
