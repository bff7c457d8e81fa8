//! What lists of a staged Hub come to: whole ones, cut ones, lying ones.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use url::Url;

use super::waits::Waits;
use crate::hub::{HubServer, Pending};
use crate::kinds::kind;
use crate::net::script::{self, Play as Net, Reply, Script, Told};
use crate::staged::{Ran, Stage, run};
use crate::{Outcome, Reason, Verdict};

const SECRET: &str = "n0tebook-t0ken-of-somebody";

fn settings() -> Value {
    json!({"api_token": "hub-t0ken-of-ours"})
}

fn user(n: usize) -> Value {
    let server = json!({"name": "", "ready": true, "pending": null, "started": "1969-12-31T23:00:00.5Z",
        "user_options": {"token": SECRET}, "state": {"pod_name": "x"}});
    json!({"name": format!("user-{n}"), "kind": "user", "servers": {"": server}})
}

fn page(users: std::ops::Range<usize>, total: usize, next: Option<usize>) -> String {
    let items: Vec<_> = users.map(user).collect();
    paginated(&items, total, next)
}

fn paginated(items: &[Value], total: usize, next: Option<usize>) -> String {
    let next = next
        .map(|n| json!({"offset": n, "limit": 200, "url": "https://elsewhere.example.org/users?offset=7"}));
    json!({"items": items, "_pagination": {"offset": 0, "limit": 200, "total": total, "next": next}})
        .to_string()
}

/// A Hub whose health is this, with these pages by their offset.
fn hub(health: u16, pages: &[(usize, u16, String)]) -> Stage {
    let mut stage = Stage::default();
    stage.hub.insert("GET health".into(), vec![(health, String::new())]);
    for (offset, status, body) in pages {
        let key = format!("GET users?state=active&offset={offset}&limit=200");
        stage.hub.insert(key, vec![(*status, body.clone())]);
    }
    stage.hub.insert("GET users?offset=0&limit=1".into(), vec![(200, page(0..1, 1234, Some(1)))]);
    stage
}

async fn look(stage: Stage) -> Ran {
    let ran = run("jupyterhub-servers", settings(), stage, 20).await;
    for secret in [SECRET, "hub-t0ken-of-ours"] {
        assert!(!ran.leavings().contains(secret), "{secret} is shown");
    }
    let elsewhere =
        ran.world.seen().into_iter().filter(|s| !s.line.contains(" https://hub.example.org/hub/api/"));
    assert_eq!(elsewhere.count(), 0, "the token went elsewhere");
    ran
}

fn value(outcome: &Outcome, name: &str) -> Option<f64> {
    outcome.measurements.iter().find(|m| m.name == name).map(|m| m.value)
}

#[tokio::test(start_paused = true)]
async fn all_pages_are_read_from_the_hub_itself_and_counted() {
    let pages = [
        (0, 200, page(0..200, 430, Some(200))),
        (200, 200, page(200..400, 430, Some(400))),
        (400, 200, page(400..430, 430, None)),
    ];
    let ran = look(hub(200, &pages)).await;
    let outcome = ran.outcome();
    assert_eq!(outcome.verdict, Verdict::Passed, "{outcome:?}");
    for (name, expected) in [
        ("servers_active", 430.0),
        ("servers_ready", 430.0),
        ("pending_spawn", 0.0),
        ("pending_stop", 0.0),
        ("pending_spawn_oldest_seconds", 0.0),
        ("users_total", 1234.0),
    ] {
        assert_eq!(value(outcome, name), Some(expected), "{name}");
    }
    assert_eq!(value(outcome, "hub_latency_seconds"), Some(0.005));
    assert!(value(outcome, "list_seconds").is_some_and(|s| (s - 0.015).abs() < 1e-6), "{outcome:?}");
    for list in ran.world.asked("GET https://hub.example.org/hub/api/users") {
        assert_eq!(list.headers["accept"], "application/jupyterhub-pagination+json");
        assert_eq!(list.headers["authorization"], "token hub-t0ken-of-ours");
    }
    let health = ran.world.asked("GET https://hub.example.org/hub/api/health");
    assert!(!health[0].headers.contains_key("authorization"), "the health page asks for no token");
}

#[tokio::test(start_paused = true)]
async fn servers_that_start_and_stop_are_told_apart() {
    let server = |ready: bool, pending: Value, started: &str| json!({"ready": ready, "pending": pending, "started": started});
    let items = [
        json!({"name": "a", "servers": {"": server(false, json!("spawn"), "1969-12-31T23:59:00Z"), "gpu": server(true, json!(null), "")}}),
        json!({"name": "b", "servers": {"": server(false, json!("spawn"), "1969-12-31T23:59:50Z")}}),
        json!({"name": "c", "servers": {"": server(true, json!("stop"), "1969-12-31T20:00:00Z")}}),
        json!({"name": "d", "servers": {"": server(true, json!("check"), "never"), "old": {"stopped": true}}}),
        json!({"name": "e", "servers": {}}),
    ];
    let ran = look(hub(200, &[(0, 200, paginated(&items, 5, None))])).await;
    let outcome = ran.outcome();
    assert_eq!(outcome.verdict, Verdict::Passed, "{outcome:?}");
    let counts = ["servers_active", "servers_ready", "pending_spawn", "pending_stop"];
    assert_eq!(counts.map(|name| value(outcome, name).unwrap()), [5.0, 3.0, 2.0, 1.0]);
    let oldest = value(outcome, "pending_spawn_oldest_seconds").unwrap();
    assert!((60.0..60.1).contains(&oldest), "{oldest}");
    assert_eq!(value(outcome, "pending_stop_oldest_seconds"), Some(0.0), "nobody said since when");
}

