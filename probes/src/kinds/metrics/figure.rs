//! From samples to one number: sums, increases, shares and quantiles; and the figures known of BinderHub and the Hub.

use std::collections::BTreeMap;

use super::memory::Growth;
use super::text::{self, Page, Sample};
use super::{As, FigureSpec};

/// Longest name of a measurement.
const LONGEST: usize = 64;
/// Ratios of fewer than this say more of chance than of the service.
const LEAST: f64 = 5.0;

/// A figure that is kept.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Figure {
    pub(super) name: String,
    part: Selection,
    makes: Makes,
    /// Only where this metric is on the page as well.
    beside: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq)]
enum Makes {
    Value,
    Increase,
    Rate,
    Ratio { whole: Selection, least: f64 },
    Quantile { q: f64, least: f64 },
}

/// Series of one metric.
#[derive(Debug, Clone, PartialEq, Default)]
struct Selection {
    metric: String,
    /// Label and the values it may have.
    labels: Vec<(String, Vec<String>)>,
}

impl Selection {
    fn new(metric: &str, labels: &BTreeMap<String, String>) -> Self {
        let of = |(label, values): (&String, &String)| {
            (label.clone(), values.split('|').map(str::to_owned).collect())
        };
        Self { metric: metric.to_owned(), labels: labels.iter().map(of).collect() }
    }

    fn of<'a>(&'a self, page: &'a Page) -> impl Iterator<Item = &'a Sample> {
        page.of(&self.metric).iter().filter(|sample| {
            // A label that is not there is an empty one.
            let value = |label: &str| sample.labels.get(label).map(String::as_str).unwrap_or_default();
            self.labels.iter().all(|(label, allowed)| allowed.iter().any(|a| a == value(label)))
        })
    }
}

impl Figure {
    /// Names of the metrics that it reads.
    pub(super) fn reads(&self) -> Vec<String> {
        let mut names = vec![self.part.metric.clone()];
        if let Makes::Ratio { whole, .. } = &self.makes {
            names.push(whole.metric.clone());
        }
        names.extend(self.beside.map(str::to_owned));
        names
    }

    /// Whether its metric is on the page, with whatever labels.
    pub(super) fn is_on(&self, page: &Page) -> bool {
        !page.of(&self.part.metric).is_empty()
    }

    /// The number; `None` if the page, or one page alone, does not tell it.
    pub(super) fn of(&self, page: &Page, growth: Option<&Growth>) -> Option<f64> {
        if self.beside.is_some_and(|metric| page.of(metric).is_empty()) {
            return None;
        }
        match &self.makes {
            Makes::Value => {
                let mut all = self.part.of(page).map(|s| s.value).peekable();
                all.peek()?;
                Some(all.sum())
            }
            Makes::Increase => self.increase(page, growth?),
            Makes::Rate => {
                let growth = growth?;
                let seconds = growth.over.as_secs_f64();
                self.increase(page, growth).filter(|_| seconds > 0.0).map(|more| more / seconds)
            }
            Makes::Ratio { whole, least } => {
                let growth = growth?;
                let all = sum(whole, page, growth);
                (all > 0.0 && all >= *least).then(|| sum(&self.part, page, growth) / all)
            }
            Makes::Quantile { q, least } => quantile(&self.part, page, growth?, *q, *least),
        }
    }

    /// A counter whose metric is known, but not yet with these labels, has not grown.
    fn increase(&self, page: &Page, growth: &Growth) -> Option<f64> {
        self.is_on(page).then(|| sum(&self.part, page, growth))
    }
}

fn sum(of: &Selection, page: &Page, growth: &Growth) -> f64 {
    of.of(page).map(|sample| growth.of(sample)).filter(|v| v.is_finite()).sum()
}

/// As Prometheus estimates it: evenly spread within a bucket; the last bound if it is beyond that.
fn quantile(of: &Selection, page: &Page, growth: &Growth, q: f64, least: f64) -> Option<f64> {
    let mut buckets: Vec<(f64, f64)> = Vec::new();
    for sample in of.of(page) {
        let Some(bound) = sample.labels.get("le").and_then(|le| text::number(le)) else { continue };
        let grown = growth.of(sample);
        match buckets.iter_mut().find(|(b, _)| b.total_cmp(&bound).is_eq()) {
            Some((_, sum)) => *sum += grown,
            None => buckets.push((bound, grown)),
        }
    }
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total = buckets.last()?.1;
    if !total.is_finite() || total < least.max(f64::MIN_POSITIVE) {
        return None;
    }
    let rank = q * total;
    let (mut floor, mut below) = (0.0, 0.0);
    for (bound, count) in buckets {
        if count >= rank {
            let inside = count - below;
            let share = if inside > 0.0 { (rank - below) / inside } else { 1.0 };
            return Some(if bound.is_finite() { floor + (bound - floor) * share } else { floor });
        }
        (floor, below) = (if bound.is_finite() { bound } else { floor }, count);
    }
    Some(floor)
}

