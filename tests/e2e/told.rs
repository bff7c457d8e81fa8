//! What others tell us, over simulated days: jobs that ping, jobs that fall silent, alerts of Prometheus.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use launchwatch::clock::Clock;
use launchwatch::config::Config;
use launchwatch::observation::Observation;
use launchwatch::store::{Retention, RunQuery, SqliteStore, Store};
use launchwatch_probes::{Reason, Verdict};
use tower::ServiceExt;

use crate::sites::Sites;
use crate::world::{Setting, World, configuration_with};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const KEY: &str = "a-key-of-the-backup-0001";

fn config(probe: &str) -> Config {
    let text = format!(
        "version: 1\ntargets:\n  - name: hub\n    url: http://hub.example/\n    probes: [{{ {probe} }}]\nchannels:\n  - {{ type: webhook, name: ops, url: env:HOOK }}\n"
    );
    configuration_with(&text, &|name| match name {
        "KEY" => Some(KEY.to_owned()),
        _ => Some("http://chat.example/hook".to_owned()),
    })
}

/// A world that begins at a date.
async fn world(config: Config, start: &str) -> World {
    let clock = Clock::simulated(start.parse().unwrap());
    let date = clock.clone();
    let store =
        Arc::new(SqliteStore::in_memory(Retention::default()).unwrap().with_clock(move || date.now()));
    World::begin(Setting {
        config,
        seed: 1,
        clock,
        store,
        before: None,
        sites: Sites::default(),
        reload: None,
    })
    .await
}

/// Says something, as `curl` would; the status.
async fn say(world: &World, method: Method, path: &str, body: &str) -> u16 {
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .body(axum::body::Body::from(body.to_owned()))
        .unwrap();
    let answer = world.pages.clone().oneshot(request).await.unwrap();
    answer.status().as_u16()
}

async fn ping(world: &World, word: &str) {
    assert_eq!(say(world, Method::GET, &format!("/ping/{KEY}{word}"), "").await, 200, "{word}");
}

async fn until(world: &World, moment: &str) {
    let moment: jiff::Timestamp = moment.parse().unwrap();
    world.clock.until(moment).await;
}

async fn runs(world: &World) -> Vec<Observation> {
    let mut runs = world.store.runs(&RunQuery { limit: 10_000, ..RunQuery::default() }).await.unwrap();
    runs.sort_by_key(|r| r.slot);
    runs
}

