//! One probe that looks into a cluster: its last figures, whether they may be believed, and their course over hours.

use std::collections::BTreeMap;

use jiff::Timestamp;
use launchwatch_alerts::chart::{Drawing, spark};
use launchwatch_probes::Verdict;

use super::super::standing::{Standing, of_probe};
use super::super::{asked, figures, stuck};
use super::{KINDS, SPAN};
use crate::observation::{Observation, ProbeId};
use crate::store::RunQuery;
use crate::web::{Sources, words};

/// Probes whose history is read, and runs of each.
const HISTORIES: (usize, usize) = (12, 800);
/// Points of a course at most.
const POINTS: usize = 120;

/// One probe.
pub(super) struct Source {
    pub(super) id: ProbeId,
    pub(super) kind: &'static str,
    pub(super) standing: Standing,
    /// When it looked last.
    pub(super) looked: Option<Timestamp>,
    /// Why nothing is known now, in its own words; empty where it is.
    pub(super) trouble: String,
    pub(super) facts: BTreeMap<String, String>,
    /// Its last figures, unless they may not be believed.
    values: BTreeMap<String, f64>,
    courses: BTreeMap<String, Vec<(Timestamp, f64)>>,
}

/// One figure as it is told.
pub(super) struct Figure {
    /// Its value now.
    pub(super) value: Option<f64>,
    /// The same in words, or what it was when it was known last: `unknown (3, 12 min ago)`.
    pub(super) words: String,
    /// Its last hours, where there are any.
    pub(super) course: Option<Drawing>,
}

impl Source {
    /// All probes that look into clusters.
    pub(super) fn all(sources: &Sources, now: Timestamp) -> Vec<Self> {
        let stuck = stuck(sources);
        let board = sources.board.read();
        let own = board.probes.values().filter(|p| KINDS.contains(&p.kind));
        own.map(|p| {
            let old = p.last.as_ref().is_none_or(|(at, _)| p.stale(*at, now));
            let outcome = p.last.as_ref().map(|(_, outcome)| outcome);
            let known = outcome.filter(|o| !stuck && !old && o.verdict != Verdict::Unknown);
            let values = known.map(|o| o.measurements.iter().map(|m| (m.name.clone(), m.value)).collect());
            let trouble = outcome.filter(|o| o.verdict == Verdict::Unknown).map(|o| o.summary.clone());
            Self {
                id: p.id.clone(),
                kind: p.kind,
                standing: of_probe(p, now, stuck),
                looked: p.last.as_ref().map(|(at, _)| *at),
                trouble: trouble.unwrap_or_default(),
                facts: known.map(|o| o.facts.clone()).unwrap_or_default(),
                values: values.unwrap_or_default(),
                courses: BTreeMap::new(),
            }
        })
        .collect()
    }

    /// The figure of this name, with its course.
    pub(super) fn figure(&self, name: &str, now: Timestamp) -> Figure {
        let value = self.values.get(name).copied();
        let course = self.courses.get(name).filter(|points| points.len() > 1);
        let words = match (value, self.courses.get(name).and_then(|points| points.last())) {
            (Some(value), _) => figures::told(name, value),
            (None, Some((at, was))) => {
                let ago = words::age(now.duration_since(*at));
                format!("unknown ({}, {ago} ago)", figures::told(name, *was))
            }
            (None, None) => "unknown".to_owned(),
        };
        let course = course.map(|points| self.course(name, points, &words, now));
        Figure { value, words, course }
    }

    fn course(&self, name: &str, points: &[(Timestamp, f64)], words: &str, now: Timestamp) -> Drawing {
        let most = points.iter().map(|(_, v)| *v).fold(f64::NEG_INFINITY, f64::max);
        let most = figures::told(name, most);
        let every = points.len().div_ceil(POINTS).max(1);
        let thin: Vec<_> = points.iter().rev().step_by(every).rev().copied().collect();
        let says = format!("{name}, last 6 hours: now {words}, at most {most}");
        spark(&thin, now.saturating_sub(SPAN).unwrap_or(now), now, &says)
    }

    /// Names of components that the last look told of.
    pub(super) fn components(&self) -> Vec<String> {
        let names = self.values.keys().filter_map(|k| k.strip_prefix("component_")?.strip_suffix("_pods"));
        names.map(str::to_owned).collect()
    }

    /// Figures whose names begin so, with their values.
    pub(super) fn beginning(&self, with: &str) -> impl Iterator<Item = (&str, f64)> {
        self.values.iter().filter(move |(name, _)| name.starts_with(with)).map(|(n, v)| (n.as_str(), *v))
    }
}

/// Reads the last hours of all; false when the store did not answer.
pub(super) async fn read_histories(sources: &Sources, all: &mut [Source], now: Timestamp) -> bool {
    let queries = all.iter().take(HISTORIES.0).map(|source| {
        let probe = source.id.clone();
        async move {
            let query = RunQuery {
                probe: Some(probe),
                from: now.checked_sub(SPAN).ok(),
                limit: HISTORIES.1,
                ..RunQuery::default()
            };
            asked(sources.store.runs(&query)).await
        }
    });
    let read = futures::future::join_all(queries).await;
    let whole = read.iter().all(Option::is_some);
    for (source, runs) in all.iter_mut().zip(read) {
        source.courses = courses(&runs.unwrap_or_default());
    }
    whole
}

/// Runs come newest first; courses go oldest first.
fn courses(runs: &[Observation]) -> BTreeMap<String, Vec<(Timestamp, f64)>> {
    let mut courses: BTreeMap<String, Vec<(Timestamp, f64)>> = BTreeMap::new();
    for run in runs.iter().rev().filter(|r| r.outcome.verdict != Verdict::Unknown) {
        for m in &run.outcome.measurements {
            courses.entry(m.name.clone()).or_default().push((run.ended(), m.value));
        }
    }
    courses
}
