//! What the `federation` kind makes of a redirector and its members, over time.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt;
use serde_json::{Value, json};

use super::*;
use crate::net::script::{self, Reply, Told};
use crate::net::{Chain, Connected, Lookup, NetFault, Request, Response, Socket};
use crate::{Net, NetError, Verdict};

/// Answers by address; what it does not know refuses the connection.
#[derive(Default)]
struct Pages {
    replies: Mutex<BTreeMap<String, Reply>>,
    asked: Mutex<Vec<Request>>,
    read: Arc<Mutex<Vec<String>>>,
}

impl Pages {
    fn set(&self, url: &str, reply: Reply) {
        self.replies.lock().unwrap().insert(url.to_owned(), reply);
    }

    fn member(&self, name: &str, versions: &str, health: Value) {
        let url = format!("https://{name}.example.org/");
        self.set(&format!("{url}health"), Reply::new(200, &health.to_string()));
        self.set(&format!("{url}versions"), Reply::new(200, versions));
    }

    fn active(&self, members: &[(&str, &str)]) {
        let host = |(name, versions): &(&str, &str)| {
            let versions: Value = serde_json::from_str(versions).unwrap();
            ((*name).to_owned(), json!({"url": format!("https://{name}.example.org"), "versions": versions}))
        };
        let hosts: serde_json::Map<String, Value> = members.iter().map(host).collect();
        self.set(ACTIVE, Reply::new(200, &json!({"active_hosts": hosts}).to_string()));
    }
}

#[async_trait]
impl Net for Pages {
    async fn send(&self, request: Request) -> Result<Response, NetError> {
        let url = request.uri().to_string();
        self.asked.lock().unwrap().push(request);
        tokio::time::sleep(Duration::from_millis(5)).await;
        let reply = self.replies.lock().unwrap().get(&url).cloned();
        let reply = reply.ok_or_else(|| NetError::new(NetFault::Connect, "connection refused"))?;
        let mut headers = http::HeaderMap::new();
        for (name, value) in &reply.headers {
            headers.insert(*name, value.parse().unwrap());
        }
        let read = Arc::clone(&self.read);
        let body = futures::stream::iter([Ok(bytes::Bytes::from(reply.body))])
            .inspect(move |_| read.lock().unwrap().push(url.clone()));
        let status = StatusCode::from_u16(reply.status).unwrap();
        Ok(Response { status, headers, timing: Default::default(), remote: None, body: body.boxed() })
    }

    async fn websocket(&self, _: Request) -> Result<Socket, NetError> {
        unreachable!()
    }

    async fn resolve(&self, _: &Lookup) -> Result<Vec<String>, NetError> {
        unreachable!()
    }

    async fn certificate(&self, _: &str, _: u16) -> Result<Chain, NetError> {
        unreachable!()
    }

    async fn connect(&self, _: &str, _: u16) -> Result<Connected, NetError> {
        unreachable!()
    }
}

const ACTIVE: &str = "https://binder.example.org/active_hosts";
const BUILD: &str = "https://binder.example.org/build/gh/a/b/c";
const OLD: &str = r#"{"binderhub": "1", "builder_info": {"build_image": "r2d:7"}}"#;
/// The same BinderHub with another builder.
const NEW: &str = r#"{"binderhub": "1", "builder_info": {"build_image": "r2d:8"}}"#;

fn build(settings: Value) -> Result<Federation, Vec<Refused>> {
    let spec: FederationSpec = serde_json::from_value(settings).unwrap();
    spec.build(&Url::parse("https://binder.example.org").unwrap())
}

fn three(more: Value) -> Federation {
    let member = |name: &str, prime| json!({"name": name, "url": format!("https://{name}.example.org"), "prime": prime});
    let mut settings = json!({"members": [member("one", true), member("two", false), member("six", false)]});
    settings.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    build(settings).unwrap_or_else(|r| panic!("{r:?}"))
}

fn well() -> Value {
    json!({"ok": true, "checks": [{"service": "Pod quota", "total_pods": 50, "quota": 100, "ok": true}]})
}

fn good() -> Arc<Pages> {
    let pages = Arc::new(Pages::default());
    ["one", "two", "six"].iter().for_each(|name| pages.member(name, OLD, well()));
    pages.active(&[("one", OLD), ("two", OLD), ("six", OLD)]);
    pages
}

async fn run(probe: &Federation, pages: &Arc<Pages>) -> Outcome {
    let net: Arc<dyn Net> = Arc::clone(pages) as Arc<dyn Net>;
    let mut cx = Cx::new(script::parts(net, Duration::from_secs(25), &Told::default()));
    probe.run(&mut cx).await
}

