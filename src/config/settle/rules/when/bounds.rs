//! Conditions about what a run measured: how long it took, its measurements, its facts.

use std::time::Duration;

use launchwatch_alerts::{Guard, Selector, SeriesId, Side, When};

use super::{CERTIFICATE, Chosen, Judge};
use crate::config::duration::show;
use crate::config::file::{
    CertificateKeys, ChangedKeys, ForecastKeys, GuardKeys, LatencyKeys, SlowKeys, ThresholdKeys,
};
use crate::config::path::Path;
use crate::config::words;

const HOUR: Duration = Duration::from_secs(3_600);
/// Values that a line needs.
const VALUES: u32 = 5;
/// Ten years: no certificate lasts longer.
const MOST_DAYS: u32 = 3_650;

impl Judge<'_, '_, '_> {
    pub(super) fn latency(&mut self, keys: &LatencyKeys, base: &Path) -> When {
        let (above, at_least) = (keys.above.0, keys.at_least.unwrap_or(10));
        let over = self.time(&base.key("over"), keys.over, HOUR);
        let quantile = keys.quantile.unwrap_or(0.95);
        self.time(&base.key("above"), Some(keys.above), HOUR);
        if !(quantile > 0.0 && quantile < 1.0) {
            let hint = "write 0.5 for the median, or 0.95 to leave out the slowest twentieth";
            self.refuse(&base.key("quantile"), format!("{quantile} is not between 0 and 1"), hint);
        }
        let recover = keys.recover.map_or(above / 5 * 4, |span| span.0);
        if recover > above {
            let what = format!("it would be over at {}, where it still holds", show(recover));
            self.refuse(&base.key("recover"), what, format!("write {} or less", show(above)));
        }
        if let Some(stage) = &keys.stage {
            self.stage(stage, &base.key("stage"));
        }
        if self.count(&base.key("at_least"), at_least) {
            let has = |c: &Chosen| {
                let stage = keys.stage.as_deref();
                stage.is_none_or(|s| c.kind.is_none_or(|k| k.stages.iter().any(|own| own.as_str() == s)))
            };
            self.fits(&base.key("at_least"), at_least, over, has);
        }
        When::Latency { stage: keys.stage.clone(), quantile, above, recover, over, at_least }
    }

    pub(super) fn slow(&mut self, keys: &SlowKeys, base: &Path) -> When {
        let (slow, of, quick) = (keys.slow.unwrap_or(3), keys.of.unwrap_or(5), keys.quick.unwrap_or(3));
        self.count(&base.key("of"), of);
        self.count(&base.key("quick"), quick);
        if self.count(&base.key("slow"), slow) && slow > of {
            let what = format!("there are never {slow} slow ones among {of} runs");
            self.refuse(&base.key("slow"), what, format!("write at most {of}, or a larger `of`"));
        }
        let above = self.time(&base.key("above"), keys.above, Duration::from_secs(60));
        When::Slow { slow, of, above, quick }
    }

    /// What must hold besides.
    pub(in crate::config::settle::rules) fn guard(&mut self, keys: &GuardKeys) -> Option<Guard> {
        let base = Path::default().key("and");
        self.measurement(&keys.measurement, &base.key("measurement"));
        let (side, bound) = self.side(keys.above, keys.below, &base)?;
        Some(Guard { measurement: keys.measurement.clone(), side, bound })
    }

    fn stage(&mut self, stage: &str, inner: &Path) {
        let kinds = self.chosen.iter().map(|c| c.kind).collect::<Option<Vec<_>>>();
        let Some(kinds) = kinds.filter(|kinds| !kinds.is_empty() && !self.desk.nameless) else { return };
        let mut known: Vec<&str> = kinds.iter().flat_map(|k| k.stages).map(|s| s.as_str()).collect();
        known.sort_unstable();
        known.dedup();
        if !known.contains(&stage) {
            let what = format!("none of these probes has a stage `{stage}`");
            self.refuse(inner, what, words::did_you_mean(stage, &known));
        }
    }

    pub(super) fn threshold(&mut self, keys: &ThresholdKeys, base: &Path) -> Option<When> {
        self.measurement(&keys.measurement, &base.key("measurement"));
        let (side, bound) = self.side(keys.above, keys.below, base)?;
        let recover = keys.recover.unwrap_or(bound);
        let (wrong, hint) = match side {
            Side::Above => (recover > bound, "less"),
            Side::Below => (recover < bound, "more"),
        };
        if wrong {
            let what = format!("it would be over at {recover}, where it still holds");
            self.refuse(&base.key("recover"), what, format!("write {bound} or {hint}"));
        }
        Some(When::Threshold { measurement: keys.measurement.clone(), side, bound, recover })
    }

    pub(super) fn forecast(&mut self, keys: &ForecastKeys, base: &Path) -> Option<When> {
        self.measurement(&keys.measurement, &base.key("measurement"));
        let within = self.time(&base.key("within"), keys.within, 24 * HOUR);
        let over = self.time(&base.key("over"), keys.over, 6 * HOUR);
        let makes = |c: &Chosen| {
            let known = c.kind.map(|k| k.measurements).unwrap_or_default();
            known.is_empty() || known.iter().any(|pattern| fits(pattern, &keys.measurement))
        };
        self.fits(&base.key("over"), VALUES, over, makes);
        let (side, bound) = self.side(keys.above, keys.below, base)?;
        Some(When::Forecast { measurement: keys.measurement.clone(), side, bound, within, over })
    }

    pub(super) fn changed(&mut self, keys: &ChangedKeys, base: &Path) -> When {
        if keys.of.trim().is_empty() {
            self.refuse(
                &base.key("of"),
                "the name is empty",
                "the name of a fact or measurement, as `launchwatch probe` shows it",
            );
        }
        When::Changed { of: keys.of.clone(), tell_for: self.time(&base.key("tell_for"), keys.tell_for, HOUR) }
    }

    pub(super) fn certificate(&mut self, keys: &CertificateKeys, base: &Path) -> When {
        let days = keys.days.unwrap_or(14);
        if !(1..=MOST_DAYS).contains(&days) {
            let what = format!("{days} days are not between 1 and {MOST_DAYS}");
            self.refuse(&base.key("days"), what, "such as 14");
        }
        self.measurement(CERTIFICATE, base);
        super::certificate(days)
    }

    /// The bound that is written, of the two that may be.
    fn side(&mut self, above: Option<f64>, below: Option<f64>, base: &Path) -> Option<(Side, f64)> {
        match (above, below) {
            (Some(bound), None) => Some((Side::Above, bound)),
            (None, Some(bound)) => Some((Side::Below, bound)),
            (Some(_), Some(_)) => {
                self.refuse(
                    &base.key("below"),
                    "`above` and `below` exclude each other",
                    "make two rules of it",
                );
                None
            }
            (None, None) => {
                self.refuse(base, "there is no bound", "write `above` or `below`");
                None
            }
        }
    }

    /// Tells if none of the probes makes this measurement, as far as their kinds say what they make.
    fn measurement(&mut self, name: &str, inner: &Path) {
        let kinds = self.chosen.iter().map(|c| c.kind).collect::<Option<Vec<_>>>();
        let Some(kinds) = kinds.filter(|kinds| !kinds.is_empty() && !self.desk.nameless) else { return };
        let mut known: Vec<&str> = kinds.iter().flat_map(|k| k.measurements).copied().collect();
        known.sort_unstable();
        known.dedup();
        if known.iter().any(|pattern| fits(pattern, name)) {
            return;
        }
        let what = format!("none of these probes makes a measurement `{name}`");
        if kinds.iter().all(|k| !k.measurements.is_empty()) {
            self.refuse(inner, what, words::did_you_mean(name, &known));
        } else {
            let hint = "`launchwatch probe` shows what a run measures";
            self.doubt(inner, format!("{what}, as far as is known"), hint);
        }
    }
}

/// Whether a name fits a pattern in which `*` stands for any text.
pub(in crate::config::settle::rules) fn fits(pattern: &str, name: &str) -> bool {
    let series = SeriesId { target: name.to_owned(), probe: String::new(), location: String::new() };
    Selector::target(pattern).matches(&series)
}
