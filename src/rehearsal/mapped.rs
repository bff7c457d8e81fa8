//! Mapped: an operator's own addresses, led to the stand-ins. Nothing of a rehearsal reaches the real ones.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use launchwatch_probes::net::{
    Chain, ClusterAccess, Connected, Lookup, Net, NetError, Request, Response, Socket,
};

use super::stage::{Member, Stage};
use crate::config::{Config, Target};
use crate::edges::memory::MemoryNet;

/// Kinds that cannot look at a stand-in: it has no certificate, no name and no port of its own.
const BLIND: [&str; 3] = ["tls", "dns", "tcp"];
/// Kinds that speak to a Hub and not to a BinderHub.
const OF_HUBS: [&str; 2] = ["jupyterhub-launch", "jupyterhub-servers"];

/// Where an address leads.
#[derive(Debug, Clone)]
struct Door {
    /// Base URL of the stand-in, without a slash at its end.
    to: String,
    /// Path that the operator's address begins with, without a slash at its end.
    below: String,
    /// Opens the Hub behind it.
    token: Option<String>,
}

/// The stage, seen through an operator's addresses.
pub(super) struct Mapped {
    net: MemoryNet,
    doors: BTreeMap<String, Door>,
    members: Vec<Member>,
    /// Which of the operator's clusters is whose; in the order in which they are first asked for.
    clusters: Mutex<BTreeMap<ClusterAccess, String>>,
}

impl Mapped {
    /// The stage as it is.
    pub(super) fn plain(stage: &Stage) -> Self {
        Self {
            net: stage.net(),
            doors: BTreeMap::new(),
            members: stage.members(),
            clusters: Mutex::default(),
        }
    }

    /// Leads the addresses of a configuration's targets to the stage: in order, each to the next member. Says what leads
    /// where, and which probes are left out.
    pub(super) fn over(stage: &Stage, config: &mut Config) -> (Self, Vec<String>) {
        let mut mapped = Self::plain(stage);
        let mut notes = mapped.leave_out(config);
        let own: BTreeSet<String> =
            mapped.members.iter().flat_map(|m| [authority(&m.url), authority(&m.hub_url)]).collect();
        let (mut binders, mut hubs) = (0, 0);
        for target in &config.targets {
            let host = authority(target.url.as_str());
            if own.contains(&host) || mapped.doors.contains_key(&host) {
                continue;
            }
            let kinds: BTreeSet<&str> =
                config.probes.iter().filter(|p| p.id.target() == target.name).map(|p| p.kind).collect();
            let redirects = stage.redirector().filter(|_| kinds.contains("federation"));
            let of_hub = !kinds.is_empty()
                && kinds.iter().all(|k| OF_HUBS.contains(k) || *k == "http")
                && kinds.iter().any(|k| OF_HUBS.contains(k));
            let next = if of_hub { &mut hubs } else { &mut binders };
            let Some(member) = mapped.members.get(*next % mapped.members.len().max(1)) else { continue };
            let (to, whose) = match (redirects, of_hub) {
                (Some(redirector), _) => (redirector, "the redirector".to_owned()),
                (None, true) => (member.hub_url.clone(), format!("the Hub of {}", member.name)),
                (None, false) => (member.url.clone(), member.name.clone()),
            };
            *next += 1;
            notes.push(format!("{} ({}) is played by {whose}", target.name, target.url));
            let door = Door { to: trimmed(&to), below: below(target), token: Some(member.hub_token.clone()) };
            mapped.doors.insert(host, door);
        }
        (mapped, notes)
    }

    fn leave_out(&self, config: &mut Config) -> Vec<String> {
        let blind = |kind: &str| {
            BLIND.contains(&kind)
                || (kind == "kubernetes" || kind == "kubernetes-logs" || kind == "hub-drift")
                    && self.members.iter().all(|m| m.cluster_context.is_none())
        };
        let (out, stay): (Vec<_>, Vec<_>) =
            std::mem::take(&mut config.probes).into_iter().partition(|p| blind(p.kind));
        config.probes = stay;
        out.iter()
            .map(|p| format!("{} is left out: the scenario has nothing for `{}`", p.id, p.kind))
            .collect()
    }

    fn led(&self, mut request: Request) -> Request {
        let uri = request.uri().clone();
        let Some(door) = self.doors.get(&authority(&uri.to_string())) else { return request };
        let path = uri.path_and_query().map_or("/", |p| p.as_str());
        let rest = path.strip_prefix(door.below.as_str()).unwrap_or(path);
        if let Ok(to) = format!("{}{rest}", door.to).parse() {
            *request.uri_mut() = to;
        }
        request.headers_mut().remove(http::header::HOST);
        if let Some(token) = &door.token {
            let value = http::HeaderValue::from_str(&format!("token {token}"));
            if let (Ok(value), Some(old)) =
                (value, request.headers_mut().get_mut(http::header::AUTHORIZATION))
            {
                *old = value;
            }
        }
        request
    }

    /// The cluster of a member: by the name of its context, else the next that nobody has asked for.
    fn cluster_of(&self, access: &ClusterAccess) -> ClusterAccess {
        let contexts: Vec<&String> = self.members.iter().filter_map(|m| m.cluster_context.as_ref()).collect();
        if access.context.as_ref().is_some_and(|c| contexts.contains(&c)) {
            return access.clone();
        }
        let mut known = self.clusters.lock().unwrap_or_else(PoisonError::into_inner);
        let next = known.len() % contexts.len().max(1);
        let context = known
            .entry(access.clone())
            .or_insert_with(|| contexts.get(next).map(|c| (*c).clone()).unwrap_or_default());
        ClusterAccess { kubeconfig: None, context: Some(context.clone()) }
    }

    fn host_led(&self, host: &str) -> String {
        let door = self.doors.iter().find(|(authority, _)| authority.split(':').next() == Some(host));
        door.map_or_else(
            || host.to_owned(),
            |(_, door)| authority(&door.to).split(':').next().unwrap_or(host).to_owned(),
        )
    }
}

fn trimmed(url: &str) -> String {
    url.trim_end_matches('/').to_owned()
}

fn below(target: &Target) -> String {
    target.url.path().trim_end_matches('/').to_owned()
}

/// Host and port of a URL.
fn authority(url: &str) -> String {
    let Ok(url) = url::Url::parse(url) else { return String::new() };
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(80))
}

#[async_trait]
impl Net for Mapped {
    async fn send(&self, request: Request) -> Result<Response, NetError> {
        self.net.send(self.led(request)).await
    }

    async fn websocket(&self, request: Request) -> Result<Socket, NetError> {
        self.net.websocket(self.led(request)).await
    }

    async fn resolve(&self, lookup: &Lookup) -> Result<Vec<String>, NetError> {
        let lookup = Lookup { name: self.host_led(&lookup.name), ..lookup.clone() };
        self.net.resolve(&lookup).await
    }

    async fn certificate(&self, host: &str, port: u16) -> Result<Chain, NetError> {
        self.net.certificate(&self.host_led(host), port).await
    }

    async fn cluster(&self, access: &ClusterAccess) -> Result<kube::Client, NetError> {
        self.net.cluster(&self.cluster_of(access)).await
    }

    async fn connect(&self, host: &str, port: u16) -> Result<Connected, NetError> {
        self.net.connect(&self.host_led(host), port).await
    }
}

/// The doors to what is on the stage.
pub(super) fn net(mapped: Mapped) -> Arc<dyn Net> {
    Arc::new(mapped)
}
