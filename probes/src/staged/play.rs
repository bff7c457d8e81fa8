//! (test) Plays a recorded stream: `seconds line`, one event a line; `close`, `cut`, or nothing (it stays open).

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream};
use tokio::time::{Instant, sleep_until};

use crate::NetError;
use crate::net::{Body, NetFault};

/// A recorded answer.
#[derive(Debug, Clone)]
pub(crate) enum Play {
    Events(Vec<(Duration, String)>),
    Html,
    Refused,
    Status(u16),
    /// Never answers.
    Hangs,
    /// Raw pieces, one at a time.
    Raw(Vec<Vec<u8>>),
}

impl Play {
    /// Reads `testdata/binder/<name>.txt`.
    pub(crate) fn fixture(name: &str) -> Self {
        let path = format!("{}/testdata/binder/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        Self::text(&std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}")))
    }

    /// Reads the format of the fixtures.
    pub(crate) fn text(text: &str) -> Self {
        let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty() && !l.starts_with('#')).collect();
        match lines.first() {
            Some(&"html") => return Self::Html,
            Some(&"refused") => return Self::Refused,
            _ => {}
        }
        let read = |line: &&str| {
            let (at, rest) = line.split_once(' ').unwrap_or_else(|| panic!("no time in `{line}`"));
            (Duration::from_secs_f64(at.parse().unwrap()), rest.to_owned())
        };
        Self::Events(lines.iter().map(read).collect())
    }

    /// The bytes of the stream, without times.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let Self::Events(lines) = self else { return Vec::new() };
        lines.iter().filter(|(_, l)| l != "close" && l != "cut").flat_map(|(_, l)| wire(l).to_vec()).collect()
    }

    /// The body of the stream, from now on.
    pub(super) fn body(&self) -> Body {
        match self {
            Self::Events(lines) => events(lines.clone()),
            Self::Raw(pieces) => stream::iter(pieces.clone().into_iter().map(|p| Ok(Bytes::from(p))))
                .chain(stream::pending())
                .boxed(),
            Self::Html => {
                stream::iter([Ok(Bytes::from_static(b"<!DOCTYPE html><html>Binder</html>"))]).boxed()
            }
            Self::Status(_) => stream::iter([Ok(Bytes::from_static(b"upstream is not there"))]).boxed(),
            Self::Refused | Self::Hangs => stream::pending().boxed(),
        }
    }
}

fn events(lines: Vec<(Duration, String)>) -> Body {
    let start = Instant::now();
    let lines = VecDeque::from(lines);
    stream::unfold(lines, move |mut lines| async move {
        let Some((at, line)) = lines.pop_front() else { return std::future::pending().await };
        sleep_until(start + at).await;
        match line.as_str() {
            "close" => None,
            "cut" => Some((Err(NetError::new(NetFault::Cut, "connection reset")), lines)),
            line => Some((Ok(wire(line)), lines)),
        }
    })
    .boxed()
}

fn wire(line: &str) -> Bytes {
    if line.starts_with(':') { format!("{line}\n\n").into() } else { format!("data: {line}\n\n").into() }
}