#[tokio::test(start_paused = true)]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn what_does_not_add_up_accuses_nobody_and_what_is_down_fails() {
    use Verdict::{Failed, Unknown};
    let plain = json!((0..200).map(user).collect::<Vec<_>>()).to_string();
    let blind = json!({"items": [{"name": "a"}], "_pagination": {"total": 1, "next": null}}).to_string();
    let first = || (0, 200, page(0..200, 300, Some(200)));
    type Row<'a> = (&'a str, u16, Vec<(usize, u16, String)>, Verdict, Reason, &'a str);
    let rows: Vec<Row> = vec![
        ("health 503", 503, vec![], Failed, Reason::HubUnavailable, "503"),
        (
            "health 404",
            404,
            vec![],
            Failed,
            Reason::HttpStatus,
            "is the Hub at https://hub.example.org/hub/api/?",
        ),
        ("health 302", 302, vec![], Failed, Reason::HttpStatus, "302"),
        ("health 429", 429, vec![], Unknown, Reason::RateLimited, ""),
        ("health 403", 403, vec![], Unknown, Reason::ProbeAuth, ""),
        ("list 401", 200, vec![(0, 401, "{}".into())], Unknown, Reason::ProbeAuth, "list:users"),
        ("list 403", 200, vec![(0, 403, "{}".into())], Unknown, Reason::ProbeAuth, "read:servers"),
        ("list 429", 200, vec![(0, 429, "{}".into())], Unknown, Reason::RateLimited, ""),
        ("list 502", 200, vec![(0, 502, "<html>".into())], Failed, Reason::HubUnavailable, "502"),
        ("second page 500", 200, vec![first(), (200, 500, "{}".into())], Failed, Reason::HubUnavailable, ""),
        ("list 404", 200, vec![(0, 404, "{}".into())], Failed, Reason::HttpStatus, ""),
        ("no servers", 200, vec![(0, 200, blind)], Unknown, Reason::ProbeAuth, "read:servers"),
        ("plain list", 200, vec![(0, 200, plain)], Unknown, Reason::HalfAnswer, "plain list"),
        (
            "a page of HTML",
            200,
            vec![(0, 200, "<html>log in".into())],
            Unknown,
            Reason::HalfAnswer,
            "line 1 column 1",
        ),
        (
            "one page short by one",
            200,
            vec![(0, 200, page(0..49, 50, None))],
            Unknown,
            Reason::HalfAnswer,
            "49 users came, but it speaks of 50",
        ),
        ("one page long by one", 200, vec![(0, 200, page(0..51, 50, None))], Unknown, Reason::HalfAnswer, ""),
        ("next page missing", 200, vec![(0, 200, page(0..200, 300, None))], Unknown, Reason::HalfAnswer, ""),
        (
            "a page twice",
            200,
            vec![first(), (200, 200, page(0..100, 300, None))],
            Unknown,
            Reason::HalfAnswer,
            "twice",
        ),
        (
            "too few",
            200,
            vec![first(), (200, 200, page(200..288, 300, None))],
            Unknown,
            Reason::HalfAnswer,
            "",
        ),
        (
            "many again",
            200,
            vec![first(), (200, 200, page(180..300, 300, None))],
            Unknown,
            Reason::HalfAnswer,
            "",
        ),
        ("a circle", 200, vec![(0, 200, page(0..200, 300, Some(0)))], Unknown, Reason::HalfAnswer, "circle"),
    ];
    for (case, health, pages, verdict, reason, words) in rows {
        let ran = look(hub(health, &pages)).await;
        let outcome = ran.outcome();
        assert_eq!((outcome.verdict, outcome.reason), (verdict, Some(reason)), "{case}: {outcome:?}");
        assert!(outcome.summary.contains(words), "{case}: {}", outcome.summary);
        assert_eq!(value(outcome, "servers_active"), None, "{case}: a number from half a list");
    }
}

