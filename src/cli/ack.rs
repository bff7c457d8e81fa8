//! Somebody says that they see to an incident, or that they do not after all.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::client::{Failure, Reach, ended};
use super::shown::{self, at, word};
use crate::clock::Clock;

#[derive(Args)]
pub(super) struct Arguments {
    /// The target in trouble, or the id of the incident.
    incident: String,
    /// For how long nobody is reminded, such as `30m` or `4h` (4 h by default).
    #[arg(long = "for", value_name = "SPAN")]
    lasts: Option<String>,
    /// Take it back.
    #[arg(long, conflicts_with = "lasts")]
    undo: bool,
    /// Who sees to it.
    #[arg(long, env = "USER")]
    by: String,
    #[command(flatten)]
    reach: Reach,
}

pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    ended(say(arguments).await)
}

async fn say(arguments: &Arguments) -> Result<(), Failure> {
    let verb = if arguments.undo { "unacknowledge" } else { "acknowledge" };
    let body = match &arguments.lasts {
        Some(lasts) => json!({ "by": arguments.by, "for": lasts }),
        None => json!({ "by": arguments.by }),
    };
    let client = arguments.reach.client()?;
    let incident = client.post(&["incidents", &arguments.incident, verb], &body).await?;
    if arguments.reach.json {
        shown::json(&incident);
        return Ok(());
    }
    let id = word(&incident, "/id");
    match at(&incident, "/acknowledged/until") {
        Some(until) => {
            let by = word(&incident, "/acknowledged/by");
            let until = shown::moment(until, Clock::system().now());
            println!("{id}: {by} sees to it, no reminders until {until}");
        }
        None => println!("{id}: nobody sees to it, reminders go on"),
    }
    Ok(())
}
