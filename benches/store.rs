//! What keeping and reading results costs, beside what others pay: `cargo bench --bench store`.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    reason = "a bench measures real time, and stops at the first surprise"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use launchwatch::observation::{Observation, ProbeId};
use launchwatch::store::{
    Batch, Histogram, PgOptions, PgStore, Retention, RunQuery, SeriesQuery, SqliteStore, Store, Tier,
};
use launchwatch_probes::{Outcome, Stage, StageTime, Verdict};

const START: i64 = 1_767_225_600;
const STAGES: [(Stage, f64); 5] = [
    (Stage::Resolve, 0.002),
    (Stage::Connect, 0.011),
    (Stage::Tls, 0.018),
    (Stage::FirstByte, 0.085),
    (Stage::Body, 0.004),
];

/// A small generator with a seed: the same results in every run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.next().max(1e-300).ln()).sqrt() * (self.next() * std::f64::consts::TAU).cos()
    }

    /// Log-normal, with a long tail one time in fifty.
    fn took(&mut self, median: f64) -> Duration {
        let width = if self.next() < 0.02 { 1.2 } else { 0.3 };
        Duration::from_secs_f64(median * (width * self.normal()).exp())
    }
}

struct Load {
    probes: Vec<(ProbeId, f64, i64)>,
    location: Arc<str>,
    dice: Dice,
}

impl Load {
    fn new(count: usize, every: i64) -> Self {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
        let probes = (0..count)
            .map(|i| {
                let id = ProbeId::new(&format!("hub-{}", i / 5), &format!("http-{}", i % 5));
                // A speed and a phase of its own for each probe.
                (id.clone(), (0.7 * dice.normal()).exp(), (id.hash() % (every as u64 * 1_000)) as i64)
            })
            .collect();
        Self { probes, location: "here".into(), dice }
    }

    fn result(&mut self, probe: usize, base: i64) -> Observation {
        let (id, speed, phase) = self.probes[probe].clone();
        let mut outcome = Outcome::bare(Verdict::Passed, None, "");
        let mut start = Duration::ZERO;
        for (stage, median) in STAGES {
            let took = self.dice.took(median * speed);
            outcome.stages.push(StageTime { stage, start, took });
            start += took;
        }
        Observation {
            probe: id,
            location: Arc::clone(&self.location),
            slot: Timestamp::from_millisecond((START + base) * 1_000 + phase).unwrap(),
            lag: self.dice.took(0.000_8),
            confirms: false,
            outcome,
        }
    }
}

/// User and system time of this process so far.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let ticks: u64 = stat
        .rsplit(") ")
        .next()
        .unwrap()
        .split(' ')
        .skip(11)
        .take(2)
        .map(|t| t.parse::<u64>().unwrap())
        .sum();
    Duration::from_millis(ticks * 10)
}

fn size(dir: &Path) -> u64 {
    let db = rusqlite::Connection::open(dir.join("launchwatch.db")).unwrap();
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    dir.join("launchwatch.db").metadata().unwrap().len()
}

fn row(what: &str, value: String, beside: String) {
    println!("{what:<58} {value:>16}   {beside}");
}

/// Where the bytes are.
fn bytes_by_table(dir: &Path) -> String {
    let db = rusqlite::Connection::open(dir.join("launchwatch.db")).unwrap();
    let one = |sql: &str| db.query_row(sql, [], |r| r.get::<_, f64>(0)).unwrap_or(0.0) / 1e6;
    format!(
        "MB of blobs: block {:.2}, journal {:.2}, hours {:.2}, days {:.2}; free pages {:.2}",
        one("SELECT sum(length(data)) * 1.0 FROM block"),
        one("SELECT sum(length(data)) * 1.0 FROM journal"),
        one("SELECT sum(length(data)) * 1.0 FROM bucket WHERE tier = 3600"),
        one("SELECT sum(length(data)) * 1.0 FROM bucket WHERE tier = 86400"),
        one("SELECT f.freelist_count * p.page_size * 1.0 FROM pragma_freelist_count f, pragma_page_size p"),
    )
}

