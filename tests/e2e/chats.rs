//! What people answer in chats: clicks in Slack and reactions in Matrix, both services in memory.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::extract::{Path, Query, State, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{any, get, post};
use axum::{Json, Router};
use launchwatch::app::App;
use launchwatch::clock::Clock;
use launchwatch::dice::Dice;
use launchwatch::edges::Edges;
use launchwatch::edges::memory::{MemoryNet, spawner};
use launchwatch::standin::{self, Fault, StandIn};
use launchwatch::store::{Retention, SqliteStore, Store};
use launchwatch::tasks::Tasks;
use launchwatch_alerts::{Envelope, Hearing, Incident, Post, Reply, Undelivered};
use launchwatch_probes::Net;
use serde_json::{Value, json};

use crate::socket::Clicks;
use crate::world::START;

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// The post goes over the same network as everything else.
struct Carrier(MemoryNet);

#[async_trait]
impl Post for Carrier {
    async fn deliver(&self, envelope: Envelope) -> Result<Reply, Undelivered> {
        let Envelope::Http(request) = envelope else { panic!("this town has no mail") };
        let lost = |e: launchwatch_probes::net::NetError| Undelivered { step: "send", detail: e.to_string() };
        let answer = self.0.send(request).await.map_err(lost)?;
        let (status, headers) = (answer.status.as_u16(), answer.headers.clone());
        Ok(Reply::Http { status, headers, body: answer.read(65_536).await.map_err(lost)? })
    }
}

/// Slack, as far as it matters here.
#[derive(Clone, Default)]
struct Slack {
    clicks: Clicks,
    messages: Arc<Mutex<Vec<Value>>>,
    replies: Arc<Mutex<Vec<Value>>>,
    closed: Arc<Mutex<bool>>,
}

impl Slack {
    fn router(&self) -> Router {
        Router::new()
            .route("/api/{method}", post(slack_api))
            .route("/link/", any(slack_link))
            .route("/respond", post(slack_respond))
            .with_state(self.clone())
    }
}

async fn slack_api(
    State(slack): State<Slack>,
    Path(method): Path<String>,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Json<Value> {
    let token = headers["authorization"].to_str().unwrap();
    Json(match (method.as_str(), token) {
        ("apps.connections.open", "Bearer xapp-1-town") if !*slack.closed.lock().unwrap() => {
            json!({"ok": true, "url": "ws://slack.example/link/?ticket=t1"})
        }
        ("apps.connections.open", _) => json!({"ok": false, "error": "internal_error"}),
        (_, "Bearer xoxb-town") => {
            slack.messages.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
            json!({"ok": true, "channel": "C1", "ts": "1700000000.000001"})
        }
        _ => json!({"ok": false, "error": "invalid_auth"}),
    })
}

async fn slack_link(State(slack): State<Slack>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| slack.clicks.talk(socket))
}

async fn slack_respond(State(slack): State<Slack>, Json(said): Json<Value>) -> &'static str {
    slack.replies.lock().unwrap().push(said);
    "ok"
}

/// A homeserver with one room.
#[derive(Clone, Default)]
struct Matrix(Arc<Mutex<Vec<Value>>>);

impl Matrix {
    fn router(&self) -> Router {
        let root = "/_matrix/client/v3";
        Router::new()
            .route(&format!("{root}/join/{{room}}"), post(|| async { Json(json!({"room_id": "!r:x"})) }))
            .route(&format!("{root}/account/whoami"), get(|| async { Json(json!({"user_id": "@bot:x"})) }))
            .route(&format!("{root}/sync"), get(matrix_sync))
            .route(&format!("{root}/rooms/{{room}}/event/{{event}}"), get(matrix_event))
            .route(
                &format!("{root}/rooms/{{room}}/send/{{kind}}/{{transaction}}"),
                axum::routing::put(matrix_send),
            )
            .with_state(self.clone())
    }

    fn push(&self, mut event: Value) -> String {
        let mut events = self.0.lock().unwrap();
        let id = format!("$event{}", events.len());
        event["event_id"] = json!(id);
        events.push(event);
        id
    }

    fn react(&self, by: &str, to: &str, key: &str) {
        let relation = json!({"rel_type": "m.annotation", "event_id": to, "key": key});
        self.push(json!({"type": "m.reaction", "sender": by, "content": {"m.relates_to": relation}}));
    }

    fn ours(&self) -> Vec<Value> {
        let mine = |e: &&Value| e["sender"] == "@bot:x" && e["type"] == "m.room.message";
        self.0.lock().unwrap().iter().filter(mine).cloned().collect()
    }
}

#[derive(serde::Deserialize)]
struct Sync {
    since: Option<usize>,
    timeout: u64,
    filter: String,
}

