//! Kit: a stand-in under a paused clock and a client that speaks raw HTTP to it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::time::{Instant, timeout};

use crate::standin::{Edges, Settings, Spawner, StandIn, dial};

pub(super) const SPEC: &str = "/build/gh/harbour/tide-tables/HEAD";

#[expect(clippy::disallowed_methods, reason = "the tests' one spawner")]
pub(super) fn spawner() -> Spawner {
    Arc::new(|_, task| {
        tokio::spawn(task);
    })
}

pub(super) fn edges(seed: u64) -> Edges {
    let begin = Instant::now();
    let epoch: jiff::Timestamp = "2026-11-22T09:00:00Z".parse().unwrap();
    let now = Arc::new(move || epoch + begin.elapsed());
    Edges { now, spawn: spawner(), seed }
}

pub(super) fn stand_in(settings: Settings) -> StandIn {
    StandIn::new(settings, edges(7))
}

pub(super) fn settings() -> Settings {
    Settings { hub_tokens: vec!["hub-key".to_owned()], ..Settings::default() }
}

/// What came back, with the seconds at which each read ended.
pub(super) struct Heard {
    pub(super) head: String,
    pub(super) body: String,
    /// Each read of the body and when it arrived.
    pub(super) reads: Vec<(f64, String)>,
    /// Whether the server closed within the time given.
    pub(super) closed: bool,
    /// Seconds from the request to the end.
    pub(super) took: f64,
}

impl Heard {
    pub(super) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0)
    }

    pub(super) fn header(&self, name: &str) -> Option<String> {
        let lines = self.head.lines().filter_map(|l| l.split_once(": "));
        lines.into_iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.to_owned())
    }

    /// The events, without comments.
    pub(super) fn events(&self) -> Vec<serde_json::Value> {
        let lines = self.body.lines().filter_map(|l| l.strip_prefix("data: "));
        lines.map(|l| serde_json::from_str(l).unwrap()).collect()
    }

    /// The phases in order, `-` for an event without one; repeats are told once.
    pub(super) fn phases(&self) -> String {
        let mut phases: Vec<String> =
            self.events().iter().map(|e| e["phase"].as_str().unwrap_or("-").to_owned()).collect();
        phases.dedup();
        phases.join(" ")
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(super) fn get(path: &str, headers: &str) -> String {
    request("GET", path, headers, "")
}

pub(super) fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    format!(
        "{method} {path} HTTP/1.1\r\nhost: binder.test\r\nconnection: close\r\n{length}{headers}\r\n{body}"
    )
}

pub(super) async fn launch(router: &Router, seconds: u64) -> Heard {
    hear(router, &get(SPEC, "accept: text/event-stream\r\n"), seconds).await
}

/// Sends a request and listens until the server closes or the time is over; then hangs up.
pub(super) async fn hear(router: &Router, request: &str, seconds: u64) -> Heard {
    let mut pipe = dial(router.clone(), &spawner());
    pipe.write_all(request.as_bytes()).await.unwrap();
    listen(pipe, seconds).await
}

pub(super) async fn listen(mut pipe: DuplexStream, seconds: u64) -> Heard {
    let begin = Instant::now();
    let end = begin + Duration::from_secs(seconds);
    let (mut all, mut marks) = (Vec::new(), Vec::new());
    let mut buffer = vec![0; 256 << 10];
    let closed = loop {
        match timeout(end.saturating_duration_since(Instant::now()), pipe.read(&mut buffer)).await {
            Err(_) => break false,
            Ok(Ok(0) | Err(_)) => break true,
            Ok(Ok(n)) => {
                all.extend_from_slice(&buffer[..n]);
                marks.push((
                    begin.elapsed().as_secs_f64(),
                    String::from_utf8_lossy(&buffer[..n]).into_owned(),
                ));
            }
        }
    };
    let took = begin.elapsed().as_secs_f64();
    let split = all.windows(4).position(|w| w == b"\r\n\r\n").map_or(all.len(), |at| at + 4);
    let head = String::from_utf8_lossy(&all[..split]).into_owned();
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = if chunked { unchunk(&all[split..]) } else { all[split..].to_vec() };
    let body = String::from_utf8_lossy(&body).into_owned();
    Heard { head, body, reads: marks, closed, took }
}

fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(line) = rest.windows(2).position(|w| w == b"\r\n") {
        let size = std::str::from_utf8(&rest[..line]).ok().and_then(|s| usize::from_str_radix(s, 16).ok());
        let Some(size) = size.filter(|size| *size > 0 && rest.len() >= line + 2 + size + 2) else { break };
        out.extend_from_slice(&rest[line + 2..line + 2 + size]);
        rest = &rest[line + 2 + size + 2..];
    }
    out
}