/// Keeps `seconds` of results of `count` probes, one every `every` seconds; gives back the directory.
async fn keep(name: &str, count: usize, every: i64, seconds: i64, group: usize) -> tempfile::TempDir {
    let dir = tempfile::Builder::new().prefix("store-bench").tempdir_in(".").unwrap();
    let store = SqliteStore::open(dir.path(), Retention::default()).unwrap();
    let mut load = Load::new(count, every);
    // Probes come in the order of their phases, as they would.
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|i| load.probes[*i].2);
    let (mut kept, mut busy, mut worked, mut longest) =
        (0_u64, Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let (mut house, mut house_cpu) = (Duration::ZERO, Duration::ZERO);
    let mut waiting: Vec<Observation> = Vec::with_capacity(group);
    for base in (0..seconds).step_by(every as usize) {
        for &probe in &order {
            let seen = load.result(probe, base);
            let now = seen.slot;
            waiting.push(seen);
            if waiting.len() < group {
                continue;
            }
            let observations = std::mem::replace(&mut waiting, Vec::with_capacity(group));
            kept += observations.len() as u64;
            let (began, cpu_before) = (Instant::now(), cpu());
            store.record(Batch { observations, now, ..Batch::default() }).await.unwrap();
            longest = longest.max(began.elapsed());
            busy += began.elapsed();
            worked += cpu().saturating_sub(cpu_before);
        }
        if base % 60 == 0 {
            let (began, cpu_before) = (Instant::now(), cpu());
            store.prune(Timestamp::from_second(START + base).unwrap()).await.unwrap();
            house += began.elapsed();
            house_cpu += cpu().saturating_sub(cpu_before);
        }
    }
    println!("\n{name}: {kept} results, {group} a transaction, synchronous=FULL");
    let rate = kept as f64 / busy.as_secs_f64();
    row("results a second", format!("{rate:.0}"), format!("{:.1} x the 50,000 wanted", rate / 50_000.0));
    row(
        "results a second, housekeeping included",
        format!("{:.0}", kept as f64 / (busy + house).as_secs_f64()),
        String::new(),
    );
    let each = |d: Duration| d.as_secs_f64() * 1e6 / kept as f64;
    row(
        "CPU us a result, record / housekeeping",
        format!("{:.2} / {:.2}", each(worked), each(house_cpu)),
        String::new(),
    );
    row("longest record()", format!("{:.1} ms", longest.as_secs_f64() * 1e3), String::new());
    let bytes = size(dir.path()) as f64 / kept as f64;
    row("bytes a result as it stands, all in", format!("{bytes:.2}"), bytes_by_table(dir.path()));
    queries(&store, &load, seconds).await;
    store.compact().await.unwrap();
    for _ in 0..8 {
        store.prune(Timestamp::from_second(START + seconds).unwrap()).await.unwrap();
    }
    let bytes = size(dir.path()) as f64 / kept as f64;
    row(
        "bytes a result after compaction, all in",
        format!("{bytes:.2}"),
        format!(
            "VictoriaMetrics 8.9 ({:.2} x), Prometheus 45.5 ({:.2} x), SQLite rows 30 ({:.2} x)",
            bytes / 8.9,
            bytes / 45.5,
            bytes / 30.0
        ),
    );
    row("", String::new(), bytes_by_table(dir.path()));
    drop(store);
    let began = Instant::now();
    SqliteStore::open(dir.path(), Retention::default()).unwrap();
    row("opening", format!("{:.1} ms", began.elapsed().as_secs_f64() * 1e3), String::new());
    dir
}

async fn queries(store: &SqliteStore, load: &Load, seconds: i64) {
    for (what, probe) in
        [("newest 100 runs of one probe", Some(load.probes[7].0.clone())), ("newest 100 runs of all", None)]
    {
        let query = RunQuery { probe, limit: 100, ..RunQuery::default() };
        let took = best(|| async { assert_eq!(store.runs(&query).await.unwrap().len(), 100) }).await;
        row(what, format!("{took:.2} ms"), String::new());
    }
    let to = START + seconds;
    let query =
        SeriesQuery { probes: vec![load.probes[7].0.clone()], tier: Tier::Minute, from: to - 3_600, to };
    let took = best(|| async { assert!(store.series(&query).await.unwrap()[0].1.len() > 50) }).await;
    row("60 minute buckets of one probe", format!("{took:.2} ms"), String::new());
}