/// Makes a figure of its settings.
///
/// # Errors
/// The key that is wrong, and why.
pub(super) fn read(spec: FigureSpec) -> Result<Figure, (&'static str, String)> {
    if !is_measurement(&spec.name) {
        let what = format!("{:?}: write small letters, digits and `_`, at most {LONGEST}", spec.name);
        return Err(("name", what));
    }
    if spec.metric.trim().is_empty() {
        return Err(("metric", "is empty".to_owned()));
    }
    let ratio = spec.makes == As::Ratio;
    let whole = Selection::new(spec.of_metric.as_deref().unwrap_or(&spec.metric), &spec.of_labels);
    let mut part = Selection::new(&spec.metric, &spec.labels);
    if !ratio && spec.of_metric.is_some() {
        return Err(("of_metric", "is only for a ratio".to_owned()));
    }
    if !ratio && !spec.of_labels.is_empty() {
        return Err(("of_labels", "is only for a ratio".to_owned()));
    }
    if ratio && whole == part {
        return Err(("of_labels", "the part is the whole: the ratio would always be 1".to_owned()));
    }
    if spec.quantile.is_some() && spec.makes != As::Quantile {
        return Err(("quantile", "is only for `as: quantile`".to_owned()));
    }
    let q = spec.quantile.unwrap_or(0.99);
    if !(0.0..=1.0).contains(&q) {
        return Err(("quantile", format!("{q} is not between 0 and 1")));
    }
    if spec.least.is_some_and(|least| !(least.is_finite() && least >= 0.0)) {
        return Err(("least", "must not be negative".to_owned()));
    }
    let makes = match spec.makes {
        As::Value => Makes::Value,
        As::Increase => Makes::Increase,
        As::Rate => Makes::Rate,
        As::Ratio => Makes::Ratio { whole, least: spec.least.unwrap_or(LEAST) },
        As::Quantile => {
            part.metric = format!("{}_bucket", part.metric.trim_end_matches("_bucket"));
            Makes::Quantile { q, least: spec.least.unwrap_or(1.0) }
        }
    };
    Ok(Figure { name: spec.name, part, makes, beside: None })
}

/// Whether this may be the name of a measurement.
pub(in crate::kinds) fn is_measurement(name: &str) -> bool {
    name.len() <= LONGEST
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// What is known of BinderHub's page and of the Hub's.
pub(super) fn known() -> Vec<Figure> {
    const LAUNCHES: &str = "binderhub_launch_time_seconds_count";
    const BUILDS: &str = "binderhub_build_time_seconds_count";
    let with = |metric: &str, labels: &[(&str, &str)]| {
        let labels = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Selection::new(metric, &labels)
    };
    let over = |metric| with(metric, &[("status", "success|failure")]);
    let good = |metric| with(metric, &[("status", "success")]);
    let first_try = with(LAUNCHES, &[("status", "success"), ("retries", "0")]);
    let ratio = |whole, least| Makes::Ratio { whole, least };
    let plain = |metric| (with(metric, &[]), Makes::Value, None);
    let lag = with("jupyterhub_event_loop_interval_seconds_bucket", &[]);
    [
        ("real_launches", (over(LAUNCHES), Makes::Increase, None)),
        ("real_launch_success_ratio", (good(LAUNCHES), ratio(over(LAUNCHES), LEAST), None)),
        ("real_first_try_ratio", (first_try, ratio(over(LAUNCHES), LEAST), None)),
        ("real_builds", (over(BUILDS), Makes::Increase, None)),
        ("real_build_success_ratio", (good(BUILDS), ratio(over(BUILDS), 3.0), None)),
        ("inprogress_builds", plain("binderhub_inprogress_builds")),
        ("inprogress_launches", plain("binderhub_inprogress_launches")),
        ("github_rate_left", plain("binderhub_github_rate_limit_remaining")),
        ("hub_running_servers", plain("jupyterhub_running_servers")),
        // A BinderHub may show the metric of the same name for its own loop.
        (
            "hub_event_loop_p99_seconds",
            (lag, Makes::Quantile { q: 0.99, least: 1.0 }, Some("jupyterhub_running_servers")),
        ),
    ]
    .into_iter()
    .map(|(name, (part, makes, beside))| Figure { name: name.to_owned(), part, makes, beside })
    .collect()
}
