//! The read model: how every probe stands and what trouble is open. Written by the recorder, read by pages.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use launchwatch_alerts::{Cell, Incident, Strip};
use launchwatch_probes::{Outcome, Passive, Reason, Verdict};
use tokio::sync::watch;

use super::tape::Tape;
use crate::config::{Config, ProbeConfig, RunBy, Schedule, Target};
use crate::observation::{Observation, ProbeId};
use crate::scheduler::Timetable;
use crate::store::{Histogram, Stand};

/// Width of a cell of the last hours, in seconds.
pub const CELL_SECONDS: i64 = 300;
/// Cells kept: six hours.
pub const CELLS: usize = 72;

/// Longest time that a job has by default until it is missed.
const LONGEST_GRACE: Duration = Duration::from_secs(3_600);
/// Hours of which durations are kept.
const HOURS: usize = 6;

/// What the configuration says of a probe; no secrets.
#[derive(Debug, Clone)]
pub struct About {
    /// When it runs.
    pub schedule: Schedule,
    /// Longest a run may take.
    pub deadline: Duration,
    /// Whether a run starts servers.
    pub launches: bool,
    /// Whether each launch must build.
    pub fresh: bool,
    /// Whether nothing is run: others tell us.
    pub told: bool,
}

/// What the configuration says of a target.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// Where it is; the configuration refuses passwords in it.
    pub url: String,
    /// On what it depends.
    pub depends_on: Vec<String>,
}

impl Place {
    fn of(target: &Target) -> Self {
        Self { url: target.url.to_string(), depends_on: target.depends_on.clone() }
    }
}

/// How one probe stands.
#[derive(Debug, Clone)]
pub struct ProbeState {
    /// `target/probe`.
    pub id: ProbeId,
    /// The kind's name.
    pub kind: &'static str,
    /// What the configuration says of it.
    pub about: About,
    /// The last run, with the moment it ended.
    pub last: Option<(Timestamp, Outcome)>,
    /// The slot of that run.
    pub slot: Option<Timestamp>,
    /// The newest slot on record, whatever became of it.
    pub newest: Option<Timestamp>,
    /// When the last run ended that passed (or was degraded).
    pub last_good: Option<Timestamp>,
    /// When it is due, to tell when it is overdue.
    timetable: Timetable,
    /// Longer than a run may take, back-off included.
    slack: Duration,
    cells: VecDeque<(i64, Cell)>,
    /// Whole durations of runs that worked, by hour.
    took: VecDeque<(i64, Histogram)>,
}

/// How everything stands.
#[derive(Debug, Clone, Default)]
pub struct Board {
    /// The operator's words for each target.
    pub labels: BTreeMap<String, BTreeMap<String, String>>,
    /// What the configuration says of each target.
    pub places: BTreeMap<String, Place>,
    /// By id.
    pub probes: BTreeMap<ProbeId, ProbeState>,
    /// Open incidents by target, each as far as the target is concerned.
    pub open: BTreeMap<String, Incident>,
    /// How channels stand that have tried to tell something, by name.
    pub channels: BTreeMap<String, Stand>,
    /// When results were last written down.
    pub committed_at: Option<Timestamp>,
    /// When the recorder last went round its loop.
    pub alive_at: Option<Timestamp>,
    /// Where we look from.
    pub here: Arc<str>,
}

/// The board, shared. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct SharedBoard(Arc<RwLock<Board>>, Arc<watch::Sender<u64>>, Tape);

impl SharedBoard {
    /// A board with a row for every configured probe.
    pub fn new(config: &Config) -> Self {
        let row = |p: &ProbeConfig| ProbeState {
            id: p.id.clone(),
            kind: p.kind,
            about: About {
                schedule: p.schedule.clone(),
                deadline: p.deadline,
                launches: p.launches,
                fresh: p.fresh,
                told: p.by == RunBy::Others,
            },
            last: None,
            slot: None,
            newest: None,
            last_good: None,
            timetable: Timetable::new(p.schedule.clone(), &p.id),
            slack: slack(p),
            cells: VecDeque::new(),
            took: VecDeque::new(),
        };
        let probes = config.probes.iter().map(|p| (p.id.clone(), row(p))).collect();
        let labels = config.targets.iter().map(|t| (t.name.clone(), t.labels.clone())).collect();
        let places = config.targets.iter().map(|t| (t.name.clone(), Place::of(t))).collect();
        let here = Arc::clone(&config.service.location);
        let board = Board { labels, places, probes, here, ..Board::default() };
        Self(Arc::new(RwLock::new(board)), Arc::default(), Tape::default())
    }

    /// Reads the board; do not hold it across an await.
    pub fn read(&self) -> RwLockReadGuard<'_, Board> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the board.
    pub fn write<T>(&self, change: impl FnOnce(&mut Board) -> T) {
        drop(change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner)));
        self.1.send_modify(|number| *number = number.wrapping_add(1));
    }

    /// What happened lately, for those who follow along.
    pub fn tape(&self) -> &Tape {
        &self.2
    }

    /// The number of the last change, and a way to wait for the next one.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.1.subscribe()
    }
}

/// Whether it says how the probe stands: a slot that passed without a run does not, nor does a job that has only begun.
/// The strip shows them.
pub(super) fn tells(outcome: &Outcome) -> bool {
    !matches!(outcome.reason, Some(Reason::Missed | Reason::Running))
}

