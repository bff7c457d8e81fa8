//! OpenTelemetry's metrics over HTTP (OTLP 1.x, protobuf): gauges named as in Prometheus, or sums and histograms of
//! each minute.

use std::collections::BTreeMap;
use std::io::Write as _;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use prost::Message;

use super::series::{Outside, Value, cumulative, points};
use super::{Cell, Parcel};
use crate::store::Histogram;

mod wire;

use wire::{
    Answer, AnyValue, Data, Gauge, HistogramOf, HistogramPoint, KeyValue, Metric, NumberPoint, Request,
    Resource, ResourceMetrics, Scope, ScopeMetrics, Sum,
};

/// What was counted within the time of the point, not since the beginning.
const DELTA: i32 = 1;

/// What is said with every request.
pub(super) fn headers() -> HeaderMap {
    [(CONTENT_TYPE, "application/x-protobuf"), (CONTENT_ENCODING, "gzip")]
        .map(|(name, value)| (name, HeaderValue::from_static(value)))
        .into_iter()
        .collect()
}

/// How many data points a receiver that took a request did not want, and why.
pub(super) fn rejected(body: &[u8]) -> Option<(usize, String)> {
    let partial = Answer::decode(body).ok()?.partial?;
    let count = usize::try_from(partial.rejected).ok().filter(|n| *n > 0)?;
    Some((count, format!("{count} data points are not wanted: {}", partial.message)))
}

/// What the buckets of one minute have to tell, in requests of at most so many data points.
pub(super) fn parcels(cells: &[Cell], outside: &Outside, deltas: bool, most: usize) -> Vec<Parcel> {
    let points: Vec<Metric> = if deltas {
        cells.iter().flat_map(|cell| of_minute(cell, outside)).collect()
    } else {
        cells.iter().flat_map(|cell| gauges(cell, outside)).collect()
    };
    points.chunks(most).map(|part| parcel(part, outside)).collect()
}

/// Metrics of one point each become metrics of many.
fn parcel(points: &[Metric], outside: &Outside) -> Parcel {
    let mut metrics: BTreeMap<String, Metric> = BTreeMap::new();
    for point in points {
        match metrics.get_mut(&point.name) {
            Some(metric) => join(&mut metric.data, &point.data),
            None => {
                metrics.insert(point.name.clone(), point.clone());
            }
        }
    }
    let attributes =
        vec![text("service.name", "launchwatch"), text("service.instance.id", &outside.location)];
    let scope = Scope { name: "launchwatch".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
    let scopes = vec![ScopeMetrics { scope: Some(scope), metrics: metrics.into_values().collect() }];
    let resource = Some(Resource { attributes });
    let request = Request { resources: vec![ResourceMetrics { resource, scopes }] };
    Parcel { samples: points.len(), body: squeezed(&request.encode_to_vec()) }
}

fn join(to: &mut Option<Data>, more: &Option<Data>) {
    match (to, more) {
        (Some(Data::Gauge(to)), Some(Data::Gauge(more))) => to.points.extend_from_slice(&more.points),
        (Some(Data::Sum(to)), Some(Data::Sum(more))) => to.points.extend_from_slice(&more.points),
        (Some(Data::Histogram(to)), Some(Data::Histogram(more))) => to.points.extend_from_slice(&more.points),
        _ => {}
    }
}

/// The same series as everywhere, as gauges: what Prometheus and its like make of them is what remote-write brings.
fn gauges(cell: &Cell, outside: &Outside) -> Vec<Metric> {
    let time = nanos(cell.ends());
    let metric = |sample: super::series::Sample| {
        let attributes = sample.labels.iter().map(|(name, value)| text(name, value)).collect();
        let point = NumberPoint { attributes, start: 0, time, value: sample.value };
        Metric {
            name: sample.name,
            description: String::new(),
            unit: String::new(),
            data: Some(Data::Gauge(Gauge { points: vec![point] })),
        }
    };
    outside.samples(&cell.probe, &cell.bucket).into_iter().map(metric).collect()
}

/// What happened in the minute: sums and histograms.
fn of_minute(cell: &Cell, outside: &Outside) -> Vec<Metric> {
    let (start, time) = (nanos(cell.bucket.start), nanos(cell.ends()));
    let mut metrics = Vec::new();
    for point in points(&cell.bucket) {
        let attributes =
            outside.labels(&cell.probe, &point).iter().map(|(name, value)| text(name, value)).collect();
        let (unit, data) = match point.value {
            Value::Count(count) => {
                let points = vec![NumberPoint { attributes, start, time, value: f64::from(count) }];
                ("{run}", Data::Sum(Sum { points, temporality: DELTA, monotonic: true }))
            }
            Value::Spread(histogram) => {
                let points = vec![spread(histogram, attributes, start, time)];
                ("s", Data::Histogram(HistogramOf { points, temporality: DELTA }))
            }
        };
        metrics.push(Metric {
            name: point.family.name.to_owned(),
            description: point.family.meaning.to_owned(),
            unit: unit.to_owned(),
            data: Some(data),
        });
    }
    metrics
}

fn spread(histogram: &Histogram, attributes: Vec<KeyValue>, start: u64, time: u64) -> HistogramPoint {
    let (count, mut below) = (histogram.count(), 0);
    let mut counts = Vec::new();
    for at_most in cumulative(histogram).map(|(_, _, n)| n).chain([count]) {
        counts.push(at_most.saturating_sub(below));
        below = at_most;
    }
    HistogramPoint {
        attributes,
        start,
        time,
        count,
        sum: Some(histogram.sum().as_secs_f64()),
        counts,
        bounds: cumulative(histogram).map(|(bound, _, _)| bound).collect(),
    }
}

fn text(key: &str, value: &str) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { text: Some(value.to_owned()) }) }
}

