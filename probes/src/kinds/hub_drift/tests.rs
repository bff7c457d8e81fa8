//! Whole looks at a staged Hub and a cluster in memory.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::time::Instant;
use url::Url;

use crate::cluster::staged::{self, Answer};
use crate::kinds::kind;
use crate::net::script::{self, NOW, Told};
use crate::net::{Chain, ClusterAccess, Connected, Lookup, Request, Response, Socket};
use crate::staged::{Stage, World};
use crate::{Cx, CxParts, Net, NetError, Outcome, Probe, Reason, Verdict};

const PODS: &str = "/api/v1/namespaces/binder/pods?";

/// A Hub and a cluster; the pods answer so.
struct Both {
    hub: World,
    client: kube::Client,
    asked: staged::Asked,
}

#[async_trait]
impl Net for Both {
    async fn send(&self, request: Request) -> Result<Response, NetError> {
        self.hub.send(request).await
    }
    async fn websocket(&self, request: Request) -> Result<Socket, NetError> {
        self.hub.websocket(request).await
    }
    async fn resolve(&self, lookup: &Lookup) -> Result<Vec<String>, NetError> {
        self.hub.resolve(lookup).await
    }
    async fn certificate(&self, host: &str, port: u16) -> Result<Chain, NetError> {
        self.hub.certificate(host, port).await
    }
    async fn connect(&self, host: &str, port: u16) -> Result<Connected, NetError> {
        self.hub.connect(host, port).await
    }
    async fn cluster(&self, _: &ClusterAccess) -> Result<kube::Client, NetError> {
        Ok(self.client.clone())
    }
}

fn date(seconds_ago: i64) -> String {
    let now: Timestamp = NOW.parse().unwrap();
    (now - SignedDuration::from_secs(seconds_ago)).to_string()
}

fn pod(user: &str, age: i64) -> Value {
    json!({
        "metadata": {
            "name": format!("jupyter-{user}"), "namespace": "binder", "uid": user, "creationTimestamp": date(age),
            "annotations": {"hub.jupyter.org/username": user},
        },
        "spec": {"nodeName": "node-7", "containers": []},
        "status": {
            "phase": "Running", "podIP": "10.1.2.3",
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": date(age - 10)}],
            "containerStatuses": [{"name": "notebook", "ready": true}],
        },
    })
}

fn pods(pods: &[Value]) -> Answer {
    Answer::json(200, &json!({"metadata": {"resourceVersion": "7"}, "items": pods}))
}

fn user(name: &str, pending: Option<&str>, age: i64) -> Value {
    let server = json!({"ready": pending.is_none(), "pending": pending, "started": date(age + 5),
        "user_options": {"token": "user-t0ken-of-today"}});
    json!({"name": name, "servers": {"": server}})
}

fn users(users: &[Value]) -> (u16, String) {
    (200, json!({"items": users, "_pagination": {"total": users.len(), "next": null}}).to_string())
}

fn both(pods: Answer, users: (u16, String)) -> Arc<Both> {
    let mut stage = Stage::default();
    stage.hub.insert("GET users?state=active&offset=0&limit=200".into(), vec![users]);
    let (client, asked) = staged::client(move |_, _| pods.clone());
    Arc::new(Both { hub: World::new(stage), client, asked })
}

fn probe(more: &Value) -> Box<dyn Probe> {
    let mut settings = json!({"api_token": "hub-t0ken-of-ours", "namespace": "binder"});
    for (key, value) in more.as_object().unwrap() {
        settings[key] = value.clone();
    }
    kind("hub-drift").unwrap().build(settings, &Url::parse("https://hub.example.org/").unwrap()).unwrap()
}

/// One look, so many seconds after the first.
async fn look(probe: &dyn Probe, net: &Arc<Both>, later: i64) -> Outcome {
    let told = Told::default();
    let parts = script::parts(Arc::clone(net) as Arc<dyn Net>, Duration::from_secs(25), &told);
    let now = parts.now + SignedDuration::from_secs(later);
    let mut cx = Cx::new(CxParts { now, ..parts });
    let end = Instant::now() + Duration::from_secs(25);
    let seen = tokio::time::timeout_at(end, probe.run(&mut cx)).await.expect("it ends before its deadline");
    let left = format!("{seen:?} {:?}", told.lock().unwrap());
    for secret in ["hub-t0ken-of-ours", "user-t0ken-of-today"] {
        assert!(!left.contains(secret), "{secret} is shown");
    }
    seen
}

