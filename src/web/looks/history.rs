//! What a probe's recorded hours say: how much worked when, how long it took, why it failed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use launchwatch_alerts::chart::{self, Axes, Drawing, Hour, Lane, Moment, Row, Tone};
use launchwatch_alerts::text;
use launchwatch_probes::{Reason, Verdict};

use super::{asked, figures};
use crate::observation::ProbeId;
use crate::store::{Bucket, Histogram, SeriesQuery, Tier};
use crate::web::{Sources, words};

/// Lanes of reasons shown by themselves.
const LANES: usize = 6;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// How far back is looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// As it stands in addresses.
    pub(super) word: &'static str,
    /// As people read it.
    pub(super) title: &'static str,
    seconds: i64,
    tier: Tier,
    /// Width of a step of the charts, in seconds.
    step: i64,
}

/// All there are; the first one unless another is asked for. Minutes are counted from runs: only a day of them.
pub(super) const SPANS: [Span; 3] = [
    Span { word: "24h", title: "24 hours", seconds: DAY, tier: Tier::Minute, step: 900 },
    Span { word: "7d", title: "7 days", seconds: 7 * DAY, tier: Tier::Hour, step: 3 * HOUR },
    Span { word: "30d", title: "30 days", seconds: 30 * DAY, tier: Tier::Hour, step: 12 * HOUR },
];

impl Span {
    /// The one of this name, else the first.
    pub(super) fn named(word: &str) -> Self {
        let [first, ..] = SPANS;
        SPANS.into_iter().find(|s| s.word == word).unwrap_or(first)
    }
}

/// The buckets of a probe over a span.
pub(super) struct History {
    span: Span,
    from: i64,
    to: i64,
    buckets: Vec<Bucket>,
}

impl History {
    /// Reads it; `None` when the store does not answer.
    pub(super) async fn read(sources: &Sources, probe: &ProbeId, span: Span, now: Timestamp) -> Option<Self> {
        let to = (now.as_second().div_euclid(span.step) + 1) * span.step;
        let from = to - span.seconds;
        let query = SeriesQuery { probes: vec![probe.clone()], tier: span.tier, from, to };
        let series = asked(sources.store.totals(&query)).await?;
        let buckets = series.into_iter().flat_map(|(_, buckets)| buckets).collect();
        Some(Self { span, from, to, buckets })
    }

    /// Runs, and how many of those that tell anything worked.
    pub(super) fn counts(&self) -> (u64, Option<f64>) {
        let all = self.buckets.iter().fold(Hour::default(), |all, b| sum(all, hour(b)));
        let (good, failed) = (u64::from(all.good), u64::from(all.failed));
        #[expect(clippy::cast_precision_loss, reason = "a month of runs")]
        let share = (good + failed > 0).then(|| good as f64 / (good + failed) as f64);
        (good + failed + u64::from(all.unknown), share)
    }

    /// Median, p90 and p99 of the whole span.
    pub(super) fn took(&self) -> Option<(f64, f64, f64)> {
        quantiles(self.buckets.iter())
    }

    /// Days and hours.
    pub(super) fn heat(&self) -> Drawing {
        let mut hours: BTreeMap<i64, Hour> = BTreeMap::new();
        for bucket in &self.buckets {
            let one = hours.entry(bucket.start.div_euclid(HOUR)).or_default();
            *one = sum(*one, hour(bucket));
        }
        let last = self.to - 1;
        let days = self.from.div_euclid(DAY)..=last.div_euclid(DAY);
        let rows: Vec<Row> = days
            .map(|day| {
                let date = Timestamp::from_second(day * DAY).unwrap_or_default();
                let until = (last.div_euclid(HOUR) - day * 24 + 1).clamp(0, 24);
                let of = |n: i64| hours.get(&(day * 24 + n)).copied();
                Row { label: date.strftime("%a %-d %b").to_string(), hours: (0..until).map(of).collect() }
            })
            .collect();
        let (runs, share) = self.counts();
        let worked =
            share.map_or("none tells anything".to_owned(), |s| format!("{} worked", words::share(s)));
        let says = format!("Success by hour (UTC), {}: {runs} runs, {worked}", self.span.title);
        chart::heat(&rows, &says)
    }

    /// Bands of how long it took.
    pub(super) fn bands(&self) -> Option<Drawing> {
        let moments: Vec<Moment> = self
            .steps()
            .into_iter()
            .filter_map(|(start, buckets)| {
                let (p50, p90, p99) = quantiles(buckets.into_iter())?;
                let at = Timestamp::from_second(start + self.span.step / 2).ok()?;
                Some(Moment { at, p50, p90, p99 })
            })
            .collect();
        let (p50, p90, p99) = self.took()?;
        let [p50, p90, p99] = [p50, p90, p99].map(figures::seconds);
        let says = format!("How long it took, {}: median {p50}, p90 {p90}, p99 {p99}", self.span.title);
        let times = self.times();
        let axes = Axes {
            from: Timestamp::from_second(self.from).ok()?,
            until: Timestamp::from_second(self.to).ok()?,
            first: times.first()?,
            last: "now",
            unit: "s",
            gap_seconds: self.span.step * 2,
        };
        Some(chart::quantiles(&moments, axes, &says))
    }

