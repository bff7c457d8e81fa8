//! How long launches took in the last day, stage by stage, as drawings.

use std::collections::BTreeMap;

use jiff::Timestamp;
use launchwatch_alerts::chart::{self, Axes, Moment};
use launchwatch_probes::Stage;

use super::Site;
use super::clock::Clock;
use crate::store::{Bucket, Error, Histogram, SeriesQuery, Store, Tier};
use crate::web::words;

/// Hours shown.
const HOURS: i64 = 24;

/// The drawings of one probe.
#[derive(Debug, Clone)]
pub(super) struct Latency {
    /// What the probe looks at: `cached repositories`.
    pub(super) of: String,
    /// The whole launch first, then its stages in order: what it is, and the drawing.
    pub(super) stages: Vec<(String, String)>,
}

/// By target, for all probes that launch and were run.
pub(super) async fn read(
    store: &dyn Store,
    site: &Site,
    now: Timestamp,
) -> Result<BTreeMap<String, Vec<Latency>>, Error> {
    let mut all: BTreeMap<String, Vec<Latency>> = BTreeMap::new();
    if site.launching.is_empty() {
        return Ok(all);
    }
    let to = now.as_second();
    let from = to.div_euclid(3_600) * 3_600 - (HOURS - 1) * 3_600;
    let query = SeriesQuery { probes: site.launching.clone(), tier: Tier::Hour, from, to: to + 1 };
    let frame = Frame { from, now, clock: Clock { zone: &site.pages.time_zone, now } };
    for (probe, buckets) in store.series(&query).await? {
        let of = site.subject(probe.target(), probe.probe()).map(|s| s.name).unwrap_or_default();
        let stages = frame.stages(&buckets);
        if !stages.is_empty() {
            all.entry(probe.target().to_owned()).or_default().push(Latency { of, stages });
        }
    }
    Ok(all)
}

struct Frame<'a> {
    from: i64,
    now: Timestamp,
    clock: Clock<'a>,
}

impl Frame<'_> {
    fn stages(&self, buckets: &[Bucket]) -> Vec<(String, String)> {
        let mut names: Vec<Stage> = Vec::new();
        for stage in buckets.iter().flat_map(|b| b.stages.keys()) {
            if !names.contains(stage) {
                names.push(*stage);
            }
        }
        names.sort_unstable();
        let whole = self.drawn("the whole launch", buckets.iter().map(|b| (b.start, Some(&b.took))));
        let each = names.iter().filter_map(|stage| {
            self.drawn(stage.as_str(), buckets.iter().map(|b| (b.start, b.stages.get(stage))))
        });
        whole.into_iter().chain(each).collect()
    }

    fn drawn<'h>(
        &self,
        name: &str,
        hours: impl Iterator<Item = (i64, Option<&'h Histogram>)>,
    ) -> Option<(String, String)> {
        let mut all = Histogram::default();
        let mut moments = Vec::new();
        for (start, histogram) in hours {
            let Some(histogram) = histogram else { continue };
            all.merge(histogram);
            let of = |q| histogram.quantile(q).map(|d| d.as_secs_f64());
            let at = Timestamp::from_second(start + 1_800).ok()?.min(self.now);
            if let (Some(p50), Some(p90), Some(p99)) = (of(0.5), of(0.9), of(0.99)) {
                moments.push(Moment { at, p50, p90, p99 });
            }
        }
        let of = |q| all.quantile(q).map(|d| words::seconds(d.as_secs_f64()));
        let (p50, p90, p99) = (of(0.5)?, of(0.9)?, of(0.99)?);
        let says = format!("{name}: half within {p50}, 90 % within {p90}, 99 % within {p99}");
        let from = Timestamp::from_second(self.from).ok()?;
        let axes = Axes {
            from,
            until: self.now,
            first: &self.clock.brief(from),
            last: "now",
            unit: "s",
            gap_seconds: 3_600 + 1_800,
        };
        Some((says.clone(), chart::quantiles(&moments, axes, &says).svg()))
    }
}
