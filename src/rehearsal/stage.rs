//! Stage: the stand-ins of one scenario, in simulated time and without sockets.

use jiff::Timestamp;

use super::scenario::Scenario;
use crate::clock::Clock;
use crate::edges::memory::MemoryNet;
use crate::standin::Spawner;

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

/// The stand-ins of one scenario. Same scenario, clock and seed: same answers.
pub struct Stage {
    net: MemoryNet,
    members: Vec<Member>,
    redirector: Option<String>,
}

impl Stage {
    /// Builds the stand-ins. Second `t` of the scenario is `t0 + t` on `clock`.
    #[must_use]
    pub fn new(scenario: &Scenario, clock: Clock, seed: u64, spawn: Spawner) -> Self {
        let _ = (clock, seed, Timestamp::UNIX_EPOCH);
        let members = scenario.deployment.members.iter().map(|name| member(scenario, name)).collect();
        Self { net: MemoryNet::new(spawn), members, redirector: None }
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

fn member(scenario: &Scenario, name: &str) -> Member {
    let host = host(name);
    let told = scenario.snapshots.iter().any(|s| Scenario::concerns(&s.member, name));
    Member {
        name: name.to_owned(),
        url: format!("http://{host}/"),
        hub_url: format!("http://hub.{host}/"),
        hub_token: format!("rehearsal-{name}"),
        cluster_context: told.then(|| name.to_owned()),
        namespace: name.to_owned(),
    }
}

/// A host name for a member, whatever it is called.
fn host(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    format!("{plain}.rehearsal")
}
