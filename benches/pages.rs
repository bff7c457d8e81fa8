//! What the public pages cost: `cargo bench --bench pages`. 40 targets with 5 probes each, 400 days on record.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench measures real time, and stops at the first surprise"
)]

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use jiff::Timestamp;
use launchwatch::app::App;
use launchwatch::clock::Clock;
use launchwatch::config::{self, Registries};
use launchwatch::dice::Dice;
use launchwatch::edges::Edges;
use launchwatch::edges::post::{PostSettings, RealPost};
use launchwatch::observation::{Observation, ProbeId};
use launchwatch::store::{Batch, Retention, SqliteStore, Store};
use launchwatch::web;
use launchwatch_probes::net::real::{NetSettings, RealNet};
use launchwatch_probes::{Outcome, Reason, Stage, StageTime, Verdict};
use tower::ServiceExt;

const TARGETS: usize = 40;
/// Days on record; `BENCH_DAYS` says otherwise, for a short look.
fn days() -> i64 {
    std::env::var("BENCH_DAYS").ok().and_then(|d| d.parse().ok()).unwrap_or(400)
}

const PROBES: [&str; 5] = ["cached", "fresh", "site", "health", "certificate"];
const STAGES: [(Stage, u64); 4] =
    [(Stage::Resolve, 3), (Stage::Launch, 5_200), (Stage::Server, 800), (Stage::Kernel, 1_300)];

fn edges() -> Edges {
    let net = RealNet::new(NetSettings::default()).unwrap();
    let post = RealPost::new(&PostSettings::default()).unwrap();
    Edges { clock: Clock::system(), net: Arc::new(net), post: Arc::new(post), dice: Dice::system() }
}

fn configuration() -> String {
    let mut text = "version: 1\nservice: { witnesses: [] }\ntargets:\n".to_owned();
    for n in 0..TARGETS {
        let _ = write!(
            text,
            "  - name: hub-{n:02}\n    url: https://hub-{n:02}.example/\n    probes:\n\
             \x20     - {{ type: binder-launch, name: cached, spec: gh/example/tiny/v1, every: 2m }}\n\
             \x20     - {{ type: binder-launch, name: fresh, mode: fresh, spec: gh/example/tiny/v1, every: 1h, deadline: 15m }}\n\
             \x20     - {{ type: http, name: site, every: 30s }}\n\
             \x20     - {{ type: binderhub-health, name: health, every: 1m }}\n\
             \x20     - {{ type: tls, name: certificate, every: 1h }}\n"
        );
    }
    text.push_str("pages: { groups: [{ name: Europe, targets: [hub-00, hub-01, hub-02] }] }\n");
    text
}

/// One run: one in two hundred fails, and those of every seventh target a day in the year.
fn seen(target: usize, probe: &str, slot: i64, bad: bool) -> Observation {
    let verdict = if bad { Verdict::Failed } else { Verdict::Passed };
    let mut outcome = Outcome::bare(verdict, bad.then_some(Reason::SpawnFailed), "");
    let mut start = Duration::ZERO;
    for (stage, millis) in STAGES {
        let took = Duration::from_millis(
            millis + (slot.unsigned_abs() / 60 * 37 + target as u64 * 11) % (millis / 3 + 1),
        );
        outcome.stages.push(StageTime { stage, start, took });
        start += took;
    }
    Observation {
        probe: ProbeId::new(&format!("hub-{target:02}"), probe),
        location: "here".into(),
        slot: Timestamp::from_second(slot).unwrap(),
        lag: Duration::ZERO,
        confirms: false,
        outcome,
    }
}

