//! What others tell us, for real: a job by HTTP, a real Prometheus that takes us for an Alertmanager, a real Alertmanager.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};

use crate::kit::chat::listen;
use crate::kit::launcher::{Env, Server};
use crate::kit::service::{Home, Serve};
use crate::kit::stage::{self, Place};
use crate::kit::wait::{so, until};

const KEY: &str = "5f0c9a7e41d24b6e8dlive";

fn home(probe: &str) -> Home {
    let yaml = format!(
        r#"version: 1
service: {{ listen: "127.0.0.1:0", witnesses: [] }}
targets:
  - name: night
    url: http://127.0.0.1:9/
    probes:
      - {{ {probe} }}
"#
    );
    Home::new(&yaml, &[("KEY", KEY)])
}

/// Asks as `curl` does: the status and the text.
async fn say(serve: &Serve, path: &str, body: &str) -> (u16, String) {
    let answer = stage::client().post(format!("{}{path}", serve.url)).body(body.to_owned()).send().await;
    let answer = answer.expect("the service answers");
    (answer.status().as_u16(), answer.text().await.expect("a text"))
}

async fn stands(serve: &Serve, probe: &str, verdict: &str, reason: &Value) -> Result<Value, String> {
    let seen = serve.probe("night", probe).await?;
    so(seen["verdict"] == verdict && (reason.is_null() || seen["reason"] == *reason), &seen).map(|()| seen)
}

/// All that is known of how it stands, to somebody who may know it.
async fn known(home: &Home, serve: &Serve) -> String {
    let token = std::fs::read_to_string(home.path().join("state/command.token")).expect("the token");
    let asked = stage::client().get(format!("{}api/v1/status", serve.url)).bearer_auth(token.trim());
    asked.send().await.expect("the service answers").text().await.expect("a text")
}

