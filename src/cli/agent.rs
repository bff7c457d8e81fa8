//! Runs an agent.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;
use url::Url;

use super::{MISCONFIGURED, serve, world};
use crate::agent::{Agent, Bearer, Bounds, Client, House, Setup, Spool};
use crate::config::Config;
use crate::edges::Edges;
use crate::store::{Retention, SqliteStore};

/// Where the token is when no file is named.
const TOKEN: &str = "LAUNCHWATCH_AGENT_TOKEN";

/// What agents and cron jobs have in common.
#[derive(Args, Clone)]
pub(super) struct Common {
    /// File with the token that the service gave this agent; else it is taken from the environment variable
    /// LAUNCHWATCH_AGENT_TOKEN.
    #[arg(long, env = "LAUNCHWATCH_AGENT_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    /// A configuration of one's own, instead of what the service asks for.
    #[arg(long, short)]
    pub(super) config: Option<PathBuf>,
    /// The name of this place; the service knows it by the token, and has the last word.
    #[arg(long)]
    pub(super) location: Option<String>,
    /// More certificate authorities to trust (PEM), for probes and reports.
    #[arg(long)]
    ca_file: Option<PathBuf>,
    /// Address that answers as long as our own network works (repeatable; `none` for none). By default well-known ones.
    #[arg(long = "witness", value_name = "URL")]
    witnesses: Vec<String>,
    /// Most that may wait on disk for the service, in MiB; what is older goes first.
    #[arg(long, value_name = "MIB", default_value_t = 256)]
    spool_size: u64,
    /// How long an observation may wait for the service.
    #[arg(long, value_name = "SPAN", default_value = "7d", value_parser = humantime::parse_duration)]
    spool_age: Duration,
}

#[derive(Args)]
pub(super) struct Arguments {
    /// The service.
    #[arg(long, value_name = "URL", env = "LAUNCHWATCH_URL")]
    join: Url,
    /// Folder for what must outlive this process.
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// Where health and metrics are shown, such as `0.0.0.0:8481`; by default nowhere.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// How long running probes may go on after a stop signal, the last report included.
    #[arg(long, value_name = "SPAN", value_parser = humantime::parse_duration)]
    grace: Option<Duration>,
    #[command(flatten)]
    common: Common,
}

/// A command line that cannot be meant.
#[derive(Debug)]
pub(super) struct Misconfigured(pub(super) String);

impl Misconfigured {
    pub(super) fn told(&self) -> ExitCode {
        eprintln!("launchwatch: {}", self.0);
        ExitCode::from(MISCONFIGURED)
    }
}

impl Common {
    /// The token, or where it is.
    pub(super) fn bearer(&self) -> Result<Bearer, Misconfigured> {
        if let Some(file) = &self.token_file {
            return Ok(Bearer::File(file.clone()));
        }
        match std::env::var(TOKEN) {
            Ok(token) if !token.trim().is_empty() => Ok(Bearer::Given(token.trim().to_owned().into())),
            _ => Err(Misconfigured(format!(
                "no token: name the file it is in with --token-file, or set {TOKEN}; `launchwatch token add --agent \
                 NAME` on the service makes one"
            ))),
        }
    }

    /// How we behave: as the configuration says, if there is one, then as the command line says.
    pub(super) fn house(&self, own: Option<&Config>) -> Result<House, Misconfigured> {
        let mut house = own.map_or_else(House::default, |own| House::of(&own.service));
        if !self.witnesses.is_empty() {
            let read = |url: &String| {
                let wrong = |e| Misconfigured(format!("--witness {url} is not an address: {e}"));
                url.parse::<Url>().map_err(wrong)
            };
            let named = self.witnesses.iter().filter(|url| *url != "none");
            house.witnesses = named.map(read).collect::<Result<_, _>>()?;
        }
        Ok(house)
    }

    /// The doors to the outside.
    pub(super) fn edges(&self, own: Option<&Config>) -> anyhow::Result<Edges> {
        let theirs = own.and_then(|own| own.service.ca_file.as_deref());
        world::edges(self.ca_file.as_deref().or(theirs))
    }

    /// How much may wait.
    pub(super) fn bounds(&self) -> Bounds {
        Bounds { bytes: self.spool_size.saturating_mul(1 << 20), age: self.spool_age }
    }

    /// The name of this place.
    pub(super) fn location(&self) -> Option<Arc<str>> {
        self.location.as_deref().map(Into::into)
    }
}

/// The place for debts and what waits, held for us alone.
pub(super) fn state(folder: &Path, edges: &Edges) -> anyhow::Result<SqliteStore> {
    let store = SqliteStore::open(folder, Retention::default())
        .with_context(|| format!("cannot use the folder {}", folder.display()))?;
    let clock = edges.clock.clone();
    Ok(store.with_clock(move || clock.now()))
}

pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let common = &arguments.common;
    let own = match common.config.as_deref().map(world::configuration).transpose() {
        Ok(own) => own,
        Err(code) => return Ok(code),
    };
    let (bearer, mut house) = match (common.bearer(), common.house(own.as_ref())) {
        (Ok(bearer), Ok(house)) => (bearer, house),
        (Err(wrong), _) | (_, Err(wrong)) => return Ok(wrong.told()),
    };
    house.grace = arguments.grace.unwrap_or(house.grace);
    let edges = common.edges(own.as_ref())?;
    let store = Arc::new(state(&arguments.state, &edges)?);
    let spool = Spool::open(&arguments.state.join("spool"), common.bounds())?;
    let client = Client::new(Arc::clone(&edges.net), arguments.join.clone(), bearer, edges.clock.clone());
    let listener = match arguments.listen {
        Some(address) => {
            let listener =
                TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
            tracing::info!("health and metrics at http://{}/", listener.local_addr()?);
            Some(listener)
        }
        None => None,
    };
    let (state, location) = (arguments.state.clone(), common.location());
    let setup = Setup { edges, store, spool, client, state, location, own, house, listener };
    let agent = Agent::new(setup)?;
    tracing::info!("an agent of {}", arguments.join);
    serve::stop_on_signal(&agent.tasks());
    agent.run().await?;
    Ok(ExitCode::SUCCESS)
}
