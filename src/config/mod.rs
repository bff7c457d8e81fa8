//! What the operator wrote, judged, and as believed.

mod settled;

pub use settled::{ChannelConfig, Config, Limits, Overlap, ProbeConfig, Schedule, Service, Target};
