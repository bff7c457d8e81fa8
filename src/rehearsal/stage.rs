//! Stage: the stand-ins of one scenario, in simulated time and without sockets.
//!
//! Second `t` of the file is `t0 + t` on the clock. What answers, answers as the file says for that second; own
//! launches are real individuals in BinderHub, Hub and cluster alike. Same file, clock and seed: same answers.

mod binder;
mod course;
mod crowd;
mod federation;
mod house;
mod hub;
mod kube;
mod launch;
#[cfg(test)]
mod tests;
mod words;

use std::sync::Arc;

use jiff::SignedDuration;
use launchwatch_probes::net::{Certificate, Chain, NetError, NetFault, Timing};

use self::house::House;
use super::scenario::{NoAnswer, Scenario};
use crate::clock::Clock;
use crate::edges::memory::{Gate, MemoryNet};
use crate::standin::{Edges, Settings, Spawner, StandIn};

/// Authority of the redirector.
const REDIRECTOR: &str = "federation.rehearsal";

/// One BinderHub of the scenario with its Hub and its cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// As the file names it.
    pub name: String,
    /// Base URL of its BinderHub, with a trailing slash.
    pub url: String,
    /// Base URL of its Hub, with a trailing slash (`hub/api/` is below it).
    pub hub_url: String,
    /// Opens the Hub's API.
    pub hub_token: String,
    /// Context of its cluster for `ClusterAccess`; `None` where the file tells nothing of its cluster.
    pub cluster_context: Option<String>,
    /// Namespace that its pods are in.
    pub namespace: String,
}

/// The stand-ins of one scenario.
pub struct Stage {
    net: MemoryNet,
    members: Vec<Member>,
    redirector: Option<String>,
}

impl Stage {
    /// Builds the stand-ins. Second `t` of the scenario is `t0 + t` on `clock`.
    #[must_use]
    pub fn new(scenario: &Scenario, clock: Clock, seed: u64, spawn: Spawner) -> Self {
        let shared = Arc::new(scenario.clone());
        let mut net = MemoryNet::new(Arc::clone(&spawn));
        let (mut members, mut houses) = (Vec::new(), Vec::new());
        for (n, name) in scenario.deployment.members.iter().enumerate() {
            let member = member(scenario, name);
            let seed = seed.wrapping_mul(31).wrapping_add(n as u64);
            let servers = servers(&clock, seed, &spawn);
            let house = House::new(Arc::clone(&shared), &member, clock.clone(), seed, servers);
            let house = Arc::new(house);
            net = settle(net, &member, &house);
            houses.push((member.clone(), house));
            members.push(member);
        }
        net = net.with_certificates(certificates(&shared, &clock, houses.clone()));
        let federated = scenario.deployment.kind == "federation" || !scenario.federation.is_empty();
        if federated {
            houses.sort_by_key(|(m, _)| m.name != scenario.deployment.prime);
            net = net.with_host(&format!("{REDIRECTOR}:80"), federation::router(houses));
        }
        let redirector = federated.then(|| format!("http://{REDIRECTOR}/"));
        Self { net, members, redirector }
    }

    /// The network in which the stand-ins are.
    #[must_use]
    pub fn net(&self) -> MemoryNet {
        self.net.clone()
    }

    /// The members, in the order of the file.
    #[must_use]
    pub fn members(&self) -> Vec<Member> {
        self.members.clone()
    }

    /// Base URL of the federation's redirector, where there is one; it has a trailing slash.
    #[must_use]
    pub fn redirector(&self) -> Option<String> {
        self.redirector.clone()
    }
}

/// Puts the hosts and the cluster of a member into the network.
fn settle(net: MemoryNet, member: &Member, house: &Arc<House>) -> MemoryNet {
    let host = host(&member.name);
    let (front, back) = (format!("{host}:80"), format!("hub.{host}:80"));
    let net = net
        .with_host(&front, binder::router(Arc::clone(house)))
        .with_gate(&front, gate_of_binder(Arc::clone(house)))
        .with_host(&back, hub::router(Arc::clone(house)))
        .with_gate(&back, gate_of_hub(Arc::clone(house)));
    match &member.cluster_context {
        Some(context) => net.with_cluster(context, kube::router(Arc::clone(house))),
        None => net,
    }
}

