//! Minutes of some probes, for the tests of this room.

use std::sync::Arc;

use launchwatch_alerts::Post;

use super::Cell;
use crate::clock::Clock;
use crate::dice::Dice;
use crate::edges::{Edges, memory};
use crate::store::Bucket;
use crate::store::testing::{START, failed, passed, probe};
use crate::tasks::Tasks;

/// The same minute of so many probes.
pub(super) fn cells(probes: usize) -> Vec<Cell> {
    let cell = |n: usize| {
        let mut bucket = Bucket::at(START);
        bucket.count(&passed("site", 7 * i64::try_from(n).unwrap()).outcome);
        bucket.count(&failed("site", 30).outcome);
        Cell { probe: probe(&format!("site-{n}")), bucket }
    };
    (0..probes).map(cell).collect()
}

/// Doors that lead nowhere but to a post.
pub(super) fn nowhere(clock: Clock, post: Arc<dyn Post>) -> Edges {
    let spawner = memory::spawner(&Tasks::new());
    Edges { clock, net: Arc::new(memory::MemoryNet::new(spawner)), post, dice: Dice::seeded(1) }
}
