//! One round of a cron job: pays what earlier ones owe, runs what is due, hands it over, and says how it went.

mod debts;
mod due;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use jiff::Timestamp;
use launchwatch_probes::{Reason, Verdict};
use tokio::time::Instant;

use self::due::LastSlots;
use super::bell::Bell;
use super::client::{Client, Trouble};
use super::crew;
use super::figures::Figures;
use super::house::{House, Room};
use super::outgoing::Outgoing;
use super::planner::environment;
use super::sender::{Sender, UnderWay};
use super::spool::Spool;
use super::work::{Kept, Work};
use crate::config::{Config, ProbeConfig};
use crate::edges::Edges;
use crate::observation::{Observation, ProbeId};
use crate::scheduler::{self, Shared};
use crate::store::Store;
use crate::tasks::Tasks;
use crate::wire::Plan;

/// Of the whole time so much is kept for cleaning up and sending.
const AFTERWARDS: Duration = Duration::from_secs(30);
/// So long what hangs may take to end when the time is over.
const GRACE: Duration = Duration::from_secs(2);
/// So long what was found may take to be written down.
const GATHERED: Duration = Duration::from_secs(15);
/// So long is cleaned up, and sent, at least.
const SHORTEST: Duration = Duration::from_secs(10);
/// So long the service may take to give its plan, all tries together.
const FETCHING: Duration = Duration::from_secs(30);
/// Tries to fetch the plan.
const FETCHES: u64 = 3;

