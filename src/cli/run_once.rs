//! Runs once what is due, for cron jobs: prints a table, and ends with a code that tells how it went.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use url::Url;

use super::agent::{self, Common, Misconfigured};
use super::{UNKNOWN, world};
use crate::agent::{Came, Client, Order, Spool, Wrong, once};
use crate::observation::Observation;
use crate::tasks::Tasks;

#[derive(Args)]
pub(super) struct Arguments {
    /// One round, and no more: said so that nobody takes this for `serve` or `agent`.
    #[arg(long, required = true)]
    once: bool,
    /// Run this probe, `target/probe`, whether it is due or not (repeatable). Without, all run that are due.
    #[arg(long = "probe", value_name = "TARGET/PROBE")]
    probes: Vec<String>,
    /// The service that gets to know what was seen. Without, it is only printed.
    #[arg(long, value_name = "URL")]
    report_to: Option<Url>,
    /// Folder for what must outlive this process: what could not be sent, servers to be shut down.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Longest that the whole may take, cleaning up and sending included.
    #[arg(long, value_name = "SPAN", default_value = "15m", value_parser = humantime::parse_duration)]
    deadline: Duration,
    /// Print what was seen as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    common: Common,
}

pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let common = &arguments.common;
    // With neither, the configuration that every command looks for.
    let file = common.config.as_deref();
    let file = file.or(arguments.report_to.is_none().then(|| Path::new("launchwatch.yaml")));
    let own = match file.map(world::configuration).transpose() {
        Ok(own) => own,
        Err(code) => return Ok(code),
    };
    let house = match common.house(own.as_ref()) {
        Ok(house) => house,
        Err(wrong) => return Ok(wrong.told()),
    };
    let edges = common.edges(own.as_ref())?;
    let beside = own.as_ref().map_or_else(|| PathBuf::from("state"), |own| own.service.state.clone());
    let state = arguments.state.clone().unwrap_or_else(|| beside.join("once"));
    let store = match agent::state(&state, &edges) {
        Ok(store) => Arc::new(store),
        // Most likely the last round is still going on: nothing was looked at.
        Err(error) => {
            eprintln!("launchwatch: {error:#}");
            return Ok(ExitCode::from(UNKNOWN));
        }
    };
    let service = match &arguments.report_to {
        None => None,
        Some(url) => {
            let bearer = match common.bearer() {
                Ok(bearer) => bearer,
                Err(wrong) => return Ok(wrong.told()),
            };
            let client = Client::new(Arc::clone(&edges.net), url.clone(), bearer, edges.clock.clone());
            Some((Spool::open(&state.join("spool"), common.bounds())?, client))
        }
    };
    let order = Order {
        edges,
        store,
        service,
        state,
        probes: arguments.probes.clone(),
        own,
        location: common.location(),
        house,
        deadline: arguments.deadline,
    };
    let tasks = Tasks::new();
    let stopped = tasks.clone();
    tasks.spawn_detached(async move {
        world::asked_to_stop().await;
        stopped.stop();
    });
    match once(order, &tasks).await {
        Ok(came) => {
            print(&came, arguments.json)?;
            Ok(ExitCode::from(came.code()))
        }
        Err(Wrong::Misconfigured(why)) => Ok(Misconfigured(why).told()),
        Err(wrong @ Wrong::NoPlan(_)) => {
            eprintln!("launchwatch: {wrong}");
            Ok(ExitCode::from(UNKNOWN))
        }
    }
}

fn print(came: &Came, as_json: bool) -> anyhow::Result<()> {
    for trouble in &came.troubles {
        eprintln!("launchwatch: {trouble}");
    }
    if let Some(trouble) = &came.trouble {
        eprintln!(
            "launchwatch: {} observations are not delivered, and go first next time: {trouble}",
            came.undelivered
        );
    }
    if as_json {
        let one = |o: &Observation| json!({ "probe": o.probe, "run": o.run(), "slot": o.slot, "location": o.location, "outcome": o.outcome });
        let seen: Vec<_> = came.seen.iter().map(one).collect();
        let value = json!({ "seen": seen, "undelivered": came.undelivered, "troubles": came.troubles });
        println!("{}", serde_json::to_string_pretty(&value)?);
        return Ok(());
    }
    if came.seen.is_empty() {
        println!("nothing is due");
    }
    let wide = came.seen.iter().map(|o| o.probe.as_str().chars().count()).max().unwrap_or_default();
    for seen in &came.seen {
        let outcome = &seen.outcome;
        let reason = outcome.reason.map_or_else(String::new, |r| format!("  {r}"));
        let said = if outcome.summary.is_empty() { String::new() } else { format!(": {}", outcome.summary) };
        let took = outcome.took().as_secs_f64();
        println!("{:wide$}  {:<8}  {took:8.2} s{reason}{said}", seen.probe.as_str(), outcome.verdict);
    }
    Ok(())
}
