//! One pod as it changes: listed, then watched; a watch that expires, breaks or ends is taken up again.

use std::time::Duration;

use bytes::BytesMut;
use futures::Stream;
use futures::stream;
use http_body_util::BodyExt;
use serde::Deserialize;
use tokio::time::Instant;

use super::ask::{Cluster, Question, broken_off};
use super::list::{Wanted, list, parse};
use super::pod::Pod;
use super::rights::{LIST_PODS, WATCH_PODS};
use super::trouble::Trouble;

/// How long the API is asked to keep a watch open.
const WATCH_SECONDS: u64 = 60;
/// A watch that should have ended by now hangs.
const SILENCE: Duration = Duration::from_secs(WATCH_SECONDS + 15);
/// A watch that ends earlier is not opened again at once.
const LASTED: Duration = Duration::from_secs(5);
/// Before asking again: so long after an early end, doubled with each trouble in a row.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// Longest line of a watch: one pod.
const LONGEST_LINE: usize = 4 << 20;

/// What is to be seen of a pod at a moment.
#[derive(Debug, Clone)]
pub(crate) enum Sight {
    /// It is there, and looks like this. May be said twice.
    Pod(Box<Pod>),
    /// It is not there: not yet, or no longer.
    Absent,
    /// For the moment nothing can be said. It is tried again, unless this was a refusal: then nothing more comes.
    Trouble(Trouble),
}

/// Follows one pod until the cluster's deadline, from what it is now.
pub(crate) fn watch_pod(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
) -> impl Stream<Item = Sight> + Send + use<> {
    let watch = Watch {
        cluster: cluster.clone(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        version: None,
        lines: None,
        pause: Duration::ZERO,
        troubles: 0,
        ended: false,
    };
    stream::unfold(watch, |mut watch| async move {
        let sight = watch.next().await?;
        Some((sight, watch))
    })
}

struct Watch {
    cluster: Cluster,
    namespace: String,
    name: String,
    /// From where to watch on; `None`: list first.
    version: Option<String>,
    lines: Option<Lines>,
    /// To be waited before the API is asked again.
    pause: Duration,
    /// Troubles in a row.
    troubles: u32,
    ended: bool,
}

/// One line of a watch.
#[derive(Deserialize)]
struct Change {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    object: serde_json::Value,
}

impl Watch {
    async fn next(&mut self) -> Option<Sight> {
        while !self.ended && self.rest().await {
            let step = match (&self.version, &self.lines) {
                (None, _) => self.look().await.map(Some),
                (Some(_), None) => self.open().await.map(|()| None),
                (Some(_), Some(_)) => self.read().await,
            };
            match step {
                Ok(Some(sight)) => return Some(sight),
                Ok(None) => {}
                Err(trouble) => {
                    self.lines = None;
                    self.back_off();
                    self.pause = self.pause.max(trouble.retry_after.unwrap_or_default());
                    self.ended = matches!(trouble.status, Some(401 | 403));
                    if !trouble.is_expired() {
                        return Some(Sight::Trouble(trouble));
                    }
                    self.version = None;
                }
            }
        }
        None
    }

    /// Waits the pause; `false` when the time is over.
    async fn rest(&mut self) -> bool {
        let over = self.cluster.until();
        let pause = std::mem::take(&mut self.pause);
        if !pause.is_zero() {
            tokio::time::sleep_until((Instant::now() + pause).min(over)).await;
        }
        Instant::now() < over
    }

    fn back_off(&mut self) {
        self.pause = PAUSE.saturating_mul(1 << self.troubles.min(4)).min(LONGEST_PAUSE);
        self.troubles += 1;
    }

    /// What there is now, and the version from which on changes count.
    async fn look(&mut self) -> Result<Sight, Trouble> {
        let fields = format!("metadata.name={}", self.name);
        let wanted = Wanted { right: LIST_PODS, namespace: &self.namespace, labels: "", fields: &fields };
        let listed = list::<Pod>(&self.cluster, &wanted).await?;
        self.version = Some(listed.version);
        let found = listed.items.into_iter().find(|p| p.metadata.name == self.name);
        Ok(found.map_or(Sight::Absent, |pod| Sight::Pod(Box::new(pod))))
    }

    async fn open(&mut self) -> Result<(), Trouble> {
        let mut question = Question::new(WATCH_PODS, &self.namespace, None)?
            .with("watch", "true")
            .with("allowWatchBookmarks", "true")
            .with("timeoutSeconds", &WATCH_SECONDS.to_string())
            .with("fieldSelector", &format!("metadata.name={}", self.name));
        if let Some(version) = self.version.as_deref().filter(|v| !v.is_empty()) {
            question = question.with("resourceVersion", version);
        }
        let what = question.what.clone();
        let body = self.cluster.begun(question).await?;
        self.lines = Some(Lines { body, held: BytesMut::new(), what, since: Instant::now() });
        Ok(())
    }

    /// The next change that tells something; `None` when the watch has to be opened again.
    async fn read(&mut self) -> Result<Option<Sight>, Trouble> {
        let Some(lines) = &mut self.lines else { return Ok(None) };
        let silence = (Instant::now() + SILENCE).min(self.cluster.until());
        let what = lines.what.clone();
        let line = match tokio::time::timeout_at(silence, lines.next()).await {
            Ok(line) => line?,
            Err(_) => None,
        };
        let Some(line) = line else {
            // One that lasted is taken up at once: nothing is to be missed, and nobody is hurried.
            if lines.since.elapsed() < LASTED {
                self.pause = PAUSE;
            } else {
                self.troubles = 0;
            }
            self.lines = None;
            return Ok(None);
        };
        let change: Change = parse(&what, &line)?;
        if change.kind == "ERROR" {
            let code = change.object.get("code").and_then(serde_json::Value::as_u64);
            let said = change.object.get("message").and_then(serde_json::Value::as_str).unwrap_or_default();
            let code = code.and_then(|c| u16::try_from(c).ok()).unwrap_or(500);
            return Err(Trouble::status(&what, code, said, None));
        }
        self.troubles = 0;
        let pod: Pod = serde_json::from_value(change.object)
            .map_err(|_| Trouble::half(format!("{what}: a change is not about a pod")))?;
        if !pod.metadata.resource_version.is_empty() {
            self.version = Some(pod.metadata.resource_version.clone());
        }
        let ours = pod.metadata.name == self.name;
        Ok(match change.kind.as_str() {
            "ADDED" | "MODIFIED" if ours => Some(Sight::Pod(Box::new(pod))),
            "DELETED" if ours => Some(Sight::Absent),
            _ => None,
        })
    }
}

/// A body, line by line.
struct Lines {
    body: kube::client::Body,
    held: BytesMut,
    what: String,
    since: Instant,
}

impl Lines {
    /// The next line; `None` at the end. What follows the last line break was cut off, and tells nothing.
    async fn next(&mut self) -> Result<Option<BytesMut>, Trouble> {
        loop {
            if let Some(at) = self.held.iter().position(|b| *b == b'\n') {
                let line = self.held.split_to(at + 1);
                if line.iter().any(|b| !b.is_ascii_whitespace()) {
                    return Ok(Some(line));
                }
                continue;
            }
            if self.held.len() > LONGEST_LINE {
                return Err(Trouble::half(format!("{}: a line does not end", self.what)));
            }
            let Some(frame) = self.body.frame().await else { return Ok(None) };
            let frame = frame.map_err(|e| broken_off(&self.what, &e))?;
            if let Ok(chunk) = frame.into_data() {
                self.held.extend_from_slice(&chunk);
            }
        }
    }
}
