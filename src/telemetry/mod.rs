//! What launchwatch says about itself and about what it saw: the log and the metrics.

pub mod logs;
mod by_probe;
mod metrics;

pub use metrics::Metrics;
