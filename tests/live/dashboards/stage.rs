//! A run in which everything that the dashboards show happens: a federation whose member breaks and is mended, a cluster, people
//! who are told and a channel that refuses.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{any, get};
use launchwatch::standin::{Edges, Fault, Member, Settings, StandIn};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::kit::chat::{Sink, listen};
use crate::kit::launcher::{Env, Server};
use crate::kit::service::{Home, Serve};
use crate::kit::stage;
use crate::kit::wait::{so, until};

const HUB_TOKEN: &str = "a-t0ken-of-the-dashboards";

/// Everything that takes part.
pub(super) struct Run {
    hub: StandIn,
    sink: Sink,
    serve: Serve,
    pub(super) prometheus: Server,
    /// The token of the agent.
    agent: String,
    _cluster: Server,
    _home: Home,
    _work: TempDir,
}

impl Run {
    pub(super) async fn start() -> Self {
        let work = tempfile::tempdir().expect("a folder");
        let hub = stand_in(Vec::new());
        let member = listen(hub.router()).await;
        let front = stand_in(vec![Member { name: "one".to_owned(), url: member.clone(), weight: 1 }]);
        // By another name, for launches are told apart by the hosts they are sent to.
        let front = listen(front.router()).await.replace("127.0.0.1", "localhost");
        hub.adopt("ada", "a-token-of-a-server", "gh/acme/tiny/main");
        let cluster = cluster(&work).await;
        let sink = Sink::start().await;
        let refuses = listen(Router::new().fallback(any(|| async { StatusCode::NOT_FOUND }))).await;
        let lives = listen(Router::new().route("/", get(|| async { "well" }))).await;
        let access = work.path().join("kubeconfig").display().to_string();
        let home = Home::new(
            &configuration(&member, &front, &access),
            &[("HOOK", &sink.url), ("REFUSES", &refuses), ("LIVES", &lives), ("HUB_TOKEN", HUB_TOKEN)],
        );
        let serve = home.serve().await;
        let scraped = serve.url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/prometheus/rules.yaml").to_owned();
        let env = Env::from([("LIVE_SCRAPE_TARGET".to_owned(), scraped), ("LIVE_RULES".to_owned(), rules)]);
        let prometheus = Server::start("prometheus", work.path(), &env).await;
        let made = home.run(&["token", "add", "--agent", "frankfurt"]).await;
        let said = String::from_utf8_lossy(&made.stdout).into_owned();
        let token = said.trim().to_owned();
        assert!(!token.is_empty(), "no token: {}", String::from_utf8_lossy(&made.stderr));
        Self { hub, sink, serve, prometheus, agent: token, _cluster: cluster, _home: home, _work: work }
    }

