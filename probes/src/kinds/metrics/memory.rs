//! The counters of the run before: what has grown since.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::text::{Labels, Page, Sample};

/// Processes remembered: several may answer in turn behind one address, each with counters of its own.
const MOST_PROCESSES: usize = 4;

type Series = (String, Labels);

/// What each process showed last.
#[derive(Default)]
pub(super) struct Memory {
    last: VecDeque<Last>,
}

struct Last {
    /// When the process began, as bits; `None` if it does not say.
    process: Option<u64>,
    at: Instant,
    date: Timestamp,
    values: BTreeMap<Series, f64>,
}

/// How much each series has grown.
pub(super) struct Growth {
    /// Since when.
    pub(super) over: Duration,
    grown: BTreeMap<Series, f64>,
}

impl Growth {
    /// How much this series has grown; a counter that is smaller than before began anew.
    pub(super) fn of(&self, sample: &Sample) -> f64 {
        let key = (sample.metric.clone(), sample.labels.clone());
        self.grown.get(&key).copied().unwrap_or_default()
    }
}

impl Memory {
    /// Takes note of a page; `None` when there is nothing to compare it with.
    pub(super) fn look(&mut self, page: &Page, date: Timestamp, now: Instant) -> Option<Growth> {
        let process = page.process.map(f64::to_bits);
        let values: BTreeMap<Series, f64> =
            page.all().map(|s| ((s.metric.clone(), s.labels.clone()), s.value)).collect();
        let earlier = match self.last.iter().position(|l| l.process == process) {
            Some(at) => self.last.remove(at),
            None => self.born_since(page),
        };
        let growth = earlier.map(|earlier| Growth {
            over: now.saturating_duration_since(earlier.at),
            grown: values.iter().map(|(k, v)| (k.clone(), grown(earlier.values.get(k), *v))).collect(),
        });
        self.last.push_back(Last { process, at: now, date, values });
        if self.last.len() > MOST_PROCESSES {
            self.last.pop_front();
        }
        growth
    }

    /// A process that began after the last look has counted from nothing since.
    fn born_since(&self, page: &Page) -> Option<Last> {
        let last = self.last.back()?;
        let born = page.process? > last.date.as_second() as f64;
        born.then(|| Last { process: None, at: last.at, date: last.date, values: BTreeMap::new() })
    }
}

fn grown(earlier: Option<&f64>, now: f64) -> f64 {
    match earlier {
        Some(earlier) if *earlier <= now => now - earlier,
        _ => now,
    }
}
