//! A proxy, a JupyterHub and a BinderHub that belong together.

use std::collections::BTreeMap;

use serde_json::Value;
use tempfile::TempDir;

use super::launcher::{Env, Server};
use super::stage::{self, Place};
use super::wait::{so, until};

/// Short pauses and time-outs, so that failures come in seconds: see README.md for what each does.
const QUICK: &[(&str, &str)] = &[
    ("LIVE_LAUNCH_RETRIES", "2"),
    ("LIVE_RETRY_DELAY", "1"),
    ("LIVE_HUB_CALL_TIMEOUT", "4"),
    ("LIVE_POLL_INTERVAL", "1"),
    ("LIVE_ROUTE_CHECK", "2"),
];
/// How long the Hub waits for a server, in seconds: long enough for a machine that also compiles.
const PATIENT: u32 = 25;
/// The same where servers that never come are what is looked at.
const HASTY: u32 = 8;

/// The set. Fields are dropped in this order.
pub(crate) struct Hubs {
    pub(crate) binder: Server,
    pub(crate) hub: Server,
    pub(crate) proxy: Server,
    client: reqwest::Client,
    work: TempDir,
    _place: Place,
}

impl Hubs {
    /// Starts all three.
    pub(crate) async fn start() -> Self {
        Self::with_patience(PATIENT).await
    }

    /// Starts all three; the Hub soon gives a server up that does not come.
    pub(crate) async fn hasty() -> Self {
        Self::with_patience(HASTY).await
    }

    async fn with_patience(seconds: u32) -> Self {
        let place = Place::take().await;
        let work = tempfile::tempdir().expect("a folder");
        let mut quick: Env = QUICK.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        for name in ["LIVE_HTTP_TIMEOUT", "LIVE_START_TIMEOUT"] {
            quick.insert(name.to_owned(), seconds.to_string());
        }
        let proxy = Server::start("proxy", work.path(), &quick).await;
        let hub = Server::start("hub", work.path(), &proxy.env).await;
        let binder = Server::start("binderhub", work.path(), &hub.env).await;
        Self { binder, hub, proxy, client: stage::client(), work, _place: place }
    }

    /// A folder for more servers of the same test.
    pub(crate) fn work(&self) -> &std::path::Path {
        self.work.path()
    }

    pub(crate) fn binder_url(&self) -> &str {
        self.binder.fact("url")
    }

    /// The Hub as users reach it: through its proxy.
    pub(crate) fn hub_url(&self) -> &str {
        self.hub.fact("url")
    }

    pub(crate) fn hub_token(&self) -> &str {
        self.hub.env("LIVE_HUB_TOKEN")
    }

    /// The users the Hub knows; asked past the proxy.
    pub(crate) async fn users(&self) -> Result<Vec<Value>, String> {
        let url = format!("{}api/users", self.hub.fact("hub_url"));
        let request = self.client.get(url).header("authorization", format!("token {}", self.hub_token()));
        let answer = request.send().await.map_err(|e| e.to_string())?;
        let text = answer.text().await.map_err(|e| e.to_string())?;
        serde_json::from_str(&text).map_err(|e| format!("{e}: {text}"))
    }

    /// Names of the users that have a server, also one that is starting or stopping.
    pub(crate) async fn with_servers(&self) -> Result<Vec<String>, String> {
        let busy = |user: &Value| user["servers"].as_object().is_some_and(|servers| !servers.is_empty());
        let users = self.users().await?;
        Ok(users.iter().filter(|u| busy(u)).filter_map(|u| u["name"].as_str().map(str::to_owned)).collect())
    }

    /// User servers and kernels that run as processes, by `user:NAME` and `kernel:NAME`.
    pub(crate) async fn people(&mut self) -> BTreeMap<String, u64> {
        let list = self.hub.order("list").await;
        serde_json::from_value(list["people"].clone()).expect("names and process ids")
    }

    /// Waits until no server is left: neither in the Hub's books nor as a process.
    pub(crate) async fn nothing_is_left(&mut self, bound: u64) {
        until("the Hub to have no server any more", bound, async || {
            let left = self.with_servers().await?;
            so(left.is_empty(), &left)
        })
        .await;
        until("the last process of a user to end", bound, async || {
            let people = self.people().await;
            so(people.is_empty(), &people)
        })
        .await;
    }

    /// Does what a site's culler does: ends the servers that are up. `Ok` when there was one.
    pub(crate) async fn cull_if_ready(&self) -> Result<(), String> {
        let users = self.users().await?;
        let up = users
            .iter()
            .find(|user| user["servers"].as_object().into_iter().flatten().any(|(_, s)| s["ready"] == true));
        let user = up.and_then(|user| user["name"].as_str()).ok_or_else(|| format!("{users:?}"))?;
        let url = format!("{}api/users/{user}/server", self.hub.fact("hub_url"));
        let request = self.client.delete(url).header("authorization", format!("token {}", self.hub_token()));
        let status = request.send().await.map_err(|e| e.to_string())?.status();
        so(status.is_success(), status)
    }
}
