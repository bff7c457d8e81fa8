//! Each set at its borders, and worlds in which nothing is ever apart.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::super::memory::Memory;
use super::{Drift, compare};
use crate::cluster::Pod;
use crate::hub::{HubServer, Pending};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_secs(seconds)
}

/// A pod of this user that was made then and has been ready since, where it is.
fn pod(user: &str, phase: &str, created: i64, ready: Option<i64>) -> Pod {
    let condition = |kind: &str, status: &str, since: i64| serde_json::json!({"type": kind, "status": status, "lastTransitionTime": at(since)});
    let mut conditions = vec![condition("PodScheduled", "True", created)];
    conditions.extend(ready.map(|since| condition("Ready", "True", since)));
    serde_json::from_value(serde_json::json!({
        "metadata": {
            "name": format!("jupyter-{user}"),
            "uid": format!("{user}-{created}"),
            "creationTimestamp": at(created),
            "annotations": {"hub.jupyter.org/username": user},
        },
        "spec": {"nodeName": "node-1"},
        "status": {
            "phase": phase,
            "podIP": if ready.is_some() { "10.0.0.7" } else { "" },
            "conditions": conditions,
            "containerStatuses": [{"name": "notebook", "ready": ready.is_some()}],
        },
    }))
    .unwrap()
}

fn running(user: &str, created: i64) -> Pod {
    pod(user, "Running", created, Some(created + 5))
}

fn server(user: &str, pending: Pending, started: i64) -> HubServer {
    HubServer {
        user: user.to_owned(),
        name: String::new(),
        ready: pending == Pending::No,
        pending,
        started: Some(at(started)),
    }
}

/// A pair that fits, so that the two lists are believed to belong together.
fn with_a_pair(mut pods: Vec<Pod>, mut servers: Vec<HubServer>) -> (Vec<Pod>, Vec<HubServer>) {
    pods.push(running("pair", -9_000));
    servers.push(server("pair", Pending::No, -9_005));
    (pods, servers)
}

/// Looks at the same lists at these moments; gives what the last look found.
fn looks(pods: Vec<Pod>, servers: Vec<HubServer>, moments: &[i64]) -> Drift {
    let (pods, servers) = with_a_pair(pods, servers);
    let mut memory = Memory::default();
    let found: Vec<_> =
        moments.iter().map(|now| compare(&pods, &servers, &mut memory, at(*now)).unwrap()).collect();
    found.last().unwrap().clone()
}

#[test]
fn a_pod_without_server_is_an_orphan_after_ten_minutes_and_two_looks() {
    let terminating = || {
        let mut pod = running("a", 0);
        pod.metadata.deletion_timestamp = Some(at(500));
        pod
    };
    let named = |name: &str| {
        let mut pod = running("pair", 0);
        pod.metadata.annotations.insert("hub.jupyter.org/servername", name);
        pod
    };
    let cases: Vec<(&str, Pod, &[i64], usize)> = vec![
        ("one look", running("a", 0), &[5_000], 0),
        ("119 s apart", running("a", 0), &[5_000, 5_119], 0),
        ("120 s apart", running("a", 0), &[5_000, 5_120], 1),
        ("four looks", running("a", 0), &[5_000, 5_040, 5_080, 5_120], 1),
        ("600 s old at the first", running("a", 0), &[600, 720], 0),
        ("601 s old at the first", running("a", 0), &[601, 721], 1),
        ("pending", pod("a", "Pending", 0, None), &[601, 721], 1),
        ("unknown", pod("a", "Unknown", 0, None), &[601, 721], 1),
        ("ended", pod("a", "Succeeded", 0, None), &[601, 721], 0),
        ("told to go", terminating(), &[601, 721], 0),
        ("of a user with another server", named("gpu"), &[601, 721], 1),
        ("of a server that is there", named(""), &[601, 721], 0),
    ];
    for (case, pod, moments, orphans) in cases {
        assert_eq!(looks(vec![pod], vec![], moments).orphans.len(), orphans, "{case}");
    }
}

