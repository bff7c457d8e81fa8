//! Play: the whole service in the world of a scenario, from its first second to its last, in simulated time.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use launchwatch_alerts::Incident;
use tokio::time::Instant;

use super::captured::Captured;
use super::mapped::{self, Mapped};
use super::own;
use super::report::ours;
use super::scenario::Scenario;
use super::stage::Stage;
use crate::app::App;
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::dice::Dice;
use crate::edges::{Edges, memory};
use crate::report::{Material, Subject, gather};
use crate::store::{Delivery, Retention, SqliteStore, Store};
use crate::tasks::{OnExit, Tasks};

/// Incidents and deliveries that are looked at.
const MOST: usize = 10_000;

/// A scenario that was played: what the service made of it.
#[derive(Debug, Clone)]
pub struct Played {
    /// Name of the scenario.
    pub scenario: String,
    /// One line for people; may be empty.
    pub title: String,
    /// What chance was drawn from.
    pub seed: u64,
    /// The instant of second 0.
    pub t0: Timestamp,
    /// First second.
    pub start: f64,
    /// Last second.
    pub end: f64,
    /// What whoever reads should know of the way it was played.
    pub notes: Vec<String>,
    /// What happened, in order of its opening.
    pub incidents: Vec<Incident>,
    /// What was told.
    pub deliveries: Vec<Delivery>,
    /// What is on record of each incident of a target, in the same order.
    pub materials: Vec<Material>,
    /// Real time that it took.
    pub wall: Duration,
}

impl Played {
    /// Seconds from `t0`, to a tenth.
    #[must_use]
    pub fn second(&self, at: Timestamp) -> f64 {
        (at.duration_since(self.t0).as_secs_f64() * 10.0).round() / 10.0
    }
}

/// Plays a scenario to the whole service: under the operator's own configuration, or one of our own that looks in every
/// way there is. Same scenario, configuration and seed: same results. Blocks; not to be called from a task.
///
/// # Errors
/// The service cannot be built or ends before its time.
pub fn play(scenario: &Scenario, config: Option<Config>, seed: u64) -> anyhow::Result<Played> {
    let began = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .context("cannot make a world with a clock of its own")?;
    let mut played = runtime.block_on(in_its_time(scenario, config, seed))?;
    // What still runs ends with its world.
    runtime.shutdown_background();
    played.wall = began.elapsed();
    Ok(played)
}

async fn in_its_time(scenario: &Scenario, config: Option<Config>, seed: u64) -> anyhow::Result<Played> {
    let begin = moment(scenario, scenario.start)?;
    let clock = Clock::simulated(begin);
    let world = Tasks::new();
    let stage = Stage::new(scenario, clock.clone(), seed, memory::spawner(&world));
    let (mut config, net, notes) = match config {
        Some(mut config) => {
            let (mapped, notes) = Mapped::over(&stage, &mut config);
            (config, mapped, notes)
        }
        None => {
            let own = own::configuration(scenario, &stage);
            let own = own.map_err(|problems| anyhow::anyhow!("{}", config::told(&problems)))?;
            (own, Mapped::plain(&stage), Vec::new())
        }
    };
    // Nobody outside is asked or told anything.
    config.service.witnesses.clear();
    config.service.dead_man = None;
    let date = clock.clone();
    let store = SqliteStore::in_memory(Retention::default())?.at_once().with_clock(move || date.now());
    let store = Arc::new(store);
    let edges = Edges {
        clock: clock.clone(),
        net: mapped::net(net),
        post: Arc::new(Captured),
        dice: Dice::seeded(seed),
    };
    let planned = config.policy.maintenance.clone();
    let app = App::build(config, edges, Arc::clone(&store) as Arc<dyn Store>, None)?;
    let service = app.tasks();
    let (told, mut ended) = tokio::sync::oneshot::channel();
    world.spawn("service", OnExit::Fine, async move {
        // Nobody listens any more when it ends in time.
        drop(told.send(app.run().await));
    });
    tokio::select! {
        biased; // what has ended before its time is told as that
        result = &mut ended => {
            result.context("the service broke down")??;
            anyhow::bail!("the service ended before its time");
        }
        () = clock.until(moment(scenario, scenario.end)?) => {}
    }
    let mut incidents = store.incidents(MOST).await?;
    incidents.sort_by(|a, b| a.opened_at.cmp(&b.opened_at).then_with(|| a.id.cmp(&b.id)));
    let deliveries = store.deliveries(MOST).await?;
    let mut materials = Vec::new();
    for incident in incidents.iter().filter(|i| !ours(i)) {
        let subject = Subject { incident: &incident.id, planned: &planned, now: clock.now() };
        materials.extend(gather(store.as_ref(), &subject).await?);
    }
    service.stop();
    Ok(Played {
        scenario: scenario.id.clone(),
        title: scenario.title.clone(),
        seed,
        t0: scenario.t0,
        start: scenario.start,
        end: scenario.end,
        notes,
        incidents,
        deliveries,
        materials,
        wall: Duration::ZERO,
    })
}

fn moment(scenario: &Scenario, second: f64) -> anyhow::Result<Timestamp> {
    let from_t0 = SignedDuration::try_from_secs_f64(second).context("a moment beyond the calendar")?;
    scenario.t0.checked_add(from_t0).context("a moment beyond the calendar")
}