fn nanos(second: i64) -> u64 {
    u64::try_from(second).unwrap_or_default().saturating_mul(1_000_000_000)
}

fn squeezed(plain: &[u8]) -> Bytes {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    // Writing into memory cannot fail.
    gzip.write_all(plain).and_then(|()| gzip.finish()).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::exchange::testing::cells;

    fn opened(parcel: &Parcel) -> Vec<Metric> {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&parcel.body[..]).read_to_end(&mut plain).unwrap();
        let mut request = Request::decode(plain.as_slice()).unwrap();
        request.resources.remove(0).scopes.remove(0).metrics
    }

    fn outside() -> Outside {
        Outside { location: "here".into(), labels: BTreeMap::new() }
    }

    #[test]
    fn no_request_is_larger_than_allowed_and_a_metric_stands_in_it_once() {
        let (cells, outside) = (cells(5), outside());
        let whole: usize = cells.iter().map(|c| outside.samples(&c.probe, &c.bucket).len()).sum();
        let parcels = parcels(&cells, &outside, false, 100);
        assert!(parcels.len() > 1 && parcels.iter().all(|p| p.samples <= 100));
        let mut count = 0;
        for parcel in &parcels {
            let metrics = opened(parcel);
            let names: Vec<&str> = metrics.iter().map(|m| m.name.as_str()).collect();
            assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
            for metric in &metrics {
                let Some(Data::Gauge(gauge)) = &metric.data else { panic!("{metric:?}") };
                count += gauge.points.len();
            }
        }
        assert_eq!(count, whole);
    }

    #[test]
    fn a_histogram_of_a_minute_counts_each_run_in_one_cell() {
        let parcels = parcels(&cells(2), &outside(), true, 1_000);
        let metrics = opened(&parcels[0]);
        assert_eq!(metrics.len(), 4, "the four families");
        let histograms = metrics.iter().filter_map(|m| match &m.data {
            Some(Data::Histogram(h)) => Some(h),
            _ => None,
        });
        for point in histograms.flat_map(|h| &h.points) {
            assert_eq!(point.counts.len(), point.bounds.len() + 1);
            assert_eq!(point.counts.iter().sum::<u64>(), point.count);
            assert_eq!(point.time - point.start, 60_000_000_000);
        }
    }

    #[test]
    fn what_a_receiver_rejects_of_a_request_is_counted() {
        let answer = |rejected| {
            let partial = Some(wire::Partial { rejected, message: "too old".into() });
            rejected_of(&Answer { partial })
        };
        assert_eq!(answer(0), None);
        assert_eq!(answer(3), Some((3, "3 data points are not wanted: too old".into())));
        assert_eq!(rejected(b""), None);
        assert_eq!(rejected(b"{}"), None, "an answer in JSON");
    }

    fn rejected_of(answer: &Answer) -> Option<(usize, String)> {
        rejected(&answer.encode_to_vec())
    }
}
