//! Flight: one launch under way, counted from its first `launching` to its end, however it ends.

use std::sync::Arc;

use super::world::World;

/// Dropped before it ended: the client left, and the launch counts as abandoned.
pub(crate) struct Flight {
    world: Arc<World>,
    ended: bool,
}

impl Flight {
    pub(crate) fn begin(world: Arc<World>) -> Self {
        {
            let counts = &mut world.state().counts;
            counts.begun += 1;
            counts.in_flight += 1;
            counts.peak = counts.peak.max(counts.in_flight);
        }
        Self { world, ended: false }
    }

    pub(crate) fn ready(mut self) {
        self.ended = true;
        self.world.state().counts.ready += 1;
    }

    pub(crate) fn failed(mut self) {
        self.ended = true;
        self.world.state().counts.failed += 1;
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let counts = &mut self.world.state().counts;
        counts.in_flight = counts.in_flight.saturating_sub(1);
        if !self.ended {
            counts.abandoned += 1;
        }
    }
}