/// Longer than the next result can be late.
fn slack(probe: &ProbeConfig) -> Duration {
    match (probe.probe.passive(), &probe.schedule) {
        // Its slots are not ours: it is expected so long after it was last heard, and then has its grace.
        (Some(Passive::Heartbeat(terms)), schedule) => {
            let every = if let Schedule::Every(every) = schedule { *every } else { Duration::ZERO };
            let grace = terms.grace.unwrap_or(LONGEST_GRACE) + Duration::from_secs(60);
            every.saturating_add(grace).saturating_add(terms.longest.unwrap_or(every))
        }
        (Some(Passive::Alertmanager(_)), _) => Duration::from_secs(30),
        (None, _) if probe.launches => probe.deadline + probe.backed_off * 2,
        (None, _) => probe.deadline + Duration::from_secs(2),
    }
}

impl Board {
    /// Takes in one observation.
    pub fn saw(&mut self, seen: &Observation) {
        let Some(row) = self.probes.get_mut(&seen.probe) else { return };
        row.count(seen.slot.as_second(), seen.outcome.verdict, 1);
        if matches!(seen.outcome.verdict, Verdict::Passed | Verdict::Degraded) {
            row.last_good = row.last_good.max(Some(seen.ended()));
            let mut one = Histogram::default();
            one.record(seen.outcome.took());
            row.add_took(seen.slot.as_second(), &one);
        }
        row.newest = row.newest.max(Some(seen.slot));
        // What comes late, from elsewhere, says how it was.
        if tells(&seen.outcome) && row.slot.is_none_or(|slot| slot <= seen.slot) {
            row.last = Some((seen.ended(), seen.outcome.clone()));
            row.slot = Some(seen.slot);
        }
    }

    /// The last hours of the probes of a target.
    pub fn strips(&self, target: &str, now: Timestamp) -> Vec<Strip> {
        // Ids begin with the target and are sorted: those of one target stand together.
        let own = self.probes.range(ProbeId::new(target, "")..).map(|(_, p)| p);
        own.take_while(|p| p.id.target() == target).map(|p| p.strip(now)).collect()
    }
}

impl ProbeState {
    /// Adds runs to the cell of a moment (seconds since 1970).
    pub fn count(&mut self, second: i64, verdict: Verdict, runs: u32) {
        let start = second.div_euclid(CELL_SECONDS) * CELL_SECONDS;
        // Nearly always it is the last one, or a new one behind it.
        let before = self.cells.iter().rev().take_while(|(at, _)| *at > start).count();
        let at = self.cells.len() - before;
        if at.checked_sub(1).and_then(|last| self.cells.get(last)).is_none_or(|(last, _)| *last < start) {
            self.cells.insert(at, (start, Cell::default()));
            if self.cells.len() > CELLS {
                self.cells.pop_front();
            }
        }
        let Some((_, cell)) = self.cells.iter_mut().rev().find(|(s, _)| *s == start) else { return };
        let count = match verdict {
            Verdict::Passed => &mut cell.passed,
            Verdict::Degraded => &mut cell.degraded,
            Verdict::Failed => &mut cell.failed,
            Verdict::Unknown => &mut cell.unknown,
        };
        *count = count.saturating_add(runs);
    }

    /// Counts durations of runs that worked, of the hour of a moment (seconds since 1970).
    pub fn add_took(&mut self, second: i64, took: &Histogram) {
        let hour = second.div_euclid(3_600);
        if self.took.back().is_none_or(|(last, _)| *last < hour) {
            self.took.push_back((hour, Histogram::default()));
            if self.took.len() > HOURS {
                self.took.pop_front();
            }
        }
        if let Some((_, all)) = self.took.iter_mut().rev().find(|(h, _)| *h == hour) {
            all.merge(took);
        }
    }

    /// Whole durations of the runs that worked in this hour and the five before it.
    pub fn took_lately(&self, now: Timestamp) -> Histogram {
        let first = now.as_second().div_euclid(3_600) - i64::try_from(HOURS).unwrap_or(i64::MAX) + 1;
        let mut all = Histogram::default();
        self.took.iter().filter(|(hour, _)| *hour >= first).for_each(|(_, took)| all.merge(took));
        all
    }

    /// Whether a result of this moment is so old that a run must have been missed: two slots have passed since.
    pub fn stale(&self, ended: Timestamp, now: Timestamp) -> bool {
        let second = self.timetable.next_after(ended).and_then(|slot| self.timetable.next_after(slot));
        second.is_some_and(|slot| {
            now.duration_since(slot) > SignedDuration::try_from(self.slack).unwrap_or_default()
        })
    }

    /// The last hours, gaps as empty cells.
    pub fn strip(&self, now: Timestamp) -> Strip {
        let last = now.as_second().div_euclid(CELL_SECONDS) * CELL_SECONDS;
        let count = i64::try_from(CELLS).unwrap_or(i64::MAX);
        let cell = |back: i64| {
            let start = last - back * CELL_SECONDS;
            self.cells.iter().find(|(s, _)| *s == start).map_or_else(Cell::default, |(_, c)| *c)
        };
        Strip {
            probe: self.id.probe().to_owned(),
            cells: (0..count).rev().map(cell).collect(),
            cell_seconds: u32::try_from(CELL_SECONDS).unwrap_or(u32::MAX),
        }
    }
}
