//! Judges when a probe runs and how long it may take.

use std::time::Duration;

use jiff::Timestamp;
use launchwatch_probes::Kind;

use super::Desk;
use crate::config::duration::{Span, show, written};
use crate::config::file::ProbeKeys;
use crate::config::path::Path;
use crate::config::settled::{Overlap, Schedule};
use crate::config::texts::Patience;
use crate::config::typed::Item;
use crate::cron::CronSchedule;

/// The shortest interval and deadline.
const SHORTEST: Duration = Duration::from_millis(100);
/// How long a launching probe waits before it confirms, if the interval allows: a hub that restarts is back by then.
const CONFIRM_LAUNCH: Duration = Duration::from_secs(15);
/// The same for the others.
const CONFIRM: Duration = Duration::from_secs(2);
/// Bounds of `backed_off`: below, a broken hub is loaded; above, recovery is seen late.
const BACKED_OFF: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(300));
/// What is usual: however long an outage lasts, people hear within four minutes that it is over.
const REST: Duration = Duration::from_secs(60);
/// How many times its usual p99 a stage may last before a launch counts as failing.
const PATIENCE: f64 = 1.5;
/// Where gaps between cron's times are measured from, so that a file is judged the same on any day: the beginning
/// of 2026, and shortly before the clocks change in America and Europe.
const MEASURED_FROM: [i64; 5] = [1_767_225_600, 1_772_884_800, 1_774_699_200, 1_792_843_200, 1_793_448_000];

/// When a probe runs, as believed.
pub(super) struct Timing {
    pub(super) schedule: Schedule,
    pub(super) deadline: Duration,
    pub(super) overlap: Overlap,
    pub(super) confirm_after: Duration,
    pub(super) backed_off: Duration,
    pub(super) patience: Option<f64>,
    /// The shortest time between two slots.
    pub(super) period: Duration,
}

/// The timing, if nothing is wrong with it.
pub(super) fn settle(
    keys: &ProbeKeys,
    kind: &Kind,
    item: &Item<'_>,
    desk: &mut Desk<'_, '_>,
) -> Option<Timing> {
    let mut judge = Judge { keys, kind, item, desk };
    let backed_off = judge.backed_off();
    let patience = judge.patience();
    let (schedule, period) = judge.schedule()?;
    let deadline = judge.deadline(period);
    let usual = if kind.launches { CONFIRM_LAUNCH } else { CONFIRM };
    let confirm_after = keys.confirm_after.map_or_else(|| usual.min(period / 2), |Span(span)| span);
    let overlap = keys.overlap.unwrap_or_default();
    Some(Timing { schedule, deadline, overlap, confirm_after, backed_off, patience, period })
}

struct Judge<'j, 'a, 's> {
    keys: &'j ProbeKeys,
    kind: &'j Kind,
    item: &'j Item<'j>,
    desk: &'j mut Desk<'a, 's>,
}

impl Judge<'_, '_, '_> {
    /// The schedule, and the shortest time between two of its slots.
    fn schedule(&mut self) -> Option<(Schedule, Duration)> {
        match (&self.keys.every, &self.keys.cron) {
            (Some(_), Some(_)) => {
                self.refuse("cron", "`every` and `cron` exclude each other", "keep one of them");
                None
            }
            (_, Some(expression)) => self.cron(expression),
            (every, None) => {
                if self.keys.time_zone.is_some() {
                    self.refuse("time_zone", "a time zone means nothing without `cron`", "leave it off");
                }
                let every = every.map_or(self.kind.cadence.every, |Span(span)| span);
                if every < SHORTEST {
                    self.refuse("every", "nothing runs more often than every 100ms", "write `100ms` or more");
                    return None;
                }
                Some((Schedule::Every(every), every))
            }
        }
    }

    fn cron(&mut self, expression: &str) -> Option<(Schedule, Duration)> {
        // First without the time zone, to know which of the two is wrong.
        let read = CronSchedule::parse(expression, None).map_err(|e| ("cron", e)).and_then(|_| {
            CronSchedule::parse(expression, self.keys.time_zone.as_deref()).map_err(|e| ("time_zone", e))
        });
        match read {
            Err((key, e)) => {
                self.refuse(key, &e.to_string(), e.hint());
                None
            }
            Ok(schedule) => {
                let gaps = MEASURED_FROM
                    .iter()
                    .filter_map(|second| schedule.shortest_gap(Timestamp::from_second(*second).ok()?))
                    .filter_map(|gap| Duration::try_from(gap).ok());
                let period = gaps.min().unwrap_or(Duration::MAX);
                Some((Schedule::Cron(Box::new(schedule)), period))
            }
        }
    }

    fn deadline(&mut self, period: Duration) -> Duration {
        let usual = self.kind.cadence.deadline;
        let cause = if self.keys.cron.is_some() { "cron" } else { "every" };
        let Some(Span(deadline)) = self.keys.deadline else {
            if self.kind.launches && period < usual / 2 {
                let what = format!("runs are cut off after {}, when the next one is due", show(period));
                let hint = format!(
                    "a {} may take {}: run it less often, or write a `deadline`",
                    self.kind.name,
                    show(usual)
                );
                let (place, path) = self.at(cause);
                self.desk.report.warning(place, path, what, hint);
            }
            return usual.min(period);
        };
        if deadline < SHORTEST {
            self.refuse("deadline", "no run is over within 100ms", "write `100ms` or more");
        }
        if deadline > period && self.keys.overlap.is_none() {
            let interval = match (&self.keys.every, &self.keys.cron) {
                (None, None) => format!("the usual interval of {}", show(period)),
                (_, Some(_)) => format!("the {} between two times of `cron`", show(period)),
                _ => format!("the interval of {}", show(period)),
            };
            let what = format!("a deadline of {} is longer than {interval}", show(deadline));
            let hint = format!(
                "write at most `{}`, run it less often, or say what happens then: `overlap: skip`, `queue` or `allow`",
                written(period)
            );
            self.refuse("deadline", &what, &hint);
        }
        deadline
    }

    fn backed_off(&mut self) -> Duration {
        let (shortest, longest) = BACKED_OFF;
        let Some(Span(span)) = self.keys.backed_off else { return REST };
        if !(shortest..=longest).contains(&span) {
            let what = format!("{} is not between 1m and 5m", show(span));
            self.refuse(
                "backed_off",
                &what,
                "less would load a hub that is down, more would see it back late",
            );
        }
        if !self.kind.launches {
            let (place, path) = self.at("backed_off");
            let what = format!("a {} launches nothing, so it is never backed off", self.kind.name);
            self.desk.report.warning(place, path, what, "leave it off");
        }
        span
    }

    fn patience(&mut self) -> Option<f64> {
        let Some(Patience(factor)) = self.keys.patience else {
            return self.kind.launches.then_some(PATIENCE);
        };
        if !self.kind.launches {
            let (place, path) = self.at("patience");
            let what = format!("a {} launches nothing, so it is not judged while it runs", self.kind.name);
            self.desk.report.warning(place, path, what, "leave it off");
            return None;
        }
        factor
    }

    fn refuse(&mut self, key: &str, what: &str, hint: &str) {
        let (place, path) = self.at(key);
        self.desk.report.error(place, path, what, hint);
    }

    fn at(&self, key: &str) -> (crate::config::tree::Place, Path) {
        let inner = Path::default().key(key);
        (self.item.place(&inner), self.item.path.join(&inner))
    }
}