fn value(outcome: &Outcome, name: &str) -> Option<f64> {
    outcome.measurements.iter().find(|m| m.name == name).map(|m| m.value)
}

#[tokio::test(start_paused = true)]
async fn a_hub_and_a_cluster_that_agree_pass_with_all_numbers() {
    let net =
        both(pods(&[pod("a", 5_000), pod("b", 30)]), users(&[user("a", None, 5_000), user("b", None, 30)]));
    let seen = look(&*probe(&json!({})), &net, 0).await;
    assert_eq!(seen.verdict, Verdict::Passed, "{seen:?}");
    assert_eq!(["drift_pods", "drift_servers", "drift_matched"].map(|n| value(&seen, n)), [Some(2.0); 3]);
    assert_eq!(value(&seen, "drift_orphans_ratio"), Some(0.0));
    assert_eq!(seen.measurements.len(), 11);
    let asked = net.asked.lock().unwrap()[0].clone();
    assert!(
        asked.starts_with(PODS) && asked.contains("labelSelector=component=singleuser-server"),
        "{asked}"
    );
}

#[tokio::test(start_paused = true)]
async fn starts_that_nobody_notices_and_orphans_fail_in_plain_words() {
    let mut in_cluster = vec![pod("fine", 9_000)];
    let mut in_books = vec![user("fine", None, 9_000)];
    for n in 0..12 {
        in_cluster.push(pod(&format!("waits-{n}"), 200));
        in_books.push(user(&format!("waits-{n}"), Some("spawn"), 200));
    }
    in_cluster.extend((0..18).map(|n| pod(&format!("left-{n}"), 4_000)));
    let net = both(pods(&in_cluster), users(&in_books));
    let probe = probe(&json!({}));
    let seen = look(&*probe, &net, 0).await;
    assert_eq!(seen.summary, "12 servers wait for pods that are ready", "orphans take two looks");
    let seen = look(&*probe, &net, 120).await;
    assert_eq!((seen.verdict, seen.reason), (Verdict::Failed, Some(Reason::Drift)));
    assert_eq!(seen.summary, "12 servers wait for pods that are ready; 18 pods have no server");
    assert_eq!(value(&seen, "drift_stuck"), Some(12.0));
    assert_eq!(value(&seen, "drift_orphans"), Some(18.0));
    assert_eq!(seen.evidence.len(), 10, "five of each: {:?}", seen.evidence);
    assert!(
        seen.evidence.contains(&"no server for: jupyter-left-0 on node-7".to_owned()),
        "{:?}",
        seen.evidence
    );
}

