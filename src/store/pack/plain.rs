//! One result in the compact form: the numbers of its probe, slot and shape, and codes for its times.

use std::time::Duration;

use jiff::Timestamp;
use launchwatch_probes::{Measurement, Outcome, StageTime};

use super::scale::{self, Code};
use super::shape::Shape;
use crate::observation::{Observation, ProbeId};

/// The times of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Time {
    /// Code of the time between the end of the stage before and the start of this one; negative if it began earlier.
    pub gap: i16,
    /// Code of its duration.
    pub took: Code,
}

/// One result in the compact form.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plain {
    /// Number of the probe.
    pub probe: u32,
    /// Microseconds since 1970.
    pub slot: i64,
    /// Number of the shape.
    pub shape: u32,
    /// Code of the lag.
    pub lag: Code,
    /// One for each stage of the shape.
    pub times: Vec<Time>,
    /// One for each measurement of the shape.
    pub values: Vec<f64>,
}

/// The compact form of an observation whose shape is known.
pub(crate) fn pack(seen: &Observation, probe: u32, shape: u32) -> Plain {
    let mut end = Duration::ZERO;
    let mut times = Vec::with_capacity(seen.outcome.stages.len());
    for stage in &seen.outcome.stages {
        times.push(Time { gap: gap(end, stage.start), took: scale::code(stage.took) });
        end = stage.start.saturating_add(stage.took);
    }
    Plain {
        probe,
        slot: seen.slot.as_microsecond(),
        shape,
        lag: scale::code(seen.lag),
        times,
        values: seen.outcome.measurements.iter().map(|m| m.value).collect(),
    }
}

/// Less than a microsecond is none: stopwatches are not finer.
fn gap(end: Duration, start: Duration) -> i16 {
    let size = start.abs_diff(end);
    if size < Duration::from_micros(1) {
        return 0;
    }
    let code = i16::try_from(scale::code(size)).unwrap_or(i16::MAX);
    if start < end { -code } else { code }
}

/// The whole duration, as [`unpack`] will tell it.
pub(crate) fn took(plain: &Plain) -> Duration {
    let mut end = Duration::ZERO;
    let mut longest = Duration::ZERO;
    for time in &plain.times {
        end = start(end, time.gap).saturating_add(scale::duration(time.took));
        longest = longest.max(end);
    }
    longest
}

fn start(end: Duration, gap: i16) -> Duration {
    let size = scale::duration(gap.unsigned_abs());
    if gap < 0 { end.saturating_sub(size) } else { end.saturating_add(size) }
}

/// The observation again; durations within 1 %, everything else as it was.
pub(crate) fn unpack(plain: &Plain, probe: &ProbeId, shape: &Shape) -> Observation {
    let mut outcome: Outcome = shape.outcome();
    let mut end = Duration::ZERO;
    for (stage, time) in shape.stages.iter().zip(&plain.times) {
        let start = start(end, time.gap);
        let took = scale::duration(time.took);
        end = start.saturating_add(took);
        outcome.stages.push(StageTime { stage: *stage, start, took });
    }
    outcome.measurements = (shape.measurements.iter().zip(&plain.values))
        .map(|(name, &value)| Measurement { name: name.clone(), value })
        .collect();
    Observation {
        probe: probe.clone(),
        location: shape.location.clone(),
        slot: Timestamp::from_microsecond(plain.slot).unwrap_or_default(),
        lag: scale::duration(plain.lag),
        confirms: shape.confirms,
        outcome,
    }
}
