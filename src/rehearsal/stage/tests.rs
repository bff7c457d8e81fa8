mod launches;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use launchwatch_probes::Net as _;
use launchwatch_probes::net::ClusterAccess;
use serde_json::Value;

use super::{Member, Stage};
use crate::clock::Clock;
use crate::config::told;
use crate::rehearsal::Scenario;
use crate::standin::Spawner;

const OUTAGE: &str = r#"
schema: incident-scenario/1
clock: {t0: '2026-03-01T12:00:00Z', replay: {start: -600, end: 3600}}
deployment: {kind: federation, members: [north, south], prime: north}
channels:
  prober:
    outcomes:
      ok:
        sse:
          - {at: 0.5, phase: built, message: found}
          - {at: 1, phase: launching, message: Server requested}
          - {at: 2, phase: launching, message: '<ts> [Normal] Successfully assigned <ns>/<pod> to <node>'}
          - {at: 6, phase: launching, message: '<ts> [Normal] Started container notebook'}
          - {at: 8, phase: ready, message: 'server running at <url>'}
        teardown: {pod_gone_after_s: 45}
      stuck:
        sse:
          - {at: 1, phase: launching, message: Server requested}
          - {at: 6, phase: launching, message: '<ts> [Normal] Started container notebook'}
          - {at: 300, phase: launching, message: 'Spawn failed: pod <ns>/<pod> did not start'}
          - {at: 301, phase: failed, status_code: 500}
        own_pod: {phase: Running, ready_after_s: 7, deleted_after_failure: false}
      refused: {http: {error: refused}}
      html: {http: {status: 503, content_type: text/html, after_s: 0.3}}
    segments:
      - {from: -600, to: 0, target: north, mix: [{outcome: ok, p: 1}]}
      - {from: 0, to: 600, target: north, mix: [{outcome: stuck, p: 1}]}
      - {from: 600, to: 1200, target: north, mix: [{outcome: refused, p: 1}]}
      - {from: 1200, to: 1800, target: north, mix: [{outcome: html, p: 1}]}
      - {from: -600, to: 3600, target: south, mix: [{outcome: ok, p: 1}]}
  health:
    - {from: -600, to: 600, member: north, health: {status: 200, ok: true, checks: {JupyterHub API: true, Pod quota: {ok: true, quota: 400}}}, versions: {status: 200, tag: v1}, hub_health: {status: 200, latency_ms: 20}}
    - {from: 600, to: 1800, member: north, health: {status: 0}, versions: {status: 0}, hub_health: {status: 503}}
  kubernetes:
    snapshots:
      - {t: -600, user_pods: {running: 100, pending: 1}, build_pods: {running: 3}, nodes: {total: 4, ready: 4}, interp: linear}
      - {t: 0, user_pods: {running: 100, pending: 1}, nodes: {total: 4, ready: 4}, interp: linear}
      - t: 600
        user_pods: {running: 160, pending: 30, unknown: 2, terminating: 3}
        nodes: {total: 5, ready: 4, cordoned: 1}
        components: {hub: {ready: false, restarts: 4, reason: CrashLoopBackOff, cpu_cores: 0.9, memory_mb: 512}}
        conditions: {node_n7_DiskPressure: true}
        resource_quota: {name: big, used_pods: 15000, hard_pods: 15000}
        placeholders: {running: 0, pending: 2}
        by_repo: {'https://example.org/hot': 50}
        pods_log_get: false
    events:
      - {t: 300, until: 900, type: Warning, reason: FailedScheduling, object: pod/jupyter-*, message: '0/<n> nodes', count: 600}
  hub_api:
    - {t: -600, servers_active: 100, users_total: 120, pending_spawn: 1}
    - {t: 0, users_total: 120, pending_spawn: 9, pod_running_server_pending: 8, pending_stop: 4, server_without_pod: 3, orphan_pods: 0}
    - {t: 600, users_total: 300, pending_spawn: 9, orphan_pods: 60}
    - {t: 900, http_status: 503, latency_ms: 2000}
  logs:
    - {t: 60, until: 600, source: hub, level: E, text: 'pod/jupyter-<name> did not start in 300 seconds!', per_min: 4}
"#;

/// A stage at a second of [`OUTAGE`], with what it takes to ask it.
struct Scene {
    stage: Stage,
    north: Member,
    clock: Clock,
    t0: Timestamp,
}

impl Scene {
    fn new() -> Self {
        let scenario = Scenario::read("outage", OUTAGE).unwrap_or_else(|p| panic!("{}", told(&p)));
        let clock = Clock::simulated(scenario.t0 - Duration::from_secs(600));
        let stage = Stage::new(&scenario, clock.clone(), 7, spawner());
        let north = stage.members().remove(0);
        Self { stage, north, clock, t0: scenario.t0 }
    }

    async fn at(&self, t: i64) {
        self.clock.until(self.t0 + jiff::SignedDuration::from_secs(t)).await;
    }

