//! A storm: ten thousand alerts at once, while one of two channels hangs.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::process::{self, Servers, Service};
use crate::table::Table;

const TARGETS: usize = 1_000;
const PROBES: usize = 10;
/// Each probe runs this often, so that 5,000 run a second and every one has failed within this time.
const EVERY: Duration = Duration::from_secs(2);
/// Watched before the storm, and from its beginning.
const WATCHED: Duration = Duration::from_secs(20);

/// Ten thousand alerts within two seconds.
pub(crate) fn ten_thousand_alerts(table: &mut Table) {
    let servers = Servers::start("pages");
    let hook = TcpListener::bind("127.0.0.1:0").unwrap();
    let environment = [
        ("HOOK", format!("http://{}/", hook.local_addr().unwrap())),
        ("HUNG", format!("http://127.0.0.1:{}/", servers.ports[0])),
    ];
    let heard: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let ear = Arc::clone(&heard);
    std::thread::spawn(move || hook.incoming().flatten().for_each(|stream| hear(stream, &ear)));
    let service = Service::start("  limits: { runs: 10000 }\n", &config(&servers), &environment);
    sleep(Duration::from_secs(10));
    let calm = service.scrape();
    sleep(WATCHED);
    let (before, memory_before) = (service.scrape(), service.memory("VmRSS"));
    servers.tell("/down");
    let began = Instant::now();
    sleep(WATCHED);
    let after = service.scrape();
    let late = |then: &crate::scrape::Scrape, now: &crate::scrape::Scrape| {
        1e3 * now.quantile(then, "launchwatch_schedule_lag_seconds", 0.99)
    };
    let heard = heard.lock().unwrap().clone();
    let first = heard.first().map_or(f64::INFINITY, |at| at.duration_since(began).as_secs_f64());
    eprintln!("  load {}", process::load());
    table.at_most("storm of 10,000 alerts, one channel hung: first message", "s", first, 1.0, 0.0);
    table.at_most("storm of 10,000 alerts: messages", "", heard.len() as f64, 3.0, 0.0);
    table.note("storm of 10,000 alerts: start late before, p99", "ms", late(&calm, &before));
    table.note("storm of 10,000 alerts: start late in it, p99", "ms", late(&before, &after));
    table.note("storm of 10,000 alerts: memory before", "MB", memory_before);
    table.note("storm of 10,000 alerts: memory at its highest", "MB", service.memory("VmHWM"));
    let missed = |name| after.sum(name, "") - before.sum(name, "");
    let lost = missed("launchwatch_observations_dropped_total");
    table.at_most("storm of 10,000 alerts: results dropped", "", lost, 0.0, 0.0);
}

/// Takes one message a connection or many.
fn hear(mut stream: TcpStream, heard: &Arc<Mutex<Vec<Instant>>>) {
    let heard = Arc::clone(heard);
    std::thread::spawn(move || {
        let mut all: Vec<u8> = Vec::new();
        let mut piece = [0; 16_384];
        while let Ok(count @ 1..) = stream.read(&mut piece) {
            all.extend_from_slice(&piece[..count]);
            while let Some((head, length)) = crate::outages::whole(&all) {
                heard.lock().unwrap().push(Instant::now());
                all.drain(..head + length);
                let _gone = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
            }
        }
    });
}

fn config(servers: &Servers) -> String {
    let mut text = String::from("targets:\n");
    let good = &servers.ports[1..];
    for n in 0..TARGETS {
        let port = good[n % good.len()];
        let _ = writeln!(text, "  - name: t{n}\n    url: 'http://127.0.0.1:{port}/'\n    probes:");
        for p in 0..PROBES {
            let every = EVERY.as_secs();
            let _ = writeln!(text, "      - {{ type: http, name: p{p}, every: {every}s, deadline: 900ms }}");
        }
    }
    text.push_str("channels:\n  - { type: webhook, name: hook, url: 'env:HOOK' }\n");
    text.push_str("  - { type: webhook, name: hung, url: 'env:HUNG' }\n");
    text.push_str("rules: [{ name: at-once, failures: 1, successes: 1, for: 0s }]\n");
    text
}
