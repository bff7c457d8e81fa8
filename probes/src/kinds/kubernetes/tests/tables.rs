//! What is counted as what: pods, nodes, quotas, events.

use serde_json::{Value, json};

use super::{World, ago, holds, look, look_at, measured, pod, probe, ready, unscheduled};

fn user(name: &str, phase: &str, age: i64) -> Value {
    pod("singleuser-server", name, phase, age)
}

#[tokio::test(start_paused = true)]
async fn user_pods_are_counted_by_what_they_do() {
    let mut going = user("going", "Running", 900);
    going["metadata"]["deletionTimestamp"] = json!(ago(5));
    let mut lost = user("lost", "Running", 800);
    lost["status"]["reason"] = json!("NodeLost");
    let mut by_the_other_label = ready(user("other-label", "Running", 700), 100);
    by_the_other_label["metadata"]["labels"] = json!({"app.kubernetes.io/component": "singleuser-server"});
    let seen = look(World::new(&[
        ready(user("a", "Running", 100), 50),
        user("b", "Running", 8 * 3600),
        unscheduled(user("c", "Pending", 90), 80),
        unscheduled(user("d", "Pending", 400), 390),
        user("e", "Pending", 10),
        user("f", "Failed", 9 * 3600),
        user("g", "Unknown", 500),
        going,
        lost,
        by_the_other_label,
        pod("something-else", "x", "Running", 5),
    ]))
    .await;
    holds(
        &seen,
        &[
            ("user_pods", 9.0),
            ("user_pods_running", 3.0),
            ("user_pods_ready", 2.0),
            ("user_pods_pending", 3.0),
            ("user_pods_unknown", 2.0),
            ("user_pods_finished", 1.0),
            ("user_pods_terminating", 1.0),
            ("user_pods_unscheduled", 2.0),
            ("user_pods_unscheduled_long", 1.0),
            ("user_pods_overdue", 1.0),
            ("user_pods_oldest_seconds", 28800.0),
            ("user_pods_top_repo", 9.0),
            ("waiting_for_room", 1.0),
        ],
    );
    assert_eq!(seen.facts["top_repo"], "r.example.org:5000/x");
}

