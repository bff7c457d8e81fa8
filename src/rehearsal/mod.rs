//! Rehearsal: an outage that somebody wrote down, played to the whole service in simulated time.

pub mod scenario;
pub mod stage;

pub use scenario::{Hindsight, Scenario};
pub use stage::{Member, Stage};
