//! From buckets to samples: THE TABLE of what leaves for other stores of time series, and the only way it is made.
//!
//! # Why
//! A sample is what one bucket counted, and its time is the bucket's end. It depends on the store alone, not on when
//! somebody began to count: so a restart, a repeat and a backfill give the same samples, and the sum over a time is
//! exact (`sum_over_time`), where the increase of a counter is an estimate.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::observation::ProbeId;
use crate::store::{Bucket, Histogram};
use crate::telemetry::BOUNDS;

/// How what a family tells is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One number.
    Count,
    /// A histogram: `_bucket` with the label `le`, `_sum` and `_count`.
    Spread,
}

/// Series of one name.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// Name, for a histogram without what comes behind it.
    pub name: &'static str,
    /// What it tells, in a sentence.
    pub meaning: &'static str,
    /// How it is written.
    pub shape: Shape,
    /// The label that it has beside `target`, `probe` and `location`.
    pub label: Option<&'static str>,
}

const RUNS: Family = Family {
    name: "launchwatch_bucket_runs",
    meaning: "Runs of the minute that ends here, by verdict.",
    shape: Shape::Count,
    label: Some("verdict"),
};
const REASONS: Family = Family {
    name: "launchwatch_bucket_reasons",
    meaning: "Runs of the minute that ends here that did not pass, by reason; those that have none are left out.",
    shape: Shape::Count,
    label: Some("reason"),
};
pub(super) const STAGES: Family = Family {
    name: "launchwatch_bucket_stage_duration_seconds",
    meaning: "Durations of the stages that came to their end, of the runs of the minute that ends here.",
    shape: Shape::Spread,
    label: Some("stage"),
};
const TOOK: Family = Family {
    name: "launchwatch_bucket_run_duration_seconds",
    meaning: "Whole durations of the runs of the minute that ends here, of those that passed or were degraded.",
    shape: Shape::Spread,
    label: None,
};

/// THE TABLE: everything that leaves.
pub const FAMILIES: [&Family; 4] = [&RUNS, &REASONS, &STAGES, &TOOK];

/// Labels that are ours: nobody else may set them.
pub const OURS: [&str; 7] = ["target", "probe", "location", "verdict", "reason", "stage", "le"];

/// The place this process looks from, and what is added to every series.
#[derive(Debug, Clone)]
pub struct Outside {
    /// Name of our own location.
    pub location: String,
    /// Labels of the operator's own.
    pub labels: BTreeMap<String, String>,
}

/// What one family tells of one bucket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point<'b> {
    pub(super) family: &'static Family,
    /// Value of the family's own label.
    pub(super) of: &'static str,
    pub(super) value: Value<'b>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'b> {
    Count(u32),
    Spread(&'b Histogram),
}

/// A number with its name and labels.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    /// Whole name.
    pub(super) name: String,
    /// In the order of their names.
    pub(super) labels: Vec<(String, String)>,
    pub(super) value: f64,
}

/// What a bucket has to tell: all verdicts, also those that did not occur, so that a share can be reckoned.
pub(super) fn points(bucket: &Bucket) -> Vec<Point<'_>> {
    use launchwatch_probes::Verdict;
    let count = |family, of, n| Point { family, of, value: Value::Count(n) };
    let spread = |family, of, h| Point { family, of, value: Value::Spread(h) };
    let runs = Verdict::ALL.iter().map(|v| count(&RUNS, v.as_str(), *bucket.verdicts.get(v).unwrap_or(&0)));
    let reasons = bucket.reasons.iter().map(|(reason, n)| count(&REASONS, reason.as_str(), *n));
    let stages = bucket.stages.iter().map(|(stage, h)| spread(&STAGES, stage.as_str(), h));
    let took = (bucket.took.count() > 0).then(|| spread(&TOOK, "", &bucket.took));
    runs.chain(reasons).chain(stages).chain(took).collect()
}

impl Outside {
    /// The labels of a point of a probe, in the order of their names.
    pub(super) fn labels(&self, probe: &ProbeId, point: &Point<'_>) -> Vec<(String, String)> {
        let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut labels: Vec<_> = self.labels.iter().map(|(name, value)| own(name, value)).collect();
        labels.push(own("target", probe.target()));
        labels.push(own("probe", probe.bare()));
        labels.push(own("location", probe.elsewhere().unwrap_or(&self.location)));
        labels.extend(point.family.label.map(|label| own(label, point.of)));
        labels.sort();
        labels
    }

    /// All samples of a bucket of a probe: those of a family together, and the cells of a histogram in their order.
    pub(super) fn samples(&self, probe: &ProbeId, bucket: &Bucket) -> Vec<Sample> {
        let mut samples = Vec::new();
        for point in points(bucket) {
            let labels = self.labels(probe, &point);
            match point.value {
                Value::Count(count) => {
                    let name = point.family.name.to_owned();
                    samples.push(Sample { name, labels, value: f64::from(count) });
                }
                Value::Spread(histogram) => spread(point.family.name, &labels, histogram, &mut samples),
            }
        }
        samples
    }
}

