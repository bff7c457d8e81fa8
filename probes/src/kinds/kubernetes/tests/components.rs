//! Components, look after look.

use serde_json::{Value, json};

use super::{World, ago, holds, look, look_at, measured, pod, probe, ready};

/// A pod of the hub with one container: restarts, and its state.
fn hub(restarts: u64, state: Value, last: Value) -> Value {
    let mut hub = pod("hub", "hub-1", "Running", 4000);
    hub["spec"]["containers"] = json!([{"name": "hub", "resources": {"limits": {"cpu": "500m"}}}]);
    hub["status"]["containerStatuses"] =
        json!([{"name": "hub", "ready": true, "restartCount": restarts, "state": state, "lastState": last}]);
    hub
}

fn runs() -> Value {
    json!({"running": {"startedAt": ago(1000)}})
}

#[tokio::test(start_paused = true)]
async fn a_component_that_is_well_tells_its_age_place_and_use() {
    let mut pods = vec![ready(hub(2, runs(), json!({})), 900)];
    pods.push(ready(pod("proxy", "proxy-1", "Running", 50), 40));
    let mut cordoned = json!({"metadata": {"name": "node-1"}, "spec": {"unschedulable": true}});
    cordoned["status"] = json!({});
    let usage = json!({"metadata": {"name": "hub-1", "namespace": "binder"},
        "containers": [{"usage": {"cpu": "250m", "memory": "1Gi"}}, {"usage": {"cpu": "50m", "memory": "1Mi"}}]});
    let world = World::new(&pods)
        .with("/api/v1/nodes", &[cordoned])
        .with("/apis/metrics.k8s.io/v1beta1/namespaces/binder/pods", &[usage]);
    let seen = look(world).await;
    holds(
        &seen,
        &[
            ("component_hub_pods", 1.0),
            ("component_hub_ready", 1.0),
            ("component_hub_restarts", 2.0),
            ("component_hub_crashlooping", 0.0),
            ("component_hub_oom_killed", 0.0),
            ("component_hub_unavailable_seconds", 0.0),
            ("component_hub_age_seconds", 1000.0),
            ("component_hub_on_cordoned", 1.0),
            ("component_hub_cpu_limit_cores", 0.5),
            ("component_hub_cpu_cores", 0.3),
            ("component_hub_memory_bytes", 1074790400.0),
            ("component_proxy_ready", 1.0),
            ("components_crashlooping", 0.0),
            ("components_unavailable", 0.0),
        ],
    );
    assert_eq!(seen.facts["component_hub_nodes"], "node-1");
    assert!(!seen.facts.contains_key("component_hub_reason"));
    assert!(!measured(&seen).keys().any(|n| n.starts_with("component_binder")), "never seen, not spoken of");
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_is_seen_by_its_name_or_by_its_restarts() {
    let waiting = json!({"waiting": {"reason": "CrashLoopBackOff"}});
    let ended = json!({"terminated": {"reason": "OOMKilled", "finishedAt": ago(30)}});
    let mut crashing = hub(7, waiting, ended);
    crashing["status"]["containerStatuses"][0]["ready"] = json!(false);
    let seen = look(World::new(&[crashing])).await;
    holds(
        &seen,
        &[
            ("component_hub_crashlooping", 1.0),
            ("component_hub_oom_killed", 1.0),
            ("components_crashlooping", 1.0),
            ("component_hub_ready", 0.0),
        ],
    );
    assert_eq!(seen.facts["component_hub_reason"], "CrashLoopBackOff, OOMKilled");

    let probe = probe(json!({}));
    let mut loops = Vec::new();
    for (later, restarts) in [(0, 7), (200, 8), (400, 10), (700, 10), (1300, 10)] {
        let (seen, _) =
            look_at(&*probe, World::new(&[ready(hub(restarts, runs(), json!({})), 900)]), later).await;
        loops.push(measured(&seen)["component_hub_crashlooping"]);
    }
    assert_eq!(loops, [0.0, 0.0, 1.0, 0.0, 0.0], "three restarts within ten minutes");
}

#[tokio::test(start_paused = true)]
async fn a_component_is_away_since_its_last_pod_was_ready() {
    let probe = probe(json!({}));
    let away = |outcome: &crate::Outcome| {
        let seen = measured(outcome);
        (seen.get("component_hub_unavailable_seconds").copied(), seen["components_unavailable"])
    };
    let mut broken = hub(0, runs(), json!({}));
    broken["status"]["conditions"] =
        json!([{"type": "Ready", "status": "False", "lastTransitionTime": ago(20)}]);
    let well = || vec![ready(hub(0, runs(), json!({})), 900)];
    let looks = [
        (0, vec![], (None, 0.0)),
        (30, well(), (Some(0.0), 0.0)),
        (60, vec![broken], (Some(80.0), 1.0)),
        (90, vec![], (Some(110.0), 1.0)),
        (120, well(), (Some(0.0), 0.0)),
        (150, vec![], (Some(0.0), 0.0)),
        (210, vec![], (Some(60.0), 0.0)),
        (240, vec![], (Some(90.0), 1.0)),
    ];
    for (later, pods, expected) in looks {
        let (seen, _) = look_at(&*probe, World::new(&pods), later).await;
        assert_eq!(away(&seen), expected, "after {later} s");
    }
}

#[tokio::test(start_paused = true)]
async fn components_elsewhere_are_asked_for_there() {
    let settings = json!({"components": {
        "ingress": {"namespace": "traefik", "selector": "app.kubernetes.io/name in (traefik)"},
        "hub": {"selector": "component=hub"},
    }});
    let world = World::new(&[ready(hub(0, runs(), json!({})), 900)])
        .with("/api/v1/namespaces/traefik/pods", &[ready(pod("", "traefik-1", "Running", 50), 40)]);
    let (seen, asked) = look_at(&*probe(settings), world, 0).await;
    holds(&seen, &[("component_ingress_ready", 1.0), ("component_hub_ready", 1.0)]);
    let wanted =
        "/api/v1/namespaces/traefik/pods?limit=500&labelSelector=app.kubernetes.io/name in (traefik)";
    assert!(asked.lock().unwrap().iter().any(|a| a == wanted));
}
