//! Asks the service for its own figures.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The body of a page.
pub(crate) fn get(at: SocketAddr, path: &str) -> String {
    try_get(at, path).unwrap_or_else(|| panic!("http://{at}{path} does not answer"))
}

/// The body of a page, if it answers.
pub(crate) fn try_get(at: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(at).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\n\r\n").as_bytes())
        .ok()?;
    let mut all = Vec::new();
    stream.read_to_end(&mut all).ok()?;
    let all = String::from_utf8(all).ok()?;
    all.starts_with("HTTP/1.1 200").then(|| all.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()))?
}

/// One reading of all metrics.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scrape(Vec<(String, f64)>);

impl Scrape {
    pub(crate) fn of(text: &str) -> Self {
        let lines = text.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.rsplit_once(' '));
        Self(lines.map(|(name, value)| (name.to_owned(), value.parse().unwrap_or(f64::NAN))).collect())
    }

    /// How many series there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The sum of all series of a name whose labels hold a text.
    pub(crate) fn sum(&self, name: &str, labels: &str) -> f64 {
        let of_name =
            |n: &str| n.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('{'));
        self.0.iter().filter(|(n, _)| of_name(n) && n.contains(labels)).map(|(_, v)| v).sum()
    }

    /// Runs that ended.
    pub(crate) fn runs(&self) -> f64 {
        self.sum("launchwatch_runs_total", "")
    }

    /// A quantile of what a histogram counted since `before`, between its bounds by proportion.
    pub(crate) fn quantile(&self, before: &Self, name: &str, q: f64) -> f64 {
        let bucket = format!("{name}_bucket{{le=\"");
        let counts = |s: &Self| -> Vec<(f64, f64)> {
            let of =
                s.0.iter().filter_map(|(n, v)| Some((n.strip_prefix(&bucket)?.strip_suffix("\"}")?, *v)));
            of.map(|(bound, v)| (bound.parse().unwrap_or(f64::INFINITY), v)).collect()
        };
        let grown: Vec<(f64, f64)> = counts(self)
            .iter()
            .zip(counts(before))
            .map(|((bound, now), (_, then))| (*bound, now - then))
            .collect();
        let rank = grown.last().map_or(0.0, |b| b.1) * q;
        let mut below = (0.0, 0.0);
        for (bound, count) in grown {
            if count >= rank {
                let share = if count > below.1 { (rank - below.1) / (count - below.1) } else { 1.0 };
                return if bound.is_finite() { below.0 + (bound - below.0) * share } else { f64::INFINITY };
            }
            below = (bound, count);
        }
        f64::NAN
    }
}
