//! `launchwatch slo`: how a month went, by target and probe.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::client::{Failure, Reach, ended};
use super::shown;
use crate::report::slo::{Slo, csv, markdown};

#[derive(Args)]
pub(super) struct Arguments {
    /// The month, such as `2018-07`, in UTC; the current one where nothing is said.
    #[arg(long)]
    month: Option<String>,
    /// Per cent of runs that should work.
    #[arg(long, default_value_t = crate::report::slo::OBJECTIVE)]
    objective: f64,
    /// Print CSV, a row a probe.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    #[command(flatten)]
    reach: Reach,
}

pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    ended(made(arguments).await)
}

async fn made(arguments: &Arguments) -> Result<(), Failure> {
    let objective = arguments.objective.to_string();
    let mut query = vec![("format", "json"), ("objective", objective.as_str())];
    query.extend(arguments.month.as_deref().map(|month| ("month", month)));
    let answer = arguments.reach.client()?.get(&["slo"], &query).await?;
    if arguments.reach.json {
        shown::json(&answer);
        return Ok(());
    }
    let slo: Slo = serde_json::from_value(answer).context("the answer is no report of this version")?;
    if arguments.csv {
        print!("{}", csv(&slo).context("cannot write the table")?);
    } else {
        print!("{}", markdown(&slo));
    }
    Ok(())
}