    async fn kube(&self, path: &str) -> Value {
        let access = ClusterAccess { context: Some("north".into()), ..ClusterAccess::default() };
        let client = self.stage.net().cluster(&access).await.unwrap();
        let request = http::Request::get(path).body(Vec::new()).unwrap();
        serde_json::from_str(&client.request_text(request).await.unwrap()).unwrap()
    }

    async fn pods(&self, component: &str) -> Vec<Value> {
        let path = format!("/api/v1/namespaces/north/pods?labelSelector=component%3D{component}&limit=5000");
        items(&self.kube(&path).await)
    }

    async fn get(&self, url: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let mut request = http::Request::get(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.stage.net().send(request.body(Bytes::new()).unwrap()).await.unwrap();
        let status = answer.status.as_u16();
        (status, String::from_utf8(answer.read(1 << 20).await.unwrap().to_vec()).unwrap())
    }

    /// Servers of the Hub, all pages.
    async fn servers(&self) -> Vec<Value> {
        let token = format!("token {}", self.north.hub_token);
        let headers =
            [("accept", "application/jupyterhub-pagination+json"), ("authorization", token.as_str())];
        let mut url = format!("{}hub/api/users?state=active&limit=100", self.north.hub_url);
        let mut all = Vec::new();
        loop {
            let (status, body) = self.get(&url, &headers).await;
            assert_eq!(status, 200, "{body}");
            let page: Value = serde_json::from_str(&body).unwrap();
            all.extend(items(&page));
            match page.pointer("/_pagination/next/url").and_then(Value::as_str) {
                Some(next) => url = next.to_owned(),
                None => break,
            }
        }
        all
    }

    /// Begins a launch and keeps reading it, as a probe would.
    async fn launch(&self, member: &Member) -> launchwatch_probes::net::Body {
        let url = format!("{}build/gh/launchwatch/cached/abc", member.url);
        let request =
            http::Request::get(url).header("accept", "text/event-stream").body(Bytes::new()).unwrap();
        self.stage.net().send(request).await.unwrap().body
    }
}

#[expect(clippy::disallowed_methods, reason = "the test is the runtime's owner")]
fn spawner() -> Spawner {
    Arc::new(|_, work| drop(tokio::spawn(work)))
}

fn items(list: &Value) -> Vec<Value> {
    list["items"].as_array().unwrap().clone()
}

fn phases(pods: &[Value], phase: &str) -> usize {
    pods.iter()
        .filter(|p| p["status"]["phase"] == phase && p["metadata"]["deletionTimestamp"].is_null())
        .count()
}

fn pending(servers: &[Value], what: &str) -> usize {
    servers.iter().filter(|s| s["servers"][""]["pending"] == what).count()
}

#[tokio::test(start_paused = true)]
async fn pods_and_servers_are_as_many_as_the_file_says() {
    let scene = Scene::new();
    // t, running, pending, servers, starting, stopping
    let table = [
        (-300, 100, 1, 101, 1, 0),
        (0, 100, 1, 104, 9, 4),
        (300, 130, 16, 120, 9, 4),
        (600, 160, 30, 135, 9, 4),
    ];
    for (t, running, waiting, servers, starting, stopping) in table {
        scene.at(t).await;
        let pods = scene.pods("singleuser-server").await;
        let shown = scene.servers().await;
        assert_eq!((phases(&pods, "Running"), phases(&pods, "Pending")), (running, waiting), "pods at {t}");
        assert_eq!(shown.len(), servers, "servers at {t}");
        assert_eq!(
            (pending(&shown, "spawn"), pending(&shown, "stop")),
            (starting, stopping),
            "pending at {t}"
        );
    }
    let pods = scene.pods("singleuser-server").await;
    assert_eq!((phases(&pods, "Unknown"), pods.len()), (2, 160 + 30 + 2 + 3));
    let hot = pods
        .iter()
        .filter(|p| p.pointer("/spec/containers/0/env/0/value") == Some(&"https://example.org/hot".into()));
    assert_eq!(hot.count(), 50);
}

#[tokio::test(start_paused = true)]
async fn individuals_stay_the_same_between_looks() {
    let scene = Scene::new();
    let mut before: Option<Vec<String>> = None;
    for t in [-300, -240, -180] {
        scene.at(t).await;
        let pods = scene.pods("singleuser-server").await;
        let running: Vec<String> = pods
            .iter()
            .filter(|p| p["status"]["phase"] == "Running")
            .map(|p| format!("{} {}", p["metadata"]["uid"], p["metadata"]["creationTimestamp"]))
            .collect();
        if let Some(before) = &before {
            let same = running.iter().filter(|p| before.contains(p)).count();
            assert!(
                same >= 97,
                "{same} of {} at {t}: only a few visitors change within a minute",
                running.len()
            );
        }
        before = Some(running);
    }
    let owner = |pod: &Value| pod["metadata"]["annotations"]["hub.jupyter.org/username"].clone();
    let servers: Vec<Value> = scene.servers().await.iter().map(|s| s["name"].clone()).collect();
    let pods = scene.pods("singleuser-server").await;
    assert!(
        pods.iter().all(|p| servers.contains(&owner(p))),
        "all pods have servers while there are no orphans"
    );
}

#[tokio::test(start_paused = true)]
async fn waiting_pods_are_unscheduled_and_grow_old_only_while_there_is_no_room() {
    let scene = Scene::new();
    for (t, unscheduled) in [(-300, 0), (240, 0), (600, 30)] {
        scene.at(t).await;
        let pods = scene.pods("singleuser-server").await;
        let without = pods.iter().filter(|p| p["spec"]["nodeName"].is_null()).count();
        assert_eq!(without, unscheduled, "at {t}");
    }
    let (pods, now) = (scene.pods("singleuser-server").await, scene.clock.now());
    let age = |p: &Value| {
        let created: Timestamp = p["metadata"]["creationTimestamp"].as_str().unwrap().parse().unwrap();
        now.duration_since(created).as_secs()
    };
    let oldest = pods.iter().filter(|p| p["status"]["phase"] == "Pending").map(age).max().unwrap();
    assert!((290..=301).contains(&oldest), "{oldest}");
}

#[tokio::test(start_paused = true)]
async fn nodes_components_quotas_and_usage_are_as_the_file_says() {
    let scene = Scene::new();
    scene.at(700).await;
    let nodes = items(&scene.kube("/api/v1/nodes").await);
    assert_eq!(nodes.len(), 5);
    let condition = |node: &Value, kind: &str| {
        let all = node["status"]["conditions"].as_array().unwrap();
        all.iter().find(|c| c["type"] == kind).map(|c| c["status"].as_str().unwrap().to_owned())
    };
    assert_eq!(nodes.iter().filter(|n| condition(n, "Ready").as_deref() == Some("True")).count(), 4);
    assert_eq!(nodes.iter().filter(|n| n["spec"]["unschedulable"] == true).count(), 1);
    assert_eq!(nodes[0]["metadata"]["name"], "n7");
    assert_eq!(condition(&nodes[0], "DiskPressure").as_deref(), Some("True"));

    let hub = &scene.pods("hub").await[0];
    let container = &hub["status"]["containerStatuses"][0];
    assert_eq!((&container["ready"], &container["restartCount"]), (&Value::Bool(false), &Value::from(4)));
    assert_eq!(container["state"]["waiting"]["reason"], "CrashLoopBackOff");
    for (component, expected) in
        [("proxy", 1), ("binder", 1), ("ingress", 1), ("user-placeholder", 2), ("binderhub-build", 3)]
    {
        assert_eq!(scene.pods(component).await.len(), expected, "{component}");
    }
    let quota = &items(&scene.kube("/api/v1/namespaces/north/resourcequotas").await)[0];
    assert_eq!(
        (&quota["status"]["used"]["pods"], &quota["metadata"]["name"]),
        (&"15k".into(), &"big".into())
    );
    let usage = items(&scene.kube("/apis/metrics.k8s.io/v1beta1/namespaces/north/pods").await);
    let hub_usage = usage.iter().find(|u| u["containers"][0]["name"] == "hub").unwrap();
    assert_eq!(hub_usage["containers"][0]["usage"]["cpu"], "900m");
}

#[tokio::test(start_paused = true)]
async fn events_and_log_lines_come_at_the_pace_of_the_file() {
    let scene = Scene::new();
    for (t, expected) in [(299, 0), (600, 301), (1000, 600)] {
        scene.at(t).await;
        let events = items(&scene.kube("/api/v1/namespaces/north/events").await);
        let count: u64 = events.iter().map(|e| e["count"].as_u64().unwrap()).sum();
        assert_eq!(count, expected, "events at {t}");
    }
    let scene = Scene::new();
    scene.at(360).await;
    let hub = scene.pods("hub").await[0]["metadata"]["name"].as_str().unwrap().to_owned();
    let log = format!("/api/v1/namespaces/north/pods/{hub}/log?sinceSeconds=300");
    let access = ClusterAccess { context: Some("north".into()), ..ClusterAccess::default() };
    let client = scene.stage.net().cluster(&access).await.unwrap();
    let read = || client.request_text(http::Request::get(log.as_str()).body(Vec::new()).unwrap());
    let text = read().await.unwrap();
    assert_eq!(text.matches("did not start in 300 seconds!").count(), 21, "{text}");
    assert!(!text.contains("<name>"));
    scene.at(601).await;
    assert!(read().await.is_err(), "reading logs fails while the file says so");
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_answers() {
    let mut answers = Vec::new();
    for _ in 0..2 {
        let scene = Scene::new();
        scene.at(450).await;
        answers.push(scene.kube("/api/v1/namespaces/north/pods").await.to_string());
    }
    assert_eq!(answers[0], answers[1]);
}
