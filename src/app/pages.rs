//! What is served over HTTP, as far as the service has a hand in it.

use std::sync::Arc;

use secrecy::SecretString;

use super::App;
use crate::config::Config;
use crate::edges::Edges;
use crate::inbox::Orders;
use crate::kept;
use crate::observation::ProbeId;
use crate::pings::Pings;
use crate::pipeline::board::SharedBoard;
use crate::store::Store;
use crate::tasks::OnExit;
use crate::web;

impl App {
    /// Adds routes, and markup at the end of the status page: how the demo puts its switches there.
    #[must_use]
    pub fn with_pages(mut self, more: axum::Router, extra: web::Extra) -> Self {
        self.more = Some(more);
        self.extra = extra;
        self
    }

    /// Says how to sign in, where people sign in: the demo tells its password.
    #[must_use]
    pub fn with_sign_in_hint(mut self, hint: String) -> Self {
        self.keeper = Arc::new(keeper(&self.config, &self.edges).with_hint(Some(hint)));
        self
    }

    /// Lets those who have this token command.
    #[must_use]
    pub fn with_token(mut self, token: &SecretString) -> Self {
        self.token = Some(web::Token::new(token));
        self
    }

    /// What pages are made from.
    pub fn sources(&self) -> web::Sources {
        web::Sources {
            board: self.board.clone(),
            store: Arc::clone(&self.store),
            metrics: self.metrics.clone(),
            clock: self.edges.clock.clone(),
            orders: self.orders.clone(),
            token: self.token.clone(),
            planned: self.config.policy.maintenance.as_slice().into(),
            dice: self.edges.dice.clone(),
            without_memory: self.without_memory.clone(),
            lead: self.term.lead.clone(),
            base: self.base(),
            public: self.public.clone(),
            runbooks: Arc::clone(&self.runbooks),
            setup: Arc::clone(&self.setup),
            keeper: Arc::clone(&self.keeper),
            status: self.status.clone(),
            pings: Arc::clone(&self.pings),
            desk: self.working_pages(),
            agents: self.agents.clone(),
            rates: Arc::clone(&self.rates),
            extra: Arc::clone(&self.extra),
        }
    }

    /// What the working pages need.
    fn working_pages(&self) -> web::Desk {
        let rehearsals = kept::folder(&self.config.service.state);
        web::Desk::new(&self.config.channels, Arc::clone(&self.edges.post), rehearsals)
    }

    /// The path at which people find the pages.
    fn base(&self) -> Arc<str> {
        let url = self.config.service.public_url.as_ref();
        url.map_or("", |url| url.path().trim_end_matches('/')).into()
    }

    pub(super) fn start_web(&mut self) {
        let Some(listener) = self.listener.take() else { return };
        let (sources, tasks) = (self.sources(), self.tasks.clone());
        self.tasks.spawn("pages", OnExit::Fine, async move {
            tokio::select! { () = web::keep_pages(sources) => {}, _ = tasks.stopped() => {} }
        });
        let router = web::router(self.sources());
        let router = match self.more.take() {
            Some(more) => router.merge(more),
            None => router,
        };
        let tasks = self.tasks.clone();
        self.tasks.spawn("web", OnExit::Stop, async move {
            let stop = async move {
                tasks.stopped().await;
            };
            if let Err(error) = web::serve(listener, router, stop).await {
                tracing::error!(%error, "pages can no longer be served");
            }
        });
    }
}

/// Who may come in, by this configuration.
pub(super) fn keeper(config: &Config, edges: &Edges) -> web::Keeper {
    web::Keeper::new(&config.access, config.service.public_url.as_ref(), Arc::clone(&edges.net))
}

/// Those who tell us something; what is on record of them, the board knows.
pub(super) fn pings(
    config: &Config,
    edges: &Edges,
    orders: &Orders,
    store: &Arc<dyn Store>,
    board: &SharedBoard,
) -> Pings {
    let board = board.clone();
    let newest = move |probe: &ProbeId| board.read().probes.get(probe).and_then(|state| state.newest);
    Pings::of(config, &edges.clock, orders, Arc::clone(store), Arc::new(newest))
}
