//! The books of a real JupyterHub, read page by page: all servers, and nothing when the Hub or the token is at fault.

use std::time::Duration;

use serde_json::Value;

use crate::kit::launcher::{Env, Server};
use crate::kit::service::Home;
use crate::kit::stage::{self, Place};
use crate::kit::wait::{so, until};

/// Servers whose start hangs before there is a process: more than two pages of them.
const STARTING: usize = 55;
const PAGE: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_servers_of_a_real_hub_are_counted_over_several_pages() {
    let _place = Place::take().await;
    let work = tempfile::tempdir().expect("a folder");
    let settings = [("LIVE_PAGE_LIMIT", "20"), ("LIVE_START_TIMEOUT", "900"), ("LIVE_HTTP_TIMEOUT", "60")];
    let env: Env = settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let proxy = Server::start("proxy", work.path(), &env).await;
    let mut hub = Server::start("hub", work.path(), &proxy.env).await;
    let books =
        Books { client: stage::client(), api: format!("{}api/", hub.fact("hub_url")), token: token(&hub) };

    for n in 0..STARTING {
        books.start(&format!("fault-unschedulable-{n}")).await;
    }
    books.start("someone").await;
    books.start("fault-slow-stop-120").await;
    books.add("idle").await;
    until("two servers to be ready", 120, async || {
        let ready =
            books.list(true).await?.iter().filter(|user| user["servers"][""]["ready"] == true).count();
        so(ready == 2, ready)
    })
    .await;
    books.stop("fault-slow-stop-120").await;
    let cut = books.list(false).await.expect("the Hub lists its users").len();
    assert_eq!(cut, PAGE, "who does not ask for pages gets one and no word about it");

    let home = Home::new(
        &configuration(hub.fact("url")),
        &[("WATCH_TOKEN", hub.env("LIVE_WATCH_TOKEN")), ("NO_TOKEN", "0123456789abcdef0123456789abcdef")],
    );
    let (run, took) = home.probe("watched").await;
    let outcome = &run["outcome"];
    assert_eq!(outcome["verdict"], "passed", "{run:#}");
    let numbers = [
        ("servers_active", STARTING + 2),
        ("servers_ready", 1),
        ("pending_spawn", STARTING),
        ("pending_stop", 1),
        ("users_total", STARTING + 3),
    ];
    for (name, expected) in numbers {
        assert_eq!(measured(outcome, name), Some(expected as f64), "{name}: {run:#}");
    }
    let oldest = measured(outcome, "pending_spawn_oldest_seconds").expect("a number");
    assert!((0.5..300.0).contains(&oldest), "the first start was asked for {oldest} s ago: {run:#}");
    let list = measured(outcome, "list_seconds").expect("a number");
    eprintln!("{} servers on pages of {PAGE} in {list:.3} s, the whole command {took:.1} s", STARTING + 2);

    let (run, _) = home.probe("stranger").await;
    assert_eq!(
        (&run["outcome"]["verdict"], &run["outcome"]["reason"]),
        (&"unknown".into(), &"probe_auth".into())
    );

    hub.kill().await;
    let (run, _) = home.probe("watched").await;
    assert_eq!(run["outcome"]["verdict"], "failed", "{run:#}");
    assert_eq!(run["outcome"]["reason"], "hub_unavailable", "the proxy answers for the Hub: {run:#}");
    let leaks = home.leaks([("the token", hub.env("LIVE_WATCH_TOKEN"))]);
    assert!(leaks.is_empty(), "secrets were written down in clear: {leaks:?}");
}

fn token(hub: &Server) -> String {
    hub.env("LIVE_HUB_TOKEN").to_owned()
}

fn measured(outcome: &Value, name: &str) -> Option<f64> {
    let all = outcome["measurements"].as_array()?;
    all.iter().find(|m| m["name"] == name)?["value"].as_f64()
}

fn configuration(hub: &str) -> String {
    format!(
        r#"version: 1
service: {{ listen: "127.0.0.1:0", witnesses: [] }}
targets:
  - name: hub
    url: {hub}
    probes:
      - {{ type: jupyterhub-servers, name: watched, api_token: "env:WATCH_TOKEN", every: 1h, deadline: 20s }}
      - {{ type: jupyterhub-servers, name: stranger, api_token: "env:NO_TOKEN", every: 1h, deadline: 20s }}
"#
    )
}

/// The Hub's API as an administrator uses it.
struct Books {
    client: reqwest::Client,
    api: String,
    token: String,
}

impl Books {
    async fn ask(&self, method: reqwest::Method, path: &str, accept: &str) -> Result<(u16, Value), String> {
        let request = self.client.request(method, format!("{}{path}", self.api));
        let request =
            request.header("authorization", format!("token {}", self.token)).header("accept", accept);
        // The Hub waits ten seconds for a server to stop before it says that it is slow.
        let answer = request.timeout(Duration::from_secs(60)).send().await.map_err(|e| e.to_string())?;
        let status = answer.status().as_u16();
        let text = answer.text().await.map_err(|e| e.to_string())?;
        Ok((status, serde_json::from_str(&text).unwrap_or_default()))
    }

    async fn tell(&self, method: reqwest::Method, path: &str) {
        let (status, said) = self.ask(method, path, "application/json").await.expect("the Hub answers");
        assert!((200..300).contains(&status), "{path}: {status} {said}");
    }

    async fn add(&self, user: &str) {
        self.tell(reqwest::Method::POST, &format!("users/{user}")).await;
    }

    async fn start(&self, user: &str) {
        self.add(user).await;
        self.tell(reqwest::Method::POST, &format!("users/{user}/server")).await;
    }

    async fn stop(&self, user: &str) {
        self.tell(reqwest::Method::DELETE, &format!("users/{user}/server")).await;
    }

    /// Users with a server. With `pages`, the last page alone: those who were started last.
    async fn list(&self, pages: bool) -> Result<Vec<Value>, String> {
        let (path, accept) = if pages {
            ("users?state=active&sort=-id", "application/jupyterhub-pagination+json")
        } else {
            ("users?state=active", "application/json")
        };
        let (_, said) = self.ask(reqwest::Method::GET, path, accept).await?;
        let items = if pages { &said["items"] } else { &said };
        items.as_array().cloned().ok_or_else(|| said.to_string())
    }
}
