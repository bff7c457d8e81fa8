//! `run --once` as a cron job runs it: its exit codes, what it leaves behind, and what it keeps for the next time.

use std::path::Path;
use std::process::Output;
use std::sync::Arc;

use launchwatch::clock::Clock;
use launchwatch::standin::{self, Edges, Fault, Settings, StandIn};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::agent_service::{Fault as Trouble, Service, TOKEN};
use crate::kit::service::Home;
use crate::kit::stage::{now, spawn, spawner};
use crate::kit::wait::{so, until};

/// A router behind a port of its own; gives its address.
async fn behind_a_port(router: axum::Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    spawn(async move {
        let _ = standin::serve(listener, router, &spawner(), std::future::pending()).await;
    });
    url
}

async fn hub() -> (StandIn, String) {
    let settings = Settings { speed: 20.0, launch_seconds: 3.0, rate_limit: None, ..Settings::default() };
    let hub = StandIn::new(settings, Edges { now: Arc::new(now), spawn: spawner(), seed: 1 });
    let url = behind_a_port(hub.router()).await;
    (hub, url)
}

fn targets(hub: &str) -> Value {
    json!([{ "name": "hub", "url": hub, "probes": [
        { "type": "binder-launch", "name": "cached", "spec": "gh/example/tiny/v1", "every": "5m", "deadline": "40s" },
        { "type": "http", "name": "site", "every": "1m" },
    ] }])
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|t| String::from_utf8_lossy(t).into_owned()).concat()
}

fn servers(hub: &StandIn) -> usize {
    let seen = hub.snapshot();
    seen.servers_running + seen.servers_starting
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_configuration_of_its_own_it_prints_and_its_code_says_how_it_went() {
    let (hub, url) = hub().await;
    let file = json!({ "version": 1, "service": { "witnesses": [] }, "targets": targets(&url) }).to_string();
    let home = Home::new(&file, &[]);
    let all = home.run(&["run", "--once"]).await;
    assert_eq!(code(&all), 0, "{}", said(&all));
    assert!(
        said(&all).contains("hub/cached  passed") && said(&all).contains("hub/site    passed"),
        "{}",
        said(&all)
    );
    let none = home.run(&["run", "--once", "--json"]).await;
    let value: Value = serde_json::from_slice(&none.stdout).expect("JSON");
    assert!(code(&none) == 0 && value["seen"].as_array().is_some_and(|s| s.len() < 2), "{value}");
    let named = ["run", "--once", "--probe", "hub/cached", "--json"];
    for (fault, expected, reason) in [
        (Fault::None, 0, Value::Null),
        (Fault::InternalError, 1, json!("failed")),
        (Fault::TotalQuota, 3, json!("unknown")),
    ] {
        hub.set_fault(Some("gh/"), fault);
        let output = home.run(&named).await;
        let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(code(&output), expected, "{fault}: {}", said(&output));
        if !reason.is_null() {
            assert_eq!(value["seen"][0]["outcome"]["verdict"], reason, "{value}");
        }
    }
    assert_eq!(servers(&hub), 0, "each round cleans up");
    assert_eq!(code(&home.run(&["run", "--once", "--probe", "hub/other"]).await), 2);
    assert_eq!(code(&home.run(&["run"]).await), 2, "without --once it is not meant");
    home.rewrite("version: 1\ntargets: []\n");
    assert_eq!(code(&home.run(&["run", "--once"]).await), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_could_not_be_sent_stays_and_goes_first_next_time() {
    let (_hub, url) = hub().await;
    let service = Service::new(Clock::system(), targets(&url));
    let watch = behind_a_port(service.router()).await;
    let home = Home::new("", &[("LAUNCHWATCH_AGENT_TOKEN", TOKEN)]);
    let round =
        ["run", "--once", "--report-to", &watch, "--state", "kept", "--witness", "none", "--deadline", "25s"];
    let named = [&round[..], &["--probe", "hub/site"]].concat();
    let first = home.run(&round).await;
    assert_eq!(code(&first), 0, "{}", said(&first));
    assert_eq!((service.slots("hub/site").len(), service.slots("hub/cached").len()), (1, 1));
    service.set(Trouble::Refuses(503));
    let kept = home.run(&named).await;
    assert_eq!(code(&kept), 5, "{}", said(&kept));
    service.set(Trouble::None);
    let second = home.run(&named).await;
    assert_eq!(code(&second), 0, "{}", said(&second));
    assert_eq!(service.slots("hub/site").len(), 3);
    let repeated = service.with(|s| s.came.values().filter(|(_, times)| *times > 1).count());
    assert_eq!(repeated, 0, "nothing was lost on the way, so nothing came twice");
    service.with(|s| s.token = "another-one".into());
    let refused = home.run(&round).await;
    assert_eq!(code(&refused), 2, "{}", said(&refused));
    let without = Home::new("", &[]);
    let no_token = without.run(&round).await;
    assert!(code(&no_token) == 2 && said(&no_token).contains("--token-file"), "{}", said(&no_token));
    assert_eq!(home.leaks([("the token", TOKEN)]), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_round_has_launched_is_shut_down_by_the_next_and_two_rounds_do_not_overlap() {
    let (hub, url) = hub().await;
    hub.set_fault(None, Fault::Server503);
    let file = json!({ "version": 1, "service": { "witnesses": [] }, "targets": targets(&url) }).to_string();
    let home = Home::new(&file, &[]);
    let mut first = tokio::process::Command::from(home.command(&["run", "--once", "--probe", "hub/cached"]))
        .kill_on_drop(true)
        .spawn()
        .expect("the binary");
    let state = home.path().join("state/once");
    until("a server that is owed", 30, async || so(told(&state) > 0, servers(&hub))).await;
    let overlap = home.run(&["run", "--once"]).await;
    assert_eq!(code(&overlap), 3, "{}", said(&overlap));
    first.kill().await.expect("it is killed");
    assert!(servers(&hub) > 0 && told(&state) > 0);
    hub.set_fault(None, Fault::None);
    let second = home.run(&["run", "--once", "--probe", "hub/site"]).await;
    assert_eq!(code(&second), 0, "{}", said(&second));
    assert_eq!((servers(&hub), told(&state)), (0, 0));
}

/// Servers that the store in this folder says are still to be shut down.
fn told(state: &Path) -> u32 {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let db = rusqlite::Connection::open_with_flags(state.join("launchwatch.db"), flags);
    // While it is being made there is nothing in it.
    let counted =
        db.and_then(|db| db.query_row("SELECT count(*) FROM debt WHERE state = 'told'", [], |r| r.get(0)));
    counted.unwrap_or_default()
}
