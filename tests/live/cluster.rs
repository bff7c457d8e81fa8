//! A Kubernetes API spoken to over HTTP: kmock's, and for a body that is cut one of a few lines here.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use launchwatch_probes::net::ClusterAccess;
use launchwatch_probes::net::real::{NetSettings, RealNet};
use launchwatch_probes::{
    CleanUp, Cx, CxParts, DebtId, Ledger, LedgerError, Outcome, Reason, Verdict, cluster, kinds,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::kit::launcher::{Env, Server};
use crate::kit::stage::{self, Place};
use crate::kit::wait::{so, until};

const TOKEN: &str = "a-t0ken-of-the-live-tests";
const PODS: &str = "/api/v1/namespaces/binder/pods";

/// A cluster by kmock, and the way to it.
struct Kmock {
    _place: Place,
    work: TempDir,
    server: Server,
    access: ClusterAccess,
}

impl Kmock {
    async fn with(objects: &Value) -> Self {
        let place = Place::take().await;
        let work = tempfile::tempdir().expect("a folder");
        let path = |name: &str| work.path().join(name).display().to_string();
        std::fs::write(path("cluster.json"), objects.to_string()).expect("the objects are written");
        let env = Env::from([
            ("LIVE_CLUSTER".to_owned(), path("cluster.json")),
            ("LIVE_CLUSTER_FAULTS".to_owned(), path("faults.json")),
        ]);
        let server = Server::start("kubernetes", work.path(), &env).await;
        let access = access(work.path(), server.fact("url"));
        Self { _place: place, work, server, access }
    }

    fn faults(&self, faults: &Value) {
        std::fs::write(self.work.path().join("faults.json"), faults.to_string()).expect("faults are written");
    }

    /// The requests for pods so far, without what is the same in all.
    fn asked(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.server.fact("asked")).unwrap_or_default();
        let of_pods = text.lines().filter_map(|l| l.strip_prefix("GET ")?.strip_prefix(PODS));
        of_pods.map(|l| l.replace("?limit=500", "?")).collect()
    }

    /// Makes, changes or removes a pod as anybody would.
    async fn order(&self, method: reqwest::Method, path: &str, body: &Value) {
        let url = format!("{}{}", self.server.fact("url").trim_end_matches('/'), path);
        let request = stage::client().request(method, url).header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await.expect("kmock answers");
        assert!(answer.status().is_success(), "{}", answer.status());
    }
}

