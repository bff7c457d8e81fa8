//! Runs the service as one of several on the same database.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use secrecy::SecretString;

use super::{local_token, stop_on_signal, world};
use crate::app::{App, Term};
use crate::config::{self, Config, Registries, Service};
use crate::edges::Edges;
use crate::follower::keeper::Candidate;
use crate::lead::Lead;
use crate::store::{PgStore, Store, Together};
use crate::tasks::Tasks;
use crate::terms::Terms;

pub(super) async fn run(path: &Path, service: &Service, edges: Edges, store: PgStore) -> anyhow::Result<()> {
    let listener =
        TcpListener::bind(service.listen).with_context(|| format!("cannot listen on {}", service.listen))?;
    listener.set_nonblocking(true).context("cannot listen without waiting")?;
    let address = listener.local_addr()?;
    // Also where nothing outlives the process: it is only for commands on this machine.
    let token = match local_token(service, address) {
        Ok(token) => Some(token),
        Err(error) => {
            tracing::warn!("commands on this machine need a token of their own: {error:#}");
            None
        }
    };
    tracing::info!("pages and metrics at http://{address}/");
    let name = name(&edges);
    tracing::info!(name, "one of several that may serve this database");
    let tasks = Tasks::new();
    stop_on_signal(&tasks);
    let candidate = Candidate {
        together: Arc::new(store) as Arc<dyn Together>,
        lead: Lead::of(&name),
        name: name.into(),
        length: service.lease,
        clock: edges.clock.clone(),
    };
    let (dice, grace, path) = (edges.dice.clone(), service.grace, path.to_owned());
    let build = move |store: Arc<dyn Store>, term: Term| {
        let listener = listener.try_clone().context("cannot go on listening")?;
        let listener = tokio::net::TcpListener::from_std(listener).context("cannot go on listening")?;
        app(&path, edges.clone(), store, listener, token.as_ref(), term)
    };
    Terms { candidate, build: Box::new(build), dice, tasks, grace }.run().await
}

/// The service for a term: all of it is made anew, from the configuration on.
fn app(
    path: &Path,
    edges: Edges,
    store: Arc<dyn Store>,
    listener: tokio::net::TcpListener,
    token: Option<&SecretString>,
    term: Term,
) -> anyhow::Result<App> {
    let leads = term.right.is_lease();
    let app = App::build(configuration(path)?, edges, store, Some(listener))?.with_term(term);
    let app = match token {
        Some(token) => app.with_token(token),
        None => app,
    };
    let file = path.to_owned();
    Ok(if leads { app.with_reload(Arc::new(move || world::channels(&file))) } else { app })
}

fn configuration(path: &Path) -> anyhow::Result<Config> {
    let read = config::load(path, Registries::BUILT_IN, &world::env);
    let config = read.map(|(config, _)| config);
    config.map_err(|problems| anyhow::anyhow!("{}", config::told(&problems).trim_end()))
}

/// The name of this process among the others: the machine's (in Kubernetes, the pod's), and something new each time.
fn name(edges: &Edges) -> String {
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname");
    let machine = machine.ok().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    let machine = world::env("POD_NAME").or(machine).unwrap_or_else(|| "launchwatch".into());
    format!("{machine}-{}", edges.dice.word(5))
}
