//! What people tell the engine through the API, and what comes of it.

use std::sync::Arc;
use std::time::Duration;

use launchwatch::clock::Clock;
use launchwatch::standin::Fault;
use launchwatch::store::{Retention, SqliteStore};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::world::{START, TOKEN, World, configuration};

/// One look, so that an outage is one message.
const ONE_PROBE: &str = r#"version: 1
targets:
  - { name: hub, url: "http://hub.example/", probes: [{ type: binderhub-health, name: health, every: 30s }] }
channels:
  - { type: webhook, name: ops, url: env:HOOK }
"#;

const MINUTE: Duration = Duration::from_secs(60);

/// What a request with the token comes to: status and JSON.
pub async fn say(pages: &axum::Router, method: &str, path: &str, body: Value) -> (u16, Value) {
    let bearer = format!("Bearer {TOKEN}");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    raw(pages, method, path, Some(&bearer), body).await
}

async fn raw(
    pages: &axum::Router,
    method: &str,
    path: &str,
    auth: Option<&str>,
    body: String,
) -> (u16, Value) {
    let mut request = http::Request::builder().method(method).uri(path);
    if let Some(auth) = auth {
        request = request.header("authorization", auth);
    }
    let answer = pages.clone().oneshot(request.body(axum::body::Body::from(body)).unwrap()).await.unwrap();
    let (status, kind) = (answer.status(), answer.headers()["content-type"].to_str().unwrap().to_owned());
    let expected = if status.is_success() { "application/json" } else { "application/problem+json" };
    assert_eq!(kind, expected, "{method} {path}");
    let bytes = axum::body::to_bytes(answer.into_body(), 10_000_000).await.unwrap();
    (status.as_u16(), serde_json::from_slice(&bytes).unwrap())
}