/// What is to be done.
pub struct Order {
    /// The doors to the outside.
    pub edges: Edges,
    /// Where debts are written.
    pub store: Arc<dyn Store>,
    /// Where observations wait, and the way to the service; without, they are only looked at.
    pub service: Option<(Spool, Client)>,
    /// Where plan and last slots are kept.
    pub state: PathBuf,
    /// These probes, whether they are due or not; without, all that are due.
    pub probes: Vec<String>,
    /// A configuration of our own, instead of the service's plan.
    pub own: Option<Config>,
    /// The name of this place.
    pub location: Option<Arc<str>>,
    /// How we behave.
    pub house: House,
    /// Longest that the whole may take.
    pub deadline: Duration,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Came {
    /// What was seen, in the order in which it ended.
    pub seen: Vec<Observation>,
    /// Observations of this and earlier rounds that the service does not have yet.
    pub undelivered: u64,
    /// Why not.
    pub trouble: Option<Trouble>,
    /// What could not be run, and why; what could not be shut down.
    pub troubles: Vec<String>,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    /// The command line, the configuration or the token is wrong.
    #[error("{0}")]
    Misconfigured(String),
    /// There is no plan to be had, and none from an earlier round.
    #[error("nobody knows what to look at: {0}")]
    NoPlan(Trouble),
}

impl Came {
    /// The exit code: 0 all well, 1 something failed, 2 the token is wrong, 3 a probe could not look, 5 not delivered.
    pub fn code(&self) -> u8 {
        let any = |verdict| self.seen.iter().any(|o| o.outcome.verdict == verdict);
        match &self.trouble {
            Some(Trouble::Token(_)) => 2,
            Some(_) => 5,
            None if self.undelivered > 0 => 5,
            None if any(Verdict::Failed) => 1,
            None if any(Verdict::Unknown) || !self.troubles.is_empty() => 3,
            None => 0,
        }
    }
}

/// Does it. Never takes much longer than its deadline.
///
/// # Errors
/// Nothing could be done at all.
pub async fn once(order: Order, tasks: &Tasks) -> Result<Came, Wrong> {
    let end = Instant::now() + order.deadline;
    let mut came = Came::default();
    came.troubles.extend(debts::pay(&order.edges, order.store.as_ref(), end).await);
    let mut work = plan(&order).await?;
    came.troubles.append(&mut work.troubles);
    let slots = LastSlots::of(&order.state);
    slots.read().into_iter().for_each(|(probe, slot)| due::later(&mut work.last_slots, probe, slot));
    let chosen = due::choose(&work, &order.probes, order.edges.clock.now()).map_err(Wrong::Misconfigured)?;
    let spool = order.service.as_ref().map(|(spool, _)| spool.clone());
    let outgoing = Outgoing::new(spool, true);
    let figures = Figures::new().map_err(|e| Wrong::Misconfigured(e.to_string()))?;
    // Of a short time, half is for cleaning up and sending.
    let runs_end = end - AFTERWARDS.min(order.deadline / 2);
    came.troubles.extend(run(&order, work, &chosen, (tasks, runs_end), (&outgoing, &figures)).await?);
    came.seen = outgoing.seen();
    slots.write(work_slots(&came.seen));
    let last = end.max(Instant::now() + SHORTEST);
    came.troubles.extend(debts::pay(&order.edges, order.store.as_ref(), last).await);
    if let Some((_, client)) = order.service {
        let mut sender = Sender {
            client,
            out: outgoing.clone(),
            clock: order.edges.clock.clone(),
            dice: order.edges.dice.clone(),
            figures,
            bell: Arc::<Bell>::default(),
            mode: "once",
            under_way: UnderWay::default(),
        };
        let end = end.max(Instant::now() + SHORTEST);
        let late = || Trouble::Unreachable("the service did not take it in time".to_owned());
        let sent = tokio::time::timeout_at(end, sender.insist(end)).await;
        came.trouble = sent.unwrap_or_else(|_| Err(late())).err();
        came.undelivered = outgoing.waiting().observations;
    }
    Ok(came)
}

fn work_slots(seen: &[Observation]) -> impl Iterator<Item = (ProbeId, Timestamp)> {
    // What was cut off is due again.
    let whole = seen.iter().filter(|o| o.outcome.reason != Some(Reason::Aborted));
    whole.map(|o| (o.probe.clone(), o.slot))
}

/// What is to be looked at: our own configuration, the service's plan, or the last one that it gave us.
async fn plan(order: &Order) -> Result<Work, Wrong> {
    let fetched = match &order.service {
        // Without an answer in time, the plan of the last round will do.
        Some((_, client)) => {
            let late = || Trouble::Unreachable(format!("{} gives no plan in time", client.root()));
            let fetched = tokio::time::timeout(FETCHING.min(order.deadline / 3), fetch(client)).await;
            Some(fetched.unwrap_or_else(|_| Err(late())))
        }
        None => None,
    };
    let at = |plan: Option<&str>| order.location.as_deref().or(plan).unwrap_or("here").to_owned();
    if let Some(own) = &order.own {
        let plan = fetched.and_then(Result::ok);
        let mut work = Work::of_config(own, &at(Some(&own.service.location)));
        work.last_slots = plan.map(|p| Work::of_plan(&p, &environment).last_slots).unwrap_or_default();
        return Ok(work);
    }
    let kept = Kept::of(&order.state);
    let plan = match fetched {
        None => {
            return Err(Wrong::Misconfigured("neither a configuration nor a service is named".to_owned()));
        }
        Some(Ok(plan)) => {
            kept.write(&plan);
            plan
        }
        Some(Err(Trouble::Token(why))) => return Err(Wrong::Misconfigured(why)),
        Some(Err(trouble)) => kept.read().ok_or(Wrong::NoPlan(trouble))?,
    };
    if let Some(name) = order.location.as_deref().filter(|name| *name != plan.location) {
        let why = format!("the token is that of `{}`, not of `{name}`", plan.location);
        return Err(Wrong::Misconfigured(why));
    }
    Ok(Work::of_plan(&plan, &environment))
}

async fn fetch(client: &Client) -> Result<Plan, Trouble> {
    let mut tries = 0;
    loop {
        tries += 1;
        match client.plan(None).await {
            Ok(Some((plan, _))) => return Ok(plan),
            Ok(None) => return Err(Trouble::Unreachable("the service gives no plan".to_owned())),
            Err(trouble @ Trouble::Token(_)) => return Err(trouble),
            Err(trouble) if tries == FETCHES => return Err(trouble),
            Err(_) => tokio::time::sleep(Duration::from_secs(tries)).await,
        }
    }
}

/// Runs all of them, as many at once as may be; says which could not be run.
async fn run(
    order: &Order,
    work: Work,
    chosen: &[(Arc<ProbeConfig>, Timestamp)],
    (tasks, until): (&Tasks, Instant),
    (out, figures): (&Outgoing, &Figures),
) -> Result<Vec<String>, Wrong> {
    let gathering = Tasks::new();
    let room = Room {
        edges: order.edges.clone(),
        tasks: tasks.clone(),
        gathering: gathering.clone(),
        house: order.house.clone(),
    };
    let location = order.location.clone().unwrap_or_else(|| work.location.as_str().into());
    let ledger = Arc::clone(&order.store) as _;
    let opened = room.open(ledger, location, out.clone(), figures);
    let opened = opened.map_err(|e| Wrong::Misconfigured(format!("{e:#}")))?;
    let probes: Vec<ProbeConfig> = chosen.iter().map(|(probe, _)| ProbeConfig::clone(probe)).collect();
    let shared = Shared { grace: GRACE, ..crew::with(&opened, &work.targets, &probes) };
    drop(opened); // the inbox closes when the last run has ended
    let verdicts = verdicts(Arc::new(shared), &work, chosen, until).await;
    tasks.drain(GRACE * 2).await;
    gathering.drain(GATHERED).await;
    let missed = chosen.iter().zip(verdicts).filter(|(_, verdict)| verdict.is_none());
    Ok(missed.map(|((probe, _), _)| format!("{} was not run: there was no time left", probe.id)).collect())
}

/// What the runs came to, in their order. When this ends nobody here holds the inbox open any more.
async fn verdicts(
    shared: Arc<Shared>,
    work: &Work,
    chosen: &[(Arc<ProbeConfig>, Timestamp)],
    until: Instant,
) -> Vec<Option<Verdict>> {
    let all = join_all(chosen.iter().map(|(probe, slot)| scheduler::once(&shared, probe, *slot)));
    let mut all = std::pin::pin!(all);
    let verdicts = tokio::select! {
        biased; // what is there counts
        verdicts = &mut all => Some(verdicts),
        () = tokio::time::sleep_until(until) => {
            shared.tasks.stop();
            tokio::time::timeout(GRACE * 2, all).await.ok()
        }
    };
    followed(&shared, work, until).await;
    shared.tasks.stop();
    verdicts.unwrap_or_else(|| vec![None; chosen.len()])
}

/// Waits for launches that go on after their run has ended, so that no server is left behind.
async fn followed(shared: &Shared, work: &Work, until: Instant) {
    let any = || work.targets.iter().any(|t| shared.permits.launches_in_flight(&t.name) > 0);
    while any() && Instant::now() < until && !shared.tasks.stopping() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
