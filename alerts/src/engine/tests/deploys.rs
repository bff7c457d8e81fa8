//! Deployments beside troubles.

use super::*;
use crate::{Deploy, DeployResult};

fn deploy(target: &str, result: DeployResult) -> Command {
    let url = Some("javascript:alert(1)".to_owned());
    let (target, what) = (target.to_owned(), "chart 1.2\n.3".to_owned());
    Command::Deploy { deploy: Deploy { target, what, result, url, by: "ci".into(), at: at(0) } }
}

#[test]
fn a_deployment_stands_in_the_timeline_of_what_is_open_and_of_what_opens_soon_after() {
    for restarts in [false, true] {
        let mut plan = plan(vec![quick("r")], &["hub/launch", "user/launch", "other/launch"]);
        depends(&mut plan, &[("user", "hub")]);
        let mut world = World::new(plan);
        world.until(60).obey(deploy("hub", DeployResult::Failed)).unwrap();
        if restarts {
            world.restart();
        }
        world.until(600).look("user/launch", 'x').look("other/launch", 'x').until(700);
        let first = &world.incident("user").timeline[0];
        assert_eq!((first.at, first.by.as_deref()), (at(60), Some("ci")), "restarts: {restarts}");
        assert_eq!(first.what, "deployment to hub failed: chart 1.2 .3", "no address of another kind");
        assert!(!world.timeline("other").contains("deployment"));
        world.obey(deploy("user", DeployResult::Ok)).unwrap();
        assert!(world.timeline("user").contains("deployed to user"));
    }
}

#[test]
fn a_deployment_long_ago_and_one_to_nowhere_say_nothing() {
    let mut world = World::new(plan(vec![quick("r")], &["hub/launch"]));
    assert!(world.obey(deploy("hbu", DeployResult::Ok)).is_err());
    world.obey(deploy("hub", DeployResult::Ok)).unwrap();
    world.until(2 * 3_600).look("hub/launch", 'x');
    assert!(!world.timeline("hub").contains("deployed"));
}

#[test]
fn a_failed_deployment_that_hurts_nobody_is_named_as_the_cause() {
    let mut plan = plan(vec![quick("r")], &["hub/health", "hub/launch"]);
    plan.kinds.insert(id("hub/launch"), "binder-launch".into());
    plan.kinds.insert(id("hub/health"), "binderhub-health".into());
    for (result, named) in [(DeployResult::Failed, true), (DeployResult::Ok, false)] {
        let mut world = World::new(plan.clone());
        world.play(30, &[("hub/launch", "...."), ("hub/health", "....")]);
        world.obey(deploy("hub", result)).unwrap();
        world.until(400).look("hub/launch", '.').look("hub/health", 'x').until(460);
        let causes: Vec<_> = world.incident("hub").diagnosis.iter().map(|d| d.label.as_str()).collect();
        assert_eq!(causes.contains(&"deploy-failed-no-user-impact"), named, "{result:?}: {causes:?}");
    }
}