#[tokio::test(start_paused = true)]
async fn an_empty_cluster_has_counts_but_no_ages() {
    let seen = look(World::new(&[])).await;
    holds(&seen, &[("user_pods", 0.0), ("build_pods", 0.0), ("nodes", 0.0), ("waiting_for_room", 0.0)]);
    for name in ["user_pods_oldest_seconds", "user_pods_top_repo", "placeholders_running", "quota_blocked"] {
        assert!(!measured(&seen).contains_key(name), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn build_pods_are_counted_with_their_repositories() {
    let build = |name: &str, phase: &str, age: i64, repository: &str| {
        let mut pod = pod("binderhub-build", name, phase, age);
        pod["metadata"]["annotations"] = json!({"binder-repo": repository});
        pod
    };
    let seen = look(World::new(&[
        build("a", "Running", 100, "https://x/a"),
        build("b", "Running", 4000, "https://x/a"),
        build("c", "Pending", 5, "https://x/b"),
        build("d", "Failed", 9000, "https://x/d"),
        build("e", "Succeeded", 9000, "https://x/e"),
    ]))
    .await;
    holds(
        &seen,
        &[
            ("build_pods", 3.0),
            ("build_pods_running", 2.0),
            ("build_pods_pending", 1.0),
            ("build_pods_failed", 1.0),
            ("build_pods_repos", 2.0),
            ("build_pods_oldest_seconds", 4000.0),
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn placeholders_that_wait_mean_no_room_only_when_none_holds_its_place() {
    let held = |name: &str| pod("user-placeholder", name, "Running", 900);
    let waits = |name: &str| unscheduled(pod("user-placeholder", name, "Pending", 900), 300);
    let seen = look(World::new(&[held("a"), waits("b"), waits("c")])).await;
    holds(
        &seen,
        &[("placeholders_running", 1.0), ("placeholders_pending_long", 2.0), ("waiting_for_room", 0.0)],
    );
    let seen = look(World::new(&[waits("b"), waits("c")])).await;
    holds(&seen, &[("placeholders_running", 0.0), ("placeholders_pending", 2.0), ("waiting_for_room", 2.0)]);
}

/// A node: name, age, and its conditions as type, status and seconds since.
fn node(name: &str, age: i64, conditions: &[(&str, &str, i64)]) -> Value {
    let conditions: Vec<Value> = conditions
        .iter()
        .map(|(kind, status, since)| json!({"type": kind, "status": status, "lastTransitionTime": ago(*since)}))
        .collect();
    json!({
        "metadata": {"name": name, "creationTimestamp": ago(age)},
        "spec": {},
        "status": {"conditions": conditions, "addresses": [{"type": "InternalIP", "address": "192.0.2.7"}]},
    })
}

#[tokio::test(start_paused = true)]
async fn nodes_are_counted_with_what_is_wrong_with_them() {
    let ok = ("Ready", "True", 5000);
    let mut cordoned = node("cordoned", 9000, &[ok]);
    cordoned["spec"]["unschedulable"] = json!(true);
    let mut nameless = node("nameless", 9000, &[ok]);
    nameless["status"]["addresses"] = json!([{"type": "Hostname", "address": "nameless"}]);
    let world = World::new(&[]).with(
        "/api/v1/nodes",
        &[
            node("fine", 86400, &[ok, ("DiskPressure", "False", 5000)]),
            node("silent", 9000, &[("Ready", "Unknown", 90)]),
            node("hiccup", 9000, &[("Ready", "False", 20)]),
            node("joining", 100, &[("Ready", "False", 90)]),
            node("full", 9000, &[ok, ("DiskPressure", "True", 60)]),
            node("tight", 9000, &[ok, ("MemoryPressure", "True", 60)]),
            node("frozen", 9000, &[ok, ("ReadonlyFilesystem", "True", 60)]),
            cordoned,
            nameless,
        ],
    );
    let (seen, _) = look_at(&*probe(json!({"node_limit": 9})), world, 0).await;
    holds(
        &seen,
        &[
            ("nodes", 9.0),
            ("nodes_ready", 6.0),
            ("nodes_schedulable", 5.0),
            ("nodes_cordoned", 1.0),
            ("nodes_not_ready_long", 1.0),
            ("nodes_disk_pressure", 1.0),
            ("nodes_memory_pressure", 1.0),
            ("nodes_readonly", 1.0),
            ("nodes_without_address", 1.0),
            ("nodes_oldest_seconds", 86400.0),
            ("node_limit", 9.0),
            ("nodes_at_limit", 1.0),
        ],
    );
    assert_eq!(
        seen.facts["nodes_troubled"],
        "silent (not ready for 90 s), hiccup (not ready), joining (not ready), full (disk pressure), \
         tight (memory pressure), frozen (read-only file system), cordoned (cordoned), nameless (no address)"
    );
}

#[tokio::test(start_paused = true)]
async fn the_fullest_quota_counts() {
    let quota = |name: &str, used: &str, hard: &str| json!({"metadata": {"name": name}, "status": {"hard": {"pods": hard}, "used": {"pods": used}}});
    let cases = [
        (vec![quota("half", "100", "200"), quota("gke", "5k", "5000")], Some((5000.0, 1.0, 1.0, "gke"))),
        (vec![quota("half", "100", "200")], Some((100.0, 0.5, 0.0, "half"))),
        (vec![quota("none", "0", "0")], Some((0.0, 1.0, 1.0, "none"))),
        (
            vec![
                json!({"metadata": {"name": "cpu"}, "status": {"hard": {"cpu": "9"}, "used": {"cpu": "9"}}}),
            ],
            None,
        ),
    ];
    for (quotas, expected) in cases {
        let seen = look(World::new(&[]).with("/api/v1/namespaces/binder/resourcequotas", &quotas)).await;
        let Some((used, ratio, blocked, name)) = expected else {
            assert!(!measured(&seen).contains_key("quota_blocked"));
            continue;
        };
        holds(
            &seen,
            &[("quota_pods_used", used), ("quota_pods_used_ratio", ratio), ("quota_blocked", blocked)],
        );
        assert_eq!(seen.facts["quota_name"], name);
    }
}

/// An event: reason, message, seconds since the first and the last time, count.
fn event(reason: &str, message: &str, first: i64, last: i64, count: u64) -> Value {
    json!({
        "metadata": {"name": format!("{reason}.{first}.{last}.{}", message.len())},
        "involvedObject": {"kind": "Node", "name": "node-3"},
        "type": "Warning", "reason": reason, "message": message, "count": count,
        "firstTimestamp": ago(first), "lastTimestamp": ago(last),
    })
}

#[tokio::test(start_paused = true)]
async fn events_are_counted_by_what_they_mean() {
    let cases = [
        ("FailedScheduling", "0/3 nodes are available", "events_failed_scheduling"),
        ("TriggeredScaleUp", "pod triggered scale-up", "events_scale_up"),
        ("NotTriggerScaleUp", "max node group size reached", "events_scale_up_refused"),
        (
            "FailedCreate",
            "pods \"x\" is forbidden: exceeded quota: gke-resource-quotas, requested: pods=1",
            "events_quota_refused",
        ),
        ("FreeDiskSpaceFailed", "failed to garbage collect", "events_disk_full"),
        ("EvictionThresholdMet", "Attempting to reclaim ephemeral-storage", "events_disk_full"),
        ("Failed", "write /x: no space left on device", "events_disk_full"),
        ("SystemOOM", "System OOM encountered", "events_oom"),
        ("Evicted", "The node was low on resource", "events_evicted"),
        ("Unhealthy", "Readiness probe failed", "events_unhealthy"),
        ("BackOff", "Back-off restarting failed container", "events_backoff"),
        ("BackOff", "Back-off pulling image \"x\"", "events_image"),
        ("Failed", "Error: ErrImagePull", "events_image"),
        ("FailedAttachVolume", "Multi-Attach error", "events_volume"),
        ("FilesystemIsReadOnly", "Remounting", "events_readonly"),
    ];
    for (reason, message, name) in cases {
        let events = [event(reason, message, 100, 10, 4)];
        let seen = look(World::new(&[]).with("/api/v1/namespaces/binder/events", &events)).await;
        let of_events: Vec<_> =
            measured(&seen).into_iter().filter(|(n, v)| n.starts_with("events_") && *v > 0.0).collect();
        assert_eq!(of_events, [(name, 4.0)], "{reason}: {message}");
        let fact = |name: &str| seen.facts.get(name).map(String::as_str);
        let on = [fact("events_disk_full_on"), fact("events_oom_on"), fact("events_volume_on")];
        let befell =
            ["events_disk_full", "events_oom", "events_volume"].map(|n| (n == name).then_some("node-3"));
        assert_eq!(on, befell, "{reason}");
        assert_eq!(fact("events_quota_name").is_some(), name == "events_quota_refused");
    }
}

#[tokio::test(start_paused = true)]
async fn old_events_do_not_count_and_long_ones_count_by_their_share() {
    let scheduling = |first, last, count| event("FailedScheduling", "no", first, last, count);
    let mut series = scheduling(9, 8, 1);
    series["series"] = json!({"count": 6, "lastObservedTime": ago(2)});
    let cases = [
        (scheduling(301, 301, 5), 0.0),
        (scheduling(299, 10, 5), 5.0),
        (scheduling(3000, 0, 100), 10.0),
        (scheduling(86400, 290, 2), 1.0),
        (series, 6.0),
        (json!({"metadata": {"name": "x"}, "reason": "FailedScheduling"}), 0.0),
    ];
    for (event, expected) in cases {
        let shown = event.to_string();
        // The same event in both namespaces is one event.
        let world = World::new(&[])
            .with("/api/v1/namespaces/binder/events", std::slice::from_ref(&event))
            .with("/api/v1/namespaces/default/events", &[event]);
        let seen = look(world).await;
        assert_eq!(measured(&seen)["events_failed_scheduling"], expected, "{shown}");
    }
}