/// 400 days, one run an hour; the last day every ten minutes.
async fn fill(store: &SqliteStore, now: i64) -> u64 {
    let (mut runs, mut at) = (0_u64, (now - days() * 86_400) / 3_600 * 3_600);
    while at < now - 60 {
        let mut observations = Vec::new();
        for target in 0..TARGETS {
            for (n, probe) in PROBES.iter().enumerate() {
                runs += 1;
                let outage = at / 86_400 % 97 == target as i64 && at % 86_400 < 18_000;
                observations.push(seen(
                    target,
                    probe,
                    at,
                    outage || (runs * 7_919 + n as u64).is_multiple_of(200),
                ));
            }
        }
        let date = Timestamp::from_second(at + 60).unwrap();
        store.record(Batch { observations, now: date, ..Batch::default() }).await.unwrap();
        let step = if at < now - 86_400 { 3_600 } else { 600 };
        if at / 3_600 % 6 == 0 {
            store.prune(date).await.unwrap();
        }
        at += step;
    }
    runs
}

async fn get(router: &axum::Router, path: &str, packed: bool) -> (u16, usize) {
    let request = Request::builder().uri(path);
    let request = if packed { request.header("accept-encoding", "gzip") } else { request };
    let answer = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.into_body().collect().await.unwrap().to_bytes().len())
}

fn row(what: &str, value: f64, unit: &str, wanted: f64) {
    let told = format!("{value:.2} {unit}");
    println!("{what:<58} {told:>16}   {:.2} x the {wanted} {unit} wanted", value / wanted);
}

fn middle(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Time that a page takes, from the store and from what is kept, and its bytes.
async fn pages() {
    let folder = tempfile::Builder::new().prefix("pages-bench").tempdir_in(".").unwrap();
    let long = Duration::from_secs(3 * 86_400);
    let keep = Retention { runs: long, minutes: long, ..Retention::default() };
    let store = Arc::new(SqliteStore::open(folder.path(), keep).unwrap());
    let config = || config::load_text("bench", &configuration(), Registries::BUILT_IN, &|_| None).unwrap().0;
    let (edges, began) = (edges(), Instant::now());
    let now = edges.clock.now().as_second();
    let runs = fill(&store, now).await;
    println!(
        "{runs} runs of {} probes in {} days, written in {:.0} s\n",
        TARGETS * 5,
        days(),
        began.elapsed().as_secs_f64()
    );
    let app = App::build(config(), edges.clone(), Arc::clone(&store) as Arc<dyn Store>, None).unwrap();
    let (sources, board) = (app.sources(), app.board());
    let alive =
        || board.write(|b| (b.alive_at, b.committed_at) = (Some(edges.clock.now()), Some(edges.clock.now())));
    board.write(|b| {
        for target in 0..TARGETS {
            PROBES.iter().for_each(|probe| b.saw(&seen(target, probe, now - 5, target == 7)));
        }
    });
    let (mut cold, mut warm, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..9 {
        alive();
        let mut sources = sources.clone();
        sources.status = web::Status::new(&config());
        let router = web::router(sources);
        let began = Instant::now();
        assert_eq!(get(&router, "/", true).await.0, 200);
        cold.push(began.elapsed().as_secs_f64() * 1e3);
        // In another second it is made anew, from what is kept in memory.
        tokio::time::sleep(Duration::from_millis(1_050)).await;
        alive();
        let began = Instant::now();
        assert_eq!(get(&router, "/", true).await.0, 200);
        warm.push(began.elapsed().as_secs_f64() * 1e3);
        let began = Instant::now();
        assert_eq!(get(&router, "/", true).await.0, 200);
        kept.push(began.elapsed().as_secs_f64() * 1e3);
    }
    row("status page from the store", middle(cold), "ms", 20.0);
    row("status page from what is in memory", middle(warm), "ms", 2.0);
    row("status page of the same second", middle(kept), "ms", 2.0);
    let router = web::router(sources);
    let (page, plain) = (get(&router, "/", true).await.1, get(&router, "/", false).await.1);
    let text =
        router.clone().oneshot(Request::builder().uri("/").body(Body::empty()).unwrap()).await.unwrap();
    let text = String::from_utf8(text.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap();
    let mut bytes = page;
    for asset in text.split('"').filter(|a| a.starts_with("/assets/")) {
        bytes += get(&router, asset, true).await.1;
    }
    row("first visit: page, style, script, sign, packed", bytes as f64 / 1e3, "kB", 50.0);
    println!("{:<58} {:>13.1} kB", "the page alone, not packed", plain as f64 / 1e3);
}

/// Something to look at: answers 200 to everything, on a thread of its own.
fn site() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let router = axum::Router::new().fallback(|| async { "hello\n" });
            web::serve(listener, router, std::future::pending()).await.unwrap();
        });
    });
    address
}