/// Incidents that are open.
async fn open(serve: &Serve) -> Result<Vec<Value>, String> {
    let text = serve.get("api/v1/incidents").await?;
    let all: Value = serde_json::from_str(&text).map_err(|e| format!("{e}: {text}"))?;
    let list = all["incidents"].as_array().cloned();
    let list = list.ok_or(text)?;
    Ok(list.into_iter().filter(|i| i["resolved_at"].is_null()).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_starts_ends_fails_and_falls_silent_and_after_a_kill_it_goes_on() {
    let _place = Place::take().await;
    let home = home("type: heartbeat, name: backup, key: env:KEY, every: 6s, grace: 2s, longest: 5s");
    let serve = home.serve().await;
    let ok = (200, "OK\n".to_owned());
    assert_eq!(say(&serve, &format!("ping/{KEY}/start?rid=1"), "").await, ok);
    assert_eq!(say(&serve, &format!("ping/{KEY}?rid=1"), "all is well\n").await, ok);
    until("the end to be seen", 20, async || stands(&serve, "backup", "passed", &Value::Null).await).await;
    assert_eq!(say(&serve, &format!("ping/{KEY}/3"), "no space left on device\n").await, ok);
    until("the failure to be seen", 20, async || {
        stands(&serve, "backup", "failed", &json!("reported")).await
    })
    .await;
    until("an incident", 20, async || so(open(&serve).await?.len() == 1, ())).await;
    assert_eq!(say(&serve, &format!("ping/{KEY}"), "").await, ok);
    until("its end", 20, async || so(open(&serve).await?.is_empty(), ())).await;
    until("silence to be seen", 30, async || stands(&serve, "backup", "failed", &json!("silent")).await)
        .await;
    until("an incident", 20, async || so(open(&serve).await?.len() == 1, ())).await;
    serve.kill();

    let serve = home.serve().await;
    assert_eq!(open(&serve).await.expect("incidents").len(), 1, "it is the same trouble still");
    assert_eq!(say(&serve, &format!("ping/{KEY}/start"), "").await, ok);
    until("a run that does not end", 30, async || {
        stands(&serve, "backup", "failed", &json!("timeout")).await
    })
    .await;
    assert_eq!(say(&serve, &format!("ping/{KEY}"), "").await, ok);
    // What fails again and again within the hour flaps: its incident stays open for a while.
    until("the end to be seen", 20, async || stands(&serve, "backup", "passed", &Value::Null).await).await;
    for path in [format!("ping/{KEY}x"), "ping/x".to_owned(), format!("hooks/alertmanager/{KEY}")] {
        assert_eq!(say(&serve, &path, "").await.0, 404, "{path}");
    }
    assert_eq!(serve.stop(60).await, Some(0));
    let leaks = home.leaks([("the key", KEY)]);
    assert!(leaks.is_empty(), "{leaks:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prometheus_sends_its_alerts_straight_to_us() {
    let _place = Place::take().await;
    let work = tempfile::tempdir().expect("a folder");
    let broken = Arc::new(AtomicBool::new(false));
    let state = Arc::clone(&broken);
    let page = move || async move { format!("broken {}\n", i32::from(state.load(Ordering::Relaxed))) };
    let page = listen(Router::new().route("/metrics", get(page))).await;
    let rules = work.path().join("rules.yml");
    let text = "groups:\n  - name: hub\n    rules:\n      - alert: HubBroken\n        expr: broken == 1\n        labels: {namespace: hub}\n        annotations: {summary: 'the hub says that it is broken'}\n      - alert: Watchdog\n        expr: vector(1)\n";
    std::fs::write(&rules, text).expect("rules");
    let home = home(
        "type: alertmanager, name: alerts, key: env:KEY, every: 1s, match: {namespace: hub}, watchdog: Watchdog",
    );
    let serve = home.serve().await;
    let bare = |url: &str| url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let prometheus = Server::start(
        "prometheus",
        work.path(),
        &Env::from([
            ("LIVE_SCRAPE_TARGET".to_owned(), bare(&page)),
            ("LIVE_RULES".to_owned(), rules.display().to_string()),
            ("LIVE_ALERTMANAGERS".to_owned(), bare(&serve.url)),
            ("LIVE_ALERT_PREFIX".to_owned(), format!("/hooks/alertmanager/{KEY}")),
        ]),
    )
    .await;
    until("the probe to pass", 60, async || stands(&serve, "alerts", "passed", &Value::Null).await).await;
    broken.store(true, Ordering::Relaxed);
    // What fires before Prometheus has found us, it says again a minute later.
    until("the alert", 150, async || stands(&serve, "alerts", "failed", &json!("reported")).await).await;
    let seen = known(&home, &serve).await;
    assert!(seen.contains("HubBroken") && seen.contains("says that it is broken"), "{seen}");
    until("an incident", 20, async || so(open(&serve).await?.len() == 1, ())).await;
    broken.store(false, Ordering::Relaxed);
    until("the end of the alert", 120, async || stands(&serve, "alerts", "passed", &Value::Null).await).await;
    until("the end of the incident", 20, async || so(open(&serve).await?.is_empty(), ())).await;
    let page = serve.get("api/v1/probes/night/alerts").await.expect("the probe");
    assert!(!page.contains(KEY), "{page}");
    drop(prometheus);
    assert_eq!(serve.stop(60).await, Some(0));
    let leaks = home.leaks([("the key", KEY)]);
    assert!(leaks.is_empty(), "{leaks:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alertmanager_tells_our_webhook() {
    let _place = Place::take().await;
    let work = tempfile::tempdir().expect("a folder");
    let home = home("type: alertmanager, name: alerts, key: env:KEY, every: 1s");
    let serve = home.serve().await;
    let hook = format!("{}hooks/alertmanager/{KEY}", serve.url);
    let alertmanager =
        Server::start("alertmanager", work.path(), &Env::from([("LIVE_ALERT_HOOK".to_owned(), hook)])).await;
    let tell = async |ends: i64| {
        let now = stage::now();
        let ends = now + jiff::SignedDuration::from_secs(ends);
        let alert = json!([{
            "labels": {"alertname": "DiskFull", "incident": "x", "node": "a"},
            "annotations": {"summary": "9 MiB are left"},
            "startsAt": (now - jiff::SignedDuration::from_secs(60)).to_string(), "endsAt": ends.to_string(),
        }]);
        let url = format!("{}api/v2/alerts", alertmanager.fact("url"));
        let user = (alertmanager.fact("user"), Some(alertmanager.fact("password")));
        let sent =
            stage::client().post(url).basic_auth(user.0, user.1).header("content-type", "application/json");
        let answer = sent.body(alert.to_string()).send().await.expect("Alertmanager answers");
        assert!(answer.status().is_success(), "{}", answer.status());
    };
    tell(600).await;
    until("the alert", 60, async || stands(&serve, "alerts", "failed", &json!("reported")).await).await;
    let seen = known(&home, &serve).await;
    assert!(seen.contains("DiskFull") && seen.contains("9 MiB are left"), "{seen}");
    until("an incident", 20, async || so(open(&serve).await?.len() == 1, ())).await;
    tell(-1).await;
    until("the end of the alert", 60, async || stands(&serve, "alerts", "passed", &Value::Null).await).await;
    until("the end of the incident", 20, async || so(open(&serve).await?.is_empty(), ())).await;
    assert_eq!(serve.stop(60).await, Some(0));
}
