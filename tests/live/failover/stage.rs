//! The stage: a target that can be broken, two channels that keep all they are told, one database, and the replicas.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{get, post};

use super::cable::Cable;
use crate::kit::chat::{Post, Sink, listen};
use crate::kit::service::{Home, Serve};
use crate::kit::stage::spawn;
use crate::kit::wait::until;

/// What seals, the same for all.
const SEAL: &str = "a sentence of at least thirty-two characters";

/// Pages, one a round (one that breaks again and again counts as flapping), of which one may be broken.
#[derive(Clone, Default)]
pub(super) struct Target(Arc<AtomicU32>);

impl Target {
    /// Breaks the page of a round.
    pub(super) fn break_it(&self, round: u32) {
        self.0.store(round + 1, Ordering::SeqCst);
    }

    pub(super) fn mend(&self) {
        self.0.store(0, Ordering::SeqCst);
    }
}

/// A chat that knows no keys: what comes twice is shown twice.
#[derive(Clone, Default)]
struct Chat(Arc<Mutex<Vec<String>>>);

/// All that was told so far, or since.
#[derive(Debug, Clone)]
pub(super) struct Told {
    with_keys: Vec<Post>,
    without: Vec<String>,
}

struct Replica {
    /// Before its folder, with its log, goes.
    serve: Option<Serve>,
    home: Home,
    cable: Cable,
}

/// All of it.
pub(super) struct House {
    pub(super) target: Target,
    sink: Sink,
    chat: Chat,
    replicas: Vec<Replica>,
    database: tokio_postgres::Client,
}

impl House {
    /// With so many replicas, for so many rounds; `None` where no PostgreSQL is named.
    pub(super) async fn start(count: usize, rounds: u32) -> Option<Self> {
        let Ok(base) = std::env::var("LAUNCHWATCH_TEST_POSTGRES") else {
            assert!(
                std::env::var_os("LAUNCHWATCH_TEST_POSTGRES_REQUIRED").is_none(),
                "no PostgreSQL is named"
            );
            eprintln!("skipped: LAUNCHWATCH_TEST_POSTGRES names no server");
            return None;
        };
        let name = format!("failover_{}", std::process::id());
        let (admin, connection) =
            tokio_postgres::connect(&base, tokio_postgres::NoTls).await.expect("the server answers");
        spawn(async move { drop(connection.await) });
        admin.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a database can be made");
        let mut address = url::Url::parse(&base).expect("an address");
        address.set_path(&name);
        let (database, connection) =
            tokio_postgres::connect(address.as_str(), tokio_postgres::NoTls).await.expect("and be reached");
        spawn(async move { drop(connection.await) });

        let (target, chat) = (Target::default(), Chat::default());
        let page = target.clone();
        let answer = move |Path(round): Path<u32>| {
            let broken = page.0.load(Ordering::SeqCst) == round + 1;
            async move { if broken { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK } }
        };
        let root = listen(Router::new().route("/{round}", get(answer))).await;
        let keeps = chat.clone();
        let take = move |body: Bytes| {
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
            let text = body["text"].as_str().unwrap_or_default().to_owned();
            keeps.0.lock().unwrap_or_else(PoisonError::into_inner).push(text);
            async { "ok" }
        };
        let hooks = listen(Router::new().route("/hooks/{key}", post(take))).await;
        let sink = Sink::start().await;

        let server = format!("{}:{}", address.host_str().expect("a host"), address.port().unwrap_or(5432));
        let mut replicas = Vec::new();
        for _ in 0..count {
            let cable = Cable::to(&server).await;
            let mut by_cable = address.clone();
            by_cable.set_port(Some(cable.port)).expect("a port");
            let chat = format!("{hooks}hooks/a-key-of-a-hook-of-a-chat");
            let secrets = [
                ("STORE", by_cable.as_str()),
                ("SEAL", SEAL),
                ("HOOK", sink.url.as_str()),
                ("CHAT", chat.as_str()),
            ];
            let home = Home::new(&configuration(&root, rounds), &secrets);
            let serve = Some(home.serve().await);
            replicas.push(Replica { home, serve, cable });
        }
        Some(Self { target, sink, chat, replicas, database })
    }

    /// What a replica says of itself.
    pub(super) async fn stand(&self, who: usize) -> Result<String, String> {
        match &self.replicas[who].serve {
            Some(serve) => {
                let asked =
                    tokio::time::timeout(std::time::Duration::from_secs(2), serve.get("readyz")).await;
                asked.map_err(|_| "no answer".to_owned())?
            }
            None => Err("it is not there".into()),
        }
    }

    /// Those who say that they lead, and hold the lease.
    pub(super) async fn leaders(&self) -> Vec<usize> {
        let held = "SELECT holder FROM lease WHERE name = 'heartbeat' AND until > clock_timestamp()";
        let row = self.database.query_opt(held, &[]).await.expect("the database answers");
        let Some(holder) = row.map(|row| row.get::<_, String>(0)) else { return Vec::new() };
        let mut leaders = Vec::new();
        for who in 0..self.replicas.len() {
            if self.stand(who).await.is_ok_and(|said| said.contains(&format!("{holder} leads"))) {
                leaders.push(who);
            }
        }
        leaders
    }

