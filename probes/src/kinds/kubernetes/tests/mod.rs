//! One look at staged clusters: what is measured, what is left out, when nothing can be said.

mod components;
mod looks;
mod tables;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::cluster::staged::{Answer, Asked, client};
use crate::net::script::{Play, Script, Told, parts};
use crate::net::{Chain, ClusterAccess, Connected, Lookup, Net, NetError, Request, Response, Socket};
use crate::{Cx, Outcome, Probe};

/// A network in which there is this cluster and nothing else.
struct Only(kube::Client, Script);

#[async_trait]
impl Net for Only {
    async fn cluster(&self, _: &ClusterAccess) -> Result<kube::Client, NetError> {
        Ok(self.0.clone())
    }

    async fn send(&self, request: Request) -> Result<Response, NetError> {
        self.1.send(request).await
    }

    async fn websocket(&self, request: Request) -> Result<Socket, NetError> {
        self.1.websocket(request).await
    }

    async fn resolve(&self, lookup: &Lookup) -> Result<Vec<String>, NetError> {
        self.1.resolve(lookup).await
    }

    async fn certificate(&self, host: &str, port: u16) -> Result<Chain, NetError> {
        self.1.certificate(host, port).await
    }

    async fn connect(&self, host: &str, port: u16) -> Result<Connected, NetError> {
        self.1.connect(host, port).await
    }
}

/// What a cluster holds, by the end of the path that lists it; what is not there is answered with 404.
#[derive(Clone, Default)]
struct World(BTreeMap<&'static str, Answer>);

impl World {
    fn new(pods: &[Value]) -> Self {
        Self::default()
            .with("/api/v1/namespaces/binder/pods", pods)
            .with("/api/v1/namespaces/binder/resourcequotas", &[])
            .with("/api/v1/namespaces/binder/events", &[])
            .with("/api/v1/namespaces/default/events", &[])
            .with("/api/v1/nodes", &[])
    }

    fn with(self, path: &'static str, items: &[Value]) -> Self {
        self.answering(
            path,
            Answer::json(200, &json!({"metadata": {"resourceVersion": "7"}, "items": items})),
        )
    }

    fn answering(mut self, path: &'static str, answer: Answer) -> Self {
        self.0.insert(path, answer);
        self
    }
}

fn probe(settings: Value) -> Box<dyn Probe> {
    let target = "https://hub.example.org/".parse().unwrap();
    crate::kinds::kind("kubernetes").unwrap().build(settings, &target).unwrap_or_else(|r| panic!("{r:?}"))
}

/// One look of this probe at such a world, so many seconds after the scripted date.
async fn look_at(probe: &dyn Probe, world: World, later: i64) -> (Outcome, Asked) {
    let (client, asked) = client(move |asked, _| {
        let path = asked.split('?').next().unwrap();
        world.0.get(path).cloned().unwrap_or(Answer::refusal(404, "the server could not find it"))
    });
    let net = Arc::new(Only(client, Script::new(Play::Refuse)));
    let mut parts = parts(net, Duration::from_secs(25), &Told::default());
    parts.now += jiff::SignedDuration::from_secs(later);
    let mut cx = Cx::new(parts);
    (probe.run(&mut cx).await, asked)
}

async fn look(world: World) -> Outcome {
    look_at(&*probe(json!({})), world, 0).await.0
}

fn measured(outcome: &Outcome) -> BTreeMap<&str, f64> {
    outcome.measurements.iter().map(|m| (m.name.as_str(), m.value)).collect()
}

fn holds(outcome: &Outcome, expected: &[(&str, f64)]) {
    let measured = measured(outcome);
    for (name, value) in expected {
        assert_eq!(measured.get(name), Some(value), "{name} in {measured:#?}");
    }
}

/// The scripted date, so many seconds before.
fn ago(seconds: i64) -> String {
    let now: jiff::Timestamp = crate::net::script::NOW.parse().unwrap();
    (now - jiff::SignedDuration::from_secs(seconds)).to_string()
}

/// A pod of a component: name, phase, age in seconds.
fn pod(component: &str, name: &str, phase: &str, age: i64) -> Value {
    json!({
        "metadata": {
            "name": name, "namespace": "binder", "uid": format!("uid-{name}"),
            "creationTimestamp": ago(age), "labels": {"component": component},
        },
        "spec": {"nodeName": "node-1", "containers": [{"name": "notebook", "image": "r.example.org:5000/x:1"}]},
        "status": {"phase": phase},
    })
}

fn ready(mut pod: Value, since: i64) -> Value {
    pod["status"]["conditions"] =
        json!([{"type": "Ready", "status": "True", "lastTransitionTime": ago(since)}]);
    pod
}

fn unscheduled(mut pod: Value, since: i64) -> Value {
    pod["status"]["conditions"] = json!([
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "lastTransitionTime": ago(since)},
    ]);
    pod
}
