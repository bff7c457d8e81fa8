//! What commands share: the configuration read and judged, the real doors to the outside, the stop signal.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use launchwatch_probes::net::real::{NetSettings, RealNet};

use super::MISCONFIGURED;
use crate::clock::Clock;
use crate::config::{self, ChannelConfig, Config, Registries};
use crate::dice::Dice;
use crate::edges::Edges;
use crate::edges::post::{PostSettings, RealPost};

/// The environment of this process.
pub(super) fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Reads the configuration; prints what is wrong with it.
pub(super) fn configuration(path: &Path) -> Result<Config, ExitCode> {
    match config::load(path, Registries::BUILT_IN, &env) {
        Ok((config, warnings)) => {
            eprint!("{}", config::told(&warnings));
            Ok(config)
        }
        Err(problems) => {
            eprint!("{}", config::told(&problems));
            Err(ExitCode::from(MISCONFIGURED))
        }
    }
}

/// Reads the channels of the configuration again, silently; says why it cannot.
pub(super) fn channels(path: &Path) -> Result<Vec<ChannelConfig>, String> {
    let read = config::load(path, Registries::BUILT_IN, &env);
    read.map(|(config, _)| config.channels).map_err(|problems| config::told(&problems).trim_end().to_owned())
}

/// The doors that open on the real world.
pub(super) fn edges(ca_file: Option<&Path>) -> anyhow::Result<Edges> {
    let net = RealNet::new(NetSettings { ca_file: ca_file.map(Into::into), ..NetSettings::default() })
        .context("cannot prepare the network")?;
    let post = RealPost::new(&PostSettings { ca_file: ca_file.map(Into::into), ..PostSettings::default() })
        .context("cannot prepare the post")?;
    Ok(Edges { clock: Clock::system(), net: Arc::new(net), post: Arc::new(post), dice: Dice::system() })
}

/// Waits for SIGTERM or SIGINT.
pub(super) async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut term) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
