//! `launchwatch export`: what was counted, as a file for other stores of time series.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;

use super::backtest::moment;
use super::{MISCONFIGURED, WithConfig, database, world};
use crate::clock::Clock;
use crate::config::{self, Config, Registries};
use crate::exchange::Outside;
use crate::exchange::openmetrics::{self, Wanted};
use crate::observation::ProbeId;
use crate::store::{Retention, SqliteStore, Store, Tier};

#[derive(Subcommand)]
pub(super) enum Do {
    /// Write OpenMetrics text with times: for `promtool tsdb create-blocks-from openmetrics` and its like.
    Openmetrics(Arguments),
}

#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    with: WithConfig,
    /// From when: `2026-05-01`, `2026-05-01T18:00:00Z`; all that is kept without it.
    #[arg(long, value_parser = moment)]
    from: Option<Timestamp>,
    /// Until when; until now without it.
    #[arg(long, value_parser = moment)]
    to: Option<Timestamp>,
    /// Only of this probe, `target/probe`; may be given several times.
    #[arg(long)]
    probe: Vec<String>,
    /// Width of the buckets.
    #[arg(long, value_enum, default_value = "minute")]
    tier: Width,
    /// With the labels of this export of the configuration.
    #[arg(long, value_name = "NAME")]
    labels_of: Option<String>,
    /// The file to write; standard output without it.
    #[arg(long, short)]
    output: Option<PathBuf>,
}

/// Width of a bucket, as it is written.
#[derive(Clone, Copy, ValueEnum)]
enum Width {
    Minute,
    Hour,
    Day,
}

pub(super) async fn run(what: &Do) -> anyhow::Result<ExitCode> {
    let Do::Openmetrics(arguments) = what;
    let config = match config::load(&arguments.with.config, Registries::BUILT_IN, &world::env) {
        Ok((config, _)) => config,
        Err(problems) => {
            eprint!("{}", config::told(&problems));
            return Ok(ExitCode::from(MISCONFIGURED));
        }
    };
    let wanted = match wanted(arguments, &config) {
        Ok(wanted) => wanted,
        Err(why) => {
            eprintln!("launchwatch: {why}");
            return Ok(ExitCode::from(MISCONFIGURED));
        }
    };
    let state = &config.service.state;
    let store: Box<dyn Store> = match database::database(&config.service, &Clock::system()).await? {
        Some(store) => Box::new(store),
        None => Box::new(
            SqliteStore::open_beside(state, config.service.retention)
                .with_context(|| format!("cannot read the store in {}", state.display()))?,
        ),
    };
    let mut out = target(arguments.output.as_deref())?;
    let count = openmetrics::write(&*store, &wanted, &mut out).await?;
    eprintln!("{count} samples");
    Ok(ExitCode::SUCCESS)
}

fn target(file: Option<&Path>) -> anyhow::Result<Box<dyn Write + Send>> {
    Ok(match file {
        None => Box::new(BufWriter::new(io::stdout())),
        Some(path) => {
            let made = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
            Box::new(BufWriter::new(made))
        }
    })
}

fn wanted(arguments: &Arguments, config: &Config) -> Result<Wanted, String> {
    let labels = match &arguments.labels_of {
        None => Default::default(),
        Some(name) => {
            let export = config.exports.iter().find(|e| e.name == *name);
            export.ok_or_else(|| format!("there is no export `{name}`"))?.labels.clone()
        }
    };
    let now = Clock::system().now().as_second();
    let Retention { minutes, hours, days, .. } = config.service.retention;
    let (tier, kept) = match arguments.tier {
        Width::Minute => (Tier::Minute, minutes),
        Width::Hour => (Tier::Hour, hours),
        Width::Day => (Tier::Day, days),
    };
    let oldest = now.saturating_sub(i64::try_from(kept.as_secs()).unwrap_or(i64::MAX));
    let from = arguments.from.map_or(oldest, Timestamp::as_second).max(oldest);
    let to = arguments.to.map_or(now, Timestamp::as_second).min(now);
    if from >= to {
        return Err("nothing is kept of that time".to_owned());
    }
    Ok(Wanted {
        probes: arguments.probe.iter().cloned().map(ProbeId::from).collect(),
        tier,
        from: tier.floor(from),
        to,
        outside: Outside { location: config.service.location.to_string(), labels },
    })
}