#[test]
fn an_orphan_that_was_none_in_between_begins_anew() {
    let mut memory = Memory::default();
    let (pods, without) = with_a_pair(vec![running("a", 0)], vec![]);
    let (_, with) = with_a_pair(vec![], vec![server("a", Pending::Spawn, 0)]);
    let mut look =
        |servers: &[HubServer], now| compare(&pods, servers, &mut memory, at(now)).unwrap().orphans.len();
    assert_eq!([look(&without, 1_000), look(&with, 1_060), look(&without, 1_120)], [0, 0, 0]);
    assert_eq!([look(&without, 1_239), look(&without, 1_240)], [0, 1]);
}

#[test]
fn another_pod_of_the_same_user_is_another_orphan() {
    let mut memory = Memory::default();
    let mut look = |created, now| {
        let (pods, servers) = with_a_pair(vec![running("a", created)], vec![]);
        compare(&pods, &servers, &mut memory, at(now)).unwrap().orphans.len()
    };
    assert_eq!([look(0, 1_000), look(300, 1_200), look(300, 1_320)], [0, 0, 1]);
}

#[test]
fn pods_that_have_ended_are_leftovers() {
    for (phase, leftovers) in [("Succeeded", 1), ("Failed", 1), ("Running", 0), ("Pending", 0)] {
        let drift = looks(vec![pod("a", phase, 0, None)], vec![], &[5_000]);
        assert_eq!(drift.leftovers, leftovers, "{phase}");
        let known = looks(vec![pod("a", phase, 0, None)], vec![server("a", Pending::Stop, 0)], &[5_000]);
        assert_eq!(known.leftovers, 0, "{phase}, and the Hub knows");
    }
}

#[test]
fn a_start_is_stuck_when_its_pod_has_been_ready_for_more_than_75_s() {
    let unready = || {
        let mut pod = running("a", 0);
        pod.status.container_statuses[0].ready = false;
        pod
    };
    let homeless = || {
        let mut pod = running("a", 0);
        pod.status.pod_ip.clear();
        pod
    };
    let cases = [
        ("75 s", running("a", 0), Pending::Spawn, -2, 80, 0),
        ("76 s", running("a", 0), Pending::Spawn, -2, 81, 1),
        ("the Hub has noticed", running("a", 0), Pending::No, -2, 500, 0),
        ("it stops", running("a", 0), Pending::Stop, -2, 500, 0),
        ("a container is not ready", unready(), Pending::Spawn, -2, 500, 0),
        ("no address", homeless(), Pending::Spawn, -2, 500, 0),
        ("not ready", pod("a", "Running", 0, None), Pending::Spawn, -2, 500, 0),
        ("the Hub's clock is a minute ahead", running("a", 0), Pending::Spawn, 60, 500, 1),
        ("the pod is of an earlier start", running("a", 0), Pending::Spawn, 490, 500, 0),
    ];
    for (case, pod, pending, started, now, stuck) in cases {
        let drift = looks(vec![pod], vec![server("a", pending, started)], &[now]);
        assert_eq!(drift.stuck.len(), stuck, "{case}");
    }
}

#[test]
fn a_server_is_a_ghost_when_it_had_no_pod_for_more_than_two_minutes() {
    type Row<'a> = (&'a str, HubServer, Vec<Pod>, &'a [i64], usize);
    let cases: [Row; 8] = [
        ("one look", server("a", Pending::No, 0), vec![], &[5_000], 0),
        ("120 s", server("a", Pending::No, 0), vec![], &[5_000, 5_120], 0),
        ("121 s", server("a", Pending::No, 0), vec![], &[5_000, 5_121], 1),
        ("stopping", server("a", Pending::Stop, 0), vec![], &[5_000, 5_121], 1),
        ("starting", server("a", Pending::Spawn, 0), vec![], &[5_000, 5_121], 0),
        ("looked at", server("a", Pending::Other, 0), vec![], &[5_000, 5_121], 0),
        ("with any pod", server("a", Pending::No, 0), vec![pod("a", "Failed", 0, None)], &[5_000, 5_121], 0),
        ("beside a pod of nobody", server("a", Pending::No, 0), vec![nobodys()], &[5_000, 5_121], 0),
    ];
    for (case, server, pods, moments, ghosts) in cases {
        assert_eq!(looks(pods, vec![server], moments).ghosts, ghosts, "{case}");
    }
}

