//! Judges the condition of a rule: one that can hold, and can be over again.

mod bounds;
mod shares;

use std::time::Duration;

use launchwatch_alerts::{Side, When};

pub(super) use bounds::fits;

use super::selection::Chosen;
use crate::config::duration::{Span, show};
use crate::config::file::{FailuresOfKeys, NoDataKeys, RuleKeys, WhenKeys};
use crate::config::path::{Path, Step};
use crate::config::settle::Desk;
use crate::config::tree::{Content, Node};
use crate::config::typed::Item;
use crate::config::words;

/// The measurement of probes that look at certificates.
pub(super) const CERTIFICATE: &str = "certificate_left_seconds";
/// Most runs that are looked at.
const MOST: u32 = 1_000;
const CONDITIONS: [&str; 10] = [
    "failures_of",
    "success_ratio",
    "latency",
    "slow",
    "no_data",
    "threshold",
    "forecast",
    "changed",
    "certificate",
    "burn_rate",
];

/// Holds when a certificate ends within so many days.
pub(super) fn certificate(days: u32) -> When {
    let bound = f64::from(days) * 86_400.0;
    When::Threshold { measurement: CERTIFICATE.to_owned(), side: Side::Below, bound, recover: bound }
}

/// Judges one rule's condition.
pub(super) struct Judge<'j, 'a, 's> {
    pub(super) desk: &'j mut Desk<'a, 's>,
    pub(super) item: &'j Item<'j>,
    /// The probes that the rule is about.
    pub(super) chosen: &'j [Chosen],
}

