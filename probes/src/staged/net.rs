//! (test) The network of the staged world: a BinderHub, a Hub and one server behind one address.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Kernel, Play, SERVER, SERVER_TOKEN};
use crate::cluster::staged::{self, Answer};
use crate::net::{Chain, ClusterAccess, Connected, Lookup, NetFault, Request, Response, Socket};
use crate::{Net, NetError};

/// Answers path and query.
pub(crate) type Api = std::sync::Arc<dyn Fn(&str) -> Answer + Send + Sync>;

/// What the world does. The default is a BinderHub in good order.
pub(crate) struct Stage {
    /// Status and body of the launch page.
    pub(crate) page: (u16, String),
    pub(crate) build: Play,
    /// Where the first build request is sent on to, and where that is sent on to, …
    pub(crate) redirects: Vec<String>,
    /// Status of `api/status` with the right token, while the server lives.
    pub(crate) server: u16,
    pub(crate) kernel: Kernel,
    /// Status of the answer to a shutdown.
    pub(crate) shutdown: u16,
    /// How long the server lives after it accepted its shutdown.
    pub(crate) lingers: Duration,
    /// Answers of the Hub's API by method and path behind `hub/api/`.
    pub(crate) hub: BTreeMap<String, Vec<(u16, String)>>,
    pub(crate) progress: Play,
    /// The Kubernetes API, by path and query; there is none without.
    pub(crate) cluster: Option<Api>,
    /// Nobody answers anything.
    pub(crate) silent: bool,
}

impl Default for Stage {
    fn default() -> Self {
        Self {
            page: (
                200,
                r#"<script>window.pageConfig = {"buildToken": "build-t0ken.of.today"}</script>"#.into(),
            ),
            build: Play::fixture("success-cached"),
            redirects: Vec::new(),
            server: 200,
            kernel: Kernel::Prints("42"),
            shutdown: 200,
            lingers: Duration::from_secs(1),
            hub: BTreeMap::new(),
            progress: Play::text(""),
            cluster: None,
            silent: false,
        }
    }
}

/// A request as it was seen.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) line: String,
    pub(crate) headers: http::HeaderMap,
}

pub(crate) struct World {
    stage: Stage,
    seen: Mutex<Vec<Seen>>,
    redirected: Mutex<usize>,
    ended: Mutex<Option<Instant>>,
    handed_out: std::sync::Arc<AtomicBool>,
    tasks: Mutex<JoinSet<()>>,
}

impl World {
    pub(crate) fn new(stage: Stage) -> Self {
        Self {
            stage,
            seen: Mutex::new(Vec::new()),
            redirected: Mutex::new(0),
            ended: Mutex::new(None),
            handed_out: std::sync::Arc::default(),
            tasks: Mutex::new(JoinSet::new()),
        }
    }

    /// All requests, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The requests that begin so.
    pub(crate) fn asked(&self, line: &str) -> Vec<Seen> {
        self.seen().into_iter().filter(|s| s.line.starts_with(line)).collect()
    }

    /// Whether the world told the run of a server.
    pub(crate) fn handed_out(&self) -> bool {
        self.handed_out.load(Ordering::SeqCst)
    }

    /// Whether the server was told to stop.
    pub(crate) fn server_ended(&self) -> bool {
        self.ended.lock().unwrap().is_some()
    }

    fn alive(&self) -> bool {
        self.ended.lock().unwrap().is_none_or(|at| at.elapsed() < self.stage.lingers)
    }

    fn answer(&self, request: &Request) -> Result<(u16, Option<String>, Play, String), NetError> {
        let url = request.uri().to_string();
        let ready = |status: u16, body: &str| Ok((status, None, Play::Html, body.to_owned()));
        if let Some(path) = url.strip_prefix(SERVER) {
            return Ok(self.server(request, path));
        }
        if url.contains("/v2/") {
            return ready(self.stage.page.0, &self.stage.page.1);
        }
        if url.contains("/build/") {
            let mut hops = self.redirected.lock().unwrap();
            if let Some(to) = self.stage.redirects.get(*hops) {
                *hops += 1;
                return Ok((307, Some(to.clone()), Play::Html, String::new()));
            }
            return match &self.stage.build {
                Play::Refused => Err(NetError::new(NetFault::Connect, "connection refused")),
                Play::Status(status) => ready(*status, "upstream is not there"),
                play => Ok((200, None, play.clone(), String::new())),
            };
        }
        if url.ends_with("/progress") {
            return Ok((200, None, self.stage.progress.clone(), String::new()));
        }
        let path = url.split_once("/hub/api/").map_or("", |(_, p)| p);
        let key = format!("{} {path}", request.method());
        let line = format!("{} {url}", request.method());
        let earlier = self.seen().iter().filter(|s| s.line == line).count().saturating_sub(1);
        let answers = self.stage.hub.get(&key).or_else(|| {
            self.stage
                .hub
                .iter()
                .find(|(k, _)| k.ends_with('*') && key.starts_with(k.trim_end_matches('*')))
                .map(|(_, v)| v)
        });
        match answers.and_then(|a| a.get(earlier).or(a.last())) {
            Some((status, body)) => ready(*status, body),
            None => ready(404, "{}"),
        }
    }