/// A kubeconfig that leads to this URL.
fn access(folder: &Path, url: &str) -> ClusterAccess {
    let path = folder.join("kubeconfig");
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: elsewhere\n\
         clusters: [{{name: here, cluster: {{server: \"{}\"}}}}]\n\
         users: [{{name: me, user: {{token: {TOKEN}}}}}]\n\
         contexts: [{{name: live, context: {{cluster: here, user: me, namespace: binder}}}}]\n",
        url.trim_end_matches('/'),
    );
    std::fs::write(&path, text).expect("the kubeconfig is written");
    ClusterAccess { kubeconfig: Some(path), context: Some("live".to_owned()) }
}

struct NoLedger;

#[async_trait]
impl Ledger for NoLedger {
    async fn begun(&self, _: &DebtId, _: &str) -> Result<(), LedgerError> {
        Ok(())
    }

    async fn told(&self, _: &DebtId, _: &CleanUp) -> Result<(), LedgerError> {
        Ok(())
    }

    async fn settled(&self, _: &DebtId) -> Result<(), LedgerError> {
        Ok(())
    }
}

fn net() -> Arc<RealNet> {
    let settings = NetSettings { ignore_proxies: true, ..NetSettings::default() };
    Arc::new(RealNet::new(settings).expect("a network"))
}

/// One run of a kind over the real network.
async fn run(kind: &str, access: &ClusterAccess, seconds: u64) -> Outcome {
    let settings = json!({"access": {"kubeconfig": access.kubeconfig, "context": access.context}});
    let kind = kinds::kind(kind).expect("a kind");
    let probe = kind.build(settings, &"https://x.example/".parse().expect("a URL")).expect("settings");
    let deadline = Instant::now() + Duration::from_secs(seconds);
    let mut cx = Cx::new(CxParts {
        net: net(),
        ledger: Arc::new(NoLedger),
        run: "run-1".to_owned(),
        nonce: "abcdefgh12345678".to_owned(),
        deadline,
        now: stage::now(),
        user_agent: "launchwatch/live".into(),
        watcher: None,
    });
    let seen = probe.run(&mut cx).await;
    assert!(Instant::now() < deadline, "it ends by itself before its deadline");
    assert!(!format!("{seen:?}").contains(TOKEN), "the token is told: {seen:?}");
    seen
}

fn measured(outcome: &Outcome, name: &str) -> Option<f64> {
    outcome.measurements.iter().find(|m| m.name == name).map(|m| m.value)
}

fn pod(component: &str, name: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "binder", "labels": {"component": component}},
        "spec": {"nodeName": "node-1"},
        "status": {"phase": "Running", "containerStatuses": [
            {"name": component, "ready": true, "restartCount": 1, "state": {"running": {}}},
        ]},
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_pods_come_in_pages_with_nodes_events_and_logs() {
    let now = stage::now().to_string();
    let node = |name: &str, ready: &str| {
        json!({"metadata": {"name": name, "creationTimestamp": "2025-01-01T00:00:00Z"}, "status": {
            "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": "2025-01-01T00:00:00Z"}],
            "addresses": [{"type": "InternalIP", "address": "192.0.2.1"}]}})
    };
    let event = json!({"metadata": {"name": "node-2.1", "namespace": "default"}, "reason": "SystemOOM",
        "involvedObject": {"kind": "Node", "name": "node-2"}, "count": 2, "firstTimestamp": now, "lastTimestamp": now});
    let cluster = Kmock::with(&json!({
        "crowd": {"namespace": "binder", "pods": 5000},
        PODS: [pod("hub", "hub-1")],
        "/api/v1/nodes": [node("node-1", "True"), node("node-2", "Unknown")],
        "/api/v1/namespaces/default/events": [event],
        "/api/v1/namespaces/binder/events": [],
    }))
    .await;
    let began = Instant::now();
    let seen = run("kubernetes", &cluster.access, 25).await;
    eprintln!("5,001 pods took {:.1} s, kmock's share included", began.elapsed().as_secs_f64());
    assert_eq!(seen.verdict, Verdict::Passed, "{}", seen.summary);
    for (name, value) in [
        ("user_pods_ready", 5000.0),
        ("user_pods_top_repo", 100.0),
        ("nodes", 2.0),
        ("nodes_ready", 1.0),
        ("nodes_not_ready_long", 1.0),
        ("events_oom", 2.0),
        ("component_hub_ready", 1.0),
        ("component_hub_restarts", 1.0),
    ] {
        assert_eq!(measured(&seen, name), Some(value), "{name}: {:?}", seen.evidence);
    }
    assert_eq!(seen.facts["events_oom_on"], "node-2");
    let pages = cluster.asked();
    assert_eq!(pages.len(), 11, "{pages:?}");
    assert_eq!(pages[10], "?&continue=5000");
    // kmock knows no quotas: a source that is not there.
    assert!(seen.evidence.iter().any(|l| l.contains("list resourcequotas in binder")), "{:?}", seen.evidence);

    let seen = run("kubernetes-logs", &cluster.access, 45).await;
    assert_eq!(seen.verdict, Verdict::Passed, "{}", seen.summary);
    assert_eq!(measured(&seen, "logs_readable"), Some(1.0));
    assert_eq!(measured(&seen, "log_hub_quota"), Some(1.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_slowness_and_half_answers_are_unknown_and_accuse_nobody() {
    let cluster =
        Kmock::with(&json!({PODS: [pod("hub", "hub-1")], "crowd": {"namespace": "binder", "pods": 600}}))
            .await;
    let half = r#"{"metadata": {"resourceVersion": "7"}, "items": [{"metadata""#;
    let cases = [
        (json!({"status": 401, "message": "Unauthorized"}), Reason::ProbeAuth, "401"),
        (json!({"status": 403, "message": "pods is forbidden"}), Reason::ProbeAuth, "pods is forbidden"),
        (json!({"status": 429, "headers": {"retry-after": "9"}}), Reason::RateLimited, "in 9 s"),
        (json!({"status": 500, "message": "etcd timed out"}), Reason::HttpStatus, "etcd timed out"),
        (json!({"wait": 30}), Reason::Timeout, "no answer in time"),
        (json!({"body": half}), Reason::HalfAnswer, "breaks off"),
        (json!({"body": "<html>"}), Reason::Garbled, "not what was asked for"),
        (json!({"body": r#"{"items": []}"#}), Reason::HalfAnswer, "is no list"),
        (json!({"status": 410, "query": "*continue=*"}), Reason::HalfAnswer, "410"),
    ];
    for (mut fault, reason, words) in cases {
        fault["path"] = json!(PODS);
        cluster.faults(&json!([fault]));
        let seen = run("kubernetes", &cluster.access, 4).await;
        assert_eq!((seen.verdict, seen.reason), (Verdict::Unknown, Some(reason)), "{}", seen.summary);
        assert!(seen.summary.contains(words), "{words}: {}", seen.summary);
        assert!(seen.measurements.is_empty(), "{:?}", seen.measurements);
    }
    // Expired once: begun anew.
    let before = cluster.asked().len();
    cluster.faults(&json!([{"path": PODS, "query": "*continue=*", "status": 410, "times": 1}]));
    let seen = run("kubernetes", &cluster.access, 20).await;
    assert_eq!(
        (seen.verdict, measured(&seen, "user_pods")),
        (Verdict::Passed, Some(600.0)),
        "{}",
        seen.summary
    );
    assert_eq!(cluster.asked()[before..], ["?", "?&continue=500", "?", "?&continue=500"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pod_is_followed_through_an_expired_watch() {
    let mut first = pod("singleuser-server", "jupyter-x");
    first["status"] = json!({"phase": "Pending"});
    let cluster = Kmock::with(&json!({PODS: [first]})).await;
    let expired = json!({"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old"}});
    cluster.faults(&json!([{"query": "*watch=true*", "times": 1, "lines": [expired]}]));
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let (told, way) = (Arc::clone(&seen), cluster.access.clone());
    stage::spawn(async move {
        let end = Instant::now() + Duration::from_secs(60);
        let mut tell = move |word: String| told.lock().expect("nobody panicked").push(word);
        let _refused = cluster::narrate(&*net(), &way, "binder", "jupyter-x", end, &mut tell).await;
    });
    let has = async |what: &str, count: usize| {
        until(&format!("{count} times {what}"), 30, async || {
            let seen = seen.lock().expect("nobody panicked").clone();
            so(seen.iter().filter(|s| *s == what).count() >= count, seen)
        })
        .await;
    };
    // Listed, expired, listed again; kmock begins a watch with what there is.
    has("Pending", 3).await;
    let running = json!({"status": {"phase": "Running"}});
    cluster.order(reqwest::Method::PATCH, &format!("{PODS}/jupyter-x"), &running).await;
    has("Running", 1).await;
    cluster.order(reqwest::Method::DELETE, &format!("{PODS}/jupyter-x"), &json!({})).await;
    has("absent", 1).await;
    let asked: Vec<bool> = cluster.asked().iter().map(|a| a.contains("watch=true")).collect();
    assert_eq!(asked, [false, true, false, true], "{:?}", cluster.asked());
}

/// An API whose answer ends in the middle of a page: kmock sends every body to its end.
async fn cut_off(head: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("its address"));
    stage::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = [0; 2048];
            let _ = stream.read(&mut asked).await;
            let _ = stream.write_all(head.as_bytes()).await;
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_cut_is_half_an_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let cases = [
        "HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"metadata\": {}, \"items\": [",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10\r\n{\"metadata\": {},\r\n",
        "HTTP/1.1 200 OK\r\ncontent-le",
        "",
    ];
    for head in cases {
        let seen = run("kubernetes", &access(folder.path(), &cut_off(head).await), 5).await;
        assert_eq!(
            (seen.verdict, seen.reason),
            (Verdict::Unknown, Some(Reason::HalfAnswer)),
            "{head:?}: {}",
            seen.summary
        );
        assert!(seen.measurements.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_way_that_leads_nowhere_is_told_without_what_the_file_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = access(folder.path(), "http://127.0.0.1:9/");
    let seen = run("kubernetes", &good, 5).await;
    assert_eq!((seen.verdict, seen.reason), (Verdict::Unknown, Some(Reason::Connect)), "{}", seen.summary);

    let other = ClusterAccess { context: Some("nobody".to_owned()), ..good.clone() };
    let nowhere = ClusterAccess { kubeconfig: Some(PathBuf::from("/nowhere/config")), ..good.clone() };
    let broken = folder.path().join("broken");
    std::fs::write(&broken, format!("users:\n- token: {TOKEN}\n  - {{{{")).expect("it is written");
    let broken = ClusterAccess { kubeconfig: Some(broken), context: None };
    for (access, words) in
        [(other, "no context `nobody`"), (nowhere, "/nowhere/config"), (broken, "not a kubeconfig")]
    {
        let seen = run("kubernetes", &access, 5).await;
        assert_eq!((seen.verdict, seen.reason), (Verdict::Unknown, Some(Reason::Prober)), "{}", seen.summary);
        assert!(seen.summary.contains("kubeconfig") && seen.summary.contains(words), "{}", seen.summary);
    }
}
