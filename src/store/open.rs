//! Hours that are not written yet, and when they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Bucket, Tier};

/// Buckets of one hour by number of probe.
pub(super) type HourOf = Vec<Option<Arc<Bucket>>>;

/// How long after its end an hour is written: a launch takes minutes, and its result counts for the hour it was due
/// in. Later ones are merged into what is written.
const GRACE: i64 = 900;

/// The hour, as its start in seconds, up to which everything should be written at this date.
pub(super) fn due(now: Timestamp) -> i64 {
    Tier::Hour.floor(now.as_second().saturating_sub(GRACE))
}

/// The open bucket of a slot (in microseconds), made if it is not there.
#[expect(clippy::indexing_slicing, reason = "it has just been made long enough")]
pub(super) fn bucket(hours: &mut BTreeMap<i64, HourOf>, probe: u32, slot: i64) -> &mut Bucket {
    let start = start(slot);
    let hour = hours.entry(start).or_default();
    let at = probe as usize;
    if hour.len() <= at {
        hour.resize(at + 1, None);
    }
    let place = &mut hour[at];
    Arc::make_mut(place.get_or_insert_with(|| Arc::new(Bucket::at(start))))
}

/// Start of the hour of a slot, in seconds.
pub(super) fn start(slot: i64) -> i64 {
    Tier::Hour.floor(slot.div_euclid(1_000_000))
}
