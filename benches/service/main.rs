//! What the whole service costs and how punctual it is, against servers on this machine: `cargo bench --bench service`.
//!
//! Every part starts the real binary as a process of its own, and what it looks at as another. Parts by name:
//! `cargo bench --bench service -- http streams outages metrics`; without a name all of them run.
#![expect(clippy::disallowed_methods, reason = "a bench measures real time, with threads of its own")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bench that cannot measure can only stop"
)]

mod http;
mod metrics;
mod outages;
mod process;
mod scrape;
mod servers;
mod storm;
mod streams;
mod table;

use table::Table;

/// Set in a child that is to serve instead of measuring.
const PART: &str = "LAUNCHWATCH_BENCH_SERVES";

type Part = (&'static str, fn(&mut Table));

const PARTS: [Part; 11] = [
    ("http-1000", http::thousand),
    ("http-5000", http::five_thousand),
    ("http-hung", http::hung),
    ("streams", streams::twelve_thousand),
    ("outages-confirmed", outages::confirmed),
    ("outages-quick", outages::quick_rule),
    ("outages-default", outages::as_shipped),
    ("storm", storm::ten_thousand_alerts),
    ("metrics", metrics::ten_thousand_series),
    ("metrics-text", metrics::text_alone),
    ("idle", http::idle),
];

fn main() {
    if let Ok(part) = std::env::var(PART) {
        servers::serve(&part);
        return;
    }
    // Cargo hands `--bench` through.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let mut table = Table::default();
    for (name, part) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|w| name.starts_with(w.as_str())) {
            eprintln!("{name} …");
            part(&mut table);
        }
    }
    table.print();
}
