//! `launchwatch rehearse`: outages that somebody wrote down, played to the whole service.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use tracing::subscriber::{NoSubscriber, with_default};

use super::{FAILED, MISCONFIGURED, kept, world};
use crate::config::{self, Config, Registries};
use crate::rehearsal::{self, Hindsight, Scenario};
use crate::report::{self, Wording};

#[derive(Args)]
pub(super) struct Arguments {
    /// Scenarios (`incident-scenario/1`): what an outage looked like, second by second.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Your own configuration; nothing of it reaches its addresses or its channels. Without it, one that looks in every
    /// way there is.
    #[arg(long, short)]
    config: Option<PathBuf>,
    /// What chance is drawn from: the same seed gives the same rehearsal.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Keep what comes of it in the state directory of the configuration: its service shows it under /rehearsals.
    #[arg(long, requires = "config")]
    keep: bool,
    /// Print JSON, one object a line for each file; times are seconds from `t0`.
    #[arg(long)]
    json: bool,
    /// Print the incident reports that would have been drafted (Markdown).
    #[arg(long, conflicts_with = "json")]
    report: bool,
    /// Write the reports into this folder, with their pictures and facts, and print the names of their files.
    #[arg(long, value_name = "FOLDER", conflicts_with = "json")]
    out: Option<PathBuf>,
    /// The time zone of the reports, such as `Europe/Berlin`.
    #[arg(long, default_value = "UTC", value_parser = report::zone)]
    time_zone: jiff::tz::TimeZone,
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    // A rehearsal has a clock of its own, and no other task may share it.
    let played =
        tokio::task::spawn_blocking(move || arguments.files.iter().map(|f| one(f, &arguments)).max());
    Ok(ExitCode::from(played.await.context("the rehearsal broke down")?.unwrap_or(0)))
}

/// Plays one file and prints what came of it; answers how that ends the command.
fn one(file: &Path, arguments: &Arguments) -> u8 {
    let scenario = match Scenario::open(file) {
        Ok(scenario) => scenario,
        Err(problems) => {
            eprint!("{}", config::told(&problems));
            return MISCONFIGURED;
        }
    };
    let mut state = None;
    let config = match arguments.config.as_deref().map(operators).transpose() {
        Ok(config) => config,
        Err(told) => {
            eprint!("{told}");
            return MISCONFIGURED;
        }
    };
    if let Some(config) = config.as_ref().filter(|_| arguments.keep) {
        state = Some(config.service.state.clone());
    }
    // It was read a moment ago.
    let hindsight = Hindsight::read(&std::fs::read_to_string(file).unwrap_or_default());
    // What the service in the play logs is no log of ours.
    let played = with_default(NoSubscriber::default(), || rehearsal::play(&scenario, config, arguments.seed));
    let text = played.and_then(|played| {
        let report = rehearsal::report(&played, &hindsight);
        if let Some(state) = &state {
            let told = rehearsal::timeline(&played, &report, &hindsight);
            kept::now(state, "rehearsal", &report.scenario, told, &report)?;
        }
        if arguments.json {
            return Ok(format!("{}\n", serde_json::to_string(&report)?));
        }
        if arguments.report || arguments.out.is_some() {
            return reports(&played, &hindsight, arguments);
        }
        Ok(rehearsal::timeline(&played, &report, &hindsight))
    });
    match text {
        Ok(text) => {
            print!("{text}");
            0
        }
        Err(error) => {
            eprintln!("launchwatch: {}: {error:#}", file.display());
            FAILED
        }
    }
}

/// The reports that would have been drafted, or the names of their files.
fn reports(
    played: &rehearsal::Played,
    hindsight: &Hindsight,
    arguments: &Arguments,
) -> anyhow::Result<String> {
    let wording = Wording { zone: arguments.time_zone.clone(), names: false };
    let drafts = rehearsal::drafts(played, hindsight, &wording);
    let Some(folder) = &arguments.out else { return Ok(rehearsal::joined(&drafts)) };
    let mut written = String::new();
    for draft in &drafts {
        let file = draft.write(folder);
        let file = file.with_context(|| format!("cannot write a report into {}", folder.display()))?;
        written.push_str(&format!("{}\n", file.display()));
    }
    Ok(written)
}

/// The operator's configuration. Secrets that are not in this environment are made up: none is used.
fn operators(path: &Path) -> Result<Config, String> {
    let env =
        |name: &str| world::env(name).or_else(|| Some("https://not-in-this-environment.invalid/".to_owned()));
    let loaded = config::load(path, Registries::BUILT_IN, &env);
    let (config, warnings) = loaded.map_err(|problems| config::told(&problems))?;
    eprint!("{}", config::told(&warnings));
    Ok(config)
}
