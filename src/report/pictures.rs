//! Pictures: how launches went, by five minutes, as files that the text refers to.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use launchwatch_alerts::chart::{Share, Shares, shares};
use serde::{Deserialize, Serialize};

use super::facts::{Facts, Shape};
use super::impact::CELL;
use super::words::{Clock, slug};

/// A picture that belongs to a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// Name of its file.
    pub name: String,
    /// What it shows, in words.
    pub says: String,
    /// The picture.
    pub svg: String,
}

/// One picture for each probe that counts.
pub(super) fn pictures(facts: &Facts, stem: &str, zone: &TimeZone) -> Vec<Picture> {
    facts.shape.iter().map(|shape| picture(facts, shape, stem, zone)).collect()
}

fn picture(facts: &Facts, shape: &Shape, stem: &str, zone: &TimeZone) -> Picture {
    let clock = Clock::new(zone, shape.from, facts.period.to);
    let says = format!(
        "Share of runs of {} that worked, by five minutes, from {} to {}",
        shape.probe,
        clock.full(shape.from),
        clock.full(end(shape)),
    );
    let cells: Vec<Share> = shape
        .cells
        .iter()
        .map(|[passed, degraded, failed, unknown]| Share {
            passed: *passed,
            degraded: *degraded,
            failed: *failed,
            unknown: *unknown,
        })
        .collect();
    let drawn = shares(&Shares {
        cells: &cells,
        hours: &hours(shape, zone),
        marks: &marks(facts, shape),
        says: &says,
    });
    let alone = facts.targets.len() == 1;
    let probe = shape.probe.split_once('/').map(|(_, probe)| probe).filter(|_| alone).unwrap_or(&shape.probe);
    Picture { name: format!("{stem}-{}.svg", slug(probe)), says, svg: drawn.picture() }
}

fn end(shape: &Shape) -> Timestamp {
    let cells = i64::try_from(shape.cells.len()).unwrap_or_default();
    Timestamp::from_second(shape.from.as_second() + cells * CELL).unwrap_or(shape.from)
}

/// Full hours as places of cells; of many, every second, third, …
fn hours(shape: &Shape, zone: &TimeZone) -> Vec<(f64, String)> {
    let all: Vec<(f64, String)> = (0..shape.cells.len())
        .filter_map(|n| {
            let second = shape.from.as_second() + i64::try_from(n).ok()? * CELL;
            let local = Timestamp::from_second(second).ok()?.to_zoned(zone.clone());
            let form = if local.hour() == 0 { "%d %b" } else { "%H:%M" };
            (local.minute() == 0).then(|| (place(shape, second), local.strftime(form).to_string()))
        })
        .collect();
    let step = all.len().div_ceil(12).max(1);
    all.into_iter().step_by(step).collect()
}

#[expect(clippy::cast_precision_loss, reason = "seconds of an incident")]
fn place(shape: &Shape, second: i64) -> f64 {
    (second - shape.from.as_second()) as f64 / CELL as f64
}

/// When people were told, saw to it, and had their service back.
fn marks(facts: &Facts, shape: &Shape) -> Vec<(f64, String)> {
    let told = facts.detection.told_page.as_ref().or(facts.detection.told.as_ref());
    let all = [
        (told, "told"),
        (facts.detection.acknowledged.as_ref(), "acknowledged"),
        (facts.recovery.first_good.as_ref(), "works again"),
    ];
    let inside = |at: &Timestamp| *at >= shape.from && *at <= end(shape);
    let marks = all.into_iter().filter_map(|(m, word)| Some((m?.value, word)));
    marks
        .filter(|(at, _)| inside(at))
        .map(|(at, word)| (place(shape, at.as_second()), word.to_owned()))
        .collect()
}
