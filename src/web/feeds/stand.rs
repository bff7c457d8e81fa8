//! How a target stands, in one word; and in figures over days.

use std::time::Duration;

use jiff::Timestamp;
use launchwatch_probes::Verdict;
use serde::Serialize;

use crate::news::{self, Trouble};
use crate::observation::ProbeId;
use crate::pipeline::board::{Board, ProbeState};
use crate::store::{self, Bucket, SeriesQuery, Tier};
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
    let names = board.labels.keys().filter(|name| target.is_none_or(|t| t == *name));
    names.map(|name| one(&board, name, silent, now)).collect()
}

/// Names of all targets.
pub(super) fn targets(sources: &Sources) -> Vec<String> {
    sources.board.read().labels.keys().cloned().collect()
}

fn one(board: &Board, target: &str, silent: bool, now: Timestamp) -> One {
    let probes: Vec<&ProbeState> = of(board, target).collect();
    let incident = board.open.get(target);
    let seen_at = probes.iter().filter_map(|p| p.last.as_ref().map(|l| l.0)).max();
    let state = match incident.map(news::trouble) {
        _ if silent => {
            if seen_at.is_some() {
                Stand::Stale
            } else {
                Stand::Unknown
            }
        }
        Some(Trouble::Acute) if launches_at_all(&probes, now) => Stand::Partly,
        Some(Trouble::Acute) => Stand::Down,
        Some(_) => Stand::Partly,
        None => calm(&probes, now),
    };
    One { target: target.to_owned(), state, since: incident.map(|i| i.since), seen_at }
}

fn of<'a>(board: &'a Board, target: &'a str) -> impl Iterator<Item = &'a ProbeState> {
    let own = board.probes.range(ProbeId::new(target, "")..).map(|(_, p)| p);
    own.take_while(move |p| p.id.target() == target)
}

/// The verdict of the last run, unless it is too old.
fn fresh(probe: &ProbeState, now: Timestamp) -> Option<Verdict> {
    probe.last.as_ref().filter(|(at, _)| !probe.stale(*at, now)).map(|(_, outcome)| outcome.verdict)
}

/// Whether some of what people come for works: of those probes that launch, or of all where none does.
fn launches_at_all(probes: &[&ProbeState], now: Timestamp) -> bool {
    let any = probes.iter().any(|p| launches(p.kind));
    let whole = probes.iter().filter(|p| !any || launches(p.kind));
    whole.into_iter().any(|p| matches!(fresh(p, now), Some(Verdict::Passed | Verdict::Degraded)))
}

fn calm(probes: &[&ProbeState], now: Timestamp) -> Stand {
    let verdicts: Vec<Option<Verdict>> = probes.iter().map(|p| fresh(p, now)).collect();
    let known: Vec<Verdict> = verdicts.iter().flatten().copied().filter(|v| *v != Verdict::Unknown).collect();
    match known.iter().max() {
        None if probes.iter().any(|p| p.last.is_some()) => Stand::Stale,
        None => Stand::Unknown,
        Some(Verdict::Passed) if known.len() == verdicts.len() => Stand::Works,
        // What was not looked at lately may be broken: it is not called working.
        Some(Verdict::Passed) if verdicts.iter().any(Option::is_none) => Stand::Unknown,
        Some(_) => Stand::Partly,
    }
}

/// Whether a probe of this type goes all the way that people go.
fn launches(kind: &str) -> bool {
    kind.ends_with("-launch")
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