    /// Why it failed, over time; `None` when nothing did.
    pub(super) fn reasons(&self) -> Option<Drawing> {
        let count = usize::try_from((self.to - self.from) / self.span.step).unwrap_or(0);
        let mut of: BTreeMap<Reason, Vec<u32>> = BTreeMap::new();
        for bucket in &self.buckets {
            let Ok(at) = usize::try_from((bucket.start - self.from).div_euclid(self.span.step)) else {
                continue;
            };
            for (reason, n) in &bucket.reasons {
                let lane = of.entry(*reason).or_insert_with(|| vec![0; count]);
                if let Some(slot) = lane.get_mut(at) {
                    *slot = slot.saturating_add(*n);
                }
            }
        }
        let total = |counts: &[u32]| counts.iter().map(|n| u64::from(*n)).sum::<u64>();
        let mut all: Vec<(Reason, Vec<u32>)> = of.into_iter().collect();
        all.sort_by_key(|(reason, counts)| (std::cmp::Reverse(total(counts)), *reason));
        let says: Vec<String> = all.iter().map(|(r, counts)| format!("{r} {}", total(counts))).collect();
        let lanes: Vec<Lane> = all.into_iter().map(lane).collect();
        if lanes.is_empty() {
            return None;
        }
        let says = format!("Why it did not pass, {}: {}", self.span.title, says.join(", "));
        Some(chart::reasons(&shortened(lanes), &self.times(), &says))
    }

    /// Buckets by steps of the charts.
    fn steps(&self) -> BTreeMap<i64, Vec<&Bucket>> {
        let mut steps: BTreeMap<i64, Vec<&Bucket>> = BTreeMap::new();
        for bucket in &self.buckets {
            let start = bucket.start.div_euclid(self.span.step) * self.span.step;
            steps.entry(start).or_default().push(bucket);
        }
        steps
    }

    fn times(&self) -> Vec<String> {
        let at = |second| Timestamp::from_second(second).unwrap_or_default();
        chart::times(at(self.from), at(self.to))
    }
}

fn lane((reason, counts): (Reason, Vec<u32>)) -> Lane {
    let runs: u64 = counts.iter().map(|n| u64::from(*n)).sum();
    let label = format!("{reason}: {}, {runs} {}", text::reason(reason.as_str()), plural(runs));
    Lane { label, counts, tone: tone(reason) }
}

const fn plural(runs: u64) -> &'static str {
    if runs == 1 { "run" } else { "runs" }
}

/// The most frequent lanes; all others in one.
fn shortened(mut lanes: Vec<Lane>) -> Vec<Lane> {
    if lanes.len() <= LANES {
        return lanes;
    }
    let rest = lanes.split_off(LANES - 1);
    let mut counts = vec![0_u32; rest.first().map_or(0, |l| l.counts.len())];
    for lane in &rest {
        counts.iter_mut().zip(&lane.counts).for_each(|(all, n)| *all = all.saturating_add(*n));
    }
    let label = format!("{} other reasons", rest.len());
    lanes.push(Lane { label, counts, tone: Tone::Failed });
    lanes
}

/// What runs with this reason usually count as.
fn tone(reason: Reason) -> Tone {
    match reason.as_str() {
        "slow" | "retried" | "certificate_expiring" => Tone::Degraded,
        "missed" | "aborted" | "prober" | "prober_isolated" | "rate_limited" | "quota" | "probe_auth"
        | "banned" | "half_answer" | "dependency" => Tone::Unknown,
        _ => Tone::Failed,
    }
}

fn hour(bucket: &Bucket) -> Hour {
    let of = |verdict| bucket.verdicts.get(&verdict).copied().unwrap_or(0);
    Hour {
        good: of(Verdict::Passed).saturating_add(of(Verdict::Degraded)),
        failed: of(Verdict::Failed),
        unknown: of(Verdict::Unknown),
    }
}

fn sum(a: Hour, b: Hour) -> Hour {
    Hour {
        good: a.good.saturating_add(b.good),
        failed: a.failed.saturating_add(b.failed),
        unknown: a.unknown.saturating_add(b.unknown),
    }
}

fn quantiles<'a>(buckets: impl Iterator<Item = &'a Bucket>) -> Option<(f64, f64, f64)> {
    let mut all = Histogram::default();
    buckets.for_each(|b| all.merge(&b.took));
    let of = |q| all.quantile(q).map(|d| d.as_secs_f64());
    Some((of(0.5)?, of(0.9)?, of(0.99)?))
}
