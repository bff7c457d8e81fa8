//! A receiver of webhooks on loopback that keeps all it was told; and how a router gets a port of its own.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;

use super::stage::spawn;

/// A notification as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    /// The value of `Idempotency-Key`.
    pub(crate) key: String,
    /// The body.
    pub(crate) body: Value,
}

/// The receiver.
#[derive(Clone)]
pub(crate) struct Sink {
    posts: Arc<Mutex<Vec<Post>>>,
    /// Where to post.
    pub(crate) url: String,
}

impl Sink {
    /// Starts one.
    pub(crate) async fn start() -> Self {
        let posts = Arc::new(Mutex::new(Vec::new()));
        let root =
            listen(Router::new().route("/hook/{secret}", post(take)).with_state(Arc::clone(&posts))).await;
        Self { posts, url: format!("{root}hook/the-secret-part-of-an-address") }
    }

    /// What came so far.
    pub(crate) fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Those of one kind (`opened`, `resolved`, …).
    pub(crate) fn of_kind(&self, kind: &str) -> Vec<Post> {
        self.posts().into_iter().filter(|p| p.body["kind"] == kind).collect()
    }
}

async fn take(State(posts): State<Arc<Mutex<Vec<Post>>>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let key = headers.get("idempotency-key").and_then(|k| k.to_str().ok()).unwrap_or_default().to_owned();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    posts.lock().unwrap_or_else(PoisonError::into_inner).push(Post { key, body });
    StatusCode::NO_CONTENT
}

/// Serves a router on a port of its own until the test ends; gives its root address.
pub(crate) async fn listen(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let root = format!("http://{}/", listener.local_addr().expect("an address"));
    spawn(async move {
        let _ = axum::serve(listener, router).await;
    });
    root
}