/// Best of nine, in milliseconds, and the median is near: nothing else should run.
async fn best<F: Future<Output = ()>>(work: impl Fn() -> F) -> f64 {
    let mut times = Vec::new();
    for _ in 0..9 {
        let began = Instant::now();
        work().await;
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    times[4]
}

/// 90 days of 200 probes, then the page that shows 90 daily bars with p50 and p95 of each.
async fn bars() {
    let dir = tempfile::Builder::new().prefix("store-bench").tempdir_in(".").unwrap();
    let keep_long = Retention { runs: Duration::from_secs(3 * 86_400), ..Retention::default() };
    let store = SqliteStore::open(dir.path(), keep_long).unwrap();
    let mut load = Load::new(200, 600);
    for base in (0..90 * 86_400).step_by(600) {
        let observations: Vec<_> = (0..200).map(|p| load.result(p, base)).collect();
        let now = Timestamp::from_second(START + base + 600).unwrap();
        store.record(Batch { observations, now, ..Batch::default() }).await.unwrap();
        if base % 3_600 == 0 {
            store.prune(now).await.unwrap();
        }
    }
    let query = SeriesQuery { probes: Vec::new(), tier: Tier::Day, from: START, to: START + 90 * 86_400 };
    let page = || async {
        let series = store.totals(&query).await.unwrap();
        let mut shown = 0;
        for (_, days) in &series {
            let mut whole = Histogram::default();
            for day in days {
                shown += day.verdicts.get(&Verdict::Passed).copied().unwrap_or(0);
                whole.merge(&day.took);
            }
            assert!(whole.quantile(0.5) < whole.quantile(0.95));
        }
        assert_eq!((series.len(), shown), (200, 200 * 90 * 144));
    };
    let took = best(page).await;
    println!("\n90 days of 200 probes, one run every 10 minutes");
    row(
        "90 daily bars with p50 and p95 of 200 probes",
        format!("{took:.2} ms"),
        format!("{:.2} x the 20 ms wanted", took / 20.0),
    );
    let took = best(|| async { assert_eq!(store.series(&query).await.unwrap().len(), 200) }).await;
    row("the same days with all stages", format!("{took:.2} ms"), String::new());
    let query = SeriesQuery { probes: vec![load.probes[3].0.clone()], tier: Tier::Hour, ..query };
    let took = best(|| async { assert_eq!(store.series(&query).await.unwrap()[0].1.len(), 90 * 24) }).await;
    row("2,160 hour buckets of one probe", format!("{took:.2} ms"), String::new());
    row("file", format!("{:.1} MB", size(dir.path()) as f64 / 1e6), bytes_by_table(dir.path()));
}

/// What one store does with the same batches: batches and runs a second, and milliseconds for a month's totals.
async fn round(store: &dyn Store) -> [f64; 3] {
    const PROBES: usize = 200;
    let mut load = Load::new(PROBES, 60);
    let (mut kept, mut batches, mut busy) = (0_u64, 0_u64, Duration::ZERO);
    for base in (0..86_400).step_by(60) {
        let observations: Vec<_> = (0..PROBES).map(|probe| load.result(probe, base)).collect();
        let now = Timestamp::from_second(START + base + 60).unwrap();
        kept += observations.len() as u64;
        let began = Instant::now();
        store.record(Batch { observations, now, ..Batch::default() }).await.unwrap();
        busy += began.elapsed();
        batches += 1;
        if base % 600 == 0 {
            store.prune(now).await.unwrap();
        }
    }
    let query =
        SeriesQuery { probes: Vec::new(), tier: Tier::Hour, from: START - 29 * 86_400, to: START + 86_400 };
    let took = best(|| async { assert_eq!(store.totals(&query).await.unwrap().len(), PROBES) }).await;
    [batches as f64 / busy.as_secs_f64(), kept as f64 / busy.as_secs_f64(), took]
}

/// SQLite and the PostgreSQL that LAUNCHWATCH_TEST_POSTGRES names (an empty database), side by side.
async fn beside() {
    let Ok(address) = std::env::var("LAUNCHWATCH_TEST_POSTGRES") else {
        return println!("\nno PostgreSQL: tests/with-postgres cargo bench --bench store -- beside");
    };
    let dir = tempfile::Builder::new().prefix("store-bench").tempdir_in(".").unwrap();
    let file = SqliteStore::open(dir.path(), Retention::default()).unwrap();
    let key = launchwatch::store::SealKey::in_folder(dir.path()).unwrap();
    let options = PgOptions { retention: Retention::default(), key, ca_file: None };
    let pg = PgStore::open(&address.clone().into(), options).await.unwrap();
    let (ours, theirs) = (round(&file).await, round(&pg).await);
    println!("\nthe same day of 200 probes: SQLite, then PostgreSQL");
    let names = ["batches of 200 a second", "results a second", "a month of totals of all, ms"];
    for ((what, ours), theirs) in names.into_iter().zip(ours).zip(theirs) {
        row(what, format!("{ours:.1}"), format!("{theirs:.1} ({:.2} x)", theirs / ours));
    }
    file.compact().await.unwrap();
    pg.compact().await.unwrap();
    let ours = size(dir.path()) as f64 / (200.0 * 1_440.0);
    let (client, connection) = tokio_postgres::connect(&address, tokio_postgres::NoTls).await.unwrap();
    drop(tokio::spawn(connection));
    client.batch_execute("VACUUM FULL").await.unwrap();
    let tables = "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'";
    let theirs = client.query_one(tables, &[]).await.unwrap().get::<_, i64>(0) as f64 / (200.0 * 1_440.0);
    row("bytes a result, all in", format!("{ours:.1}"), format!("{theirs:.1} ({:.2} x)", theirs / ours));
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let wanted = std::env::args().nth(1).filter(|a| !a.starts_with('-'));
    let run = |name: &str| wanted.as_ref().is_none_or(|w| name.contains(w.as_str()));
    if run("fast") {
        keep("200 probes, every second, 2 hours", 200, 1, 7_200, 2_000).await;
    }
    if run("day") {
        keep("5,000 probes, every minute, 1 day", 5_000, 60, 86_400, 2_000).await;
    }
    if run("small") {
        keep("200 probes, every minute, 1 day", 200, 60, 86_400, 200).await;
    }
    if run("beside") {
        beside().await;
    }
    if run("bars") {
        bars().await;
    }
}
