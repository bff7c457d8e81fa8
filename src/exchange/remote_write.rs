//! Prometheus' remote-write, protocol 1.0: protobuf in a block of snappy.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue};
use prost::Message;

use super::series::Outside;
use super::{Cell, Parcel};

/// Which protocol is spoken.
const VERSION: HeaderName = HeaderName::from_static("x-prometheus-remote-write-version");

#[derive(Clone, PartialEq, Message)]
struct WriteRequest {
    #[prost(message, repeated, tag = "1")]
    series: Vec<TimeSeries>,
}

#[derive(Clone, PartialEq, Message)]
struct TimeSeries {
    /// The name among them, in order.
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Sample>,
}

#[derive(Clone, PartialEq, Message)]
struct Label {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct Sample {
    #[prost(double, tag = "1")]
    value: f64,
    /// Milliseconds since 1970.
    #[prost(int64, tag = "2")]
    timestamp: i64,
}

/// What is said with every request.
pub(super) fn headers() -> HeaderMap {
    [(CONTENT_ENCODING, "snappy"), (CONTENT_TYPE, "application/x-protobuf"), (VERSION, "0.1.0")]
        .map(|(name, value)| (name, HeaderValue::from_static(value)))
        .into_iter()
        .collect()
}

/// What the buckets of one minute have to tell, in requests of at most so many samples.
pub(super) fn parcels(cells: &[Cell], outside: &Outside, most: usize) -> Vec<Parcel> {
    let mut series = Vec::new();
    for cell in cells {
        let timestamp = cell.ends().saturating_mul(1_000);
        for sample in outside.samples(&cell.probe, &cell.bucket) {
            let mut labels: Vec<Label> =
                sample.labels.into_iter().map(|(name, value)| Label { name, value }).collect();
            labels.push(Label { name: "__name__".to_owned(), value: sample.name });
            labels.sort_by(|a, b| a.name.cmp(&b.name));
            series.push(TimeSeries { labels, samples: vec![Sample { value: sample.value, timestamp }] });
        }
    }
    let request = |part: &[TimeSeries]| Parcel {
        samples: part.len(),
        body: squeezed(&WriteRequest { series: part.to_vec() }.encode_to_vec()),
    };
    series.chunks(most).map(request).collect()
}

fn squeezed(plain: &[u8]) -> Bytes {
    // It fails for what is longer than 4 GiB.
    snap::raw::Encoder::new().compress_vec(plain).unwrap_or_default().into()
}

/// What a request holds: series as text, time in seconds, value.
#[cfg(test)]
pub(super) fn opened(body: &[u8]) -> Vec<(String, i64, f64)> {
    let plain = snap::raw::Decoder::new().decompress_vec(body).unwrap();
    let text = |labels: &[Label]| {
        labels.iter().map(|l| format!("{}={}", l.name, l.value)).collect::<Vec<_>>().join(",")
    };
    let series = WriteRequest::decode(plain.as_slice()).unwrap().series;
    let all = series.iter().map(|s| (text(&s.labels), s.samples[0].timestamp / 1_000, s.samples[0].value));
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::testing::cells;

    #[test]
    fn no_request_is_larger_than_allowed_and_together_they_hold_everything_in_order() {
        let outside = Outside { location: "here".into(), labels: [("Zone".into(), "a".into())].into() };
        let cells = cells(3);
        let whole: usize = cells.iter().map(|c| outside.samples(&c.probe, &c.bucket).len()).sum();
        let parcels = parcels(&cells, &outside, 100);
        assert!(parcels.len() > 1 && parcels.iter().all(|p| p.samples <= 100));
        assert_eq!(parcels.iter().map(|p| p.samples).sum::<usize>(), whole);
        for parcel in &parcels {
            let plain = snap::raw::Decoder::new().decompress_vec(&parcel.body).unwrap();
            let request = WriteRequest::decode(plain.as_slice()).unwrap();
            assert_eq!(request.series.len(), parcel.samples);
            for series in request.series {
                let names: Vec<&str> = series.labels.iter().map(|l| l.name.as_str()).collect();
                assert!(names.is_sorted() && names.contains(&"__name__"), "{names:?}");
                assert_eq!(series.samples.len(), 1);
                assert_eq!(series.samples[0].timestamp % 60_000, 0);
            }
        }
    }
}
