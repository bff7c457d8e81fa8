//! From a failure to the first notification, at the receiver's end.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::process::{self, Servers, Service};
use crate::table::Table;

/// When each target's first notification of a kind came.
type Seen = Arc<Mutex<BTreeMap<(String, String), Instant>>>;

/// Two failures in a row, at once: the quickest rule that asks twice.
const QUICK: &str = "rules: [{ name: quick, failures: 2, for: 0s }]\n";
/// What the built-in rules ask for before they tell: evidence that spans so many seconds.
const ASKED: f64 = 60.0;
/// Targets that fail together: more would be told as one, after they were gathered.
const TOGETHER: usize = 2;
/// Outages that one service is shown: an alert that has fired twice within an hour flaps, and a third outage would belong
/// to the incident of the second.
const EACH: u32 = 2;

/// Outages at an interval of a second, with confirmation.
pub(crate) fn confirmed(table: &mut Table) {
    let took = outages(", every: 1s, deadline: 900ms", QUICK, 20, Duration::from_secs(8));
    table.note("outages at an interval of 1 s (two failures, no hold)", "", took.len() as f64);
    table.at_most("failure to notification, interval 1 s: median", "s", quantile(&took, 0.5), 1.5, 0.0);
    table.note("failure to notification, interval 1 s: p95", "s", quantile(&took, 0.95));
}

/// Outages with the intervals as shipped and the quickest rule that asks twice.
pub(crate) fn quick_rule(table: &mut Table) {
    let took = outages("", QUICK, 6, Duration::from_secs(45));
    table.note("outages with default intervals (two failures, no hold)", "", took.len() as f64);
    table.note("failure to notification, default intervals, quick rule: median", "s", quantile(&took, 0.5));
    let p95 = quantile(&took, 0.95);
    table.at_most("failure to notification, default intervals, quick rule: p95", "s", p95, 20.0, 115.0);
}

/// Outages with everything as shipped: people are told when evidence spans a minute, so that no deploy wakes them.
pub(crate) fn as_shipped(table: &mut Table) {
    let took = outages("", "", 2, Duration::from_secs(130));
    table.note("outages with defaults (the rule asks for 60 s of evidence)", "", took.len() as f64);
    table.note("failure to notification, defaults: median", "s", quantile(&took, 0.5));
    table.at_most("failure to notification, defaults: slowest", "s", quantile(&took, 1.0), 95.0, 115.0);
    let beyond = quantile(&took, 1.0) - ASKED;
    table.at_most("the same beyond the 60 s that the rule asks for: slowest", "s", beyond, 35.0, 0.0);
}

/// Lets targets fail together, `rounds` times, and answers how long each took to be told, in seconds, sorted.
fn outages(keys: &str, rules: &str, rounds: u32, patience: Duration) -> Vec<f64> {
    let targets = TOGETHER;
    let servers = Servers::start("pages");
    let hook = TcpListener::bind("127.0.0.1:0").unwrap();
    let environment = [("HOOK", format!("http://{}/", hook.local_addr().unwrap()))];
    let seen = Seen::default();
    let told = Arc::clone(&seen);
    std::thread::spawn(move || hook.incoming().flatten().for_each(|stream| receive(stream, &told)));
    let mut text = String::from("targets:\n");
    for n in 0..targets {
        let port = servers.ports[1 + n % (servers.ports.len() - 1)];
        let _ = writeln!(
            text,
            "  - {{ name: t{n}, url: 'http://127.0.0.1:{port}/', probes: [{{ type: http{keys} }}] }}"
        );
    }
    text.push_str("channels:\n  - { type: webhook, url: 'env:HOOK' }\n");
    text.push_str(rules);
    let mut took = Vec::new();
    let mut left = rounds;
    while left > 0 {
        let service = Service::start("", &text, &environment);
        // Every target has been seen to work.
        while service.scrape().sum("launchwatch_runs_total", "verdict=\"passed\"") < 2.0 * targets as f64 {
            sleep(Duration::from_millis(100));
        }
        for _ in 0..left.min(EACH) {
            took.extend(outage(&servers, &seen, patience));
        }
        left = left.saturating_sub(EACH);
    }
    eprintln!("  {} of {} told, load {}", took.len(), targets as u32 * rounds, process::load());
    // What was not told in time counts as told never.
    took.resize(targets * rounds as usize, f64::INFINITY);
    took.sort_by(f64::total_cmp);
    took
}

/// One outage, and how long each target took to be told.
fn outage(servers: &Servers, seen: &Seen, patience: Duration) -> Vec<f64> {
    seen.lock().unwrap().clear();
    let began = Instant::now();
    servers.tell("/down");
    wait(seen, "opened", TOGETHER, patience);
    let heard = seen.lock().unwrap().clone();
    servers.tell("/up");
    wait(seen, "resolved", TOGETHER, patience);
    let opened = heard.iter().filter(|((kind, _), _)| kind == "opened");
    opened.map(|(_, at)| at.duration_since(began).as_secs_f64()).collect()
}

fn wait(seen: &Seen, kind: &str, count: usize, patience: Duration) {
    let until = Instant::now() + patience;
    while Instant::now() < until && seen.lock().unwrap().keys().filter(|(k, _)| k == kind).count() < count {
        sleep(Duration::from_millis(20));
    }
}

/// Takes notifications over one connection, as long as it is kept open.
fn receive(mut stream: TcpStream, seen: &Seen) {
    let seen = Arc::clone(seen);
    std::thread::spawn(move || {
        let mut all: Vec<u8> = Vec::new();
        let mut piece = [0; 16_384];
        while let Ok(count @ 1..) = stream.read(&mut piece) {
            all.extend_from_slice(&piece[..count]);
            while let Some((head, length)) = whole(&all) {
                note(&all[head..head + length], &seen);
                all.drain(..head + length);
                let _gone = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
            }
        }
    });
}

/// Where the body of a request begins and how long it is, once it is there.
pub(crate) fn whole(bytes: &[u8]) -> Option<(usize, usize)> {
    let head = bytes.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    let length = text.lines().find_map(|l| l.strip_prefix("content-length: "))?.trim().parse().ok()?;
    (bytes.len() >= head + length).then_some((head, length))
}

fn note(body: &[u8], seen: &Seen) {
    let Ok(told) = serde_json::from_slice::<serde_json::Value>(body) else { return };
    let text = |pointer: &str| told.pointer(pointer).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
    seen.lock().unwrap().entry((text("/kind"), text("/facts/target"))).or_insert_with(Instant::now);
}

fn quantile(sorted: &[f64], q: f64) -> f64 {
    let at = ((sorted.len() as f64 - 1.0) * q).round() as usize;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}
