//! Pages over a board and a store that hold just what a test needs.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use jiff::{SignedDuration, Timestamp};
use launchwatch_probes::{Measurement, Outcome, Reason, Stage, StageTime, Verdict};
use tokio::time::Instant;
use tower::ServiceExt;

use crate::config::{self, Registries};
use crate::observation::{Observation, ProbeId};
use crate::pipeline::board::SharedBoard;
use crate::store::{Batch, Retention, SqliteStore, Store};
use crate::web::{Sources, Token, router, testing};

const TOKEN: &str = "a-token";
const CLUSTER: &str = r#"version: 1
targets:
  - name: binder
    url: https://binder.example/
    labels: { team: night-watch }
    probes:
      - { type: hub-drift, name: drift, api_token: env:T, namespace: binder }
      - { type: kubernetes, name: cluster, namespace: binder }
      - { type: jupyterhub-servers, name: servers, api_token: env:T }
      - { type: binder-launch, name: launch, spec: gh/a/b/c }
"#;

fn sources(text: &str, store: Arc<dyn Store>) -> Sources {
    let env = |_: &str| Some("secret-of-the-hub".to_owned());
    let config = config::load_text("t.yaml", text, Registries::BUILT_IN, &env);
    let config = config.unwrap_or_else(|problems| panic!("{}", config::told(&problems))).0;
    let token = Some(Token::new(&TOKEN.to_owned().into()));
    Sources { board: SharedBoard::new(&config), store, token, ..testing::sources() }
}

fn in_memory() -> Arc<SqliteStore> {
    Arc::new(SqliteStore::in_memory(Retention::default()).unwrap().at_once())
}