#[tokio::test(start_paused = true)]
async fn each_bound_is_a_setting() {
    let mut in_cluster: Vec<_> = (0..40).map(|n| pod(&format!("fine-{n}"), 9_000)).collect();
    let mut in_books: Vec<_> = (0..40).map(|n| user(&format!("fine-{n}"), None, 9_000)).collect();
    in_cluster.extend((0..5).map(|n| pod(&format!("left-{n}"), 4_000)));
    in_books.extend((0..9).map(|n| user(&format!("gone-{n}"), Some("stop"), 4_000)));
    in_cluster.push(pod("waits", 300));
    in_books.push(user("waits", Some("spawn"), 300));
    let cases = [
        (json!({}), Some("orphans")),
        (json!({"orphans": 6}), None),
        (json!({"orphans_ratio": 0.2}), None),
        (json!({"orphans": 6, "ghosts": 9}), Some("ghosts")),
        (json!({"orphans": 6, "stuck": 1}), Some("stuck")),
    ];
    for (bounds, reached) in cases {
        let net = both(pods(&in_cluster), users(&in_books));
        let probe = probe(&json!({"bounds": bounds}));
        look(&*probe, &net, 0).await;
        let seen = look(&*probe, &net, 130).await;
        assert_eq!(seen.verdict == Verdict::Failed, reached.is_some(), "{bounds}: {seen:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn when_one_side_cannot_be_read_nothing_is_known() {
    let good = || pods(&[pod("a", 5_000)]);
    let known = || users(&[user("a", None, 5_000)]);
    let strangers: Vec<_> = (0..9).map(|n| pod(&format!("x-{n}"), 5_000)).collect();
    let cut = Answer::text(200, "{\"metadata\": {}, \"items\": [").cut();
    let cases = [
        ("pods refused", Answer::refusal(403, "pods is forbidden"), known(), Reason::ProbeAuth),
        ("pods cut", cut, known(), Reason::HalfAnswer),
        ("API down", Answer::refusal(503, "starting"), known(), Reason::HttpStatus),
        ("Hub down", good(), (503, String::new()), Reason::HubUnavailable),
        ("Hub refuses", good(), (403, "{}".into()), Reason::ProbeAuth),
        (
            "list short",
            good(),
            (200, json!({"items": [], "_pagination": {"total": 4}}).to_string()),
            Reason::HalfAnswer,
        ),
        ("plain list", good(), (200, "[]".into()), Reason::HalfAnswer),
        ("another Hub", pods(&strangers), known(), Reason::HalfAnswer),
        ("clocks apart", pods(&[pod("a", -61)]), known(), Reason::HalfAnswer),
    ];
    for (case, pods, users, reason) in cases {
        let seen = look(&*probe(&json!({})), &both(pods, users), 0).await;
        assert_eq!((seen.verdict, seen.reason), (Verdict::Unknown, Some(reason)), "{case}: {seen:?}");
        assert!(seen.measurements.is_empty(), "{case}: {:?}", seen.measurements);
    }
}

#[tokio::test(start_paused = true)]
async fn silence_of_either_side_is_unknown_before_the_deadline() {
    let slow =
        |seconds| Answer::text(200, "").wait(seconds).then(&json!({"metadata": {}, "items": []}).to_string());
    for (case, seconds) in [("the Hub", 0), ("the Hub, after a slow cluster", 24), ("the cluster", 60)] {
        let stage = Stage { silent: true, ..Stage::default() };
        let (client, asked) = staged::client(move |_, _| slow(seconds));
        let net = Arc::new(Both { hub: World::new(stage), client, asked });
        let seen = look(&*probe(&json!({})), &net, 0).await;
        assert_eq!(
            (seen.verdict, seen.reason),
            (Verdict::Unknown, Some(Reason::Timeout)),
            "{case}: {seen:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn ages_count_by_the_clock_of_the_cluster() {
    // Our clock is an hour behind: without the API's own date the pod would come from the future.
    let answer = pods(&[pod("a", -3_000)]).with("date", "Sat, 01 Mar 2025 13:00:00 GMT");
    let seen = look(&*probe(&json!({})), &both(answer, users(&[user("a", Some("spawn"), -3_000)])), 0).await;
    assert_eq!(seen.verdict, Verdict::Passed, "{seen:?}");
    assert_eq!(value(&seen, "drift_stuck"), Some(1.0));
}

#[test]
fn settings_that_cannot_be_meant_are_refused() {
    let target = Url::parse("https://hub.example.org/").unwrap();
    for (more, path) in [
        (json!({"bounds": {"stuck": 0}}), "bounds.stuck"),
        (json!({"bounds": {"orphans_ratio": 2}}), "bounds.orphans_ratio"),
        (json!({"bounds": {"leftovers": 2}}), "bounds.leftovers"),
        (json!({"namespace": "a/b"}), "namespace"),
        (json!({"hub_url": "nowhere"}), "hub_url"),
        (json!({"access": {"context": 7}}), "access.context"),
    ] {
        let mut settings = more.clone();
        settings["api_token"] = json!("x");
        let refused = kind("hub-drift").unwrap().build(settings, &target).err().unwrap();
        assert_eq!(refused[0].path, path, "{more}: {refused:?}");
    }
}
