//! Open launches: what one more costs in memory, and what one more event costs in CPU.

use std::fmt::Write as _;
use std::thread::sleep;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use launchwatch::config::Schedule;
use launchwatch::observation::ProbeId;
use launchwatch::scheduler::Timetable;

use crate::process::{self, Servers, Service};
use crate::table::Table;

const STREAMS: usize = 12_000;
/// All launches are to begin within this time.
const BEGIN_WITHIN: i64 = 60;
/// Events until the memory of a run has all the evidence it keeps.
const FILLED: Duration = Duration::from_secs(45);
const MEASURED: Duration = Duration::from_secs(20);
const LIMITS: &str = "  limits: { launches: 12000, launches_per_target: 1 }\n";

/// 12,000 launches open at once, an event a second each.
pub(crate) fn twelve_thousand(table: &mut Table) {
    let servers = Servers::start("streams");
    let began = Instant::now();
    let service = Service::start(LIMITS, &config(&servers), &[]);
    let at_rest = service.memory("VmRSS");
    eprintln!(
        "  load before: {}; at rest: {at_rest:.1} MB after {:.1} s",
        process::load(),
        began.elapsed().as_secs_f64()
    );
    let mut open = 0;
    while open < STREAMS as u64 && began.elapsed() < Duration::from_secs(120) {
        sleep(Duration::from_secs(1));
        open = counts(&servers).0;
    }
    eprintln!(
        "  {open} open after {:.0} s, {:.0} MB",
        began.elapsed().as_secs_f64(),
        service.memory("VmRSS")
    );
    sleep(FILLED);
    let before = (service.cpu(), counts(&servers).1);
    sleep(MEASURED);
    let (still, events) = counts(&servers);
    let events = (events - before.1) as f64;
    let memory = (service.memory("VmRSS") - at_rest) * 1e6 / 1024.0 / still as f64;
    table.note("open launches", "", still as f64);
    table.at_most("open launches: CPU an event", "µs", 1e6 * (service.cpu() - before.0) / events, 15.0, 0.0);
    table.at_most("open launches: memory each", "KiB", memory, 24.0, 0.0);
    eprintln!("  {:.0} events a second, load {}", events / MEASURED.as_secs_f64(), process::load());
}

/// Open streams and events so far.
fn counts(servers: &Servers) -> (u64, u64) {
    let told = servers.tell("/counts");
    let (open, events) = told.split_once(' ').unwrap();
    (open.parse().unwrap(), events.parse().unwrap())
}

/// Targets whose only slot of the next minutes comes within the first of them: launches are long, and their slots
/// spread over the whole of the interval.
fn config(servers: &Servers) -> String {
    let every = Duration::from_secs(1800);
    let from = Timestamp::now() + SignedDuration::from_secs(10);
    let until = from + SignedDuration::from_secs(BEGIN_WITHIN);
    let soon = |n: &usize| {
        let id = ProbeId::new(&format!("t{n}"), "launch");
        Timetable::new(Schedule::Every(every), &id).next_after(from).is_some_and(|slot| slot < until)
    };
    let mut text = String::from("targets:\n");
    for n in (0..).filter(soon).take(STREAMS) {
        let port = servers.ports[n % servers.ports.len()];
        let _ = writeln!(
            text,
            "  - {{ name: t{n}, url: 'http://127.0.0.1:{port}/', probes: [{{ type: binder-launch, name: launch, spec: gh/o/r{n}/HEAD, \
             every: 30m, deadline: 20m }}] }}"
        );
    }
    text
}
