//! `launchwatch report`: the report of an incident, drafted from what the service recorded.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::client::{Failure, Reach, ended};
use super::shown;
use crate::report::Draft;

#[derive(Args)]
pub(super) struct Arguments {
    /// The incident; a target's name stands for its open one.
    id: String,
    /// The time zone of all clock times, such as `Europe/Berlin`.
    #[arg(long, default_value = "UTC")]
    time_zone: String,
    /// Name people; otherwise each is `somebody`.
    #[arg(long)]
    names: bool,
    /// Write report, pictures and facts into this folder instead of printing the report.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    #[command(flatten)]
    reach: Reach,
}

pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    ended(drafted(arguments).await)
}

async fn drafted(arguments: &Arguments) -> Result<(), Failure> {
    let names = if arguments.names { "true" } else { "false" };
    let query = [("format", "json"), ("time_zone", arguments.time_zone.as_str()), ("names", names)];
    let client = arguments.reach.client()?;
    let answer = client.get(&["incidents", &arguments.id, "report"], &query).await?;
    if arguments.reach.json {
        shown::json(&answer);
        return Ok(());
    }
    let draft: Draft = serde_json::from_value(answer).context("the answer is no report of this version")?;
    let Some(folder) = &arguments.out else {
        print!("{}", draft.markdown);
        return Ok(());
    };
    let report = draft.write(folder);
    let report = report.with_context(|| format!("cannot write the report into {}", folder.display()))?;
    println!("{}", report.display());
    eprintln!("{} places are marked TODO(human)", draft.open);
    Ok(())
}
