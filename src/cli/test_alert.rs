//! Sends a test message through a channel and says at which step it fails.

use std::process::ExitCode;

use clap::Args;
use launchwatch_alerts::{Notification, Receipt, courier};

use super::{FAILED, MISCONFIGURED, WithConfig, world};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    with: WithConfig,
    /// Name of the channel; without it, all of them.
    channel: Option<String>,
}

pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = match world::configuration(&arguments.with.config) {
        Ok(config) => config,
        Err(code) => return Ok(code),
    };
    let edges = world::edges(config.service.ca_file.as_deref())?;
    let chosen: Vec<_> = config
        .channels
        .iter()
        .filter(|c| arguments.channel.as_ref().is_none_or(|name| *name == c.name))
        .collect();
    if chosen.is_empty() {
        let names: Vec<&str> = config.channels.iter().map(|c| c.name.as_str()).collect();
        eprintln!(
            "no such channel; the configuration has: {}",
            if names.is_empty() { "none".into() } else { names.join(", ") }
        );
        return Ok(ExitCode::from(MISCONFIGURED));
    }
    let mut all_well = true;
    for channel in chosen {
        let notification = Notification::test(edges.clock.now(), &edges.dice.word(8));
        let receipt =
            courier::deliver(channel.channel.as_ref(), &notification, None, edges.post.as_ref()).await;
        let why = receipt.why().unwrap_or_default();
        let line = match &receipt {
            Receipt::Delivered(_) => "delivered: look whether the test message is there".to_owned(),
            Receipt::Remarked { .. } => format!("delivered, but: {why}"),
            Receipt::Retry { .. } | Receipt::Partly { .. } => {
                format!("not delivered (would be tried again): {why}")
            }
            Receipt::Refused { .. } => format!("refused (would not be tried again): {why}"),
        };
        all_well &= matches!(receipt, Receipt::Delivered(_));
        println!("{} ({}): {line}", channel.name, channel.kind);
    }
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}
