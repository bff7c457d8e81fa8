//! Why rules do or do not fire.

use super::*;
use crate::AlertState;

#[test]
fn every_rule_says_why_and_what_fires_comes_first() {
    let slow = Rule { hold: Duration::from_secs(300), ..quick("slow-to-fire") };
    let kept = Rule {
        keep: Duration::from_secs(120),
        ..Rule::new("two", When::Failures { failures: 2, successes: 1 })
    };
    let mut world = World::new(plan(vec![kept, slow], &["a/x", "b/x", "c/x"]));
    world.play(30, &[("b/x", "xx."), ("a/x", "...")]);
    world.obey(silence("quiet", Selector::target("c"), 0..4_000)).unwrap();
    world.until(100).play(30, &[("c/x", "xx")]);
    let said: Vec<_> = world
        .engine
        .why(2, at(world.second))
        .into_iter()
        .map(|rule| {
            let lines = rule
                .series
                .iter()
                .map(|s| format!("  {} {:?}: {} ({})", s.series, s.state, s.counted, s.why));
            let head =
                format!("{}: {} [{} {} {}]", rule.rule, rule.when, rule.firing, rule.pending, rule.judged);
            [head].into_iter().chain(lines).collect::<Vec<_>>().join("\n")
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"));
    let rules = world.engine.why(9, at(world.second));
    assert!(rules[0].series.iter().any(|s| s.state == AlertState::Firing && s.incident.is_some()));
}
