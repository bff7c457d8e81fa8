//! Pays debts: shuts down every server that a launch was told of, after a crash too, and keeps the store tidy.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use launchwatch_probes::{DebtId, Paid, cleanup};

use crate::edges::Edges;
use crate::scheduler::{InFlight, Shared};
use crate::store::{Debt, DebtState, Store};
use crate::tasks::Tasks;
use crate::telemetry::Metrics;

/// How often debts are looked at.
const ROUND: Duration = Duration::from_secs(10);
/// A launch that nobody has named a server for after this long is left to the culler: no launch lasts longer.
const NEVER_NAMED: SignedDuration = SignedDuration::from_mins(60);
/// Pauses between attempts, the last one for ever.
const PAUSES: [u64; 5] = [10, 30, 60, 300, 900];
/// One attempt takes at most this long.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often the store closes hours, makes blocks and drops what is old.
const PRUNE: SignedDuration = SignedDuration::from_mins(1);

/// Runs until the service stops.
pub async fn run(shared: Arc<Shared>, store: Arc<dyn Store>, started: Timestamp, targets: Vec<String>) {
    let mut janitor = Janitor {
        edges: shared.edges.clone(),
        metrics: shared.metrics.clone(),
        tasks: shared.tasks.clone(),
        user_agent: Arc::clone(&shared.user_agent),
        in_flight: shared.in_flight.clone(),
        store,
        started,
        tries: BTreeMap::new(),
        pruned_at: started,
    };
    loop {
        janitor.round().await;
        for target in &targets {
            shared.metrics.in_flight(target, shared.permits.launches_in_flight(target));
        }
        tokio::select! {
            biased; // two replays must agree
            _ = janitor.tasks.stopped() => return,
            () = tokio::time::sleep(ROUND) => {}
        }
    }
}

struct Janitor {
    edges: Edges,
    metrics: Metrics,
    tasks: Tasks,
    user_agent: Arc<str>,
    in_flight: InFlight,
    store: Arc<dyn Store>,
    started: Timestamp,
    /// Attempts and the moment of the next one.
    tries: BTreeMap<DebtId, (usize, Timestamp)>,
    pruned_at: Timestamp,
}

impl Janitor {
    async fn round(&mut self) {
        let now = self.edges.clock.now();
        match self.store.debts().await {
            Ok(debts) => self.pay_all(debts, now).await,
            Err(error) => tracing::error!(%error, "cannot read what is still to be shut down"),
        }
        if let Ok(count) = self.store.abandoned_count().await {
            self.metrics.debts("abandoned", usize::try_from(count).unwrap_or(usize::MAX));
        }
        if now.duration_since(self.pruned_at) >= PRUNE {
            self.pruned_at = now;
            if let Err(error) = self.store.prune(now).await {
                tracing::warn!(%error, "cannot keep the store tidy");
            }
        }
    }

    async fn pay_all(&mut self, debts: Vec<Debt>, now: Timestamp) {
        let told = debts.iter().filter(|d| matches!(d.state, DebtState::Told(_))).count();
        self.metrics.debts("told", told);
        self.metrics.debts("begun", debts.len() - told);
        let known: std::collections::BTreeSet<_> = debts.iter().map(|d| d.id.clone()).collect();
        self.tries.retain(|id, _| known.contains(id));
        let mut given_up = Vec::new();
        let mut due = Vec::new();
        for debt in debts {
            let of_a_life_before = debt.since < self.started;
            if !of_a_life_before && self.in_flight.owes(&debt.id) {
                continue;
            }
            let age = now.duration_since(debt.since);
            match debt.state {
                DebtState::Begun if of_a_life_before || age > NEVER_NAMED => given_up.push(debt.id),
                DebtState::Begun => {}
                DebtState::Told(cleanup) => due.push((debt.id, cleanup)),
            }
        }
        self.abandon(given_up).await;
        due.retain(|(id, _)| self.tries.get(id).is_none_or(|(_, at)| *at <= now));
        let payments = due.into_iter().map(|(id, cleanup)| {
            let (net, agent) = (Arc::clone(&self.edges.net), Arc::clone(&self.user_agent));
            async move {
                let what = cleanup.what();
                let paid = cleanup::pay(&cleanup, &net, &agent, PATIENCE).await;
                (id, what, paid)
            }
        });
        for (id, what, paid) in futures::future::join_all(payments).await {
            self.settle(id, &what, paid).await;
        }
    }

    async fn settle(&mut self, id: DebtId, what: &str, paid: Paid) {
        match paid {
            Paid::Gone | Paid::Accepted => {
                tracing::info!(debt.id = %id, "shut down {what}");
                if let Err(error) = self.store.settled(&id).await {
                    tracing::error!(%error, "cannot write down that {what} is gone; it will be asked again");
                }
            }
            Paid::NotYet(why) => {
                let tries = self.tries.get(&id).map_or(0, |(n, _)| *n);
                let pause = PAUSES.get(tries).or(PAUSES.last()).copied().unwrap_or(900);
                tracing::warn!(debt.id = %id, "cannot shut down {what} yet: {why}; trying again in {pause} s");
                let next = self.edges.clock.now() + Duration::from_secs(pause);
                self.tries.insert(id, (tries + 1, next));
            }
        }
    }

    async fn abandon(&self, ids: Vec<DebtId>) {
        if ids.is_empty() {
            return;
        }
        tracing::warn!(
            count = ids.len(),
            "launches whose server was never named to us are left to the hub's culler"
        );
        if let Err(error) = self.store.abandon(ids).await {
            tracing::error!(%error, "cannot write down abandoned launches");
        }
    }
}