fn spread(name: &str, labels: &[(String, String)], histogram: &Histogram, into: &mut Vec<Sample>) {
    let whole = ("+Inf", number(histogram.count()));
    for (le, value) in cumulative(histogram).map(|(_, le, n)| (le, number(n))).chain([whole]) {
        let mut labels = labels.to_vec();
        labels.push(("le".to_owned(), le.to_owned()));
        labels.sort();
        into.push(Sample { name: format!("{name}_bucket"), labels, value });
    }
    let mut plain = |behind: &str, value| {
        into.push(Sample { name: format!("{name}_{behind}"), labels: labels.to_vec(), value });
    };
    plain("sum", histogram.sum().as_secs_f64());
    plain("count", whole.1);
}

/// Bounds in seconds, as they are written, with how many durations lie at or below.
pub(super) fn cumulative(histogram: &Histogram) -> impl Iterator<Item = (f64, &'static str, u64)> + use<'_> {
    BOUNDS.iter().map(|&(bound, le)| (bound, le, histogram.cumulative(Duration::from_secs_f64(bound))))
}

#[expect(clippy::cast_precision_loss, reason = "nobody counts beyond 2^52 in a bucket")]
pub(super) fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use launchwatch_probes::Stage;

    use super::*;
    use crate::store::testing::{failed, passed};

    fn outside() -> Outside {
        Outside { location: "here".into(), labels: [("Zone".to_owned(), "a".to_owned())].into() }
    }

    fn bucket() -> Bucket {
        let mut bucket = Bucket::at(1_767_225_600);
        bucket.count(&passed("launch", 0).outcome);
        bucket.count(&failed("launch", 30).outcome);
        bucket
    }

    fn value(samples: &[Sample], name: &str, label: &str) -> Vec<f64> {
        let fits = |s: &&Sample| s.name == name && s.labels.iter().any(|(_, value)| value == label);
        samples.iter().filter(fits).map(|s| s.value).collect()
    }

    #[test]
    fn every_sample_is_of_a_family_of_the_table_and_has_its_labels_in_order() {
        let probe = ProbeId::new("hub", "launch@frankfurt");
        let samples = outside().samples(&probe, &bucket());
        assert!(samples.len() > 60, "{}", samples.len());
        for sample in &samples {
            let family = FAMILIES.iter().find(|f| match f.shape {
                Shape::Count => sample.name == f.name,
                Shape::Spread => ["_bucket", "_sum", "_count"]
                    .iter()
                    .any(|end| sample.name.strip_suffix(end) == Some(f.name)),
            });
            let family = family.unwrap_or_else(|| panic!("{} is in no row", sample.name));
            let names: Vec<&str> = sample.labels.iter().map(|l| l.0.as_str()).collect();
            let mut expected = vec!["Zone", "location", "probe", "target"];
            expected.extend(family.label);
            expected.extend(sample.name.ends_with("_bucket").then_some("le"));
            expected.sort_unstable();
            assert_eq!(names, expected, "{}", sample.name);
            let of = |name: &str| sample.labels.iter().find(|l| l.0 == name).map(|l| l.1.as_str());
            assert_eq!((of("location"), of("probe")), (Some("frankfurt"), Some("launch")));
        }
        for family in FAMILIES {
            assert!(samples.iter().any(|s| s.name.starts_with(family.name)), "{} is never sent", family.name);
        }
    }

    #[test]
    fn the_page_for_people_tells_the_table() {
        let page = include_str!("../../deploy/exchange.md");
        for family in FAMILIES {
            let label = family.label.map_or(String::new(), |label| format!("`{label}`"));
            let row = page.lines().find(|l| l.starts_with(&format!("| `{}`", family.name)));
            let row = row.unwrap_or_else(|| panic!("no row of {}", family.name));
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            assert_eq!((cells[1], cells[2]), (label.as_str(), family.meaning), "{row}");
            assert_eq!(cells[0].contains("`_bucket`"), family.shape == Shape::Spread, "{row}");
        }
    }

    #[test]
    fn a_bucket_tells_what_it_counted_and_verdicts_that_did_not_occur_as_zero() {
        let bucket = bucket();
        let samples = outside().samples(&ProbeId::new("hub", "launch"), &bucket);
        assert_eq!(value(&samples, "launchwatch_bucket_runs", "passed"), [1.0]);
        assert_eq!(value(&samples, "launchwatch_bucket_runs", "failed"), [1.0]);
        assert_eq!(value(&samples, "launchwatch_bucket_runs", "unknown"), [0.0]);
        assert_eq!(value(&samples, "launchwatch_bucket_reasons", "http_status"), [1.0]);
        let of_tls = bucket.stages.get(&Stage::Tls).unwrap();
        assert_eq!(value(&samples, "launchwatch_bucket_stage_duration_seconds_count", "tls"), [2.0]);
        assert_eq!(
            value(&samples, "launchwatch_bucket_stage_duration_seconds_sum", "tls"),
            [of_tls.sum().as_secs_f64()]
        );
        let cells = value(&samples, "launchwatch_bucket_stage_duration_seconds_bucket", "tls");
        assert_eq!(cells.len(), BOUNDS.len() + 1);
        assert!(cells.is_sorted() && cells.last() == Some(&2.0), "{cells:?}");
        assert_eq!(value(&samples, "launchwatch_bucket_run_duration_seconds_count", "here"), [1.0]);
    }
}
