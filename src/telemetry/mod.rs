//! What launchwatch says about itself and about what it saw: the log and the metrics.

mod agents;
mod by_probe;
mod exports;
pub mod logs;
mod metrics;

pub(crate) use by_probe::BOUNDS;
pub use metrics::Metrics;
