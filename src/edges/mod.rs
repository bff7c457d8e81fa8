//! Every door to the outside: clock, network, post, chance. Tests, rehearsals and the demo hand in their own.

pub mod gate;
pub mod memory;
pub mod post;

use std::sync::Arc;

use launchwatch_alerts::Post;
use launchwatch_probes::Net;

use crate::clock::Clock;
use crate::dice::Dice;

/// The doors.
#[derive(Clone)]
pub struct Edges {
    /// The date.
    pub clock: Clock,
    /// Where probes look.
    pub net: Arc<dyn Net>,
    /// Where notifications leave.
    pub post: Arc<dyn Post>,
    /// Chance.
    pub dice: Dice,
}
