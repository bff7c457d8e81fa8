//! How a target stands, in one word; and in figures over days.

use std::time::Duration;

use jiff::Timestamp;
use launchwatch_alerts::Incident;
use launchwatch_probes::Verdict;
use serde::Serialize;

use crate::observation::ProbeId;
use crate::pipeline::board::{Board, ProbeState};
use crate::store::{self, Bucket, SeriesQuery, Tier};
use crate::web::summary::{self, Look, Standing, launches};
use crate::web::{Sources, health};

/// How a target stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stand {
    /// All of it works.
    Works,
    /// Nothing is known yet.
    Unknown,
    /// Something is known, but from too long ago: it may be otherwise by now.
    Stale,
    /// Some of it works.
    Partly,
    /// It does not work.
    Down,
}

impl Stand {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Partly => "works in part",
            Self::Down => "down",
            Self::Unknown => "unknown",
            Self::Stale => "stale",
        }
    }

    /// Class in the style of pages.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Works => "passed",
            Self::Partly => "degraded",
            Self::Down => "failed",
            Self::Unknown | Self::Stale => "unknown",
        }
    }
}

/// A target, and how it stands.
#[derive(Debug, Serialize)]
pub(super) struct One {
    pub(super) target: String,
    pub(super) state: Stand,
    /// Since when it is in trouble.
    pub(super) since: Option<Timestamp>,
    /// When it was last looked at.
    pub(super) seen_at: Option<Timestamp>,
}

/// All targets, or one; empty if there is none of this name.
pub(super) fn stands(sources: &Sources, target: Option<&str>) -> Vec<One> {
    let now = sources.clock.now();
    let silent = health::silence(sources).is_none_or(|silence| silence > health::STALE);
    let board = sources.board.read();
    let asked = |name: &&String| target.is_none_or(|t| t == *name) && sources.status.shows(name);
    let names = board.labels.keys().filter(asked);
    names.map(|name| one(&board, name, silent, now)).collect()
}

/// Names of all targets that are shown.
pub(super) fn targets(sources: &Sources) -> Vec<String> {
    sources.board.read().labels.keys().filter(|name| sources.status.shows(name)).cloned().collect()
}

fn one(board: &Board, target: &str, silent: bool, now: Timestamp) -> One {
    let looks = || {
        of(board, target).map(|p| Look {
            launches: launches(p.kind),
            stale: p.last.as_ref().is_some_and(|(at, _)| p.stale(*at, now)),
            verdict: p.last.as_ref().map(|(_, outcome)| outcome.verdict),
        })
    };
    let incident = board.open.get(target);
    let seen_at = of(board, target).filter_map(|p| p.last.as_ref().map(|l| l.0)).max();
    let standing = summary::stand(incident.map(Incident::loudness), looks());
    let state = match standing {
        _ if silent && seen_at.is_some() => Stand::Stale,
        _ if silent => Stand::Unknown,
        Standing::Works => Stand::Works,
        Standing::Troubled => Stand::Partly,
        Standing::Down => Stand::Down,
        Standing::Unknown if looks().any(|l| l.stale) => Stand::Stale,
        Standing::Unknown => Stand::Unknown,
    };
    One { target: target.to_owned(), state, since: incident.map(|i| i.since), seen_at }
}

fn of<'a>(board: &'a Board, target: &'a str) -> impl Iterator<Item = &'a ProbeState> {
    let own = board.probes.range(ProbeId::new(target, "")..).map(|(_, p)| p);
    own.take_while(move |p| p.id.target() == target)
}

/// What was counted of a target over days.
#[derive(Debug, Default)]
pub(super) struct Figures {
    /// The share of runs that worked; `None` if nothing is known.
    pub(super) success: Option<f64>,
    /// Whether it is launches that were counted.
    pub(super) launches: bool,
    /// The median of whole runs that worked.
    pub(super) median: Option<Duration>,
}

/// Figures of so many days: of the probes that launch, or of all where none does.
pub(super) async fn figures(sources: &Sources, target: &str, days: u16) -> Result<Figures, store::Error> {
    let (any, probes): (bool, Vec<ProbeId>) = {
        let board = sources.board.read();
        let any = of(&board, target).any(|p| launches(p.kind));
        (any, of(&board, target).filter(|p| !any || launches(p.kind)).map(|p| p.id.clone()).collect())
    };
    if probes.is_empty() {
        return Ok(Figures::default());
    }
    let tier = if days <= 7 { Tier::Hour } else { Tier::Day };
    let now = sources.clock.now().as_second();
    let from = tier.floor(now - i64::from(days) * 86_400);
    let series = sources.store.totals(&SeriesQuery { probes, tier, from, to: now + 1 }).await?;
    let mut sum = Bucket::default();
    series.iter().flat_map(|(_, buckets)| buckets).for_each(|b| sum.merge(b));
    let count = |v: Verdict| f64::from(sum.verdicts.get(&v).copied().unwrap_or(0));
    let good = count(Verdict::Passed) + count(Verdict::Degraded);
    let all = good + count(Verdict::Failed);
    let success = (all > 0.0).then(|| good / all);
    Ok(Figures { success, launches: any, median: sum.took.quantile(0.5) })
}
