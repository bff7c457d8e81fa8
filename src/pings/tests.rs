//! Jobs and alerts over time: pure states, no sockets, no store.

mod alerts;
mod hub;
mod jobs;
mod replay;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use launchwatch_probes::{HeartbeatTerms, Outcome};

use super::calendar::Calendar;
use super::heartbeat::{Beat, Found, Word};
use crate::config::Schedule;
use crate::cron::CronSchedule;
use crate::observation::{Observation, ProbeId};

/// So many seconds after a moment.
fn at(second: i64) -> Timestamp {
    "2018-07-07T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(second)
}

fn seen((slot, outcome): Found) -> Observation {
    let (probe, location) = (ProbeId::new("hub", "backup"), "here".into());
    Observation { probe, location, slot, lag: Duration::ZERO, confirms: false, outcome }
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A job that is expected every hour, with ten minutes of grace, and runs for half an hour at most.
fn hourly() -> Beat {
    beat(Schedule::Every(secs(3_600)), Some(600), Some(1_800), at(0))
}

fn beat(schedule: Schedule, grace: Option<u64>, longest: Option<u64>, since: Timestamp) -> Beat {
    let key = "0123456789abcdef".to_owned().into();
    let terms = HeartbeatTerms { key, grace: grace.map(secs), longest: longest.map(secs) };
    Beat::new(&terms, Calendar::new(schedule, since), since)
}

fn cron(expression: &str, zone: &str) -> Schedule {
    Schedule::Cron(Box::new(CronSchedule::parse(expression, Some(zone)).unwrap()))
}

/// A job, and all that was written down of it.
struct Job {
    beat: Beat,
    record: Vec<Observation>,
}

impl Job {
    fn new(beat: Beat) -> Self {
        Self { beat, record: Vec::new() }
    }

    fn say(&mut self, second: i64, word: Word, rid: Option<&str>) -> usize {
        let found = self.beat.would(word, rid, Vec::new(), at(second));
        let count = found.len();
        self.keep(found);
        count
    }

    /// Lets the watch look at a moment.
    fn look(&mut self, second: i64) -> usize {
        let before = self.record.len();
        while let Some(found) = self.beat.due(at(second)) {
            self.keep(vec![found]);
        }
        self.record.len() - before
    }

    fn keep(&mut self, found: Vec<Found>) {
        for one in found.into_iter().map(seen) {
            self.beat.saw(&one);
            self.record.push(one);
        }
    }

    fn last(&self) -> &Outcome {
        &self.record.last().unwrap().outcome
    }
}