/// Before BinderHub: launches whose outcome is a connection that does not come about, and pages that go with them.
fn gate_of_binder(house: Arc<House>) -> Gate {
    Arc::new(move |_, uri| {
        let broken = match uri.path().strip_prefix("/build/") {
            Some(spec) => {
                let error = house.peek(spec).and_then(|o| o.http.error).filter(|e| *e != NoAnswer::Timeout);
                if error.is_some() {
                    house.own().requests += 1;
                }
                error
            }
            None => binder::broken(&house, house.health(house.t()).and_then(|h| h.status)),
        };
        broken.map(|error| refused(error, &house.name))
    })
}

fn gate_of_hub(house: Arc<House>) -> Gate {
    Arc::new(move |_, uri| {
        let health = house.health(house.t());
        let status = if uri.path().ends_with("/health") {
            health.and_then(|h| h.hub_status)
        } else {
            house.hub_point(house.t()).map(|p| p.http_status)
        };
        binder::broken(&house, status).map(|error| refused(error, &house.name))
    })
}

fn refused(error: NoAnswer, name: &str) -> NetError {
    let (fault, what) = match error {
        NoAnswer::Tls => (NetFault::Tls, "TLS handshake failed: certificate expired"),
        NoAnswer::Dns => (NetFault::Dns, "the name does not exist"),
        NoAnswer::Refused | NoAnswer::Timeout => (NetFault::Connect, "connection refused"),
    };
    NetError::new(fault, format!("connect to {name}: {what}"))
}

/// Certificates: as the file says, else good for two more months at any time.
fn certificates(
    scenario: &Arc<Scenario>,
    clock: &Clock,
    houses: Vec<(Member, Arc<House>)>,
) -> crate::edges::memory::Show {
    let (scenario, clock) = (Arc::clone(scenario), clock.clone());
    Arc::new(move |asked| {
        let plain = asked.strip_prefix("hub.").unwrap_or(asked);
        let member = houses.iter().find(|(m, _)| host(&m.name) == plain).map(|(m, _)| m.name.as_str());
        let member =
            member.or_else(|| (asked == REDIRECTOR).then_some(scenario.deployment.prime.as_str()))?;
        let now = clock.now();
        let t = now.duration_since(scenario.t0).as_secs_f64();
        let told = scenario
            .tls
            .iter()
            .rev()
            .find(|c| t >= c.from && t < c.to && Scenario::concerns(&c.member, member));
        let after = |seconds: f64| {
            #[expect(clippy::cast_possible_truncation, reason = "saturates")]
            let seconds = seconds as i64;
            scenario.t0.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(now)
        };
        let not_after = told.map_or_else(|| after(t + 60.0 * 86_400.0), |c| after(c.not_after));
        let certificate = Certificate {
            subject: format!("CN={asked}"),
            issuer: "CN=rehearsal".to_owned(),
            names: vec![asked.to_owned()],
            not_before: after(t.min(0.0) - 30.0 * 86_400.0),
            not_after,
        };
        Some(Chain {
            certificates: vec![certificate],
            problem: (not_after <= now).then(|| "certificate expired".to_owned()),
            timing: Timing::default(),
            protocol: Some("TLSv1.3".to_owned()),
        })
    })
}

/// The stand-in that plays the user servers of own launches.
fn servers(clock: &Clock, seed: u64, spawn: &Spawner) -> StandIn {
    let clock = clock.clone();
    let edges = Edges { now: Arc::new(move || clock.now()), spawn: Arc::clone(spawn), seed };
    StandIn::new(Settings { rate_limit: None, cull_seconds: 3600.0, ..Settings::default() }, edges)
}

fn member(scenario: &Scenario, name: &str) -> Member {
    let host = host(name);
    let told = scenario.snapshots.iter().any(|s| Scenario::concerns(&s.member, name));
    Member {
        name: name.to_owned(),
        url: format!("http://{host}/"),
        hub_url: format!("http://hub.{host}/"),
        hub_token: format!("rehearsal-{name}"),
        cluster_context: told.then(|| name.to_owned()),
        namespace: plain(name),
    }
}

/// A host name for a member, whatever it is called.
fn host(name: &str) -> String {
    format!("{}.rehearsal", plain(name))
}

fn plain(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    name.chars().map(letter).collect()
}