fn nobodys() -> Pod {
    let mut pod = running("x", 0);
    pod.metadata.annotations = Default::default();
    pod
}

#[test]
fn a_server_that_was_started_again_is_no_ghost_yet() {
    let mut memory = Memory::default();
    let mut look = |started, now| {
        let (pods, servers) = with_a_pair(vec![], vec![server("a", Pending::No, started)]);
        compare(&pods, &servers, &mut memory, at(now)).unwrap().ghosts
    };
    assert_eq!([look(0, 1_000), look(1_050, 1_060), look(1_050, 1_130), look(1_050, 1_181)], [0, 0, 0, 1]);
}

#[test]
fn starts_that_fail_although_their_pods_are_ready_are_unreachable_by_node() {
    // What the Hub has of the start at the second look, 30 s later.
    let cases = [
        ("the start is gone", 20, None, 1),
        ("another start", 20, Some(server("a", Pending::Spawn, 25)), 1),
        ("it goes on", 20, Some(server("a", Pending::Spawn, -2)), 0),
        ("it is ready", 20, Some(server("a", Pending::No, -2)), 0),
        ("it was not due yet", 15, None, 0),
        ("it was stuck", 81, None, 0),
    ];
    for (case, first, later, unreachable) in cases {
        let mut memory = Memory::default();
        let (pods, servers) = with_a_pair(vec![running("a", 0)], vec![server("a", Pending::Spawn, -2)]);
        compare(&pods, &servers, &mut memory, at(first)).unwrap();
        let (pods, servers) = with_a_pair(vec![], later.into_iter().collect());
        let drift = compare(&pods, &servers, &mut memory, at(first + 30)).unwrap();
        assert_eq!(drift.unreachable_on.get("node-1").copied().unwrap_or(0), unreachable, "{case}");
        let drift = compare(&pods, &servers, &mut memory, at(first + 330)).unwrap();
        assert_eq!(drift.unreachable_on.len(), unreachable, "{case}: still counted after 300 s");
        let drift = compare(&pods, &servers, &mut memory, at(first + 331)).unwrap();
        assert!(drift.unreachable_on.is_empty(), "{case}: counted for ever");
    }
}

#[test]
fn waiting_for_room_and_waiting_on_a_node_are_told_apart() {
    let with = |status: Option<&str>| {
        let mut pod = pod("a", "Pending", 0, None);
        match status {
            Some(status) => pod.status.conditions[0].status = status.into(),
            None => pod.status.conditions.clear(),
        }
        pod
    };
    for (status, expected) in [(Some("False"), (1, 0)), (Some("True"), (0, 1)), (None, (0, 0))] {
        let drift = looks(vec![with(status)], vec![server("a", Pending::Spawn, 0)], &[30]);
        assert_eq!((drift.waiting_room, drift.waiting_node), expected, "{status:?}");
        let orphan = looks(vec![with(status)], vec![], &[30]);
        assert_eq!((orphan.waiting_room, orphan.waiting_node), (0, 0), "{status:?}: nobody waits for it");
    }
}

#[test]
fn lists_that_do_not_belong_together_say_nothing() {
    let pods = |n: usize| (0..n).map(|i| running(&format!("p{i}"), 0)).collect::<Vec<_>>();
    let servers = |n: usize| (0..n).map(|i| server(&format!("s{i}"), Pending::No, 0)).collect::<Vec<_>>();
    let cases = [
        ("nothing at all", vec![], vec![], None),
        ("one left over on each side", pods(1), servers(1), None),
        ("three that do not fit", pods(2), servers(1), Some("another namespace")),
        ("pods of another Hub", pods(18), vec![], Some("another Hub")),
        ("servers of another namespace", vec![], servers(30), Some("another namespace")),
        (
            "pods that do not say whose they are",
            vec![nobodys(), nobodys(), nobodys()],
            vec![],
            Some("3 pods"),
        ),
        (
            "a pod from the future",
            [pods(0), vec![running("p", 1_061)]].concat(),
            vec![],
            Some("clocks apart"),
        ),
        ("a pod from now", vec![running("p", 1_060)], vec![], None),
        ("a server from the future", vec![], vec![server("a", Pending::Spawn, 1_061)], Some("the Hub 61 s")),
    ];
    for (case, pods, servers, words) in cases {
        let mut memory = Memory::default();
        let said = compare(&pods, &servers, &mut memory, at(1_000)).err();
        match words {
            None => assert_eq!(said, None, "{case}"),
            Some(words) => assert!(said.as_ref().is_some_and(|s| s.contains(words)), "{case}: {said:?}"),
        }
    }
}