    fn server(&self, request: &Request, path: &str) -> (u16, Option<String>, Play, String) {
        let right = format!("token {SERVER_TOKEN}");
        let authorized =
            request.headers().get("authorization").is_some_and(|v| v.to_str().is_ok_and(|v| v == right));
        let answer = |status: u16, body: &str| (status, None, Play::Html, body.to_owned());
        if !self.alive() {
            return answer(503, "<html>nobody</html>");
        }
        if !authorized {
            return answer(403, "{}");
        }
        match (request.method().as_str(), path) {
            ("GET", "api/status") if (300..400).contains(&self.stage.server) => {
                (self.stage.server, Some("/hub/user/acme-tiny-x1y2z3/".into()), Play::Html, String::new())
            }
            ("GET", "api/status") => answer(self.stage.server, r#"{"kernels": 0, "started": "x"}"#),
            ("POST", "api/kernels") => answer(201, r#"{"id": "7f3e-44", "name": "python3"}"#),
            ("POST", "api/shutdown") => {
                if self.stage.shutdown < 300 {
                    self.ended.lock().unwrap().get_or_insert_with(Instant::now);
                }
                answer(self.stage.shutdown, "{}")
            }
            _ => answer(404, "{}"),
        }
    }
}

#[async_trait]
impl Net for World {
    async fn send(&self, request: Request) -> Result<Response, NetError> {
        self.seen.lock().unwrap().push(Seen {
            line: format!("{} {}", request.method(), request.uri()),
            headers: request.headers().clone(),
        });
        tokio::time::sleep(Duration::from_millis(5)).await;
        let (status, location, play, text) = self.answer(&request)?;
        if self.stage.silent || matches!(play, Play::Hangs) {
            std::future::pending::<()>().await;
        }
        let mut headers = http::HeaderMap::new();
        let events = matches!(play, Play::Events(_) | Play::Raw(_));
        let kind = if events { "text/event-stream" } else { "text/html; charset=UTF-8" };
        headers.insert("content-type", kind.parse().unwrap());
        if let Some(to) = location {
            headers.insert("location", to.parse().unwrap());
        }
        let body = if events || text.is_empty() {
            play.body()
        } else {
            stream::iter([Ok(Bytes::from(text))]).boxed()
        };
        let handed_out = std::sync::Arc::clone(&self.handed_out);
        let body = body.inspect(move |chunk| {
            if chunk.as_ref().is_ok_and(|c| String::from_utf8_lossy(c).contains("\"phase\": \"ready\"")) {
                handed_out.store(true, Ordering::SeqCst);
            }
        });
        let status = http::StatusCode::from_u16(status).unwrap();
        Ok(Response { status, headers, timing: Default::default(), remote: None, body: body.boxed() })
    }

    async fn websocket(&self, request: Request) -> Result<Socket, NetError> {
        assert!(request.headers().contains_key("authorization"), "a websocket without token");
        assert!(request.uri().to_string().starts_with(SERVER), "{}", request.uri());
        tokio::time::sleep(Duration::from_millis(5)).await;
        self.stage.kernel.open(&self.tasks).await
    }

    async fn cluster(&self, _: &ClusterAccess) -> Result<kube::Client, NetError> {
        match self.stage.cluster.clone() {
            Some(api) => Ok(staged::client(move |asked, _| api(asked)).0),
            None => Err(NetError::new(NetFault::Local, "no kubeconfig")),
        }
    }

    async fn resolve(&self, _: &Lookup) -> Result<Vec<String>, NetError> {
        Err(NetError::new(NetFault::Dns, "not staged"))
    }

    async fn certificate(&self, _: &str, _: u16) -> Result<Chain, NetError> {
        Err(NetError::new(NetFault::Connect, "not staged"))
    }

    async fn connect(&self, _: &str, _: u16) -> Result<Connected, NetError> {
        Err(NetError::new(NetFault::Connect, "not staged"))
    }
}