async fn get(sources: &Sources, path: &str) -> (u16, String) {
    let request = Request::get(path).header("authorization", format!("Bearer {TOKEN}"));
    let answer = router(sources.clone()).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let status = answer.status().as_u16();
    let body = axum::body::to_bytes(answer.into_body(), 10_000_000).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// A run that ended so many minutes ago.
fn run(sources: &Sources, probe: &str, minutes: i64, outcome: Outcome) -> Observation {
    let now: Timestamp = sources.clock.now();
    Observation {
        probe: ProbeId::new("binder", probe),
        location: "here".into(),
        slot: now - SignedDuration::from_mins(minutes) - SignedDuration::from_secs(5),
        lag: Duration::ZERO,
        confirms: false,
        outcome,
    }
}

fn looked(figures: &[(&str, f64)], facts: &[(&str, &str)]) -> Outcome {
    let mut outcome = Outcome::bare(Verdict::Passed, None, "");
    let took = Duration::from_millis(420);
    outcome.stages = vec![StageTime { stage: Stage::Query, start: Duration::ZERO, took }];
    let measured = figures.iter().map(|(name, value)| Measurement { name: (*name).into(), value: *value });
    outcome.measurements = measured.collect();
    outcome.facts = facts.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    outcome
}

async fn saw(sources: &Sources, seen: Vec<Observation>) {
    sources.board.write(|board| {
        board.alive_at = Some(sources.clock.now());
        board.committed_at = board.alive_at;
        seen.iter().for_each(|one| board.saw(one));
    });
    let batch = Batch { observations: seen, now: sources.clock.now(), ..Batch::default() };
    sources.store.record(batch).await.unwrap();
}

/// For whoever wants to look at it: `LOOKS_DIR` names a folder that pages are kept in.
fn keep(name: &str, page: &str) {
    if let Ok(folder) = std::env::var("LOOKS_DIR") {
        std::fs::write(format!("{folder}/{name}.html"), page).unwrap();
    }
}

/// Three hours of a cluster in which pods lose their servers, and one launch that failed on a node.
async fn cluster() -> Sources {
    let sources = sources(CLUSTER, in_memory());
    let mut seen = Vec::new();
    for minute in (0..180).rev() {
        let orphans = f64::from(u32::try_from((30 - minute).max(0)).unwrap());
        let drift = looked(
            &[
                ("drift_matched", 120.0 - orphans),
                ("drift_orphans", orphans),
                ("drift_stuck", 0.0),
                ("drift_ghosts", 0.0),
                ("drift_unreachable", 2.0),
                ("drift_waiting_room", 1.0),
            ],
            &[("drift_unreachable_on", "node-7 (2)")],
        );
        let pods = looked(
            &[
                ("user_pods", 118.0),
                ("user_pods_running", 110.0),
                ("user_pods_ready", 109.0),
                ("user_pods_pending", 8.0),
                ("user_pods_unknown", 2.0),
                ("user_pods_oldest_seconds", 20_000.0),
                ("build_pods", 3.0),
                ("build_pods_running", 3.0),
                ("build_pods_pending", 0.0),
                ("build_pods_failed", 1.0),
                ("placeholders_running", 5.0),
                ("placeholders_pending", 0.0),
                ("waiting_for_room", 1.0),
                ("nodes", 9.0),
                ("node_limit", 12.0),
                ("nodes_ready", 8.0),
                ("nodes_cordoned", 1.0),
                ("nodes_disk_pressure", 1.0),
                ("quota_pods_used", 118.0),
                ("quota_pods_hard", 200.0),
                ("component_hub_pods", 1.0),
                ("component_hub_ready", 1.0),
                ("component_hub_restarts", 3.0),
                ("component_hub_crashlooping", 1.0),
                ("component_hub_cpu_cores", 0.93),
                ("component_hub_memory_bytes", 512.0 * 1024.0 * 1024.0),
                ("component_proxy_pods", 2.0),
                ("component_proxy_ready", 2.0),
                ("component_proxy_restarts", 0.0),
                ("events_oom", 4.0),
            ],
            &[
                ("nodes_troubled", "node-7 (disk pressure)"),
                ("component_hub_reason", "CrashLoopBackOff"),
                ("events_oom_on", "node-7"),
                ("top_repo", "<img src=x onerror=alert(1)>"),
            ],
        );
        seen.push(run(&sources, "drift", minute, drift));
        seen.push(run(&sources, "cluster", minute, pods));
    }
    let mut failed = Outcome::bare(Verdict::Failed, Some(Reason::SpawnFailed), "gave up");
    failed.facts.insert("node".into(), "node-7".into());
    seen.push(run(&sources, "launch", 4, failed));
    saw(&sources, seen).await;
    sources
}

#[tokio::test]
async fn the_cluster_is_told_in_figures_with_their_age_and_course() {
    let sources = cluster().await;
    let (status, page) = get(&sources, "/cluster").await;
    assert_eq!(status, 200);
    for word in [
        "orphans: pods without a server</th><td class=\"number\"><strong>! 30</strong>",
        "drift_orphans, last 6 hours: now 30, at most 30",
        "Unreachable on: node-7 (2)",
        "In trouble: </strong>node-7 (disk pressure)",
        "<code>node-7</code></th><td class=\"number\">1</td>",
        "! crash loop",
        "CrashLoopBackOff",
        "512.0 MiB",
        "5 h 33 min",
        "looked <time",
        "&lt;img src=x",
        // This one has not looked at all.
        "has not looked yet",
        "servers in the Hub's books</th><td class=\"number\">unknown</td>",
    ] {
        assert!(page.contains(word), "{word} is not in {page}");
    }
    assert!(!page.contains("secret-of-the-hub") && page.len() < 120_000, "{} bytes", page.len());
    keep("cluster", &page);
    let (_, target) = get(&sources, "/targets/binder").await;
    assert!(target.contains("https://binder.example/") && target.contains("night-watch"), "{target}");
}

#[tokio::test]
async fn a_month_of_a_probe_is_told_by_hours_reasons_and_quantiles() {
    let sources = sources(CLUSTER, in_memory());
    let mut seen = Vec::new();
    for quarter in (0..30 * 96_i64).rev() {
        let mut outcome = looked(&[], &[]);
        outcome.stages[0].took = Duration::from_millis(6_000 + (quarter * 7_919 % 5_000).unsigned_abs());
        let reason = match quarter {
            800..820 => Some(Reason::SpawnFailed),
            q if q % 211 == 0 => Some(Reason::ALL[usize::try_from(q / 211).unwrap() % 9]),
            _ => None,
        };
        if reason.is_some() {
            (outcome.verdict, outcome.reason) = (Verdict::Failed, reason);
        }
        seen.push(run(&sources, "launch", quarter * 15, outcome));
    }
    for part in seen.chunks(500) {
        saw(&sources, part.to_vec()).await;
    }
    let (status, page) = get(&sources, "/probes/binder/launch?span=30d").await;
    assert_eq!(status, 200);
    for word in [
        "Success by hour (UTC), 30 days: 28",
        "spawn_failed: the Hub could not start the server, 2",
        "other reasons",
        "How long it took, 30 days: median",
        "of 4 runs failed",
        "before=2018-07-06T",
    ] {
        assert!(page.contains(word), "{word} is not in {page}");
    }
    assert!(page.len() < 80_000, "{} bytes", page.len());
    keep("month", &page);
    let (_, week) = get(&sources, "/probes/binder/launch?span=7d").await;
    keep("week", &week);
    assert!(week.contains("Success by hour (UTC), 7 days: 66"), "{week}");
}

#[tokio::test]
async fn a_source_that_fails_leaves_its_figures_unknown_with_what_they_were() {
    let sources = cluster().await;
    let blind = Outcome::bare(Verdict::Unknown, Some(Reason::ProbeAuth), "the cluster refuses the token");
    saw(
        &sources,
        vec![run(&sources, "drift", 0, blind.clone()), run(&sources, "cluster", 0, blind)]
            .into_iter()
            .map(|o| Observation { slot: o.slot + SignedDuration::from_secs(1), ..o })
            .collect(),
    )
    .await;
    let (_, page) = get(&sources, "/cluster").await;
    for word in ["unknown (30, 4 s ago)", "the cluster refuses the token", "<p>unknown</p>"] {
        assert!(page.contains(word), "{word} is not in {page}");
    }
    assert!(!page.contains("! 30"), "{page}");
}

#[tokio::test]
async fn without_its_store_a_page_shows_what_the_board_knows_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), Retention::default()).unwrap();
    let sources = sources(CLUSTER, Arc::new(store));
    let good = looked(&[], &[]);
    saw(&sources, vec![run(&sources, "launch", 1, good.clone()), run(&sources, "drift", 1, good)]).await;
    let slot = sources.board.read().probes[&ProbeId::new("binder", "launch")].slot.unwrap();
    let file = std::fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().path());
    let file = file.into_iter().find(|f| std::fs::read(f).unwrap().starts_with(b"SQLite format")).unwrap();
    let db = rusqlite::Connection::open(file).unwrap();
    db.execute_batch("DROP TABLE run; DROP TABLE block; DROP TABLE bucket; DROP TABLE incident;").unwrap();
    for (path, known) in
        [("/targets/binder", "passed"), ("/probes/binder/launch", "passed"), ("/cluster", "looked <time")]
    {
        let (status, page) = get(&sources, path).await;
        assert!(status == 200 && page.contains("The store does not answer"), "{path}: {page}");
        assert!(page.contains(known), "{path}: {page}");
    }
    let (status, page) = get(&sources, &sources.to_run(&ProbeId::new("binder", "launch"), slot)).await;
    assert!(status == 200 && page.contains("The store does not answer"), "{page}");
    let (_, overview) = get(&sources, "/overview").await;
    assert!(!overview.contains("The store"), "it needs none: {overview}");
}

