//! For every cause a scene in which it is named first.

use super::scenes::{overloaded_binder, quota, rows};
use super::stage::Stage;
use super::*;

#[test]
fn every_cause_is_named_first_where_its_own_signs_are() {
    let mut missing: BTreeSet<_> = CAUSES.iter().map(|c| c.label).collect();
    for (label, scene) in rows() {
        let found = scene.diagnose();
        let told: Vec<_> = found.iter().map(|d| (d.label.as_str(), d.confidence, &d.evidence)).collect();
        assert_eq!(told.first().map(|t| t.0), Some(label), "{told:#?}");
        assert!(!found[0].evidence.is_empty());
        missing.remove(label);
    }
    assert!(missing.is_empty(), "no scene of {missing:?}");
}

#[test]
fn nothing_proposed_is_what_the_same_cause_says_not_to_do_first() {
    for (_, scene) in rows() {
        scene.ask(|scene| {
            for cause in CAUSES {
                for proposal in (cause.remedy)(scene) {
                    assert!(
                        !cause.not_first.iter().any(|(action, _)| *action == proposal.action),
                        "{} proposes {}",
                        cause.label,
                        proposal.action
                    );
                    let never = [Action::DeleteAllPods, Action::DeleteUserPods, Action::DrainNode];
                    assert!(!never.contains(&proposal.action) && !proposal.why.is_empty(), "{}", cause.label);
                }
            }
        });
    }
}

fn proposed(scene: &Stage) -> Vec<(Action, Mode)> {
    scene.diagnose()[0].actions.iter().map(|p| (p.action, p.mode)).collect()
}

fn scene_of(label: &str) -> Stage {
    rows().into_iter().find(|(l, _)| *l == label).unwrap().1
}

#[test]
fn what_is_proposed_first_is_what_operators_do_first() {
    use Action::*;
    use Mode::*;
    let rows: &[(&str, &[(Action, Mode)])] = &[
        ("hub-pod-reflector-stale", &[(RestartHub, Auto), (DeleteOrphanPods, Approve)]),
        ("cluster-full", &[(DeleteOrphanPods, Approve), (RaiseNodeLimit, Advise)]),
        ("proxy-crashloop", &[(CordonNode, Approve), (RestartProxy, Approve)]),
        ("launch-hang-unknown", &[(RestartHub, Auto), (RestartBinder, Auto)]),
        ("binder-overloaded", &[(RestartBinder, Auto), (BanRepo, Advise)]),
        ("ingress-down", &[(RestartIngress, Auto)]),
        ("node-disk-full", &[(CordonNode, Approve)]),
        ("namespace-quota-exceeded", &[(DeleteResourcequota, Approve), (RemoveFederationMember, Advise)]),
        ("build-upstream-packages-missing", &[(FixBaseImage, Advise)]),
        ("regression-after-deploy", &[(RollbackDeploy, Advise)]),
        ("server-unusable-after-ready", &[(RollbackDeploy, Advise)]),
    ];
    for (label, wanted) in rows {
        let found = proposed(&scene_of(label));
        assert!(found.starts_with(wanted), "{label}: {found:?}");
    }
    assert_eq!(proposed(&scene_of("hub-unreachable")), [], "behind a gate nobody sees, nothing is restarted");
    let hangs = |proxy_age| {
        scene_of("hub-unreachable").cluster(&[
            ("component_hub_ready", 1.0),
            ("component_hub_age_seconds", 90_000.0),
            ("component_proxy_ready", 1.0),
            ("component_proxy_age_seconds", proxy_age),
        ])
    };
    assert_eq!(proposed(&hangs(90_000.0)), [(RestartHub, Approve)]);
    assert_eq!(proposed(&hangs(200.0)), [], "a proxy that is back may still lack its routes");
}

#[test]
fn a_quota_that_counts_right_is_not_deleted() {
    let scene = quota(14_000.0);
    assert_eq!(scene.diagnose()[0].label, "namespace-quota-exceeded");
    assert!(proposed(&scene).iter().all(|(action, _)| *action != Action::DeleteResourcequota));
    let labels: Vec<_> = quota(12.0).diagnose().into_iter().map(|d| d.label).collect();
    assert_eq!(labels, ["namespace-quota-exceeded", "quota-object-corrupt"]);
}

#[test]
fn a_guard_holds_fails_or_is_not_known() {
    let found = overloaded_binder().diagnose();
    let guards: Vec<_> = found[0].actions[0].guards.iter().map(|g| (g.says.as_str(), g.holds)).collect();
    let of = |word: &str| guards.iter().find(|(says, _)| says.contains(word)).unwrap().1;
    assert_eq!((of("at its limit"), of("slow"), of("quota")), (Some(true), Some(true), None));
    let labels: Vec<_> = found.iter().map(|d| d.label.as_str()).collect();
    assert_eq!(labels, ["binder-overloaded", "hot-repo-build"]);
}
