//! One look: everything is asked for at once; only the pods must come.

use std::future::Future;

use jiff::Timestamp;

use super::components::{self, Scene};
use super::{Kubernetes, events, nodes, pods, quotas};
use crate::Cx;
use crate::cluster::{self, Cluster, Event, Node, Pod, Quota, Trouble, Usage};

/// What came of a look beside the pods: `None` where it was not wanted or could not be read.
struct Beside {
    nodes: Option<Vec<Node>>,
    quotas: Option<Vec<Quota>>,
    usage: Option<Vec<Usage>>,
    events: Option<Vec<Event>>,
    node_events: Option<Vec<Event>>,
}

impl Kubernetes {
    /// Looks and measures.
    ///
    /// # Errors
    /// The pods could not be listed: then nothing is said.
    pub(super) async fn look(&self, cx: &mut Cx) -> Result<(), Trouble> {
        let cluster = Cluster::open(cx, &self.access).await?;
        let namespace = self.namespace.clone().unwrap_or_else(|| cluster.namespace().to_owned());
        cx.fact("namespace", &namespace);
        let (pods, beside) =
            tokio::join!(cluster::pods(&cluster, &namespace, ""), self.beside(&cluster, &namespace));
        let pods = pods?;
        let (beside, unread) = beside;
        let now = cluster.now(cx.now());
        for line in unread {
            cx.line(&line);
        }
        say_clocks_apart(cx, now);
        pods::measure(cx, &pods, now, self.max_age);
        if let Some(nodes) = &beside.nodes {
            nodes::measure(cx, nodes, now, self.node_limit);
        }
        if let Some(quotas) = &beside.quotas {
            quotas::measure(cx, quotas);
        }
        if self.events && (beside.events.is_some() || beside.node_events.is_some()) {
            let all = beside.events.into_iter().chain(beside.node_events).flatten();
            events::measure(cx, all, now);
        }
        self.components(cx, &cluster, &Scene { pods, nodes: beside.nodes, usage: beside.usage, now }).await;
        Ok(())
    }

    async fn beside(&self, cluster: &Cluster, namespace: &str) -> (Beside, Vec<String>) {
        let (nodes, quotas, usage, events, node_events) = tokio::join!(
            wanted(self.nodes, cluster::nodes(cluster)),
            wanted(true, cluster::quotas(cluster, namespace)),
            wanted(self.usage, cluster::usage(cluster, namespace)),
            wanted(self.events, cluster::events(cluster, namespace)),
            wanted(self.events && self.nodes, cluster::node_events(cluster)),
        );
        let mut unread = Vec::new();
        let beside = Beside {
            nodes: keep(&mut unread, nodes, false),
            quotas: keep(&mut unread, quotas, false),
            // Many clusters have nobody who measures: that is no news at every look.
            usage: keep(&mut unread, usage, true),
            events: keep(&mut unread, events, false),
            node_events: keep(&mut unread, node_events, false),
        };
        (beside, unread)
    }

    async fn components(&self, cx: &mut Cx, cluster: &Cluster, scene: &Scene) {
        let mut found = Vec::new();
        for component in &self.components {
            let elsewhere = component.namespace.as_deref();
            let pods: Vec<Pod> = match elsewhere {
                None => scene.of(&component.selector),
                Some(namespace) => {
                    match cluster::pods(cluster, namespace, component.selector.as_str()).await {
                        Ok(pods) => pods,
                        Err(trouble) => {
                            cx.line(&format!("left out: {trouble}"));
                            continue;
                        }
                    }
                }
            };
            found.push((component.name.as_str(), pods));
        }
        let mut memory = self.memory.lock().await;
        components::measure(cx, found, scene, &mut memory);
    }
}

async fn wanted<T>(
    wanted: bool,
    work: impl Future<Output = Result<T, Trouble>>,
) -> Option<Result<T, Trouble>> {
    if wanted { Some(work.await) } else { None }
}

fn keep<T>(unread: &mut Vec<String>, seen: Option<Result<T, Trouble>>, quiet: bool) -> Option<T> {
    match seen? {
        Ok(seen) => Some(seen),
        Err(trouble) => {
            if !(quiet && trouble.is_refusal()) {
                unread.push(format!("left out: {trouble}"));
            }
            None
        }
    }
}

/// Ages count by the API's clock; that ours is another is worth a line.
fn say_clocks_apart(cx: &mut Cx, now: Timestamp) {
    let apart = now.duration_since(cx.now()).as_secs_f64() - cx.elapsed().as_secs_f64();
    if apart.abs() > 60.0 {
        let which = if apart > 0.0 { "ahead of" } else { "behind" };
        cx.line(&format!("the clock of the Kubernetes API is {:.0} s {which} ours", apart.abs()));
    }
}