async fn broken(seed: u64) -> (World, String) {
    let world = World::start(configuration(ONE_PROBE), seed).await;
    world.run_for(10 * MINUTE).await;
    world.break_hub(Fault::HubDown);
    world.run_for(10 * MINUTE).await;
    let (_, answer) = say(&world.pages, "GET", "/api/v1/incidents?state=open", Value::Null).await;
    let id = answer["incidents"][0]["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    (world, id)
}

fn kinds(world: &World) -> Vec<String> {
    world.post.letters().into_iter().map(|l| l.kind).collect()
}

#[tokio::test(start_paused = true)]
async fn an_acknowledgement_is_told_and_stops_the_reminders_for_its_time() {
    let (world, id) = broken(1).await;
    let path = "/api/v1/incidents/hub/acknowledge";
    let body = json!({"by": "ada", "for": "3h"});
    let (status, answer) = say(&world.pages, "POST", path, body.clone()).await;
    assert_eq!((status, answer["id"].as_str()), (200, Some(id.as_str())), "{answer}");
    assert_eq!(answer["acknowledged"]["by"], "ada");
    // The same click again is the same acknowledgement.
    assert_eq!(say(&world.pages, "POST", path, body).await.0, 200);
    world.run_for(2 * 60 * MINUTE).await;
    assert_eq!(kinds(&world), ["opened", "acknowledged"]);
    let told = world.post.letters().pop().unwrap().body;
    assert!(told.contains("ada"), "{told}");
    world.run_for(90 * MINUTE).await;
    assert_eq!(kinds(&world)[2..], ["reminder"], "its time is over and it still fails");

    say(&world.pages, "POST", path, json!({"by": "ben"})).await;
    let undo = format!("/api/v1/incidents/{id}/unacknowledge");
    let (_, answer) = say(&world.pages, "POST", &undo, json!({"by": "ben"})).await;
    assert!(answer["acknowledged"].is_null(), "{answer}");
    world.run_for(5 * 60 * MINUTE).await;
    assert!(kinds(&world).iter().filter(|k| *k == "reminder").count() > 1, "{:?}", kinds(&world));
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_silence_hides_and_its_end_speaks() {
    let world = World::start(configuration(ONE_PROBE), 2).await;
    world.run_for(5 * MINUTE).await;
    let wish = json!({"by": "ada", "reason": "moving house", "targets": ["hub"], "for": "4h"});
    let (status, silence) = say(&world.pages, "POST", "/api/v1/silences", wish).await;
    assert_eq!((status, silence["reason"].as_str()), (201, Some("moving house")), "{silence}");
    let id = silence["id"].as_str().unwrap();
    world.break_hub(Fault::HubDown);
    world.run_for(30 * MINUTE).await;
    assert!(world.post.letters().is_empty(), "{:#?}", world.post.letters());
    let (_, alerts) = say(&world.pages, "GET", "/api/v1/alerts", Value::Null).await;
    assert_eq!(alerts["alerts"][0]["held_by"], format!("silence {id}"), "{alerts:#}");
    let (_, hidden) = say(&world.pages, "GET", "/api/v1/hidden", Value::Null).await;
    assert_eq!(hidden["hidden"][0]["held_by"], format!("silence {id}"), "{hidden:#}");

    let path = format!("/api/v1/silences/{id}?by=ben");
    let (status, ended) = say(&world.pages, "DELETE", &path, Value::Null).await;
    assert_eq!((status, ended["ended"].as_str()), (200, Some("ended by ben")), "{ended}");
    assert_eq!(say(&world.pages, "DELETE", &path, Value::Null).await.0, 409, "it is over");
    world.run_for(MINUTE).await;
    let letters = world.post.letters();
    assert_eq!(letters[0].kind, "opened");
    assert!(letters[0].body.contains(id) && letters[0].body.contains("ada"), "{}", letters[0].body);
    let (_, all) = say(&world.pages, "GET", "/api/v1/silences", Value::Null).await;
    assert_eq!(all["silences"].as_array().map(Vec::len), Some(1), "it stays on record: {all:#}");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn work_that_is_planned_stands_beside_work_that_somebody_began() {
    let plan = "maintenance: [{ name: nights, targets: [hub], at: '04:00', for: 1h }]\n";
    let world = World::start(configuration(&format!("{ONE_PROBE}{plan}")), 9).await;
    world.run_for(MINUTE).await;
    let wish = json!({"by": "ada", "reason": "moving house", "targets": ["hub"], "for": "1h"});
    say(&world.pages, "POST", "/api/v1/silences", wish.clone()).await;
    let mut work = wish;
    work["maintenance"] = json!(true);
    let (_, begun) = say(&world.pages, "POST", "/api/v1/silences", work).await;
    let (status, all) = say(&world.pages, "GET", "/api/v1/maintenance", Value::Null).await;
    let ids: Vec<_> = all["maintenance"].as_array().unwrap().iter().map(|m| m["id"].clone()).collect();
    assert_eq!((status, ids), (200, vec![begun["id"].clone(), json!("nights")]), "{all:#}");
    assert_eq!(all["maintenance"][1]["reason"], "every day at 04:00 UTC for 1h");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_incident_is_labelled_and_remarked_on_while_it_lasts_and_afterwards() {
    let (world, id) = broken(3).await;
    let path = |verb: &str| format!("/api/v1/incidents/{id}/{verb}");
    let (status, _) = say(&world.pages, "POST", &path("label"), json!({"by": "ada", "label": "real"})).await;
    assert_eq!(status, 200);
    let (_, assigned) = say(&world.pages, "POST", &path("assign"), json!({"by": "ada", "to": "ben"})).await;
    assert_eq!(assigned["assignee"], "ben");
    world.break_hub(Fault::None);
    world.run_for(20 * MINUTE).await;
    let (_, over) = say(&world.pages, "GET", &format!("/api/v1/incidents/{id}"), Value::Null).await;
    assert_eq!(
        (over["state"].as_str(), over["label"].as_str()),
        (Some("resolved"), Some("real")),
        "{over:#}"
    );

    // Two at once: the second must not undo the first.
    let (label, comment) = (path("label"), path("comment"));
    let (one, two) = futures::join!(
        say(&world.pages, "POST", &label, json!({"by": "ada", "label": "false_alarm"})),
        say(&world.pages, "POST", &comment, json!({"by": "ben", "text": "a drill\nof ours"})),
    );
    assert_eq!((one.0, two.0), (200, 200), "{one:?} {two:?}");
    let (_, known) = say(&world.pages, "GET", &format!("/api/v1/incidents/{id}"), Value::Null).await;
    assert_eq!((known["state"].as_str(), known["label"].as_str()), (Some("resolved"), Some("false_alarm")));
    let words = known["timeline"].to_string();
    assert!(words.contains("says it was a false alarm") && words.contains("a drill of ours"), "{words}");
    let (status, problem) = say(&world.pages, "POST", &path("acknowledge"), json!({"by": "ada"})).await;
    assert_eq!(
        (status, problem["detail"].as_str()),
        (409, Some(format!("the incident `{id}` is over").as_str()))
    );

    // Nobody's words and no lines of logs without the token.
    let (_, public) = raw(&world.pages, "GET", &format!("/api/v1/incidents/{id}"), None, String::new()).await;
    let text = public.to_string();
    for word in ["ada", "ben", "drill", "evidence", "assignee"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
    assert!(text.contains("fires"), "what happened is public: {text}");
    let (_, status) = raw(&world.pages, "GET", "/api/v1/status", None, String::new()).await;
    assert!(!status.to_string().contains("drill"), "{status:#}");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn without_the_right_token_nothing_is_done_and_nothing_is_told() {
    let (world, id) = broken(4).await;
    let ack = format!("/api/v1/incidents/{id}/acknowledge");
    let wrong = format!("Bearer {}x", TOKEN);
    let basic = format!("Basic {TOKEN}");
    for auth in
        [None, Some("Bearer"), Some("Bearer "), Some(wrong.as_str()), Some(basic.as_str()), Some(TOKEN)]
    {
        for (method, path) in [
            ("POST", ack.as_str()),
            ("POST", "/api/v1/silences"),
            ("DELETE", "/api/v1/silences/x"),
            ("GET", "/api/v1/silences"),
            ("GET", "/api/v1/maintenance"),
            ("GET", "/api/v1/hidden"),
            ("GET", "/api/v1/deliveries"),
        ] {
            let (status, problem) = raw(&world.pages, method, path, auth, r#"{"by":"eve"}"#.into()).await;
            assert_eq!(status, 401, "{method} {path} {auth:?}: {problem}");
        }
        if auth.is_some() {
            let (status, _) = raw(&world.pages, "GET", "/api/v1/incidents", auth, String::new()).await;
            assert_eq!(status, 401, "a wrong token is never taken for none: {auth:?}");
        }
    }
    for path in ["/api/v1/incidents", "/api/v1/alerts", "/api/v1/status"] {
        assert_eq!(raw(&world.pages, "GET", path, None, String::new()).await.0, 200, "{path}");
    }
    world.run_for(MINUTE).await;
    assert_eq!(kinds(&world), ["opened"]);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_or_meant_is_refused_in_words() {
    let (world, id) = broken(5).await;
    let ack = format!("/api/v1/incidents/{id}/acknowledge");
    let big = json!({"by": "x".repeat(70_000)}).to_string();
    let silence = "/api/v1/silences";
    for (method, path, body, status, words) in [
        ("POST", ack.as_str(), "", 400, "not a JSON object"),
        ("POST", &ack, "{\"by\":", 400, "EOF"),
        ("POST", &ack, r#"["ada"]"#, 400, "not a JSON object"),
        ("POST", &ack, r#"{"by":"ada","colour":1}"#, 400, "unknown field `colour`"),
        ("POST", &ack, r#"{"by":" \n"}"#, 422, "`by` is empty"),
        ("POST", &ack, r#"{"by":"ada","for":"soon"}"#, 400, "for: expected a span"),
        ("POST", &ack, r#"{"by":"ada","for":"40d"}"#, 422, "31 days"),
        ("POST", &ack, &big, 413, "64 KiB"),
        ("POST", "/api/v1/incidents/nobody/acknowledge", r#"{"by":"ada"}"#, 404, "no incident `nobody`"),
        ("GET", "/api/v1/incidents/nobody", "", 404, &id),
        ("GET", "/api/v1/incidents?state=odd", "", 400, "open"),
        ("GET", "/api/v1/incidents?limit=-1", "", 400, "limit"),
        ("GET", "/api/v1/nothing", "", 404, "no such path"),
        ("POST", silence, r#"{"by":"ada","for":"1h"}"#, 422, "what is to be silent"),
        ("POST", silence, r#"{"by":"ada","for":"1h","targets":["hbu"]}"#, 422, "targets: hub"),
        ("POST", silence, r#"{"by":"ada","targets":["hub"]}"#, 422, "either `for` or `until`"),
        ("POST", silence, r#"{"by":"ada","for":"60d","targets":["hub"]}"#, 422, "31 days"),
        ("POST", silence, r#"{"by":"ada","for":"1h","targets":["hub"],"until_resolved":"x"}"#, 404, "`x`"),
        ("DELETE", "/api/v1/silences/nobody", "", 404, "no silence `nobody`"),
    ] {
        let bearer = format!("Bearer {TOKEN}");
        let (seen, problem) = raw(&world.pages, method, path, Some(&bearer), body.into()).await;
        assert_eq!(seen, status, "{method} {path} {:.80}: {problem}", body);
        assert!(problem.to_string().contains(words), "{words} is not in {problem}");
        assert_eq!(problem["status"], status);
    }
    world.run_for(MINUTE).await;
    assert_eq!(kinds(&world), ["opened"], "nothing of it was done");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_command_is_answered_only_when_it_is_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(START.parse().unwrap());
    let date = clock.clone();
    let store =
        SqliteStore::open(folder.path(), Retention::default()).unwrap().with_clock(move || date.now());
    let world = World::start_with(configuration(ONE_PROBE), 6, clock, Arc::new(store), None).await;
    world.break_hub(Fault::HubDown);
    world.run_for(10 * MINUTE).await;
    let file = std::fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().path());
    let file = file.into_iter().find(|f| f.extension().is_some_and(|e| e == "db")).unwrap();
    let db = rusqlite::Connection::open(file).unwrap();
    db.execute_batch(
        "CREATE TRIGGER full BEFORE INSERT ON incident BEGIN SELECT raise(ABORT, 'the disk is full'); END",
    )
    .unwrap();
    let path = "/api/v1/incidents/hub/acknowledge";
    let (status, problem) = say(&world.pages, "POST", path, json!({"by": "ada"})).await;
    assert_eq!(status, 503, "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("as soon as"), "{problem}");
    assert_eq!(kinds(&world), ["opened"], "nobody is told of what is not written down");
    db.execute_batch("DROP TRIGGER full").unwrap();
    world.run_for(MINUTE).await;
    assert_eq!(kinds(&world), ["opened", "acknowledged"]);
    let (_, incident) = say(&world.pages, "GET", "/api/v1/incidents/hub", Value::Null).await;
    assert_eq!(incident["acknowledged"]["by"], "ada");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn past_incidents_come_page_by_page() {
    let (world, _) = broken(7).await;
    for fault in [Fault::None, Fault::HubDown, Fault::None, Fault::HubDown] {
        world.break_hub(fault);
        world.run_for(30 * MINUTE).await;
    }
    let ids = async |query: &str| -> (Vec<String>, Option<String>) {
        let (status, page) =
            say(&world.pages, "GET", &format!("/api/v1/incidents?{query}"), Value::Null).await;
        assert_eq!(status, 200, "{page}");
        let ids = page["incidents"].as_array().unwrap().iter().map(|i| i["id"].as_str().unwrap().to_owned());
        (ids.collect(), page["next"].as_str().map(str::to_owned))
    };
    let (all, end) = ids("").await;
    assert_eq!((all.len(), end), (3, None), "{all:?}");
    let (first, next) = ids("limit=2").await;
    let (second, _) = ids(&format!("limit=2&before={}", next.unwrap())).await;
    assert_eq!([first, second].concat(), all);
    assert_eq!(
        (ids("state=open").await.0, ids("state=past").await.0),
        (all[..1].to_vec(), all[1..].to_vec())
    );
    world.stop().await;
}
