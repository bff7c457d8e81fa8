//! What leaves for other stores of time series: what every minute counted, to Prometheus, OpenTelemetry or a file.

pub mod openmetrics;
mod otlp;
mod progress;
mod remote_write;
mod send;
mod series;
#[cfg(test)]
mod testing;
mod work;

use bytes::Bytes;

pub use self::series::{FAMILIES, Family, OURS, Outside, Shape};
pub use self::work::{Desk, start};
use crate::observation::ProbeId;
use crate::store::{Bucket, Tier};

/// What a probe found in one minute.
#[derive(Debug, Clone)]
struct Cell {
    probe: ProbeId,
    bucket: Bucket,
}

impl Cell {
    /// The end of the minute, in seconds since 1970: the time of its samples.
    fn ends(&self) -> i64 {
        self.bucket.start.saturating_add(Tier::Minute.seconds())
    }
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Parcel {
    /// How many samples it holds.
    samples: usize,
    /// As it goes over the wire.
    body: Bytes,
}
