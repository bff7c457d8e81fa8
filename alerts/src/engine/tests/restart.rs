//! What an earlier version, or another configuration, left behind.

use super::*;
use crate::AlertState;

/// What the version before this one wrote down: one open incident, an alert that fires and one that did not yet.
const EARLIER: &str = r#"{
    "alerts": [
        {
            "key": {"rule": "success-zero", "series": {"target": "hub", "probe": "launch", "location": "here"}},
            "state": "firing", "severity": "page", "since": "2018-07-07T18:30:00Z", "failures": 2, "successes": 0,
            "last_slot": "2018-07-07T18:30:30Z", "at": "2018-07-07T18:30:30Z",
            "reason": "timeout", "stage": "launch", "summary": "no answer", "evidence": ["waiting"]
        },
        {
            "key": {"rule": "success-zero", "series": {"target": "hub", "probe": "site", "location": "here"}},
            "state": "pending", "severity": "page", "since": "2018-07-07T18:30:20Z", "failures": 1, "successes": 0,
            "last_slot": "2018-07-07T18:30:20Z", "at": "2018-07-07T18:30:20Z",
            "reason": "timeout", "stage": "launch", "summary": "no answer", "evidence": []
        }
    ],
    "incidents": [{
        "id": "hub-20180707T183000Z", "target": "hub", "state": "open", "severity": "page",
        "since": "2018-07-07T18:30:00Z", "opened_at": "2018-07-07T18:30:30Z", "resolved_at": null,
        "alerts": {}, "notifications": 1, "update_due": null
    }],
    "silences": []
}"#;

fn upgraded() -> World {
    let mut world = World::new(plan(vec![Rule::success_zero()], &["hub/launch", "hub/site"]));
    world.engine = Engine::new(world.plan.clone(), serde_json::from_str(EARLIER).unwrap());
    for (path, second) in [("hub/launch", 0), ("hub/site", 20), ("hub/launch", 30)] {
        world.engine.recall(&look(path, 'x', second));
    }
    world.second = 40;
    world.changes = world.engine.start(at(40));
    world
}

#[test]
fn an_incident_of_an_earlier_version_goes_on_with_its_name_and_those_who_were_told() {
    let mut world = upgraded();
    assert_eq!(world.story(), [""; 0]);
    world.play(30, &[("hub/launch", "x.."), ("hub/site", "...")]);
    assert_eq!(world.story(), ["100 resolved hub"]);
    let n = world.last();
    assert_eq!((n.id.0.as_str(), n.to[0].channel.as_str()), ("hub-20180707T183000Z/2", "ops"));
    assert_eq!(n.facts.since, at(0));
    let mut again = upgraded();
    again.until(5_000);
    assert_eq!(again.story(), ["1840 reminder hub"], "it is reminded of, as if it were new");
}

#[test]
fn what_was_pending_in_an_earlier_version_is_judged_anew() {
    let mut fails = upgraded();
    assert_eq!(fails.engine.alerts().filter(|a| a.state == AlertState::Pending).count(), 0);
    fails.look("hub/site", 'x').until(100);
    assert_eq!(fails.story(), ["70 update hub"], "with the failure before");
    let mut works = upgraded();
    works.look("hub/site", '.').until(50).look("hub/site", 'x').until(100);
    assert_eq!(works.story(), [""; 0]);
}

#[test]
fn an_incident_that_lost_its_alerts_is_closed() {
    let mut memory: Memory = serde_json::from_str(EARLIER).unwrap();
    memory.alerts.clear();
    let mut world = World::new(plan(vec![Rule::success_zero()], &["hub/launch"]));
    world.engine = Engine::new(world.plan.clone(), memory);
    world.changes = world.engine.start(at(40));
    let over = |c: &Change| matches!(c, Change::Incident(i) if i.state == IncidentState::Resolved);
    assert!(world.changes.iter().any(over));
    assert_eq!(world.engine.open().count(), 0);
}

#[test]
fn an_alert_whose_reason_to_wait_is_gone_is_told_at_its_next_look() {
    let mut plan = plan(vec![quick("r")], &["hub/site", "user/launch"]);
    depends(&mut plan, &[("user", "hub")]);
    let mut world = World::new(plan);
    world.look("hub/site", 'x').until(10).look("user/launch", 'x');
    world.plan.depends_on.clear();
    world.restart().until(20).look("user/launch", 'x');
    assert_eq!(world.story(), ["0 opened hub", "20 opened user"]);
}