#[test]
fn numbers_are_said_in_words_and_the_share_is_of_the_living() {
    let drift =
        Drift { living: 36, orphans: vec!["x".into(); 18], stuck: vec!["x".into(); 12], ..Drift::default() };
    assert_eq!(drift.words(), "12 servers wait for pods that are ready; 18 pods have no server");
    assert!((drift.orphans_ratio() - 0.5).abs() < 1e-9);
    let one = Drift { orphans: vec!["x".into()], stuck: vec!["x".into()], ghosts: 1, ..Drift::default() };
    assert_eq!(
        one.words(),
        "1 server waits for a pod that is ready; 1 pod has no server; 1 server has no pod"
    );
    assert!(one.orphans_ratio().abs() < 1e-9, "no share without pods");
}

/// One start of a server, in seconds: all moments of a Hub and a cluster that agree.
#[derive(Debug, Clone, Copy)]
struct Life {
    started: i64,
    created: i64,
    pod_ready: i64,
    ready: i64,
    told_to_stop: i64,
    pod_gone: i64,
    gone: i64,
}

impl Life {
    fn pod(&self, user: &str, now: i64) -> Option<Pod> {
        (self.created..self.pod_gone).contains(&now).then(|| {
            let ready = self.pod_ready <= now;
            let phase = if ready { "Running" } else { "Pending" };
            let mut pod = pod(user, phase, self.created, ready.then_some(self.pod_ready));
            pod.metadata.deletion_timestamp = (self.told_to_stop < now).then(|| at(self.told_to_stop));
            pod
        })
    }

    fn server(&self, user: &str, now: i64) -> Option<HubServer> {
        let pending = match now {
            now if now < self.ready => Pending::Spawn,
            now if now < self.told_to_stop => Pending::No,
            _ => Pending::Stop,
        };
        (self.started..self.gone).contains(&now).then(|| server(user, pending, self.started))
    }
}

/// The starts of one user, one after another.
fn lives() -> impl Strategy<Value = Vec<Life>> {
    let life = (0..400i64, 0..4i64, 1..9i64, 0..9i64, 0..1_500i64, 0..25i64, 0..30i64);
    prop::collection::vec(life, 0..12).prop_map(|lives| {
        let mut free = -800;
        let one = |(pause, create, start, notice, use_, end, forget): (i64, i64, i64, i64, i64, i64, i64)| {
            let started = free + pause;
            let created = started + create;
            let pod_ready = created + start;
            let ready = pod_ready + notice;
            let told_to_stop = ready + use_;
            let pod_gone = told_to_stop + end;
            let gone = pod_gone + forget;
            free = gone;
            Life { started, created, pod_ready, ready, told_to_stop, pod_gone, gone }
        };
        lives.into_iter().map(one).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_hub_and_a_cluster_that_agree_never_drift(
        users in prop::collection::vec(lives(), 0..8),
        looks in prop::collection::vec((0..5i64, 0..20i64), 100),
    ) {
        let mut memory = Memory::default();
        for (n, (late, between)) in looks.into_iter().enumerate() {
            let pods_at = 30 * n as i64 + late;
            let servers_at = pods_at + between;
            let mut pods = Vec::new();
            let mut servers = Vec::new();
            for (user, lives) in users.iter().enumerate() {
                let name = format!("user-{user}");
                pods.extend(lives.iter().filter_map(|life| life.pod(&name, pods_at)));
                servers.extend(lives.iter().filter_map(|life| life.server(&name, servers_at)));
            }
            // Now and then nothing that both lists have is left: then nothing is said.
            let Ok(drift) = compare(&pods, &servers, &mut memory, at(pods_at)) else { continue };
            prop_assert_eq!(drift.words(), "", "look {} at {}", n, pods_at);
            prop_assert!(drift.unreachable_on.is_empty(), "look {} at {}", n, pods_at);
        }
    }
}
