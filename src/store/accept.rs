//! What of a batch is new, and in which form it is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use jiff::Timestamp;

use super::Bucket;
use super::names::Names;
use super::open;
use super::pack::plain::Plain;
use super::pack::shape::Shape;
use crate::observation::Observation;

/// The last result of a probe.
#[derive(Debug, Clone, Copy)]
pub(super) struct Last {
    /// Slot in microseconds; `i64::MIN` before the first.
    pub slot: i64,
    /// Shape of the last compact result; 0 before the first.
    pub shape: u32,
    /// Hash of a shape that was seen once: the second time in a row it is worth a number.
    pub candidate: u64,
}

impl Default for Last {
    fn default() -> Self {
        Self { slot: i64::MIN, shape: 0, candidate: 0 }
    }
}

/// The place of a probe, made if it is not there.
#[expect(clippy::indexing_slicing, reason = "it has just been made long enough")]
pub(super) fn place(last: &mut Vec<Last>, probe: u32) -> &mut Last {
    let at = probe as usize;
    if last.len() <= at {
        last.resize(at + 1, Last::default());
    }
    &mut last[at]
}

/// What of a batch is new, in the form it is kept in.
#[derive(Default)]
pub(super) struct Accepted<'a> {
    pub plains: Vec<Plain>,
    pub fulls: Vec<(u32, &'a Observation)>,
}

impl Accepted<'_> {
    /// What belongs to hours that start before this second, which are written already: by probe and hour.
    pub(super) fn late(&self, names: &Names, until: i64) -> BTreeMap<(u32, i64), Bucket> {
        let mut late: BTreeMap<(u32, i64), Bucket> = BTreeMap::new();
        for plain in self.plains.iter().filter(|p| open::start(p.slot) < until) {
            let hour = open::start(plain.slot);
            if let Some(shape) = names.shapes.get(plain.shape) {
                late.entry((plain.probe, hour)).or_insert_with(|| Bucket::at(hour)).count_plain(plain, shape);
            }
        }
        for (probe, seen) in &self.fulls {
            let hour = open::start(seen.slot.as_microsecond());
            if hour < until {
                late.entry((*probe, hour)).or_insert_with(|| Bucket::at(hour)).count(&seen.outcome);
            }
        }
        late
    }
}

/// Results that do not go forward: those that may be there already. A slot later than the last one of its probe is not.
pub(super) fn doubtful(seen: &[Observation], last: &mut Vec<Last>, numbers: &[u32]) -> BTreeSet<(u32, i64)> {
    let mut newest: BTreeMap<u32, i64> = BTreeMap::new();
    let mut doubtful = BTreeSet::new();
    for (seen, &probe) in seen.iter().zip(numbers) {
        let slot = seen.slot.as_microsecond();
        let before = newest.entry(probe).or_insert_with(|| place(last, probe).slot);
        if slot > *before {
            *before = slot;
        } else {
            doubtful.insert((probe, slot));
        }
    }
    doubtful
}

/// What is older than its retention is not taken in: it could no longer be told whether it was there before.
pub(super) fn horizon(now: Timestamp, keep: Duration) -> i64 {
    now.as_microsecond().saturating_sub(i64::try_from(keep.as_micros()).unwrap_or(i64::MAX))
}

/// How a result is kept.
pub(super) enum Form {
    /// To the letter.
    Full,
    /// With the shape of this number.
    Shaped(u32),
    /// With a shape that has no number yet, and is worth one.
    New(String, Shape),
}

/// How to keep a result that follows the last one of its probe.
pub(super) fn form(names: &Names, last: &mut Last, seen: &Observation) -> Form {
    if !Shape::suits(seen) {
        return Form::Full;
    }
    if names.shapes.get(last.shape).is_some_and(|s| s.fits(seen)) {
        return Form::Shaped(last.shape);
    }
    let shape = Shape::of(seen);
    let Ok(text) = serde_json::to_string(&shape) else { return Form::Full };
    match names.shape_number(&text) {
        Some(number) => Form::Shaped(number),
        None if worth(&shape, &text, last) => Form::New(text, shape),
        None => Form::Full,
    }
}

/// Whether a new shape is worth a number: not if it may never come again, as with the name of a pod.
fn worth(shape: &Shape, text: &str, last: &mut Last) -> bool {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let again = last.candidate == hasher.finish();
    last.candidate = hasher.finish();
    again || shape.is_plain()
}
