//! Launchwatch about itself: cut off, short of time, paused, its results lost.
//!
//! # Why
//! Most false alarms of probers are their own troubles. What looks like ours is asked about before anybody is accused
//! (`gate`, `witnesses`), and what is ours is said so under the name of a target of its own (`report`).

mod gate;
mod pace;
mod pulse;
mod report;
mod watch;
mod witnesses;

pub use gate::network_like;
pub use pulse::{Moment, Pulse, beat};
pub use watch::{SelfWatch, Sorted};
pub use witnesses::{Question, Witnesses};
