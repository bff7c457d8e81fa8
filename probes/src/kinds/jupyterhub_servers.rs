//! `jupyterhub-servers`: whether a Hub answers, and what it believes of its servers.

mod waits;

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{ACCEPT, USER_AGENT};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::Instant;
use url::Url;

use self::waits::Waits;
use super::jupyterhub_launch::api_root;
use crate::hub::{Listing, Pending, Span, Trouble, Users};
use crate::net::{NetFault, Request};
use crate::{Cadence, Cx, Kind, NetError, Outcome, Probe, Reason, Refused, Spec, Stage, exchange};

pub(super) const KIND: Kind = Kind::of::<Settings>(
    "jupyterhub-servers",
    "Asks a JupyterHub for its health and for all its servers: how many are ready, starting and stopping.",
    &[Stage::Resolve, Stage::Connect, Stage::Tls, Stage::FirstByte, Stage::Body, Stage::Query],
    Cadence { every: Duration::from_secs(30), deadline: Duration::from_secs(20) },
    "api_token: env:JUPYTERHUB_TOKEN\n",
)
.measuring(&[
    "hub_latency_seconds",
    "list_seconds",
    "users_total",
    "servers_active",
    "servers_ready",
    "pending_spawn",
    "pending_stop",
    "pending_spawn_oldest_seconds",
    "pending_stop_oldest_seconds",
]);

/// Bound on the health page, which is empty.
const LARGEST: usize = 64 << 10;

/// Settings of `jupyterhub-servers`.
///
/// The token is best that of a service of the Hub's own configuration whose role has the scopes `list:users` and
/// `read:servers`. What users chose for their servers, and the tokens in it, is never kept.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// A token of the Hub with the scopes named above.
    #[schemars(with = "String", extend("format" = "secret"))]
    api_token: SecretString,
    /// Where the Hub is, when it is not where the target is: for a target that is a BinderHub, or for an address
    /// inside the cluster such as `http://hub:8081`.
    #[serde(default)]
    hub_url: Option<String>,
    /// Degraded (`slow`) when health and list together take longer. Left out: no limit.
    #[serde(default)]
    slow_after: Option<Span>,
}

impl Spec for Settings {
    type Probe = Servers;

    fn build(self, target: &Url) -> Result<Servers, Vec<Refused>> {
        Ok(Servers {
            api: hub_api(self.hub_url.as_deref(), target)?,
            api_token: self.api_token,
            slow_after: self.slow_after.map(|s| s.0),
            waits: Mutex::default(),
        })
    }
}

/// Root of the Hub's API: of `hub_url` where it is written, else of the target.
///
/// # Errors
/// It is not an address that can be asked.
pub(super) fn hub_api(hub_url: Option<&str>, target: &Url) -> Result<String, Vec<Refused>> {
    let hint = "write the address under which `hub/api` is found, such as https://hub.example.org/";
    let url = match hub_url {
        Some(text) => {
            Url::parse(text).map_err(|e| vec![Refused::new("hub_url", format!("{text:?}: {e}"), hint)])?
        }
        None => target.clone(),
    };
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        let path = if hub_url.is_some() { "hub_url" } else { "" };
        return Err(vec![Refused::new(path, "a Hub has an http or https URL", hint)]);
    }
    Ok(api_root(&url))
}

/// A probe that reads the books of one Hub.
#[derive(Debug)]
pub(crate) struct Servers {
    /// Root of the API with its trailing slash.
    api: String,
    api_token: SecretString,
    slow_after: Option<Duration>,
    /// The Hub does not say since when a server stops.
    waits: Mutex<Waits>,
}

#[async_trait]
impl Probe for Servers {
    async fn run(&self, cx: &mut Cx) -> Outcome {
        cx.hide(self.api_token.expose_secret());
        if let Some(outcome) = self.health(cx).await {
            return outcome;
        }
        cx.stage(Stage::Query);
        let listed = self.list(cx).await;
        match (listed, self.slow_after) {
            (Err(trouble), _) => trouble.into_outcome(cx),
            (Ok(()), Some(limit)) if cx.elapsed() > limit => {
                let (took, limit) = (cx.elapsed().as_secs_f64(), limit.as_secs_f64());
                cx.degraded(Reason::Slow, format!("the Hub took {took:.1} s, longer than {limit:.1} s"))
            }
            (Ok(()), _) => cx.passed(),
        }
    }
}

impl Servers {
    /// The health page, which asks neither for a token nor for the database. `None`: all is well.
    async fn health(&self, cx: &mut Cx) -> Option<Outcome> {
        let began = Instant::now();
        let status = match self.ask_health(cx).await {
            Ok(status) => status,
            Err(error) => return Some(exchange::failed(cx, &error)),
        };
        cx.measure("hub_latency_seconds", began.elapsed().as_secs_f64());
        let what = format!("the Hub's health was answered {status}");
        Some(match status {
            200..=299 => return None,
            401 | 403 => {
                cx.unknown(Reason::ProbeAuth, format!("{what}: something before the Hub refuses us"))
            }
            429 => cx.unknown(Reason::RateLimited, what),
            500..=599 => cx.failed(Reason::HubUnavailable, what),
            _ => cx.failed(Reason::HttpStatus, format!("{what}: is the Hub at {}?", self.api)),
        })
    }

    async fn ask_health(&self, cx: &mut Cx) -> Result<u16, NetError> {
        let url = format!("{}health", self.api);
        let request: Request = http::Request::get(&url)
            .header(ACCEPT, "*/*")
            .header(USER_AGENT, cx.user_agent())
            .body(Bytes::new())
            .map_err(|e| NetError::new(NetFault::Local, format!("cannot ask for {url}: {e}")))?;
        let answer = exchange::send(cx, request).await?;
        cx.stage(Stage::Body);
        let status = answer.status.as_u16();
        answer.read(LARGEST).await.map(|_| status)
    }

    async fn list(&self, cx: &mut Cx) -> Result<(), Trouble> {
        let users = Users::new(cx, &self.api, self.api_token.clone())?;
        let began = Instant::now();
        let listing = users.servers().await?;
        cx.measure("list_seconds", began.elapsed().as_secs_f64());
        self.measure(cx, &listing);
        // A number for the curious: where it cannot be had, the list has told all that matters.
        match users.total().await {
            Ok(total) => cx.measure("users_total", total as f64),
            Err(trouble) => cx.line(&trouble.summary),
        }
        Ok(())
    }

    fn measure(&self, cx: &mut Cx, listing: &Listing) {
        let servers = &listing.servers;
        let ready = servers.iter().filter(|s| s.ready).count();
        cx.measure("servers_active", servers.len() as f64);
        cx.measure("servers_ready", ready as f64);
        let now = cx.now() + cx.elapsed();
        let mut waits = self.waits.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        waits.see(servers, now);
        for (name, pending) in [("pending_spawn", Pending::Spawn), ("pending_stop", Pending::Stop)] {
            let count = servers.iter().filter(|s| s.pending == pending).count();
            cx.measure(name, count as f64);
            cx.measure(format!("{name}_oldest_seconds"), waits.oldest(servers, pending, now));
        }
    }
}

#[cfg(test)]
mod tests;