#[tokio::test]
async fn two_hundred_probes_are_one_quick_page_of_bounded_size() {
    let mut text = "version: 1\ntargets:\n".to_owned();
    for target in 0..20 {
        text += &format!("  - name: binder-{target:02}\n    url: https://b{target}.example/\n    probes:\n");
        for probe in 0..10 {
            text += &format!("      - {{ type: http, name: p{probe} }}\n");
        }
    }
    let sources = sources(&text, in_memory());
    sources.board.write(|board| {
        for (n, state) in (0_i64..).zip(board.probes.values_mut()) {
            for cell in 0..72 {
                let verdict = if (cell + n) % 7 == 0 { Verdict::Failed } else { Verdict::Passed };
                state.count(sources.clock.now().as_second() - (71 - cell) * 300, verdict, 5);
            }
        }
    });
    let began = Instant::now();
    let (status, page) = get(&sources, "/overview").await;
    assert!(status == 200 && page.matches("<tr id=\"p-").count() == 200);
    // Without optimisation and beside other tests; a service needs a few milliseconds.
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert!(page.len() < 450_000, "{} bytes", page.len());
    let (_, few) = get(&sources, "/overview?q=binder-07+p3").await;
    assert_eq!(few.matches("<tr id=\"p-").count(), 1);
}