/// Asks again and again over one connection; answers are as long as the first.
fn ask(address: SocketAddr, stop: &AtomicBool, count: &AtomicU64) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut buffer = vec![0; 1 << 18];
    while !stop.load(Ordering::Relaxed) {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: bench\r\naccept-encoding: gzip\r\n\r\n").unwrap();
        let mut filled = 0;
        loop {
            let read = stream.read(buffer.get_mut(filled..).unwrap()).unwrap();
            assert!(read > 0, "the connection was closed");
            filled += read;
            let so_far = buffer.get(..filled).unwrap();
            let Some(head) = so_far.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
            let text = String::from_utf8_lossy(so_far.get(..head).unwrap()).to_lowercase();
            assert!(text.starts_with("http/1.1 200"), "{text}");
            let length = text.split("content-length: ").nth(1).and_then(|t| t.lines().next()).unwrap();
            if filled >= head + 4 + length.trim().parse::<usize>().unwrap() {
                break;
            }
        }
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Share of runs that began later than 10 ms after their slot.
fn late(before: &str, after: &str) -> f64 {
    let value = |text: &str, name: &str| -> f64 {
        let line = text.lines().find(|l| l.starts_with(name));
        line.and_then(|l| l.rsplit(' ').next()).and_then(|v| v.parse().ok()).unwrap_or(0.0)
    };
    let grown = |name: &str| value(after, name) - value(before, name);
    1.0 - grown("launchwatch_schedule_lag_seconds_bucket{le=\"0.01\"}")
        / grown("launchwatch_schedule_lag_seconds_count").max(1.0)
}

/// The whole service on one thread: 1,000 targets looked at every second, while everybody reads the page.
fn crowd() {
    let site = site();
    let mut text = "version: 1\nservice: { witnesses: [] }\ntargets:\n".to_owned();
    for n in 0..1_000 {
        let _ = writeln!(
            text,
            "  - {{ name: t-{n:04}, url: 'http://{site}/', probes: [{{ type: http, name: site, every: 1s }}] }}"
        );
    }
    let (told, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let config = config::load_text("bench", &text, Registries::BUILT_IN, &|_| None).unwrap().0;
            let store: Arc<dyn Store> = Arc::new(SqliteStore::in_memory(Retention::default()).unwrap());
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            told.send(listener.local_addr().unwrap()).unwrap();
            App::build(config, edges(), store, Some(listener)).unwrap().run().await.unwrap();
        });
    });
    let address = address.recv().unwrap();
    let scrape = || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    };
    std::thread::sleep(Duration::from_secs(8));
    let quiet = scrape();
    std::thread::sleep(Duration::from_secs(5));
    let before = scrape();
    let (stop, count) = (AtomicBool::new(false), AtomicU64::new(0));
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| ask(address, &stop, &count));
        }
        std::thread::sleep(Duration::from_secs(10));
        stop.store(true, Ordering::Relaxed);
    });
    let rate = count.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
    let after = scrape();
    println!("\n1,000 targets of which each is looked at every second, service on one thread");
    row("pages a second meanwhile", rate, "/s", 2_000.0);
    println!(
        "{:<58} {:>15.2} %   {:.2} % without readers",
        "runs that began more than 10 ms late",
        late(&before, &after) * 100.0,
        late(&quiet, &before) * 100.0
    );
}

fn main() {
    let wanted = std::env::args().nth(1).filter(|a| !a.starts_with('-'));
    let run = |name: &str| wanted.as_ref().is_none_or(|w| name.contains(w.as_str()));
    if run("pages") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(pages());
    }
    if run("crowd") {
        crowd();
    }
}
