//! The built-in hub over real HTTP, with a witness at its door who notes which servers were used.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use launchwatch::standin::{self, Edges, Fault, Settings, Snapshot, StandIn};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::kit::stage::{client, now, spawn, spawner};

pub(super) const HUB_TOKEN: &str = "practice-hub-token-0123456789";
/// A minute passes in three seconds.
const SPEED: f64 = 20.0;

#[derive(Default)]
struct Seen {
    users: BTreeSet<String>,
    tokens: BTreeSet<String>,
}

type Book = Arc<Mutex<Seen>>;

pub(super) struct Practice {
    hub: StandIn,
    book: Book,
    pub(super) url: String,
}

impl Practice {
    pub(super) async fn start(seed: u64) -> Self {
        let settings = Settings {
            speed: SPEED,
            launch_seconds: 3.0,
            rate_limit: None,
            hub_tokens: vec![HUB_TOKEN.to_owned()],
            // Nobody cleans up after us here.
            cull_seconds: 1e9,
            ..Settings::default()
        };
        let hub = StandIn::new(settings, Edges { now: Arc::new(now), spawn: spawner(), seed });
        let book = Book::default();
        let router = hub.router().layer(from_fn_with_state(Arc::clone(&book), note));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        spawn(async move {
            let _ = standin::serve(listener, router, &spawner(), std::future::pending()).await;
        });
        Self { hub, book, url }
    }

    /// Breaks or mends launches on the BinderHub; the hub itself goes on.
    pub(super) fn set(&self, fault: Fault) {
        self.hub.set_fault(Some("gh/"), fault);
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        self.hub.snapshot()
    }

    /// Users whose server was asked something with a token: so its address and token were known.
    pub(super) fn used(&self) -> BTreeSet<String> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner).users.clone()
    }

    /// Every token that was shown at the door.
    pub(super) fn tokens(&self) -> BTreeSet<String> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner).tokens.clone()
    }

    /// Names of all users.
    pub(super) async fn users(&self) -> BTreeSet<String> {
        self.names("").await
    }

    /// Names of the users that have a server.
    pub(super) async fn servers(&self) -> BTreeSet<String> {
        self.names("?state=active").await
    }

    async fn names(&self, query: &str) -> BTreeSet<String> {
        let url = format!("{}hub/api/users{query}", self.url);
        let request = client().get(url).header("authorization", format!("token {HUB_TOKEN}"));
        let text = request.send().await.expect("the hub answers").text().await.expect("a list");
        let users: Vec<Value> = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
        assert!(users.len() < 200, "the list may be cut");
        users.iter().filter_map(|u| u["name"].as_str().map(str::to_owned)).collect()
    }
}

async fn note(State(book): State<Book>, request: Request, next: Next) -> Response {
    let token = request.headers().get("authorization").and_then(|a| a.to_str().ok());
    if let Some(token) = token.and_then(|t| t.split_once(' ')).map(|(_, token)| token.to_owned()) {
        let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
        book.tokens.insert(token);
        let user = request.uri().path().strip_prefix("/user/").and_then(|rest| rest.split('/').next());
        book.users.extend(user.map(str::to_owned));
    }
    next.run(request).await
}
