//! Reads the text of metrics: Prometheus' format 0.0.4, and what OpenMetrics adds to it. Whatever does not fit is left out.

use std::collections::{BTreeMap, BTreeSet};

/// Series kept of one page: more is no figure any more.
const MOST_SERIES: usize = 20_000;
/// Labels of one series that are read.
const MOST_LABELS: usize = 64;

/// Labels with their values.
pub(super) type Labels = BTreeMap<String, String>;

/// One line with a number.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    pub(super) metric: String,
    pub(super) labels: Labels,
    pub(super) value: f64,
}

/// What a page says of the metrics that somebody wants.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// By name of the metric.
    series: BTreeMap<String, Vec<Sample>>,
    /// Lines with a number, wanted or not.
    pub(super) samples: usize,
    /// Not all that was wanted is kept.
    pub(super) cut: bool,
    /// When the process began that shows the page, in seconds.
    pub(super) process: Option<f64>,
}

impl Page {
    /// Reads a page, and keeps the samples of some metrics.
    pub(super) fn read(text: &str, wanted: &BTreeSet<String>) -> Self {
        let mut page = Self::default();
        let mut kept = 0;
        for sample in text.lines().filter_map(sample) {
            page.samples += 1;
            if sample.metric == "process_start_time_seconds" {
                page.process = Some(sample.value).filter(|at| at.is_finite());
            }
            if !wanted.contains(&sample.metric) {
                continue;
            }
            if kept == MOST_SERIES {
                page.cut = true;
                continue;
            }
            kept += 1;
            page.series.entry(sample.metric.clone()).or_default().push(sample);
        }
        page
    }

    /// The samples of a metric.
    pub(super) fn of(&self, metric: &str) -> &[Sample] {
        self.series.get(metric).map(Vec::as_slice).unwrap_or_default()
    }

    /// All samples that were kept.
    pub(super) fn all(&self) -> impl Iterator<Item = &Sample> {
        self.series.values().flatten()
    }
}

/// Reads one line; `None` for comments and for what is no sample.
pub(super) fn sample(line: &str) -> Option<Sample> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    let end = line.find(|c: char| c == '{' || c.is_whitespace())?;
    let (name, rest) = line.split_at_checked(end)?;
    let (quoted, labels, rest) = match rest.trim_start().strip_prefix('{') {
        Some(inside) => braces(inside)?,
        None => (None, Labels::new(), rest),
    };
    let metric = match quoted {
        // OpenMetrics and Prometheus 3 write unusual names within the braces.
        Some(quoted) if name.is_empty() => quoted,
        None if is_name(name) => name.to_owned(),
        _ => return None,
    };
    // Behind the value there may be a time and an exemplar.
    let value = number(rest.split_whitespace().next()?)?;
    Some(Sample { metric, labels, value })
}

/// What stands within braces: a name, labels, and what follows behind.
fn braces(text: &str) -> Option<(Option<String>, Labels, &str)> {
    let mut rest = text.trim_start();
    let mut name = None;
    let mut labels = Labels::new();
    loop {
        if let Some(behind) = rest.strip_prefix('}') {
            return Some((name, labels, behind));
        }
        if labels.len() >= MOST_LABELS {
            return None;
        }
        let (key, after) = match rest.strip_prefix('"') {
            Some(inside) => quoted(inside)?,
            None => {
                let (key, _) = rest.split_once('=')?;
                (key.trim_end().to_owned(), rest.get(key.len()..)?)
            }
        };
        match after.trim_start().strip_prefix('=') {
            Some(value) => {
                let (value, after) = quoted(value.trim_start().strip_prefix('"')?)?;
                if key.is_empty() || labels.insert(key, value).is_some() {
                    return None;
                }
                rest = after.trim_start();
            }
            None => {
                if name.replace(key).is_some() {
                    return None;
                }
                rest = after.trim_start();
            }
        }
        match rest.strip_prefix(',') {
            Some(more) => rest = more.trim_start(),
            None if rest.starts_with('}') => {}
            None => return None,
        }
    }
}

/// The text up to the closing quote, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                c @ ('"' | '\\') => value.push(c),
                other => value.extend(['\\', other]),
            },
            c => value.push(c),
        }
    }
    None
}

/// Whether a name may stand before the braces.
pub(super) fn is_name(name: &str) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    name.starts_with(first) && name.chars().all(|c| first(c) || c.is_ascii_digit())
}

/// A number as Go writes it.
pub(in crate::kinds) fn number(text: &str) -> Option<f64> {
    match text {
        "+Inf" | "Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        _ if text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