impl Judge<'_, '_, '_> {
    /// The condition; `None` if there is no telling which.
    pub(super) fn settle(&mut self, keys: &RuleKeys) -> Option<When> {
        let Some(when) = &keys.when else { return Some(self.failures(keys)) };
        for (key, written) in [("failures", keys.failures), ("successes", keys.successes)] {
            if written.is_some() {
                let what = format!("`{key}` and `when` exclude each other");
                self.refuse(
                    &Path::default().key(key),
                    what,
                    "a rule has one condition: make two rules of it",
                );
            }
        }
        self.one(self.item.node.get("when")?)?;
        let base = Path::default().key("when");
        match when {
            WhenKeys { failures_of: Some(keys), .. } => {
                Some(self.failures_of(keys, &base.key("failures_of")))
            }
            WhenKeys { success_ratio: Some(keys), .. } => {
                Some(self.success_ratio(keys, &base.key("success_ratio")))
            }
            WhenKeys { latency: Some(keys), .. } => Some(self.latency(keys, &base.key("latency"))),
            WhenKeys { slow: Some(keys), .. } => Some(self.slow(keys, &base.key("slow"))),
            WhenKeys { no_data: Some(keys), .. } => Some(self.no_data(keys, &base.key("no_data"))),
            WhenKeys { threshold: Some(keys), .. } => self.threshold(keys, &base.key("threshold")),
            WhenKeys { forecast: Some(keys), .. } => self.forecast(keys, &base.key("forecast")),
            WhenKeys { changed: Some(keys), .. } => Some(self.changed(keys, &base.key("changed"))),
            WhenKeys { certificate: Some(keys), .. } => {
                Some(self.certificate(keys, &base.key("certificate")))
            }
            WhenKeys { burn_rate: Some(keys), .. } => Some(self.burn_rate(keys, &base.key("burn_rate"))),
            _ => None,
        }
    }

    /// Whether exactly one condition is written; told if not.
    fn one(&mut self, node: &Node) -> Option<()> {
        let path = self.item.path.key("when");
        let entries = node.entries().unwrap_or_default();
        let Some(((first, value), more)) = entries.split_first() else {
            let hint = format!("write one of them; {}", words::known(&CONDITIONS));
            self.desk.report.error(node.place, path, "there is no condition", hint);
            return None;
        };
        for (second, _) in more {
            let what = format!("a rule has one condition, and `{}` is one already", first.name);
            self.desk.report.error(second.place, path.key(&second.name), what, "make two rules of it");
        }
        if value.content == Content::Null {
            let what = format!("nothing is written under `{}`", first.name);
            let hint = format!("for what is usual write `{}: {{}}`", first.name);
            self.desk.report.error(first.place, path.key(&first.name), what, hint);
            return None;
        }
        more.is_empty().then_some(())
    }

    fn failures(&mut self, keys: &RuleKeys) -> When {
        let (failures, successes) = (keys.failures.unwrap_or(2), keys.successes.unwrap_or(2));
        for (key, count) in [("failures", failures), ("successes", successes)] {
            self.count(&Path::default().key(key), count);
        }
        When::Failures { failures, successes }
    }

    fn failures_of(&mut self, keys: &FailuresOfKeys, base: &Path) -> When {
        let (failures, of) = (keys.failures.unwrap_or(3), keys.of.unwrap_or(10));
        let recover = keys.recover.unwrap_or(failures / 3);
        self.count(&base.key("of"), of);
        if self.count(&base.key("failures"), failures) {
            if failures > of {
                let what = format!("there are never {failures} failures among {of} runs");
                self.refuse(&base.key("failures"), what, format!("write at most {of}, or a larger `of`"));
            }
            if recover >= failures {
                let what = format!("it would be over with {recover} failures, but begins with {failures}");
                self.refuse(&base.key("recover"), what, format!("write at most {}", failures - 1));
            }
        }
        When::FailuresOf { failures, of, recover }
    }

    fn no_data(&mut self, keys: &NoDataKeys, base: &Path) -> When {
        let intervals = keys.intervals.unwrap_or(3);
        self.count(&base.key("intervals"), intervals);
        When::NoData { intervals }
    }

    /// Whether a number of runs makes sense; told if not.
    fn count(&mut self, inner: &Path, count: u32) -> bool {
        if count == 0 {
            self.refuse(inner, "a rule needs at least one run to judge by", "write 1 or more");
        } else if count > MOST {
            self.refuse(
                inner,
                format!("{count} runs are more than are looked at"),
                format!("write at most {MOST}"),
            );
        }
        (1..=MOST).contains(&count)
    }

    /// A stretch of time, not none.
    fn time(&mut self, inner: &Path, written: Option<Span>, usual: Duration) -> Duration {
        let time = written.map_or(usual, |Span(time)| time);
        if time.is_zero() {
            self.refuse(inner, "no time at all", "such as `1h`");
        }
        self.desk.bounded(self.item, inner, time);
        time
    }

    /// Tells if so many runs never happen within a stretch of time. `about`: the probes that have what is judged.
    fn fits(&mut self, inner: &Path, at_least: u32, over: Duration, about: impl Fn(&Chosen) -> bool) {
        if over.is_zero() || self.desk.nameless {
            return;
        }
        let chosen: Vec<&Chosen> = self.chosen.iter().filter(|c| about(c)).collect();
        let most = |c: &Chosen| c.period.map(|period| over.as_nanos().div_ceil(period.as_nanos().max(1)));
        // Of a probe whose schedule cannot be read nothing is known: it may run as often as it takes.
        let most_of_all = chosen.iter().map(|c| most(c).unwrap_or(u128::MAX)).max().unwrap_or(u128::MAX);
        let enough = u128::from(at_least);
        if most_of_all < enough {
            let most = plural(most_of_all);
            let what = format!("at most {most} within {}, so {at_least} are never seen", show(over));
            let fewer = match inner.steps().last() {
                Some(Step::Key(key)) if key == "at_least" => format!(", or write `at_least: {most_of_all}`"),
                _ => String::new(),
            };
            self.refuse(inner, what, format!("look at a longer time{fewer}"));
            return;
        }
        let rare = chosen.iter().find_map(|c| Some((c, most(c)?)).filter(|(_, most)| *most < enough));
        if let Some((first, most)) = rare {
            let (id, most) = (&first.id, plural(most));
            let what =
                format!("`{id}` makes at most {most} within {}, so this rule never judges it", show(over));
            self.doubt(inner, what, "give it a rule of its own that looks at a longer time");
        }
    }

    fn refuse(&mut self, inner: &Path, what: impl Into<String>, hint: impl Into<String>) {
        self.desk.refuse(self.item, inner, what, hint);
    }

    fn doubt(&mut self, inner: &Path, what: impl Into<String>, hint: impl Into<String>) {
        self.desk.doubt(self.item, inner, what, hint);
    }
}

fn plural(count: u128) -> String {
    format!("{count} run{}", if count == 1 { "" } else { "s" })
}
