//! What pages are made from, for the tests of pages: nothing is known, and nobody takes commands.

use std::sync::Arc;

use launchwatch_probes::Net;

use crate::clock::Clock;
use crate::config::Access;
use crate::dice::Dice;
use crate::edges::memory::MemoryNet;
use crate::pipeline::board::SharedBoard;
use crate::runbooks::Runbooks;
use crate::store::{Retention, SqliteStore};
use crate::telemetry::Metrics;

use super::{Keeper, Sources};

/// When it is.
pub(crate) const NOW: &str = "2018-07-07T12:00:00Z";

/// A network in which nobody lives.
pub(crate) fn no_net() -> Arc<dyn Net> {
    Arc::new(MemoryNet::new(Arc::new(|_, _| {})))
}

/// Sources with an empty store that ends with them.
pub(crate) fn sources() -> Sources {
    let clock = Clock::simulated(NOW.parse().unwrap());
    let store = SqliteStore::in_memory(Retention::default()).unwrap().at_once();
    Sources {
        board: SharedBoard::default(),
        store: Arc::new(store),
        metrics: Metrics::new(&[]).unwrap(),
        clock,
        orders: crate::inbox::inbox().0.orders(),
        token: None,
        planned: Arc::from([]),
        dice: Dice::seeded(1),
        without_memory: None,
        lead: crate::lead::Lead::alone(),
        base: "".into(),
        public: super::Public::default(),
        runbooks: Arc::new(Runbooks::default()),
        setup: Arc::default(),
        keeper: Arc::new(Keeper::new(&Access::default(), None, no_net())),
        status: super::Status::default(),
        pings: Arc::default(),
        desk: super::Desk::default(),
        agents: crate::pipeline::agents::Agents::default(),
        rates: Arc::default(),
        extra: Arc::new(|| maud::html! {}),
    }
}

/// An agent `frankfurt`, which looks at one probe, `hub/site`.
pub(crate) fn agents() -> crate::pipeline::agents::Agents {
    let text = "version: 1\nagents: [{ name: frankfurt }]\ntargets:\n  - name: hub\n    url: http://hub.example\n    locations: [here, frankfurt]\n    probes: [{ type: http, name: site }]\n";
    let built_in = crate::config::Registries::BUILT_IN;
    let (config, _) = crate::config::load_text("t.yaml", text, built_in, &|_| None).unwrap();
    crate::pipeline::agents::Agents::of(&config, NOW.parse().unwrap())
}
