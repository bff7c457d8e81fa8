//! Runs one probe once: live stages on a terminal, or one JSON object.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use launchwatch_probes::{Cx, CxParts, Ledger, Outcome, Paid, Progress, Verdict, Watcher, cleanup};
use tokio::time::Instant;

use super::{FAILED, MISCONFIGURED, UNKNOWN, WithConfig, world};
use crate::config::{Config, ProbeConfig};
use crate::edges::Edges;
use crate::observation::{Observation, run_id};
use crate::store::{DebtState, SqliteStore, Store};

/// How long one server may take to go away at the end of the command.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    with: WithConfig,
    /// Which probe: `target/probe`, or only the probe's or target's name where that is enough.
    name: Option<String>,
    /// Print the outcome as JSON and nothing else.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = match world::configuration(&arguments.with.config) {
        Ok(config) => config,
        Err(code) => return Ok(code),
    };
    let Some(probe) = choose(&config, arguments.name.as_deref()) else {
        return Ok(ExitCode::from(MISCONFIGURED));
    };
    let edges = world::edges(config.service.ca_file.as_deref())?;
    // A directory of its own: the service holds the lock on the other one.
    let store = SqliteStore::open(&config.service.state.join("by-hand"), config.service.retention)?;
    let clock = edges.clock.clone();
    let store = Arc::new(store.with_clock(move || clock.now()));
    let slot = edges.clock.now();
    let outcome = tokio::select! {
        outcome = look(&edges, &store, probe, slot, arguments.json) => outcome,
        () = world::asked_to_stop() => {
            eprintln!("stopped; shutting down what was launched");
            Outcome::bare(Verdict::Unknown, Some(launchwatch_probes::Reason::Aborted), "stopped by hand")
        }
    };
    let seen = Observation {
        probe: probe.id.clone(),
        location: Arc::clone(&config.service.location),
        slot,
        lag: Duration::ZERO,
        confirms: false,
        outcome,
    };
    print(&seen, arguments.json)?;
    // After the result: shutting down can take a while where the target is down.
    pay(&edges, store.as_ref()).await?;
    Ok(match seen.outcome.verdict {
        Verdict::Passed | Verdict::Degraded => ExitCode::SUCCESS,
        Verdict::Failed => ExitCode::from(FAILED),
        Verdict::Unknown => ExitCode::from(UNKNOWN),
    })
}

fn choose<'a>(config: &'a Config, name: Option<&str>) -> Option<&'a ProbeConfig> {
    let fits =
        |p: &&ProbeConfig| name.is_none_or(|n| p.id.as_str() == n || p.id.probe() == n || p.id.target() == n);
    let found: Vec<_> = config.probes.iter().filter(fits).collect();
    if let [one] = found.as_slice() {
        return Some(one);
    }
    let (what, which) =
        if found.is_empty() { ("no such probe.", &config.probes) } else { ("which probe?", &config.probes) };
    eprintln!("{what} There are:");
    for probe in which {
        eprintln!("  {} ({})", probe.id, probe.kind);
    }
    None
}

async fn look(
    edges: &Edges,
    store: &Arc<SqliteStore>,
    probe: &ProbeConfig,
    slot: Timestamp,
    json: bool,
) -> Outcome {
    let deadline = Instant::now() + probe.deadline;
    let mut cx = Cx::new(CxParts {
        net: Arc::clone(&edges.net),
        ledger: Arc::clone(store) as Arc<dyn Ledger>,
        run: run_id(&probe.id, slot),
        nonce: edges.dice.word(16),
        deadline,
        user_agent: format!("launchwatch/{}", env!("CARGO_PKG_VERSION")).into(),
        watcher: (!json).then(teller),
        now: slot,
    });
    let outcome = match tokio::time::timeout_at(deadline, probe.probe.run(&mut cx)).await {
        Ok(outcome) => outcome,
        Err(_) => cx.timed_out(),
    };
    if let Some(follow) = cx.take_follow() {
        eprintln!(
            "following the launch to its end, so that no server is left behind (Ctrl-C leaves it to the culler)"
        );
        follow.await;
    }
    outcome
}

/// Prints what happens, with the seconds since the start.
fn teller() -> Watcher {
    let started = Instant::now();
    let (bold, dim, red, plain) = if std::io::stderr().is_terminal() {
        ("\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[0m")
    } else {
        ("", "", "", "")
    };
    Arc::new(move |progress| {
        let at = started.elapsed().as_secs_f64();
        match progress {
            Progress::Stage(stage) => eprintln!("{at:8.2} s  {bold}{stage}{plain}"),
            Progress::Line(line) => eprintln!("{at:8.2} s      {dim}{line}{plain}"),
            Progress::Suspect(reason, line) => {
                eprintln!("{at:8.2} s      {red}proves {reason}: {line}{plain}")
            }
            Progress::Withdrawn => eprintln!("{at:8.2} s      {dim}that proves nothing any more{plain}"),
            Progress::WaitsForNode(true) => eprintln!("{at:8.2} s      {dim}waits for room{plain}"),
            Progress::WaitsForNode(false) => eprintln!("{at:8.2} s      {dim}room was found{plain}"),
        }
    })
}

/// Shuts down what is still there, also of a run by hand that was killed earlier.
async fn pay(edges: &Edges, store: &SqliteStore) -> anyhow::Result<()> {
    for debt in store.debts().await? {
        let DebtState::Told(cleanup) = debt.state else {
            store.abandon(vec![debt.id]).await?;
            continue;
        };
        match cleanup::pay(&cleanup, &edges.net, "launchwatch", PATIENCE).await {
            Paid::Gone | Paid::Accepted => store.settled(&debt.id).await.map_err(anyhow::Error::from)?,
            Paid::NotYet(why) => eprintln!(
                "{} is still there: {why}; the next `launchwatch probe` tries again",
                cleanup.what()
            ),
        }
    }
    Ok(())
}

fn print(seen: &Observation, json: bool) -> anyhow::Result<()> {
    let outcome = &seen.outcome;
    if json {
        let value = serde_json::json!({
            "probe": seen.probe, "run": seen.run(), "slot": seen.slot, "location": seen.location, "outcome": outcome,
        });
        println!("{}", serde_json::to_string_pretty(&value)?);
        return Ok(());
    }
    let reason = outcome.reason.map_or_else(String::new, |r| format!(" ({r})"));
    println!("\n{}: {}{reason} in {:.2} s", seen.probe, outcome.verdict, outcome.took().as_secs_f64());
    if !outcome.summary.is_empty() {
        println!("  {}", outcome.summary);
    }
    for stage in &outcome.stages {
        println!("  {:<12} {:>9.3} s", stage.stage.as_str(), stage.took.as_secs_f64());
    }
    for m in &outcome.measurements {
        println!("  {:<40} {}", m.name, m.value);
    }
    for (name, value) in &outcome.facts {
        println!("  {name:<12} {value}");
    }
    Ok(())
}
