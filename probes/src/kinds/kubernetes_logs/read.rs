//! Which logs are read, and what comes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, StreamExt};

use super::Logs;
use super::pattern::VEIL;
use crate::cluster::{self, Cluster, Pod, Trouble};
use crate::{Cx, Reason};

/// How far back lines count.
const SECONDS: u64 = 300;
/// Logs read of each source, and at the same time.
const EACH: usize = 6;
const AT_ONCE: usize = 4;
/// A log that takes longer cannot be read.
const PATIENCE: Duration = Duration::from_secs(8);

/// A log to be read.
struct Wanted {
    source: String,
    pod: String,
    container: String,
}

/// What came of it.
struct Read {
    wanted: Wanted,
    text: Result<Bytes, Trouble>,
}

impl Logs {
    /// Reads and counts.
    ///
    /// # Errors
    /// The pods could not be listed, or no log may be read: then nothing is said.
    pub(super) async fn read(&self, cx: &mut Cx) -> Result<(), Trouble> {
        let cluster = Cluster::open(cx, &self.access).await?;
        let namespace = self.namespace.clone().unwrap_or_else(|| cluster.namespace().to_owned());
        cx.fact("namespace", &namespace);
        let (cluster, namespace) = (&cluster, namespace.as_str());
        let read: Vec<Read> = stream::iter(self.wanted(cluster, namespace).await?)
            .map(|wanted| async move {
                let patient = cluster.for_at_most(PATIENCE);
                let text = cluster::log(&patient, namespace, &wanted.pod, &wanted.container, SECONDS).await;
                Read { wanted, text }
            })
            .buffered(AT_ONCE)
            .collect()
            .await;
        readable(cx, &read)?;
        self.count(cx, &read);
        Ok(())
    }

    /// The running containers of each source; of many the first by name. Each source is listed by itself: most pods of a
    /// cluster are those of users, and nobody's.
    async fn wanted(&self, cluster: &Cluster, namespace: &str) -> Result<Vec<Wanted>, Trouble> {
        let mut wanted = Vec::new();
        for (source, selector) in &self.sources {
            let pods: Vec<Pod> = cluster::pods(cluster, namespace, selector.as_str()).await?;
            let ours = pods.iter().filter(|p| selector.matches(&p.metadata.labels));
            let running = ours.flat_map(|pod| {
                let containers = pod.status.container_statuses.iter().filter(|c| c.state.running.is_some());
                containers.map(move |c| (pod.metadata.name.clone(), c.name.clone()))
            });
            let sorted: BTreeSet<_> = running.collect();
            wanted.extend(sorted.into_iter().take(EACH).map(|(pod, container)| Wanted {
                source: source.clone(),
                pod,
                container,
            }));
        }
        Ok(wanted)
    }

    /// Counts the lines of those sources of which a log was read.
    fn count(&self, cx: &mut Cx, read: &[Read]) {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        let mut examples: BTreeMap<&str, String> = BTreeMap::new();
        for Read { wanted, text } in read {
            let Ok(text) = text else { continue };
            let patterns: Vec<_> = self.patterns.iter().filter(|p| p.from == wanted.source).collect();
            for pattern in &patterns {
                counts.entry(&pattern.name).or_default();
            }
            for line in String::from_utf8_lossy(text).lines() {
                for pattern in patterns.iter().filter(|p| p.fits(line)) {
                    *counts.entry(&pattern.name).or_default() += 1;
                    // The last one is the one to be looked for.
                    examples.insert(&pattern.name, line.to_owned());
                }
            }
        }
        for (name, count) in counts {
            cx.measure(name, count as f64);
        }
        for (name, line) in examples {
            cx.line(&format!("{name}: {}", VEIL.over(&line)));
        }
    }
}

/// Measures whether logs can be read: a refusal to us says nothing about that.
fn readable(cx: &mut Cx, read: &[Read]) -> Result<(), Trouble> {
    let troubles = || read.iter().filter_map(|r| r.text.as_ref().err().map(|trouble| (&r.wanted, trouble)));
    let refusal = troubles().find(|(_, t)| t.reason == Reason::ProbeAuth);
    let got = read.iter().any(|r| r.text.is_ok());
    if let (false, Some((_, refusal))) = (got, refusal) {
        return Err(refusal.clone());
    }
    // Gone, not yet started, or asked too often: that is not the log's fault.
    let innocent = |t: &Trouble| matches!(t.status, Some(400 | 401 | 403 | 404 | 429));
    let broken: Vec<_> = troubles().filter(|(_, t)| !innocent(t)).collect();
    for (_, trouble) in broken.iter().take(3) {
        cx.line(&format!("cannot be read: {trouble}"));
    }
    if got || !broken.is_empty() {
        cx.measure("logs_readable", if broken.is_empty() { 1.0 } else { 0.0 });
    }
    if !broken.is_empty() {
        let pods: BTreeSet<&str> = broken.iter().map(|(wanted, _)| wanted.pod.as_str()).collect();
        cx.fact("logs_unreadable", &pods.into_iter().take(5).collect::<Vec<_>>().join(", "));
    }
    Ok(())
}