async fn matrix_sync(State(matrix): State<Matrix>, Query(sync): Query<Sync>) -> Json<Value> {
    let filter: Value = serde_json::from_str(&sync.filter).unwrap();
    assert_eq!(filter["room"]["timeline"]["types"], json!(["m.reaction"]));
    let mut left = sync.timeout / 100;
    loop {
        let events = matrix.0.lock().unwrap().clone();
        let new = &events[sync.since.unwrap_or(events.len()).min(events.len())..];
        let reactions: Vec<&Value> = new.iter().filter(|e| e["type"] == "m.reaction").collect();
        if !reactions.is_empty() || left == 0 {
            let room = json!({"timeline": {"events": reactions}});
            return Json(json!({"next_batch": events.len().to_string(), "rooms": {"join": {"!r:x": room}}}));
        }
        left -= 1;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn matrix_event(State(matrix): State<Matrix>, Path((_, id)): Path<(String, String)>) -> Json<Value> {
    let events = matrix.0.lock().unwrap();
    Json(events.iter().find(|e| e["event_id"] == id).cloned().unwrap_or_default())
}

async fn matrix_send(State(matrix): State<Matrix>, Json(content): Json<Value>) -> Json<Value> {
    let id = matrix.push(json!({"type": "m.room.message", "sender": "@bot:x", "content": content}));
    Json(json!({ "event_id": id }))
}

/// A service with both chats, and a hub that is broken.
struct Town {
    hub: StandIn,
    slack: Slack,
    matrix: Matrix,
    store: Arc<SqliteStore>,
    app: Tasks,
    outside: Tasks,
    ended: tokio::task::JoinHandle<()>,
}

const CHATS: &str = r##"version: 1
targets:
  - { name: hub, url: "http://hub.example/", probes: [{ type: binderhub-health, name: health, every: 10s }] }
channels:
  - { type: slack, bot_token: env:BOT, app_token: env:APP, channel: C1, api_url: "http://slack.example/api/" }
  - { type: matrix, homeserver: "http://matrix.example/", access_token: env:BOT, room: "#ops:x" }
"##;

impl Town {
    async fn broken() -> Self {
        let env = |name: &str| Some(if name == "APP" { "xapp-1-town" } else { "xoxb-town" }.to_owned());
        let config =
            launchwatch::config::load_text("t", CHATS, launchwatch::config::Registries::BUILT_IN, &env);
        let (config, _) = config.unwrap_or_else(|p| panic!("{}", launchwatch::config::told(&p)));
        let clock = Clock::simulated(START.parse().unwrap());
        let (outside, now, date) = (Tasks::new(), clock.clone(), clock.clone());
        let spawn = spawner(&outside);
        let doors = standin::Edges { now: Arc::new(move || now.now()), spawn: Arc::clone(&spawn), seed: 1 };
        let hub = StandIn::new(standin::Settings::default(), doors);
        let (slack, matrix) = (Slack::default(), Matrix::default());
        let net = MemoryNet::new(spawn)
            .with_host("hub.example:80", hub.router())
            .with_host("slack.example:80", slack.router())
            .with_host("matrix.example:80", matrix.router());
        let post = Arc::new(Carrier(net.clone()));
        let edges = Edges { clock: clock.clone(), net: Arc::new(net), post, dice: Dice::seeded(1) };
        let store = SqliteStore::in_memory(Retention::default()).unwrap();
        let store = Arc::new(store.with_clock(move || date.now()));
        let app = App::build(config, edges, Arc::clone(&store) as Arc<dyn Store>, None).unwrap();
        let tasks = app.tasks();
        #[expect(clippy::disallowed_methods, reason = "the town's own task")]
        let ended = tokio::spawn(async move { app.run().await.unwrap() });
        let town = Self { hub, slack, matrix, store, app: tasks, outside, ended };
        tokio::time::sleep(MINUTE).await;
        town.hub.set_fault(None, Fault::HubDown);
        tokio::time::sleep(2 * MINUTE).await;
        town
    }

    async fn incident(&self) -> Incident {
        self.store.incidents(1).await.unwrap().pop().unwrap()
    }

    /// Who has acknowledged.
    async fn acked(&self) -> Option<String> {
        self.incident().await.ack.map(|a| a.by)
    }

    async fn stop(self) {
        self.app.stop();
        self.ended.await.unwrap();
        self.outside.stop();
    }
}

const RESPOND: &str = "http://slack.example/respond";

#[tokio::test(start_paused = true)]
async fn a_click_in_slack_acknowledges_and_the_channel_says_so() {
    let town = Town::broken().await;
    let id = town.incident().await.id.0;
    let opened = town.slack.messages.lock().unwrap()[0].to_string();
    assert!(opened.contains(Hearing::ACKNOWLEDGE) && opened.contains(&id), "{opened}");
    let envelope = town.slack.clicks.click("ada", Hearing::ACKNOWLEDGE, &id, RESPOND);
    tokio::time::sleep(5 * SECOND).await;
    assert_eq!(town.acked().await.as_deref(), Some("ada"));
    assert_eq!(town.slack.clicks.acked(), [envelope]);
    let messages = town.slack.messages.lock().unwrap().clone();
    assert!(messages.last().unwrap().to_string().contains("ada"), "{messages:#?}");
    assert!(
        !messages.last().unwrap().to_string().contains(Hearing::ACKNOWLEDGE),
        "it needs no button any more"
    );
    town.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_other_button_silences_for_an_hour_once_however_often_it_is_pressed() {
    let town = Town::broken().await;
    let id = town.incident().await.id;
    for user in ["ada", "ben"] {
        town.slack.clicks.click(user, Hearing::SILENCE_HOUR, &id.0, RESPOND);
        tokio::time::sleep(3 * SECOND).await;
    }
    let silences = town.store.silences(9).await.unwrap();
    assert_eq!(silences.len(), 1, "{silences:#?}");
    assert_eq!((silences[0].by.as_str(), &silences[0].with), ("ada", &Some(id.clone())));
    assert_eq!(silences[0].of.targets, ["hub"]);
    let replies = town.slack.replies.lock().unwrap().clone();
    let texts: Vec<_> = replies.iter().map(|r| r["text"].as_str().unwrap()).collect();
    assert_eq!(
        texts,
        ["hub: silent until 13:03 UTC or its end, by ada", "hub: silent until 13:03 UTC already, by ada"]
    );

    town.hub.set_fault(None, Fault::None);
    tokio::time::sleep(20 * MINUTE).await;
    town.slack.clicks.click("ada", Hearing::ACKNOWLEDGE, &id.0, RESPOND);
    tokio::time::sleep(3 * SECOND).await;
    let reply = town.slack.replies.lock().unwrap().pop().unwrap();
    assert_eq!(reply["response_type"], "ephemeral");
    assert!(reply["text"].as_str().unwrap().contains("no open incident"), "{reply}");
    town.stop().await;
}

#[tokio::test(start_paused = true)]
async fn slack_is_heard_again_after_it_asked_us_to_come_again_and_after_it_was_away() {
    let town = Town::broken().await;
    assert_eq!(town.slack.clicks.opened(), 1);
    town.slack.clicks.disconnect();
    tokio::time::sleep(10 * SECOND).await;
    assert_eq!(town.slack.clicks.opened(), 2);
    *town.slack.closed.lock().unwrap() = true;
    town.slack.clicks.disconnect();
    tokio::time::sleep(20 * MINUTE).await;
    *town.slack.closed.lock().unwrap() = false;
    tokio::time::sleep(6 * MINUTE).await;
    assert_eq!(town.slack.clicks.opened(), 3);
    let id = town.incident().await.id.0;
    town.slack.clicks.click("ada", Hearing::ACKNOWLEDGE, &id, "https://elsewhere.example/x");
    tokio::time::sleep(5 * SECOND).await;
    assert_eq!(town.acked().await.as_deref(), Some("ada"));
    town.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_reaction_in_matrix_acknowledges() {
    let town = Town::broken().await;
    let root = town.matrix.ours()[0]["event_id"].as_str().unwrap().to_owned();
    town.matrix.react("@bot:x", &root, "👀");
    town.matrix.react("@ada:x", &root, "🎉");
    town.matrix.react("@ada:x", "$somewhere-else", "👀");
    tokio::time::sleep(5 * SECOND).await;
    assert_eq!(town.acked().await, None);
    town.matrix.react("@ada:x", &root, "👍🏽");
    tokio::time::sleep(5 * SECOND).await;
    assert_eq!(town.acked().await.as_deref(), Some("@ada:x"));
    assert!(town.matrix.ours().last().unwrap().to_string().contains("@ada:x"));
    town.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_reaction_to_a_reminder_in_the_thread_counts_for_its_incident() {
    let town = Town::broken().await;
    tokio::time::sleep(40 * MINUTE).await;
    let messages = town.matrix.ours();
    let reminder = messages.last().unwrap();
    assert_eq!(reminder["content"]["m.relates_to"]["rel_type"], "m.thread", "{reminder:#}");
    town.matrix.react("@ada:x", reminder["event_id"].as_str().unwrap(), "✅");
    tokio::time::sleep(5 * SECOND).await;
    assert_eq!(town.acked().await.as_deref(), Some("@ada:x"));
    town.stop().await;
}
