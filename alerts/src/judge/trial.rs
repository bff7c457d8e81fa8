//! Short histories to try judges on.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Judge, Reading};
use crate::{Details, Health, Sample, SeriesId};

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_530_988_200 + second).unwrap()
}

/// A run that takes no time.
pub(super) fn sample(health: Health, second: i64) -> Sample {
    let series = SeriesId { target: "hub".into(), probe: "launch".into(), location: "here".into() };
    Sample { health, ..Sample::good(Arc::new(series), at(second), at(second), at(second)) }
}

/// A good run with these details.
pub(super) fn with(details: Details, second: i64) -> Sample {
    Sample { details: Some(Box::new(details)), ..sample(Health::Good, second) }
}

pub(super) fn timed(took: f64, second: i64) -> Sample {
    with(Details { took, ..Details::default() }, second)
}

pub(super) fn measuring(name: &str, value: f64, second: i64) -> Sample {
    with(Details { measurements: [(name.to_owned(), value)].into(), ..Details::default() }, second)
}

pub(super) fn stating(name: &str, value: &str, second: i64) -> Sample {
    with(Details { facts: [(name.to_owned(), value.to_owned())].into(), ..Details::default() }, second)
}

/// `.` good, `x` bad, `~` poor, `?` unknown.
pub(super) fn health(letter: char) -> Health {
    match letter {
        '.' => Health::Good,
        'x' => Health::Bad,
        '~' => Health::Poor,
        _ => Health::Unknown,
    }
}

/// `H` holds, `.` clear, `-` silent.
pub(super) fn letters(readings: impl Iterator<Item = Reading>) -> String {
    readings
        .map(|reading| match reading {
            Reading::Holds => 'H',
            Reading::Clear => '.',
            Reading::Silent => '-',
        })
        .collect()
}

/// What a judge makes of a row of runs, so many seconds apart.
pub(super) fn row(mut judge: impl Judge, runs: &str, apart: i64) -> String {
    let runs = runs.chars().enumerate();
    letters(runs.map(|(i, c)| judge.see(&sample(health(c), apart * i64::try_from(i).unwrap()))))
}
