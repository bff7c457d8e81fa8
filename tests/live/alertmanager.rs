//! A real Alertmanager keeps an incident's alert for as long as the incident lasts, and ends it with its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use jiff::{SignedDuration, Timestamp};
use launchwatch::edges::post::{PostSettings, RealPost};
use launchwatch_alerts::{
    Ack, Channel, Facts, IncidentId, Notification, NotificationId, NotificationKind as Kind, Receipt,
    Severity, channels, courier,
};
use serde_json::{Value, json};

use crate::kit::chat::{Sink, listen};
use crate::kit::launcher::{Env, Server};
use crate::kit::service::Home;
use crate::kit::stage::{self, Place};
use crate::kit::wait::{so, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_one_alert_until_it_is_over() {
    let _place = Place::take().await;
    let work = tempfile::tempdir().expect("a folder");
    let sink = Sink::start().await;
    let hook = Env::from([("LIVE_ALERT_HOOK".to_owned(), sink.url.clone())]);
    let alertmanager = Server::start("alertmanager", work.path(), &hook).await;
    let up = Arc::new(AtomicBool::new(true));
    let page = listen(site(Arc::clone(&up))).await;
    let home =
        Home::new(&configuration(&page, &alertmanager), &[("PASSWORD", alertmanager.fact("password"))]);

    let output = home.run(&["test-alert", "alertmanager"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    let tests = alerts(&alertmanager).await.expect("Alertmanager answers");
    assert_eq!(tests[0]["labels"]["alertname"], "LaunchwatchTest", "{tests:?}");

    let serve = home.serve().await;
    until("a look at the site", 30, async || {
        let probe = serve.probe("site", "page").await?;
        so(probe["verdict"] == "passed", probe)
    })
    .await;
    up.store(false, Ordering::Relaxed);
    let alert = until("the outage to be an alert", 60, async || incident(&alertmanager).await).await;
    let labels = &alert["labels"];
    assert_eq!((&labels["target"], &labels["severity"]), (&json!("site"), &json!("page")), "{alert:#}");
    assert_eq!(labels["team"], "hub", "{alert:#}");
    assert!(alert["annotations"]["summary"].as_str().is_some_and(|s| s.contains("site")), "{alert:#}");
    until("Alertmanager to tell of it", 30, async || told(&sink, "firing")).await;

    up.store(true, Ordering::Relaxed);
    until("the end to end the alert", 60, async || {
        let left = alerts(&alertmanager).await?;
        so(left.iter().all(|a| a["labels"]["alertname"] != "LaunchwatchIncident"), left)
    })
    .await;
    until("Alertmanager to tell of the end", 30, async || told(&sink, "resolved")).await;
    assert_eq!(serve.stop(60).await, Some(0));
    let leaks = home.leaks([("the password", alertmanager.fact("password"))]);
    assert!(leaks.is_empty(), "{leaks:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_telling_moves_the_end_on_and_every_member_of_a_cluster_is_told() {
    let _place = Place::take().await;
    let (one, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let first = Server::start("alertmanager", one.path(), &Env::new()).await;
    let mut second = Server::start("alertmanager", other.path(), &Env::new()).await;
    let cluster = Cluster::of(&first, &second);
    let begun = stage::now();

    assert_eq!(cluster.tell(Kind::Opened, begun).await, Receipt::Delivered(None));
    let opened = incident(&first).await.expect("the alert");
    assert_eq!(incident(&second).await.expect("the alert")["labels"], opened["labels"]);
    let end = ends(&opened);
    assert!(end > begun + SignedDuration::from_hours(47), "{opened:#}");
    // Later than an alert lives that does not say when it ends.
    until("the time-out of other alerts to pass", 30, async || {
        so(stage::now() > begun + SignedDuration::from_secs(4), begun)
    })
    .await;
    incident(&first).await.expect("it is still there");

    second.kill().await;
    let reminded = cluster.tell(Kind::Reminder, stage::now()).await;
    let Receipt::Partly { settled, why, .. } = reminded else { panic!("{reminded:?}") };
    assert!(why.contains("connect"), "{why}");
    let moved = ends(&incident(&first).await.expect("it is still there"));
    assert!(moved > end, "a reminder moves the end on: {end} {moved}");
    second.start_again().await;
    let n = cluster.notification(Kind::Reminder, stage::now());
    let rest = courier::deliver_rest(&*cluster.channel, &n, None, &settled, &cluster.post).await;
    assert_eq!(rest, Receipt::Delivered(None));
    incident(&second).await.expect("the one that was away knows it again");

    assert_eq!(cluster.tell(Kind::Acknowledged, stage::now()).await, Receipt::Delivered(None));
    let seen = incident(&first).await.expect("it is still there");
    assert_eq!(seen["annotations"]["acknowledged_by"], "ada", "{seen:#}");
    assert!(ends(&seen) > begun + SignedDuration::from_hours(51), "reminders rest for four hours: {seen:#}");

    assert_eq!(cluster.tell(Kind::Resolved, stage::now()).await, Receipt::Delivered(None));
    for member in [&first, &second] {
        let left = alerts(member).await.expect("Alertmanager answers");
        assert!(left.is_empty(), "{left:?}");
    }
}

/// Two Alertmanagers as one channel.
struct Cluster {
    channel: Box<dyn Channel>,
    post: RealPost,
    since: Timestamp,
}

impl Cluster {
    fn of(first: &Server, second: &Server) -> Self {
        let settings = json!({
            "urls": [first.fact("url"), second.fact("url")],
            "username": first.fact("user"),
            "password": first.fact("password"),
        });
        let kind = channels::channel("alertmanager").expect("the channel is in the registry");
        let channel = kind.build(settings).unwrap_or_else(|refused| panic!("{refused:?}"));
        let settings = PostSettings { ca_file: None, ignore_proxies: true };
        let post = RealPost::new(&settings).expect("the post opens");
        Self { channel, post, since: stage::now() - SignedDuration::from_secs(60) }
    }

    fn notification(&self, kind: Kind, at: Timestamp) -> Notification {
        let ack = Ack { by: "ada".into(), at, until: at + SignedDuration::from_hours(4) };
        Notification {
            id: NotificationId("site-1/1".into()),
            incident: IncidentId("site-1".into()),
            kind,
            severity: Severity::Page,
            at,
            to: Vec::new(),
            facts: Facts {
                ack: (kind == Kind::Acknowledged).then_some(ack),
                until: (kind == Kind::Resolved).then_some(at),
                ..Facts::bare("site", self.since)
            },
        }
    }

    async fn tell(&self, kind: Kind, at: Timestamp) -> Receipt {
        courier::deliver(&*self.channel, &self.notification(kind, at), None, &self.post).await
    }
}

/// The alerts that are active.
async fn alerts(server: &Server) -> Result<Vec<Value>, String> {
    let url = format!("{}api/v2/alerts", server.fact("url"));
    let request = stage::client().get(url).basic_auth(server.fact("user"), Some(server.fact("password")));
    let text = request.send().await.map_err(|e| e.to_string())?.text().await.map_err(|e| e.to_string())?;
    serde_json::from_str(&text).map_err(|e| format!("{e}: {text}"))
}

/// The one alert that is an incident.
async fn incident(server: &Server) -> Result<Value, String> {
    let alerts = alerts(server).await?;
    let incidents: Vec<_> =
        alerts.iter().filter(|a| a["labels"]["alertname"] == "LaunchwatchIncident").cloned().collect();
    match incidents.as_slice() {
        [one] => Ok(one.clone()),
        _ => Err(format!("{alerts:?}")),
    }
}

fn ends(alert: &Value) -> Timestamp {
    alert["endsAt"].as_str().and_then(|t| t.parse().ok()).unwrap_or_else(|| panic!("no end: {alert:#}"))
}

/// Whether Alertmanager has told its own receiver of the incident.
fn told(sink: &Sink, status: &str) -> Result<(), String> {
    let posts: Vec<Value> = sink.posts().into_iter().map(|p| p.body).collect();
    let of =
        |p: &Value| p["status"] == status && p["alerts"][0]["labels"]["alertname"] == "LaunchwatchIncident";
    so(posts.iter().any(of), &posts)
}

/// A page that is up or down.
fn site(up: Arc<AtomicBool>) -> Router {
    let answer = move || async move {
        if up.load(Ordering::Relaxed) { StatusCode::OK } else { StatusCode::INTERNAL_SERVER_ERROR }
    };
    Router::new().route("/", get(answer))
}

fn configuration(page: &str, alertmanager: &Server) -> String {
    format!(
        r#"version: 1
service: {{ listen: "127.0.0.1:0", witnesses: [] }}
rules: [{{ name: quick, failures: 2 }}]
targets:
  - name: site
    url: {page}
    probes:
      - {{ type: http, name: page, every: 500ms, deadline: 500ms, confirm_after: 200ms }}
channels:
  - type: alertmanager
    urls: ["{url}"]
    username: {user}
    password: env:PASSWORD
    labels: {{ team: hub }}
"#,
        url = alertmanager.fact("url"),
        user = alertmanager.fact("user"),
    )
}