const PLACES: &str = r#"version: 1
agents: [{ name: frankfurt }, { name: oslo }]
targets:
  - name: binder
    url: https://binder.example/
    locations: [here, frankfurt, oslo]
    probes: [{ type: http, name: site }]
  - name: alone
    url: https://alone.example/
    locations: [oslo]
    probes: [{ type: http, name: site }]
"#;

/// Here it works, from frankfurt it fails, oslo has said nothing yet.
async fn places() -> Sources {
    let mut sources = sources(PLACES, in_memory());
    let (config, _) = config::load_text("t.yaml", PLACES, Registries::BUILT_IN, &|_| None).unwrap();
    sources.agents = crate::pipeline::agents::Agents::of(&config, sources.clock.now());
    let report = crate::wire::Report {
        version: "1.2.3<b>".into(),
        clock_ahead_ms: Some(-5_000),
        waiting: 7,
        ..crate::wire::Report::default()
    };
    sources.agents.heard_of("frankfurt", &report, sources.clock.now(), &sources.metrics);
    let fails = Outcome::bare(Verdict::Failed, Some(Reason::Timeout), "no answer");
    let there = run(&sources, "site@frankfurt", 0, fails);
    let there = Observation { location: "frankfurt".into(), ..there };
    let here = run(&sources, "site", 0, Outcome::bare(Verdict::Passed, None, ""));
    saw(&sources, vec![here, there]).await;
    sources
}

#[tokio::test]
async fn the_page_of_agents_says_how_each_stands() {
    let sources = places().await;
    let (status, page) = get(&sources, "/agents").await;
    keep("agents", &page);
    assert_eq!(status, 200);
    for words in [
        r#"<tr id="a-frankfurt">"#,
        "the clock of frankfurt is 5.0 s behind ours",
        "1.2.3&lt;b&gt;",
        r#"<td class="number" data-word="Waiting">7</td>"#,
        r#"<a href="/probes/binder/site%40frankfurt">binder/site</a>"#,
        r#"<span class="badge unknown">awaited</span>"#,
    ] {
        assert!(page.contains(words), "{words}\n{page}");
    }
    let none = get(&self::sources(CLUSTER, in_memory()), "/agents").await.1;
    assert!(none.contains("None is declared"), "{none}");
}

#[tokio::test]
async fn the_same_probe_from_several_places_is_told_apart_and_linked() {
    let sources = places().await;
    let (status, page) = get(&sources, "/probes/binder/site@frankfurt").await;
    keep("probe-elsewhere", &page);
    assert_eq!(status, 200);
    for words in [
        "<strong>frankfurt</strong>",
        r#"<a href="/probes/binder/site">here</a>"#,
        r#"<a href="/probes/binder/site%40oslo">oslo</a>"#,
        "Only frankfurt sees it: here does not. From oslo nothing is known just now.",
    ] {
        assert!(page.contains(words), "{words}\n{page}");
    }
    let (_, overview) = get(&sources, "/overview").await;
    for words in [
        r#"<a href="/probes/binder/site">site</a> from here "#,
        r#"<a href="/probes/binder/site%40frankfurt">site</a> from frankfurt "#,
        r#"<a href="/probes/alone/site%40oslo">site</a> from oslo "#,
    ] {
        assert!(overview.contains(words), "{words}\n{overview}");
    }
    let (_, run) = get(&sources, "/api/v1/runs?target=binder&probe=site@frankfurt").await;
    assert!(run.contains(r#""location":"frankfurt""#), "{run}");
}