    /// An agent reports what it saw, has more to tell, and lost some.
    pub(super) async fn reports(&self) {
        for _ in 0..2 {
            let now = stage::now();
            let seen = json!({"verdict": "passed", "stages": []});
            let report = json!({
                "sent_at": now, "clock_ahead_ms": 1_500, "version": "0.1.0", "mode": "agent", "waiting": 7, "lost": 2,
                "observations": [{"probe": "hub/page", "slot": now, "outcome": seen}],
            });
            let url = format!("{}api/v1/agent/report", self.serve.url);
            let request = stage::client().post(url).bearer_auth(&self.agent).body(report.to_string());
            let answer = request.header("content-type", "application/json").send().await.expect("an answer");
            let (status, said) = (answer.status(), answer.text().await.unwrap_or_default());
            assert!(status.is_success() && said.contains(r#""taken":1"#), "{status}: {said}");
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        }
    }

    /// Launches pass on the hub, and through the federation's address.
    pub(super) async fn works(&self) {
        for (target, probe) in [("hub", "launch"), ("hub", "direct"), ("federation", "launch")] {
            let labels =
                [format!("target=\"{target}\""), format!("probe=\"{probe}\""), "verdict=\"passed\"".into()];
            let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
            until(&format!("{probe} on {target} to pass"), 60, async || {
                let passed = self.serve.metric("launchwatch_runs_total", &labels).await?;
                so(passed >= 3.0, self.serve.probe(target, probe).await)
            })
            .await;
        }
    }

    /// Servers start and their kernels die, also those of the federation; then no server starts any more.
    pub(super) async fn breaks(&self) {
        self.hub.set_fault(None, Fault::KernelDies);
        self.fails("federation", "kernel_failed").await;
        self.hub.set_fault(None, Fault::SpawnerRaises);
        self.fails("hub", "spawn_failed").await;
    }

    async fn fails(&self, target: &str, reason: &str) {
        let labels = [format!("target=\"{target}\""), format!("reason=\"{reason}\"")];
        until(&format!("launches on {target} to fail: {reason}"), 150, async || {
            let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
            let failed = self.serve.metric("launchwatch_run_reasons_total", &labels).await?;
            so(failed >= 1.0, failed)
        })
        .await;
    }

    /// Somebody was told, and a channel refused.
    pub(super) async fn tells(&self) {
        until("somebody to be told", 60, async || {
            so(!self.sink.of_kind("opened").is_empty(), self.serve.status().await)
        })
        .await;
        until("the other channel to count as broken", 60, async || {
            let broken = self.serve.metric("launchwatch_channel_broken", &["channel=\"gone\""]).await?;
            so(broken >= 1.0, broken)
        })
        .await;
    }

    pub(super) async fn heals(&self) {
        self.hub.clear_faults();
    }

    pub(super) async fn stop(self) {
        assert_eq!(self.serve.stop(60).await, Some(0));
    }
}

fn stand_in(members: Vec<Member>) -> StandIn {
    let settings = Settings {
        launch_seconds: 2.0,
        speed: 8.0,
        rate_limit: None,
        hub_tokens: vec![HUB_TOKEN.to_owned()],
        cull_seconds: 1e6,
        members,
        ..Settings::default()
    };
    let doors = Edges { now: std::sync::Arc::new(stage::now), spawn: stage::spawner(), seed: 1 };
    StandIn::new(settings, doors)
}

/// A cluster with some of everything, and some of it in trouble.
async fn cluster(work: &TempDir) -> Server {
    let path = |name: &str| work.path().join(name).display().to_string();
    std::fs::write(path("cluster.json"), objects().to_string()).expect("the objects are written");
    let env = Env::from([
        ("LIVE_CLUSTER".to_owned(), path("cluster.json")),
        ("LIVE_CLUSTER_FAULTS".to_owned(), path("faults.json")),
    ]);
    let server = Server::start("kubernetes", work.path(), &env).await;
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: live\n\
         clusters: [{{name: here, cluster: {{server: \"{}\"}}}}]\nusers: [{{name: me, user: {{token: a-t0ken}}}}]\n\
         contexts: [{{name: live, context: {{cluster: here, user: me, namespace: binder}}}}]\n",
        server.fact("url").trim_end_matches('/')
    );
    std::fs::write(path("kubeconfig"), text).expect("the kubeconfig is written");
    server
}

fn objects() -> Value {
    let old = "2025-01-01T00:00:00Z";
    let pod = |name: &str, component: &str, phase: &str| {
        let ready = if phase == "Running" { "True" } else { "False" };
        json!({
            "metadata": {"name": name, "namespace": "binder", "uid": name, "creationTimestamp": old,
                "labels": {"app": "binder", "component": component},
                "annotations": {"hub.jupyter.org/username": name.trim_start_matches("jupyter-")}},
            "spec": {"nodeName": "node-1", "containers": [{"name": "main"}]},
            "status": {"phase": phase, "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": old}],
                "containerStatuses": [{"name": "main", "ready": phase == "Running", "restartCount": 0, "state": {"running": {}}}]},
        })
    };
    let mut proxy = pod("proxy-2", "proxy", "Running");
    proxy["status"]["containerStatuses"][0]["state"] = json!({"waiting": {"reason": "CrashLoopBackOff"}});
    let node = |name: &str, bad: &str, cordoned: bool| {
        let condition = |kind: &str, good: &str| {
            let flipped = if good == "True" { "False" } else { "True" };
            let status = if kind == bad { flipped } else { good };
            json!({"type": kind, "status": status, "lastTransitionTime": old})
        };
        let conditions = [("Ready", "True"), ("DiskPressure", "False"), ("MemoryPressure", "False")];
        json!({"metadata": {"name": name, "creationTimestamp": old}, "spec": {"unschedulable": cordoned},
            "status": {"conditions": conditions.map(|(kind, good)| condition(kind, good)),
                "addresses": [{"type": "InternalIP", "address": "192.0.2.1"}]}})
    };
    json!({
        "/api/v1/namespaces/binder/pods": [
            pod("hub-1", "hub", "Running"), pod("proxy-1", "proxy", "Running"), proxy, pod("binder-1", "binder", "Running"),
            pod("jupyter-ada", "singleuser-server", "Running"), pod("jupyter-bob", "singleuser-server", "Running"),
            pod("build-1", "binderhub-build", "Running"), pod("build-2", "binderhub-build", "Pending"),
            pod("placeholder-1", "user-placeholder", "Running"), pod("placeholder-2", "user-placeholder", "Pending"),
        ],
        "/api/v1/nodes": [
            node("node-1", "", false), node("node-2", "DiskPressure", true), node("node-3", "MemoryPressure", false),
            node("node-4", "Ready", false),
        ],
        "/api/v1/namespaces/binder/resourcequotas": [
            {"metadata": {"name": "pods", "namespace": "binder"}, "status": {"hard": {"pods": "20"}, "used": {"pods": "10"}}},
        ],
        "/api/v1/namespaces/binder/events": [],
        "/api/v1/namespaces/default/events": [],
    })
}

fn configuration(hub: &str, front: &str, access: &str) -> String {
    // Nobody takes what is exported.
    let nowhere = "http://127.0.0.1:9/api/v1/write";
    let launches = "every: 1s, deadline: 10s, overlap: skip, confirm_after: 200ms";
    format!(
        r#"version: 1
service: {{ listen: "127.0.0.1:0", witnesses: [], dead_man: {{ url: "env:LIVES", every: 10s }} }}
rules: [{{ name: quick, failures: 2 }}]
agents: [{{ name: frankfurt }}]
exports: [{{ type: remote_write, url: "{nowhere}", every: 10s }}]
targets:
  - name: hub
    url: {hub}
    probes:
      - {{ type: binder-launch, name: launch, spec: gh/acme/tiny/main, {launches} }}
      - {{ type: jupyterhub-launch, name: direct, api_token: "env:HUB_TOKEN", {launches} }}
      - {{ type: binderhub-health, name: health, every: 1s, deadline: 900ms }}
      - {{ type: jupyterhub-servers, name: servers, api_token: "env:HUB_TOKEN", every: 2s, deadline: 2s }}
      - {{ type: hub-drift, name: drift, api_token: "env:HUB_TOKEN", access: {{ kubeconfig: {access} }}, every: 2s, deadline: 2s }}
      - {{ type: http, name: page, every: 2s, deadline: 2s, locations: [here, frankfurt] }}
      - {{ type: kubernetes, name: cluster, access: {{ kubeconfig: {access} }}, node_limit: 4, every: 2s, deadline: 2s }}
  - name: federation
    url: {front}
    probes:
      - {{ type: federation, name: members, members: [{{ name: one, url: "{hub}", prime: true }}], every: 2s, deadline: 2s }}
      - {{ type: binder-launch, name: launch, spec: gh/acme/tiny/main, {launches} }}
channels:
  - {{ type: webhook, name: ops, url: "env:HOOK" }}
  - {{ type: webhook, name: gone, url: "env:REFUSES", fallback: ops }}
"#
    )
}
