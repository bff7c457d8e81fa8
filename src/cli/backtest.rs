//! `launchwatch backtest`: recorded history under other rules.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{MISCONFIGURED, WithConfig, world};
use crate::backtest::{self, Stretch};
use crate::config::{self, Registries};
use crate::store::SqliteStore;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    with: WithConfig,
    /// Judge by the rules of this file (or folder) instead: a configuration, or one that has nothing but `rules`.
    #[arg(long)]
    rules: Option<PathBuf>,
    /// From when: `2026-05-01`, `2026-05-01T18:00:00Z`; all that is kept without it.
    #[arg(long, value_parser = moment)]
    from: Option<Timestamp>,
    /// Until when; until the last run without it.
    #[arg(long, value_parser = moment)]
    to: Option<Timestamp>,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

/// Reads the store beside a service that may be running; writes nothing.
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let path = &arguments.with.config;
    let loaded = match &arguments.rules {
        None => config::load(path, Registries::BUILT_IN, &world::env),
        Some(rules) => config::load_with_rules(path, rules, Registries::BUILT_IN, &world::env),
    };
    let config = match loaded {
        Ok((config, warnings)) => {
            eprint!("{}", config::told(&warnings));
            config
        }
        Err(problems) => {
            eprint!("{}", config::told(&problems));
            return Ok(ExitCode::from(MISCONFIGURED));
        }
    };
    let (state, retention) = (&config.service.state, config.service.retention);
    let store = SqliteStore::open_beside(state, retention)
        .with_context(|| format!("cannot read the store in {}", state.display()))?;
    let Some(kept) = backtest::everything(&store, retention.runs).await? else {
        eprintln!("nothing is on record in {}", state.display());
        return Ok(ExitCode::SUCCESS);
    };
    let stretch = Stretch { from: arguments.from.unwrap_or(kept.from), to: arguments.to.unwrap_or(kept.to) };
    if stretch.from >= stretch.to {
        eprintln!("nothing lies between {} and {}", stretch.from, stretch.to);
        return Ok(ExitCode::from(MISCONFIGURED));
    }
    let plan = backtest::plan(&config, config.rules.clone(), stretch.from);
    let report = backtest::run(&store, plan, stretch).await.context("cannot read what is on record")?;
    match arguments.json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => print!("{}", backtest::told(&report)),
    }
    Ok(ExitCode::SUCCESS)
}

/// A moment, or the beginning of a day (UTC).
fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    let day: jiff::civil::Date =
        text.parse().map_err(|_| "write a moment such as 2026-05-01T18:00:00Z, or a day".to_owned())?;
    day.to_zoned(TimeZone::UTC).map(|day| day.timestamp()).map_err(|e| e.to_string())
}