async fn later(minutes: u64) {
    tokio::time::sleep(Duration::from_secs(60 * minutes)).await;
}

fn figures(outcome: &Outcome) -> BTreeMap<&str, f64> {
    outcome.measurements.iter().map(|m| (m.name.as_str(), m.value)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_federation_in_good_order_passes_with_its_numbers() {
    let (probe, pages) = (three(json!({})), good());
    let seen = run(&probe, &pages).await;
    assert_eq!(seen.verdict, Verdict::Passed, "{}", seen.summary);
    let expected = [
        ("members", 3.0),
        ("members_active", 3.0),
        ("members_healthy", 3.0),
        ("members_missing", 0.0),
        ("versions_distinct", 1.0),
        ("versions_apart_seconds", 0.0),
        ("prime_stale", 0.0),
    ];
    assert_eq!(figures(&seen), BTreeMap::from(expected));
    assert!(seen.facts.is_empty());
    assert_eq!(pages.asked.lock().unwrap().len(), 7, "no build is asked for");
}

#[tokio::test(start_paused = true)]
async fn a_member_that_is_well_but_left_out_fails_once_a_rollout_would_be_over() {
    let (probe, pages) = (three(json!({})), good());
    pages.active(&[("one", OLD), ("two", OLD)]);
    let first = run(&probe, &pages).await;
    assert_eq!(first.verdict, Verdict::Passed);
    assert_eq!(
        (figures(&first)["members_missing"], first.facts["members_missing_names"].as_str()),
        (1.0, "six")
    );
    later(34).await;
    assert_eq!(run(&probe, &pages).await.verdict, Verdict::Passed);
    later(2).await;
    let seen = run(&probe, &pages).await;
    assert_eq!((seen.verdict, seen.reason), (Verdict::Failed, Some(Reason::Drift)));
    assert!(seen.summary.contains("six for 36 min"), "{}", seen.summary);
    pages.active(&[("one", OLD), ("two", OLD), ("six", OLD)]);
    assert_eq!(run(&probe, &pages).await.verdict, Verdict::Passed);
    pages.active(&[("one", OLD), ("two", OLD)]);
    assert_eq!(run(&probe, &pages).await.verdict, Verdict::Passed, "it counts from the new beginning");
}

#[tokio::test(start_paused = true)]
async fn a_member_may_be_left_out_for_a_reason() {
    let soft =
        json!({"ok": true, "checks": [{"service": "Pod quota", "ok": false, "_ignore_failure": true}]});
    let full =
        json!({"ok": true, "checks": [{"service": "Pod quota", "total_pods": 90, "quota": 100, "ok": true}]});
    let ill = json!({"ok": false, "checks": []});
    let cases = [(OLD, soft, 3.0), (OLD, full, 3.0), (OLD, ill, 2.0), (NEW, well(), 3.0)];
    for (n, (versions, health, healthy)) in cases.into_iter().enumerate() {
        let (probe, pages) = (three(json!({})), good());
        pages.member("six", versions, health);
        pages.active(&[("one", OLD), ("two", OLD)]);
        run(&probe, &pages).await;
        later(60).await;
        let seen = run(&probe, &pages).await;
        assert_eq!(seen.verdict, Verdict::Passed, "case {n}: {}", seen.summary);
        let now = figures(&seen);
        assert_eq!((now["members_missing"], now["members_healthy"]), (0.0, healthy), "case {n}");
    }
}

#[tokio::test(start_paused = true)]
async fn versions_are_compared_as_whole_documents_and_timed() {
    let (probe, pages) = (three(json!({})), good());
    pages.member("two", NEW, well());
    assert_eq!(figures(&run(&probe, &pages).await)["versions_distinct"], 2.0);
    later(10).await;
    let apart = figures(&run(&probe, &pages).await)["versions_apart_seconds"];
    assert!((600.0..601.0).contains(&apart), "{apart}");
    // The one that was apart says nothing: nobody knows whether it still is.
    pages.replies.lock().unwrap().remove("https://two.example.org/versions");
    let silent = run(&probe, &pages).await;
    assert_eq!(figures(&silent).get("versions_apart_seconds"), None);
    assert!(silent.evidence.iter().any(|l| l == "two: tells no versions"), "{:?}", silent.evidence);
    pages.member("two", OLD, well());
    assert_eq!(figures(&run(&probe, &pages).await)["versions_apart_seconds"], 0.0);
}

#[tokio::test(start_paused = true)]
async fn the_prime_member_is_stale_when_it_or_what_is_believed_of_it_stays_behind() {
    let behind = good();
    ["two", "six"].iter().for_each(|name| behind.member(name, NEW, well()));
    behind.active(&[("one", OLD)]);
    let disbelieved = good();
    ["one", "two", "six"].iter().for_each(|name| disbelieved.member(name, NEW, well()));
    disbelieved.active(&[("one", OLD)]);
    for (pages, words) in [(behind, "than all other members"), (disbelieved, "the redirector has held")] {
        let probe = three(json!({}));
        assert_eq!(figures(&run(&probe, &pages).await)["prime_stale"], 0.0, "a rollout takes its time");
        later(31).await;
        let seen = run(&probe, &pages).await;
        assert_eq!(figures(&seen)["prime_stale"], 1.0);
        assert!(seen.evidence.iter().any(|l| l.contains(words)), "{:?}", seen.evidence);
    }
}

#[tokio::test(start_paused = true)]
async fn a_redirector_without_members_or_without_an_answer_fails() {
    let cases = [
        (Some(Reply::new(200, r#"{"active_hosts": {}}"#)), Verdict::Failed, Reason::Drift),
        (Some(Reply::new(599, "")), Verdict::Failed, Reason::HubUnavailable),
        (Some(Reply::new(404, "")), Verdict::Failed, Reason::HttpStatus),
        (Some(Reply::new(429, "")), Verdict::Unknown, Reason::RateLimited),
        (Some(Reply::new(200, "<html></html>")), Verdict::Failed, Reason::Garbled),
        (None, Verdict::Failed, Reason::Connect),
    ];
    for (reply, verdict, reason) in cases {
        let (probe, pages) = (three(json!({})), good());
        pages.replies.lock().unwrap().remove(ACTIVE);
        if let Some(reply) = reply {
            pages.set(ACTIVE, reply);
        }
        let seen = run(&probe, &pages).await;
        assert_eq!((seen.verdict, seen.reason), (verdict, Some(reason)), "{}", seen.summary);
        assert_eq!(figures(&seen)["members_healthy"], 3.0, "what the members say is known all the same");
    }
}

#[tokio::test(start_paused = true)]
async fn the_own_redirect_is_a_fact_and_is_not_followed() {
    let pages = good();
    let probe = three(json!({"probe_redirect": true, "spec": "gh/a/b/c"}));
    pages.set(BUILD, Reply::new(307, "").with("location", "https://two.example.org/build/gh/a/b/c"));
    assert_eq!(run(&probe, &pages).await.facts["redirected_to"], "two");
    pages.set(BUILD, Reply::new(307, "").with("location", "https://gone.example.net/build/gh/a/b/c"));
    assert_eq!(run(&probe, &pages).await.facts["redirected_to"], "gone.example.net");
    let asked = pages.asked.lock().unwrap();
    let builds: Vec<_> = asked.iter().filter(|r| r.uri().path().starts_with("/build")).collect();
    assert!(builds.iter().all(|r| r.uri() == BUILD), "{builds:?}");
    assert!(
        builds.iter().all(|r| r.headers()["accept"] != "text/event-stream"),
        "for such, BinderHub would build"
    );
}

#[tokio::test(start_paused = true)]
async fn a_target_that_builds_instead_of_redirecting_is_left_alone_at_once() {
    let pages = good();
    pages.set(BUILD, Reply::new(200, "data: {\"phase\": \"building\"}\n\n"));
    let seen = run(&three(json!({"probe_redirect": true, "spec": "/gh/a/b/c"})), &pages).await;
    assert_eq!((seen.verdict, seen.facts.get("redirected_to")), (Verdict::Passed, None));
    assert!(pages.asked.lock().unwrap().iter().any(|r| r.uri() == BUILD));
    assert!(!pages.read.lock().unwrap().iter().any(|url| url == BUILD), "its stream was read");
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let refused = build(json!({"members": [
        {"name": "one", "url": "https://h", "prime": true},
        {"name": "one", "url": "ftp://h", "prime": true},
        {"name": "", "url": "https://me:hunter2@h"},
    ]}))
    .err()
    .unwrap();
    let paths: Vec<_> = refused.iter().map(|r| r.path.as_str()).collect();
    let expected =
        ["members[1].name", "members[1].prime", "members[1].url", "members[2].name", "members[2].url"];
    assert_eq!(paths, expected);
    assert!(!format!("{refused:?}").contains("hunter2"), "a secret stands in a refusal");
    assert_eq!(build(json!({"members": []})).err().unwrap()[0].path, "members");
}