#[tokio::test(start_paused = true)]
async fn users_who_come_and_go_between_two_pages_are_no_lie() {
    for (case, second) in [("left", 200..290), ("came", 200..310), ("moved up", 195..300)] {
        let pages = [(0, 200, page(0..200, 300, Some(200))), (200, 200, page(second, 300, None))];
        assert_eq!(look(hub(200, &pages)).await.outcome().verdict, Verdict::Passed, "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_without_end_is_given_up() {
    let mut stage = hub(200, &[]);
    for n in 0..400 {
        let key = format!("GET users?state=active&offset={n}&limit=200");
        stage.hub.insert(key, vec![(200, page(n..n + 1, 400, Some(n + 1)))]);
    }
    let ran = look(stage).await;
    assert_eq!(ran.outcome().reason, Some(Reason::HalfAnswer));
    assert_eq!(ran.world.asked("GET https://hub.example.org/hub/api/users").len(), 200);
}

#[tokio::test(start_paused = true)]
async fn the_count_of_all_users_is_an_extra() {
    let mut stage = hub(200, &[(0, 200, page(0..3, 3, None))]);
    stage.hub.insert("GET users?offset=0&limit=1".into(), vec![(500, "{}".into())]);
    let ran = look(stage).await;
    assert_eq!(ran.outcome().verdict, Verdict::Passed);
    assert_eq!(value(ran.outcome(), "users_total"), None);
}

#[tokio::test(start_paused = true)]
async fn a_hub_of_its_own_address_is_asked_there() {
    for url in [
        "https://hub.example.org/site/",
        "https://hub.example.org/site/hub",
        "https://hub.example.org/site/hub/api",
    ] {
        let mut stage = Stage::default();
        stage.hub.insert("GET health".into(), vec![(503, String::new())]);
        let settings = json!({"api_token": "hub-t0ken-of-ours", "hub_url": url});
        let ran = run("jupyterhub-servers", settings, stage, 20).await;
        assert_eq!(ran.world.seen()[0].line, "GET https://hub.example.org/site/hub/api/health");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_hub_degrades_and_a_list_that_hangs_or_breaks_is_told_apart() {
    let stage = hub(200, &[(0, 200, page(0..3, 3, None))]);
    let slow = json!({"api_token": "hub-t0ken-of-ours", "slow_after": "10ms"});
    let ran = run("jupyterhub-servers", slow, stage, 20).await;
    assert_eq!((ran.outcome().verdict, ran.outcome().reason), (Verdict::Degraded, Some(Reason::Slow)));

    let mut hangs = hub(200, &[]);
    hangs.hub.insert("GET health".into(), vec![(200, String::new())]);
    hangs.silent = true;
    let ran = crate::staged::run_until(
        "jupyterhub-servers",
        settings(),
        Arc::new(crate::staged::World::new(hangs)),
        &Arc::default(),
        20,
        None,
    )
    .await;
    assert!(ran.outcome.is_none(), "the deadline ends it, as a time-out in its stage");

    let half = Net::Answer(vec![Reply::new(200, ""), Reply::new(200, "{\"items\": [{\"name\": \"a")]);
    let net = Arc::new(Script::new(half));
    let probe =
        kind("jupyterhub-servers").unwrap().build(settings(), &Url::parse("https://h/").unwrap()).unwrap();
    let outcome = script::run_over(net, &*probe, Duration::from_secs(20), &Told::default()).await;
    assert_eq!(
        (outcome.verdict, outcome.reason),
        (Verdict::Unknown, Some(Reason::HalfAnswer)),
        "{outcome:?}"
    );
}

#[test]
fn how_long_a_stop_lasts_is_what_this_process_saw_of_it() {
    let at = |seconds: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
    let server = |pending, started| {
        vec![HubServer {
            user: "a".into(),
            name: String::new(),
            ready: true,
            pending,
            started: Some(at(started)),
        }]
    };
    let mut waits = Waits::default();
    let stops = server(Pending::Stop, 0);
    let mut oldest = |servers: &[HubServer], pending, now| {
        waits.see(servers, at(now));
        waits.oldest(servers, pending, at(now))
    };
    assert_eq!(oldest(&stops, Pending::Stop, 1000), 0.0);
    assert_eq!(oldest(&stops, Pending::Stop, 1030), 30.0);
    assert_eq!(oldest(&server(Pending::No, 0), Pending::Stop, 1060), 0.0);
    assert_eq!(oldest(&stops, Pending::Stop, 1090), 0.0, "another stop");
    assert_eq!(oldest(&server(Pending::Spawn, 1100), Pending::Spawn, 1120), 20.0, "the Hub says since when");
    assert_eq!(oldest(&server(Pending::Spawn, 9999), Pending::Spawn, 1150), 30.0, "its clock is ahead");
}

#[test]
fn addresses_that_cannot_be_asked_are_refused() {
    let build = |settings: Value, target: &str| {
        let refused = kind("jupyterhub-servers").unwrap().build(settings, &Url::parse(target).unwrap()).err();
        refused.map(|r| r[0].path.clone())
    };
    assert_eq!(build(json!({"api_token": "x"}), "https://h/"), None);
    assert_eq!(build(json!({"api_token": "x"}), "tcp://h:1"), Some(String::new()));
    assert_eq!(build(json!({"api_token": "x", "hub_url": "hub:8081"}), "https://h/"), Some("hub_url".into()));
    assert_eq!(build(json!({"api_token": "x", "hub_url": "no"}), "https://h/"), Some("hub_url".into()));
    assert_eq!(build(json!({"api_token": "x", "hub_url": "http://hub:8081"}), "tcp://h:1"), None);
}
