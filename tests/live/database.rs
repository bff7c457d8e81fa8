//! The database is gone for a while in the middle of an incident: probing goes on, every run is kept when it is back,
//! the incident keeps its id, and people hear of everything once.

mod server;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use jiff::Timestamp;
use launchwatch::observation::ProbeId;
use launchwatch::store::{PgOptions, PgStore, Retention, RunQuery, SealKey, Store};
use tokio::time::Instant;

use self::server::Database;
use crate::kit::chat::{Sink, listen};
use crate::kit::service::{Home, Serve};
use crate::kit::stage::now;
use crate::kit::wait::{so, until};

/// Seconds that the database is gone without `LAUNCHWATCH_DATABASE_DOWN`; people who are told straight from memory after
/// half a minute would show.
const DOWN: u64 = 45;
/// Probes that only make work: with the two that tell, 1,260 runs a minute.
const MANY: usize = 17;
const SEAL: &str = "a sentence of at least thirty-two characters";

/// Pages that work or do not, and how often they were asked for.
#[derive(Clone, Default)]
struct Pages {
    broken: Arc<[AtomicBool; 2]>,
    asked: Arc<AtomicU64>,
}

impl Pages {
    async fn start(&self) -> String {
        let pages = self.clone();
        let answer = async move |Path(name): Path<String>| {
            pages.asked.fetch_add(1, Ordering::SeqCst);
            let which = ["first", "second"].iter().position(|n| *n == name);
            let broken = which.is_some_and(|at| pages.broken[at].load(Ordering::SeqCst));
            if broken { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
        };
        listen(Router::new().route("/{name}", get(answer))).await
    }

    fn break_it(&self, which: usize, broken: bool) {
        self.broken[which].store(broken, Ordering::SeqCst);
    }
}

fn configuration(root: &str) -> String {
    let mut many = String::new();
    for n in 0..MANY {
        many += &format!("      - {{ type: http, name: p{n}, every: 1s, deadline: 900ms }}\n");
    }
    let target = |name: &str| {
        format!(
            "  - name: {name}\n    url: {root}{name}\n    probes:\n      - {{ type: http, name: page, every: 500ms, deadline: 400ms, confirm_after: 100ms }}\n"
        )
    };
    format!(
        r#"version: 1
service:
  listen: "127.0.0.1:0"
  state: state
  public_url: "http://watch.example/"
  store: env:STORE
  seal: env:SEAL
  lease: 3s
  grace: 3s
  witnesses: []
targets:
{}{}  - name: many
    url: {root}many
    probes:
{many}channels:
  - {{ type: webhook, name: keyed, url: "env:HOOK", per_minute: 600 }}
rules:
  - {{ name: success-zero, failures: 2 }}
"#,
        target("first"),
        target("second")
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_gone_in_mid_incident_costs_no_run_and_no_message() {
    let Some(mut database) = Database::start() else { return };
    let down = std::env::var("LAUNCHWATCH_DATABASE_DOWN").ok().and_then(|s| s.parse().ok()).unwrap_or(DOWN);
    let (pages, sink) = (Pages::default(), Sink::start().await);
    let root = pages.start().await;
    let secrets = [("STORE", database.url.as_str()), ("SEAL", SEAL), ("HOOK", sink.url.as_str())];
    let home = Home::new(&configuration(&root), &secrets);
    let serve = home.serve().await;
    let from = until("every probe to have run", 60, async || all_well(&serve).await).await;

    pages.break_it(0, true);
    until("people to hear of the first", 60, async || told(&sink, "first", &["opened"])).await;
    let (known, calm) = (incident(&serve, "first").await.expect("an incident"), memory(&serve));
    database.stop();
    let (gone, asked) = (Instant::now(), pages.asked.load(Ordering::SeqCst));
    let peak = outage(&serve, &pages, Duration::from_secs(down)).await;
    let runs = pages.asked.load(Ordering::SeqCst) - asked;
    let while_down = sink.posts().into_iter().filter(|p| p.body["kind"] != "opened").count();

    let back = now();
    database.start_again();
    let gone = gone.elapsed();
    let store = until("the database to be reached", 30, async || open(&database.url).await).await;
    let returned = Instant::now();
    until("what was found meanwhile to be written", 90, async || {
        let newest = store.last_slots().await.map_err(|e| e.to_string())?;
        so(!newest.is_empty() && newest.values().all(|slot| *slot >= back), newest)
    })
    .await;
    let caught_up = returned.elapsed();
    until("the end of the first, and the beginning of the second", 60, async || {
        told(&sink, "first", &["opened", "resolved"]).and(told(&sink, "second", &["opened"]))
    })
    .await;
    pages.break_it(1, false);
    until("the end of the second", 60, async || told(&sink, "second", &["opened", "resolved"])).await;
    let end = now();
    assert_eq!(serve.stop(30).await, Some(0));

    let (kept, missed) = no_gap(&store, from, end).await;
    let incidents = store.incidents(99).await.expect("incidents");
    let of = |target: &str| incidents.iter().filter(|i| i.target == target).collect::<Vec<_>>();
    let ([first], [second]) = (&of("first")[..], &of("second")[..]) else { panic!("{incidents:?}") };
    assert_eq!(first.id.0, known, "the incident keeps its id");
    for (id, name) in [(&first.id.0, "first"), (&second.id.0, "second")] {
        assert_eq!(
            counts(&sink, id),
            [("opened", 1), ("resolved", 1)].map(|(k, n)| (k.to_owned(), n)).into(),
            "{name}"
        );
    }
    let now_kib = peak.max(calm);
    eprintln!(
        "gone for {:.0} s: {runs} looks meanwhile, {while_down} messages; caught up {:.2} s after; {kept} slots kept, {missed} of them missed; memory {calm} kB before, {now_kib} kB at most",
        gone.as_secs_f64(),
        caught_up.as_secs_f64()
    );
    assert!(missed * 20 < kept, "{missed} of {kept} runs were missed");
}

/// Holds that every slot between these moments has its run; how many there are, and how many of them were missed.
async fn no_gap(store: &PgStore, from: Timestamp, end: Timestamp) -> (usize, usize) {
    let query =
        |probe: &ProbeId| RunQuery { probe: Some(probe.clone()), limit: 100_000, ..RunQuery::default() };
    let (mut kept, mut missed) = (0, 0);
    for probe in store.last_slots().await.expect("slots").into_keys() {
        let every = if probe.as_str().starts_with("many/") { 1_000 } else { 500 };
        let mut runs = store.runs(&query(&probe)).await.expect("runs");
        runs.retain(|run| run.slot >= from && run.slot < end && !run.confirms);
        runs.sort_by_key(|run| run.slot);
        for pair in runs.windows(2) {
            let gap = pair[1].slot.duration_since(pair[0].slot).as_millis();
            assert_eq!(gap, every, "{probe}: no run between {} and {}", pair[0].slot, pair[1].slot);
        }
        let of_time = end.duration_since(from).as_millis() / every;
        assert!(runs.len() as i128 >= of_time - 3, "{probe}: {} of {of_time} runs", runs.len());
        missed +=
            runs.iter().filter(|r| r.outcome.reason == Some(launchwatch_probes::Reason::Missed)).count();
        kept += runs.len();
    }
    (kept, missed)
}

/// The first is well again after a third of the time, the second breaks after another. Probing goes on all the time.
async fn outage(serve: &Serve, pages: &Pages, down: Duration) -> u64 {
    let (began, mut peak) = (Instant::now(), 0);
    let mut before = pages.asked.load(Ordering::SeqCst);
    while began.elapsed() < down {
        tokio::time::sleep(Duration::from_secs(5).min(down.saturating_sub(began.elapsed()))).await;
        let asked = pages.asked.load(Ordering::SeqCst);
        assert!(asked > before, "nobody looks any more after {:?}", began.elapsed());
        before = asked;
        peak = peak.max(memory(serve));
        pages.break_it(0, began.elapsed() < down / 3);
        pages.break_it(1, began.elapsed() > down * 2 / 3);
        serve.status().await.expect("pages say how it stands");
    }
    peak
}

async fn all_well(serve: &Serve) -> Result<Timestamp, String> {
    let status = serve.status().await?;
    let targets = status["targets"].as_array().cloned().unwrap_or_default();
    let probes: Vec<_> =
        targets.iter().flat_map(|t| t["probes"].as_array().cloned().unwrap_or_default()).collect();
    so(probes.len() == MANY + 2 && probes.iter().all(|p| p["verdict"] == "passed"), &status)?;
    Ok(now() + Duration::from_secs(1))
}

async fn incident(serve: &Serve, target: &str) -> Option<String> {
    let status = serve.status().await.ok()?;
    let target = status["targets"].as_array()?.iter().find(|t| t["name"] == target)?.clone();
    target["incident"].as_str().or_else(|| target["incident"]["id"].as_str()).map(str::to_owned)
}

async fn open(url: &str) -> Result<PgStore, String> {
    let key = SealKey::of(&SEAL.into()).expect("a key");
    let options = PgOptions { retention: Retention::default(), key, ca_file: None };
    PgStore::open(&url.into(), options).await.map_err(|e| e.to_string())
}

/// Whether exactly these kinds were told of a target so far.
fn told(sink: &Sink, target: &str, kinds: &[&str]) -> Result<(), String> {
    let about = |p: &crate::kit::chat::Post| {
        p.body["incident"].as_str().is_some_and(|id| id.starts_with(&format!("{target}-")))
    };
    let of = |kind: &&str| sink.of_kind(kind).iter().any(about);
    so(kinds.iter().all(of), sink.posts().iter().map(|p| p.body["title"].to_string()).collect::<Vec<_>>())
}

/// How often each kind was told of an incident.
fn counts(sink: &Sink, id: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for post in sink.posts().into_iter().filter(|p| p.body["incident"] == id) {
        *counts.entry(post.body["kind"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    counts
}

/// What the process holds, in kB.
fn memory(serve: &Serve) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", serve.pid())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|kib| kib.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
