//! Plain HTTP probes, a new connection each, every result written down durably.

use std::fmt::Write as _;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::process::{self, Servers, Service};
use crate::scrape::{self, Scrape};
use crate::table::Table;

const WARM_UP: Duration = Duration::from_secs(8);
const MEASURED: Duration = Duration::from_secs(25);
/// Scrapes meanwhile.
const SCRAPES: u32 = 5;
const LIMITS: &str = "  limits: { runs: 10000 }\n";

/// A load and what others need for it.
struct Load {
    targets: usize,
    /// Of ten targets, so many accept and never answer.
    hung: usize,
    channel: bool,
}

/// 1,000 probes a second.
pub(crate) fn thousand(table: &mut Table) {
    let seen = run(&Load { targets: 1_000, hung: 0, channel: false });
    table.at_most("http, 1,000 a second: CPU a probe", "ms", seen.cpu, 0.23, 0.23);
    seen.told(table, "http, 1,000 a second");
    table.note("http, 1,000 a second: start late, p99", "ms", seen.late.1);
}

/// 5,000 probes a second.
pub(crate) fn five_thousand(table: &mut Table) {
    let seen = run(&Load { targets: 5_000, hung: 0, channel: false });
    table.at_most("http, 5,000 a second: CPU a probe", "ms", seen.cpu, 0.12, 0.175);
    table.at_most("http, 5,000 a second: start late, p99", "ms", seen.late.1, 10.0, 30.0);
    table.at_most("http, 5,000 a second: memory", "MB", seen.memory, 70.0, 173.0);
    seen.told(table, "http, 5,000 a second");
}

/// 5,000 probes a second, of which three in ten hang, and so does the only channel.
pub(crate) fn hung(table: &mut Table) {
    let seen = run(&Load { targets: 5_000, hung: 3, channel: true });
    table.at_most(
        "http, 5,000 a second, 30 % and the channel hung: start late, p99",
        "ms",
        seen.late.1,
        10.0,
        75.0,
    );
    table.note("http, 5,000 a second, 30 % and the channel hung: CPU a probe", "ms", seen.cpu);
    table.note("http, 5,000 a second, 30 % and the channel hung: memory", "MB", seen.memory);
    seen.told(table, "http, 5,000 a second, 30 % and the channel hung");
}

/// 5,000 targets that are hardly ever looked at: what they cost by being there.
pub(crate) fn idle(table: &mut Table) {
    let servers = Servers::start("pages");
    let service = Service::start(
        LIMITS,
        &config(&servers, &Load { targets: 5_000, hung: 0, channel: false }, "12h"),
        &[],
    );
    sleep(Duration::from_secs(2));
    table.note("5,000 targets, at rest: memory", "MB", service.memory("VmRSS"));
}

/// What was measured.
struct Seen {
    cpu: f64,
    late: (f64, f64),
    memory: f64,
    missed: f64,
    wrong: f64,
    rate: f64,
}

impl Seen {
    fn told(&self, table: &mut Table, what: &str) {
        table.note(&format!("{what}: start late, median"), "ms", self.late.0);
        table.at_most(&format!("{what}: missed, dropped or wrong"), "", self.missed + self.wrong, 0.0, 0.0);
    }
}

fn run(load: &Load) -> Seen {
    let servers = Servers::start("pages");
    let hook = [("HOOK", format!("http://127.0.0.1:{}/", servers.ports[0]))];
    let service = Service::start(LIMITS, &config(&servers, load, "1s"), &hook);
    eprintln!("  load before: {}; at rest: {:.1} MB", process::load(), service.memory("VmRSS"));
    sleep(WARM_UP);
    let (before, began) = (reading(&service, &servers), Instant::now());
    // Somebody asks for metrics meanwhile, as Prometheus does; what it makes of them is not on this machine.
    for _ in 0..SCRAPES {
        sleep(MEASURED / SCRAPES);
        drop(scrape::get(service.at, "/metrics"));
    }
    let after = reading(&service, &servers);
    let seconds = began.elapsed().as_secs_f64();
    let (then, now) = (&before.0, &after.0);
    let grown = |name: &str, labels: &str| now.sum(name, labels) - then.sum(name, labels);
    let runs = now.runs() - then.runs();
    let hung = if load.hung > 0 { grown("launchwatch_run_reasons_total", "reason=\"timeout\"") } else { 0.0 };
    let late = |q| 1e3 * now.quantile(then, "launchwatch_schedule_lag_seconds", q);
    let seen = Seen {
        cpu: 1e3 * (after.1 - before.1) / runs,
        late: (late(0.5), late(0.99)),
        memory: service.memory("VmHWM"),
        missed: grown("launchwatch_slots_missed_total", "")
            + grown("launchwatch_observations_dropped_total", ""),
        wrong: runs - grown("launchwatch_runs_total", "verdict=\"passed\"") - hung,
        rate: runs / seconds,
    };
    eprintln!(
        "  {:.0} a second, late by {:.2}/{:.2}/{:.2} ms (p50, p99, p99.9), commit p50 {:.1} ms, servers {:.3} ms CPU each, load {}",
        seen.rate,
        seen.late.0,
        seen.late.1,
        late(0.999),
        1e3 * now.quantile(then, "launchwatch_commit_duration_seconds", 0.5),
        1e3 * (after.2 - before.2) / runs,
        process::load()
    );
    seen
}

/// Metrics, and CPU of the service and of what it looks at.
fn reading(service: &Service, servers: &Servers) -> (Scrape, f64, f64) {
    (service.scrape(), service.cpu(), servers.cpu())
}

/// The configuration. The first port hangs.
fn config(servers: &Servers, load: &Load, every: &str) -> String {
    let mut text = String::from("targets:\n");
    let good = &servers.ports[1..];
    for n in 0..load.targets {
        let port = if n % 10 < load.hung { servers.ports[0] } else { good[n % good.len()] };
        let _ = writeln!(
            text,
            "  - {{ name: t{n}, url: 'http://127.0.0.1:{port}/{n}', probes: [{{ type: http, every: {every}, deadline: 900ms }}] }}"
        );
    }
    if load.channel {
        text.push_str("channels:\n  - { type: webhook, url: 'env:HOOK' }\n");
    }
    text
}
