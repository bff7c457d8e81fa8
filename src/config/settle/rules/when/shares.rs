//! Conditions about shares of runs: success ratio and error budget.

use std::time::Duration;

use launchwatch_alerts::{BurnWindow, When};

use super::Judge;
use crate::config::duration::show;
use crate::config::file::{BurnRateKeys, SuccessRatioKeys, WindowKeys};
use crate::config::path::Path;

impl Judge<'_, '_, '_> {
    pub(super) fn success_ratio(&mut self, keys: &SuccessRatioKeys, base: &Path) -> When {
        let (below, at_least) = (keys.below, keys.at_least.unwrap_or(10));
        let over = self.time(&base.key("over"), keys.over, Duration::from_secs(3_600));
        let recover = keys.recover.unwrap_or(f64::midpoint(below, 1.0));
        if (0.0..=1.0).contains(&below) {
            self.recovers(recover, below, &base.key("recover"));
        } else {
            let hint = "a share lies between 0 and 1, such as 0.9";
            self.refuse(&base.key("below"), format!("{below} is no share of runs"), hint);
        }
        if self.count(&base.key("at_least"), at_least) {
            self.fits(&base.key("at_least"), at_least, over, |_| true);
        }
        When::SuccessRatio { below, over, at_least, recover }
    }

    fn recovers(&mut self, recover: f64, below: f64, inner: &Path) {
        if recover > 1.0 {
            let what = format!("the share is never {recover}, so it would never be over");
            self.refuse(inner, what, "write 1 or less");
        } else if recover < below {
            let what = format!("it would be over at {recover}, where it still holds");
            self.refuse(inner, what, format!("write {below} or more"));
        } else if recover <= 0.0 {
            self.refuse(inner, "it would be over while not one run succeeds", "write more than 0");
        }
    }

    pub(super) fn burn_rate(&mut self, keys: &BurnRateKeys, base: &Path) -> When {
        let (objective, at_least) = (keys.objective, keys.at_least.unwrap_or(3));
        let possible = objective > 0.0 && objective < 1.0;
        if objective == 1.0 {
            let hint = "an objective of 1 leaves no errors to spend: write less, such as 0.99";
            self.refuse(&base.key("objective"), "there is no error budget", hint);
        } else if !possible {
            let hint = "a share lies between 0 and 1, such as 0.99";
            self.refuse(&base.key("objective"), format!("{objective} is no share of runs"), hint);
        }
        let fastest = if possible { 1.0 / (1.0 - objective) } else { f64::INFINITY };
        let windows = match &keys.windows {
            Some(written) => self.windows(written, fastest, &base.key("windows")),
            None => {
                let all = BurnWindow::PAGING;
                if all.iter().all(|w| w.rate >= fastest) {
                    let what =
                        format!("even if every run fails, the budget goes only {fastest:.1} times too fast");
                    self.refuse(
                        &base.key("objective"),
                        what,
                        "write `windows` with a lower `rate`, or a higher objective",
                    );
                }
                all.to_vec()
            }
        };
        let longest = windows.iter().map(|w| w.long).max().unwrap_or_default();
        if self.count(&base.key("at_least"), at_least) {
            self.fits(&base.key("at_least"), at_least, longest, |_| true);
        }
        When::BurnRate { objective, windows, at_least }
    }

    fn windows(&mut self, written: &[WindowKeys], fastest: f64, base: &Path) -> Vec<BurnWindow> {
        if written.is_empty() {
            self.refuse(base, "without windows it never holds", "leave `windows` off for the usual ones");
        }
        let mut windows = Vec::new();
        for (at, keys) in written.iter().enumerate() {
            let path = base.index(at);
            let window = BurnWindow { long: keys.long.0, short: keys.short.0, rate: keys.rate };
            self.time(&path.key("long"), Some(keys.long), Duration::ZERO);
            if window.short.is_zero() || window.short >= window.long {
                let what = format!(
                    "the short window of {} is not shorter than the long one of {}",
                    show(window.short),
                    show(window.long)
                );
                self.refuse(&path.key("short"), what, "a twelfth of the long one is usual");
            }
            if window.rate <= 0.0 {
                self.refuse(&path.key("rate"), "it would always hold", "write more than 0, such as 6");
            } else if window.rate >= fastest {
                let what =
                    format!("even if every run fails, the budget goes only {fastest:.1} times too fast");
                self.refuse(&path.key("rate"), what, "write a lower rate, or a higher objective");
            }
            windows.push(window);
        }
        windows
    }
}
