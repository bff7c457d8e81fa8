//! Shuts down what earlier rounds, and this one, have left: nobody else does between two rounds.

use futures::future::join_all;
use launchwatch_probes::{Paid, cleanup};
use tokio::time::Instant;

use crate::edges::Edges;
use crate::store::{DebtState, Error, Store};

/// Pays what can be paid until `end`, all at once; says in words what stays.
pub(super) async fn pay(edges: &Edges, store: &dyn Store, end: Instant) -> Vec<String> {
    match all(edges, store, end).await {
        Ok(left) => left,
        Err(error) => vec![format!("cannot tell what is still to be shut down: {error}")],
    }
}

async fn all(edges: &Edges, store: &dyn Store, end: Instant) -> Result<Vec<String>, Error> {
    let (mut named, mut never) = (Vec::new(), Vec::new());
    for debt in store.debts().await? {
        match debt.state {
            DebtState::Told(cleanup) => named.push((debt.id, cleanup)),
            DebtState::Begun => never.push(debt.id),
        }
    }
    if !never.is_empty() {
        tracing::warn!(
            "{} launches whose server was never named to us are left to the hub's culler",
            never.len()
        );
        store.abandon(never).await?;
    }
    let patience = end.saturating_duration_since(Instant::now()).min(std::time::Duration::from_secs(60));
    let agent = concat!("launchwatch-agent/", env!("CARGO_PKG_VERSION"));
    let paid =
        join_all(named.iter().map(async |(id, cleanup)| {
            (id, cleanup, cleanup::pay(cleanup, &edges.net, agent, patience).await)
        }));
    let mut left = Vec::new();
    for (id, cleanup, paid) in paid.await {
        match paid {
            Paid::Gone | Paid::Accepted => match store.settled(id).await {
                Ok(()) => tracing::info!("shut down {}", cleanup.what()),
                Err(error) => tracing::error!(%error, "cannot write down that {} is gone", cleanup.what()),
            },
            Paid::NotYet(why) => {
                left.push(format!("{} is still there: {why}; the next round tries again", cleanup.what()));
            }
        }
    }
    Ok(left)
}