    /// The one who leads, when the others follow and nothing is wrong.
    pub(super) async fn leader(&self, bound: u64) -> usize {
        until("one to lead, and the others to follow", bound, async || {
            let mut leader = Err("nobody leads".to_owned());
            for who in 0..self.replicas.len() {
                let said = self.stand(who).await?;
                if said.contains(" leads") {
                    leader = Ok(who);
                } else if !said.contains(" follows ") {
                    return Err(said);
                }
            }
            let leader = leader?;
            let status = self.replicas[leader].serve.as_ref().ok_or("gone")?.status().await?;
            let works = |target: &serde_json::Value| {
                target["incident"].is_null() && target["probes"][0]["verdict"] == "passed"
            };
            let targets = status["targets"].as_array().ok_or("no targets")?;
            match targets.iter().find(|target| !works(target)) {
                None => Ok(leader),
                Some(bad) => Err(format!("{} {}", bad["name"], bad["standing"])),
            }
        })
        .await
    }

    pub(super) fn cable(&self, who: usize) -> &Cable {
        &self.replicas[who].cable
    }

    pub(super) fn kill(&mut self, who: usize) {
        self.replicas[who].serve.take().expect("it runs").kill();
    }

    pub(super) async fn revive(&mut self, who: usize) {
        let replica = &mut self.replicas[who];
        replica.serve = Some(replica.home.serve().await);
    }

    pub(super) fn signal(&self, who: usize, signal: &str) {
        let pid = self.replicas[who].serve.as_ref().expect("it runs").pid().to_string();
        let sent = std::process::Command::new("kill").args([&format!("-{signal}"), &pid]).status();
        assert!(sent.is_ok_and(|s| s.success()), "it cannot be sent {signal}");
    }

    /// Ids of all incidents there ever were.
    pub(super) async fn incidents(&self) -> Vec<String> {
        let rows = self.database.query("SELECT id FROM incident ORDER BY id", &[]).await.expect("incidents");
        rows.iter().map(|row| row.get(0)).collect()
    }

    pub(super) async fn is_over(&self, id: &str) -> bool {
        let resolved = "SELECT count(*) FROM incident WHERE id = $1 AND resolved_at IS NOT NULL";
        let row = self.database.query_one(resolved, &[&id]).await.expect("incidents");
        row.get::<_, i64>(0) == 1
    }

    pub(super) fn told(&self) -> Told {
        let without = self.chat.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Told { with_keys: self.sink.posts(), without }
    }
}

impl Told {
    pub(super) fn since(&self, before: &Self) -> Self {
        let (with_keys, without) = (before.with_keys.len(), before.without.len());
        Self { with_keys: self.with_keys[with_keys..].to_vec(), without: self.without[without..].to_vec() }
    }

    fn keys(&self, kind: &str) -> BTreeSet<&str> {
        self.with_keys.iter().filter(|p| p.body["kind"] == kind).map(|p| p.key.as_str()).collect()
    }

    /// Whether both channels were told that it began and that it is over (or, in one message, both).
    pub(super) fn is_whole(&self, id: &str) -> bool {
        let of = |p: &&Post| p.body["incident"] == id;
        let with: BTreeSet<_> =
            self.with_keys.iter().filter(of).map(|p| p.body["kind"].to_string()).collect();
        with.contains("\"resolved\"") && self.without.iter().any(|text| text.contains(id) && is_end(text))
    }

    /// Incidents that were told of.
    pub(super) fn incidents(&self) -> Vec<String> {
        let ids: BTreeSet<_> =
            self.with_keys.iter().filter_map(|p| p.body["incident"].as_str().map(str::to_owned)).collect();
        ids.into_iter().collect()
    }

    /// The same news under more than one key: a receiver that knows keys shows them twice.
    pub(super) fn under_two_keys(&self) -> usize {
        ["opened", "resolved"].iter().map(|kind| self.keys(kind).len().saturating_sub(1)).sum()
    }

    /// Messages that a receiver without keys shows a second time.
    pub(super) fn twice(&self) -> usize {
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        self.without.iter().for_each(|text| *times.entry(text.as_str()).or_default() += 1);
        times.values().map(|n| n - 1).sum()
    }
}

fn is_end(text: &str) -> bool {
    let text = text.to_lowercase();
    text.contains("over") || text.contains("resolved") || text.contains("works again")
}

fn configuration(root: &str, rounds: u32) -> String {
    let page = |round: u32| {
        format!(
            "  - {{ name: page-{round}, url: \"{root}{round}\", probes: [{{ type: http, name: page, every: 1s, deadline: 800ms, confirm_after: 100ms }}] }}\n"
        )
    };
    let targets: String = (0..rounds).map(page).collect();
    format!(
        r#"version: 1
service:
  listen: "127.0.0.1:0"
  state: state
  public_url: "http://watch.example/"
  store: env:STORE
  seal: env:SEAL
  lease: 2s
  grace: 3s
  witnesses: []
targets:
{targets}channels:
  - {{ type: webhook, name: keyed, url: "env:HOOK", per_minute: 600 }}
  - {{ type: mattermost, name: keyless, webhook_url: "env:CHAT", per_minute: 600 }}
rules:
  - {{ name: success-zero, failures: 2 }}
"#
    )
}