/// What people were told: kind and text, one after the other.
fn told(world: &World) -> Vec<(String, String)> {
    world.post.letters().into_iter().map(|letter| (letter.kind, letter.body)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_nightly_job_is_awaited_by_the_wall_clock_and_one_missing_night_is_told() {
    let probe = "type: heartbeat, name: backup, key: env:KEY, cron: '30 3 * * *', time_zone: Europe/Berlin, grace: 15m, longest: 2h";
    let world = world(config(probe), "2018-03-24T00:00:00Z").await;
    // Half past three is an hour earlier on the 25th, when the clocks go forward.
    for (start, end) in [
        ("2018-03-24T02:30:01Z", "2018-03-24T03:10:00Z"),
        ("2018-03-25T01:30:01Z", "2018-03-25T02:05:00Z"),
        ("2018-03-26T01:30:02Z", "2018-03-26T01:50:00Z"),
    ] {
        until(&world, start).await;
        ping(&world, "/start").await;
        until(&world, end).await;
        let sent = say(&world, Method::POST, &format!("/ping/{KEY}"), "7 GiB written\n").await;
        assert_eq!(sent, 200);
    }
    assert_eq!(told(&world), [], "nothing to tell");
    let known = runs(&world).await;
    let took: Vec<_> =
        known.iter().filter_map(|r| r.outcome.measurements.first().map(|m| m.value.round())).collect();
    assert_eq!(took, [2_399.0, 2_099.0, 1_198.0]);
    assert_eq!(known.last().unwrap().outcome.evidence, ["7 GiB written"]);

    until(&world, "2018-03-27T01:44:50Z").await;
    assert_eq!(told(&world), [], "not before its grace is over");
    until(&world, "2018-03-27T01:46:00Z").await;
    let said = told(&world);
    assert_eq!(said.len(), 1, "{said:?}");
    let (kind, body) = &said[0];
    assert_eq!(kind, "opened");
    assert!(
        body.contains("no ping since 2018-03-26 01:50:00 UTC; expected at 2018-03-27 01:30:00 UTC"),
        "{body}"
    );
    assert!(!body.contains(KEY), "{body}");
    // It was only late.
    until(&world, "2018-03-27T01:58:00Z").await;
    ping(&world, "").await;
    world.run_for(2 * MINUTE).await;
    let kinds: Vec<_> = told(&world).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["opened", "resolved"]);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_neither_accuses_nor_forgets() {
    let probe = "type: heartbeat, name: backup, key: env:KEY, every: 1h, grace: 10m, longest: 30m";
    let first = world(config(probe), "2018-07-07T12:00:00Z").await;
    first.run_for(MINUTE).await;
    ping(&first, "").await;
    first.run_for(10 * MINUTE).await;
    // Two hours of nobody: whether the job pinged meanwhile nobody knows.
    let setting = first.kill(config(probe)).await;
    tokio::time::sleep(2 * HOUR).await;
    let second = World::begin(setting).await;
    second.run_for(9 * MINUTE).await;
    assert_eq!(told(&second), [], "it has its whole grace again");
    ping(&second, "/start?rid=r1").await;
    second.run_for(MINUTE).await;
    // The start is on record: another life knows when the run began.
    let setting = second.kill(config(probe)).await;
    let third = World::begin(setting).await;
    third.run_for(MINUTE).await;
    ping(&third, "/0?rid=r1").await;
    ping(&third, "/0?rid=r1").await;
    third.run_for(MINUTE).await;
    let known = runs(&third).await;
    let last = &known.last().unwrap().outcome;
    assert_eq!((last.verdict, last.measurements[0].value.round()), (Verdict::Passed, 120.0), "{known:?}");
    assert_eq!(known.iter().filter(|r| r.outcome.verdict == Verdict::Passed).count(), 2, "once each");
    assert_eq!(told(&third), []);
    third.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_at_once_with_the_last_words_and_pages_do_not_show_the_key() {
    let probe = "type: heartbeat, name: backup, key: env:KEY, every: 1h";
    let world = world(config(probe), "2018-07-07T12:00:00Z").await;
    world.run_for(MINUTE).await;
    let words = format!("\u{1b}[31mtoken=abc {KEY}\nno space left on device");
    assert_eq!(say(&world, Method::POST, &format!("/ping/{KEY}/28"), &words).await, 200);
    world.run_for(MINUTE).await;
    let said = told(&world);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].1.contains("exit code 28") && said[0].1.contains("no space left on device"), "{said:?}");
    for path in
        ["/", "/overview", "/targets/hub", "/probes/hub/backup", "/incidents", "/metrics", "/api/v1/runs"]
    {
        let request = http::Request::get(path).header("authorization", "Bearer the-token-of-this-world");
        let answer =
            world.pages.clone().oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let body = axum::body::to_bytes(answer.into_body(), 10_000_000).await.unwrap();
        let text = String::from_utf8_lossy(&body);
        assert!(!text.contains(KEY) && !text.contains("token=abc") && !said[0].1.contains(KEY), "{path}");
        if path == "/probes/hub/backup" {
            for part in ["Last ping", "Next ping", "/ping/&lt;key&gt;"] {
                assert!(text.contains(part), "{part}: {text}");
            }
        }
    }
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_nobody_may_say_or_nobody_can_read_changes_nothing() {
    let probe = "type: heartbeat, name: backup, key: env:KEY, every: 1h";
    let world = world(config(probe), "2018-07-07T12:00:00Z").await;
    world.run_for(MINUTE).await;
    let huge = "x".repeat(3 << 20);
    for (method, path, body, expected) in [
        (Method::GET, "/ping/a-key-of-the-backup-0002".to_owned(), "", 404),
        (Method::POST, "/ping/a-key-of-the-backup-0002/fail".to_owned(), "", 404),
        (Method::GET, format!("/ping/{KEY}/nonsense"), "", 404),
        (Method::GET, format!("/ping/{KEY}/256"), "", 404),
        (Method::GET, format!("/ping/{KEY}?rid=a%20b"), "", 422),
        (Method::POST, format!("/ping/{KEY}"), huge.as_str(), 413),
        (Method::POST, format!("/hooks/alertmanager/{KEY}"), "{}", 404),
        (Method::DELETE, format!("/ping/{KEY}"), "", 405),
    ] {
        assert_eq!(say(&world, method.clone(), &path, body).await, expected, "{method} {path}");
    }
    assert_eq!(runs(&world).await.len(), 0);
    assert_eq!(say(&world, Method::HEAD, &format!("/ping/{KEY}"), "").await, 200);
    assert_eq!(runs(&world).await.len(), 1);
    // A flood is told to wait, and is over.
    let mut counts = [0, 0];
    for _ in 0..200 {
        match say(&world, Method::GET, &format!("/ping/{KEY}"), "").await {
            200 => counts[0] += 1,
            429 => counts[1] += 1,
            other => panic!("{other}"),
        }
    }
    assert!(counts[0] <= 70 && counts[1] >= 130, "{counts:?}");
    world.run_for(2 * MINUTE).await;
    ping(&world, "").await;
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_alert_of_others_is_an_incident_until_it_is_over_and_a_silent_watchdog_is_one_too() {
    let probe = "type: alertmanager, name: alerts, key: env:KEY, match: {namespace: hub}, watchdog: Watchdog, silent_after: 10m";
    let world = world(config(probe), "2018-07-07T12:00:00Z").await;
    let path = format!("/hooks/alertmanager/{KEY}/api/v2/alerts");
    let alert = |name: &str, ends: jiff::Timestamp| {
        format!(
            r#"[{{"labels":{{"alertname":"{name}","namespace":"hub"}},"annotations":{{"summary":"5xx over a tenth"}},"endsAt":"{ends}"}}]"#
        )
    };
    let minutes = jiff::SignedDuration::from_mins;
    for minute in 0..20 {
        // Prometheus repeats itself once a minute.
        let ends = world.clock.now() + minutes(4);
        assert_eq!(say(&world, Method::POST, &path, &alert("Watchdog", ends)).await, 200);
        if (5..10).contains(&minute) {
            assert_eq!(say(&world, Method::POST, &path, &alert("HubErrors", ends)).await, 200);
        }
        world.run_for(MINUTE).await;
        let told = told(&world);
        assert_eq!(told.len(), usize::from(minute >= 5) + usize::from(minute >= 13), "{minute}: {told:?}");
    }
    let said = told(&world);
    assert!(said[0].1.contains("HubErrors") && said[0].1.contains("5xx over a tenth"), "{said:?}");
    assert_eq!(said[1].0, "resolved");
    // Prometheus dies.
    world.run_for(11 * MINUTE).await;
    let said = told(&world);
    assert!(said[2].0 == "opened" && said[2].1.contains("Watchdog"), "{said:?}");
    let last = runs(&world).await.pop().unwrap();
    assert_eq!(last.outcome.reason, Some(Reason::Silent));
    world.stop().await;
}
