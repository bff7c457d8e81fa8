//! The time series of a target's probes: counts by verdict and reason, quantiles by stage.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use launchwatch_probes::{Reason, Stage, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::letter::Asked;
use super::runs::probes;
use crate::store::{Bucket, Histogram, SeriesQuery, Tier};
use crate::web::Sources;
use crate::web::access::Who;
use crate::web::problem::Problem;

/// Width of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::web) enum Width {
    /// One minute; at most six hours of them.
    Minute,
    /// One hour; at most 45 days of them.
    Hour,
    /// One day (UTC); at most 400 of them.
    Day,
}

impl Width {
    const fn tier(self) -> Tier {
        match self {
            Self::Minute => Tier::Minute,
            Self::Hour => Tier::Hour,
            Self::Day => Tier::Day,
        }
    }

    /// Seconds that are given where nothing is said, and at most.
    const fn window(self) -> (i64, i64) {
        match self {
            Self::Minute => (3_600, 6 * 3_600),
            Self::Hour => (2 * 86_400, 45 * 86_400),
            Self::Day => (90 * 86_400, 400 * 86_400),
        }
    }
}

/// Which cells.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct SeriesAsked {
    /// Of this target.
    target: String,
    /// Of this probe of the target only.
    probe: Option<String>,
    /// Width of a cell; an hour by default.
    tier: Option<Width>,
    /// Cells that begin at this moment or later.
    from: Option<Timestamp>,
    /// Cells that begin before this moment; now by default.
    to: Option<Timestamp>,
}

/// Cells of the probes of a target.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::web) struct Series {
    /// Name of the target.
    target: String,
    /// Width of a cell.
    tier: Width,
    /// Width of a cell in seconds.
    cell_seconds: i64,
    /// Cells begin at this moment or later.
    from: Timestamp,
    /// Cells begin before this moment.
    to: Timestamp,
    /// By name; those without any cell are left out.
    probes: Vec<ProbeSeries>,
}

/// Cells of one probe.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::web) struct ProbeSeries {
    /// Name of the probe.
    probe: String,
    /// Oldest first; empty ones are left out.
    cells: Vec<CellView>,
}

/// What happened in a stretch of time.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::web) struct CellView {
    /// When it begins.
    at: Timestamp,
    /// Runs by verdict; those that are 0 are left out.
    verdicts: BTreeMap<Verdict, u32>,
    /// Runs by reason.
    reasons: BTreeMap<Reason, u32>,
    /// How long whole runs took that passed or were degraded.
    took: Option<Quantiles>,
    /// How long stages took that came to their end.
    stages: BTreeMap<Stage, Quantiles>,
}

/// A distribution of durations; each figure is within 5 %.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::web) struct Quantiles {
    /// How many were counted.
    count: u64,
    /// Their sum in seconds.
    sum_seconds: f64,
    /// The tenth part takes no longer than this.
    p10: f64,
    /// The median.
    p50: f64,
    /// All but a tenth take no longer.
    p90: f64,
    /// All but a hundredth take no longer.
    p99: f64,
}

impl Quantiles {
    fn of(histogram: &Histogram) -> Option<Self> {
        let at = |q| histogram.quantile(q).map(|took| took.as_secs_f64());
        Some(Self {
            count: histogram.count(),
            sum_seconds: histogram.sum().as_secs_f64(),
            p10: at(0.1)?,
            p50: at(0.5)?,
            p90: at(0.9)?,
            p99: at(0.99)?,
        })
    }
}

impl CellView {
    fn of(bucket: &Bucket) -> Option<Self> {
        let stages = bucket.stages.iter().filter_map(|(stage, h)| Some((*stage, Quantiles::of(h)?)));
        Some(Self {
            at: Timestamp::from_second(bucket.start).ok()?,
            verdicts: bucket.verdicts.clone(),
            reasons: bucket.reasons.clone(),
            took: Quantiles::of(&bucket.took),
            stages: stages.collect(),
        })
    }
}

/// Counts and quantiles over time.
pub(in crate::web) async fn series(
    State(sources): State<Sources>,
    who: Who,
    Asked(asked): Asked<SeriesAsked>,
) -> Result<Json<Series>, Problem> {
    let which = probes(&sources, &who, Some(&asked.target), asked.probe.as_deref())?;
    let tier = asked.tier.unwrap_or(Width::Hour);
    let (from, to) = window(&asked, tier, sources.clock.now())?;
    let query = SeriesQuery { probes: which, tier: tier.tier(), from, to };
    let found = sources.store.series(&query).await?;
    let moment = |second| Timestamp::from_second(second).unwrap_or_default();
    let one = |(id, cells): (crate::observation::ProbeId, Vec<Bucket>)| ProbeSeries {
        probe: id.probe().to_owned(),
        cells: cells.iter().filter_map(CellView::of).collect(),
    };
    Ok(Json(Series {
        target: asked.target,
        tier,
        cell_seconds: tier.tier().seconds(),
        from: moment(from),
        to: moment(to),
        probes: found.into_iter().map(one).collect(),
    }))
}

fn window(asked: &SeriesAsked, tier: Width, now: Timestamp) -> Result<(i64, i64), Problem> {
    let (usual, most) = tier.window();
    let to = asked.to.map_or_else(|| now.as_second().saturating_add(1), Timestamp::as_second);
    let width = tier.tier().seconds();
    let from = asked.from.map_or_else(|| (to - usual).div_euclid(width) * width, Timestamp::as_second);
    if from >= to {
        return Err(Problem::nonsense("`from` is not before `to`", ""));
    }
    if to - from > most + width {
        let hours = most / 3_600;
        let detail = format!("more than {hours} hours of cells of {width} s");
        return Err(Problem::nonsense(detail, "ask for less at once, or for a wider `tier`"));
    }
    Ok((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_bounded_and_runs_forward() {
        let now: Timestamp = "2018-07-07T18:27:30Z".parse().unwrap();
        let at = |text: Option<&str>| text.map(|t| t.parse().unwrap());
        let ask = |from, to, tier| {
            let asked =
                SeriesAsked { target: "hub".into(), probe: None, tier: None, from: at(from), to: at(to) };
            window(&asked, tier, now).map(|(from, to)| to - from).ok()
        };
        assert_eq!(ask(None, None, Width::Minute), Some(3_631), "the last hour, from a whole minute on");
        assert_eq!(ask(Some("2018-07-07T12:27:30Z"), None, Width::Minute), Some(21_601));
        assert_eq!(ask(Some("2018-07-07T12:00:00Z"), None, Width::Minute), None, "too many minutes");
        assert_eq!(ask(Some("2018-06-07T12:00:00Z"), None, Width::Hour), Some(2_615_251));
        assert_eq!(ask(Some("2016-06-07T12:00:00Z"), None, Width::Day), None);
        assert_eq!(ask(Some("2019-01-01T00:00:00Z"), None, Width::Day), None, "backwards");
    }
}
