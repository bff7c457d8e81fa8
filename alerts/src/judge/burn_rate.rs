//! The error budget of an objective is spent too fast.

use jiff::Timestamp;

use super::window::{Counts, Since, Window};
use super::{Judge, LookBack, Reading, words};
use crate::{BurnWindow, Health, Sample};

/// Compares the share of failures with what the objective allows, in a long and in a short window at once: the long one
/// says that it matters, the short one that it still goes on. Memory: two gathering [`Window`]s a pair.
#[derive(Debug)]
pub(super) struct BurnRate {
    /// Share of runs that may fail.
    budget: f64,
    at_least: u32,
    pairs: Vec<Pair>,
    since: Since,
}

#[derive(Debug)]
struct Pair {
    of: BurnWindow,
    long: Window<Counts>,
    short: Window<Counts>,
}

impl Pair {
    fn holds(&self, budget: f64, at_least: u32) -> bool {
        let long = self.long.sum();
        long.bad >= at_least && self.fast(long, budget) && self.fast(self.short.sum(), budget)
    }

    /// Faster than allowed; worse than that every run fails it cannot be, however little is allowed.
    fn fast(&self, counts: Counts, budget: f64) -> bool {
        counts.bad > 0 && (counts.bad == counts.all || counts.bad_share() > self.of.rate * budget)
    }
}

impl BurnRate {
    pub(super) fn new(objective: f64, windows: &[BurnWindow], at_least: u32) -> Self {
        let pairs = windows
            .iter()
            .map(|of| Pair { of: *of, long: Window::gathering(of.long), short: Window::gathering(of.short) })
            .collect();
        let budget = (1.0 - objective).max(f64::EPSILON);
        Self { budget, at_least: at_least.max(1), pairs, since: Since::default() }
    }

    /// The pair that holds, else the first one.
    fn told(&self) -> Option<&Pair> {
        let holding = self.pairs.iter().find(|pair| pair.holds(self.budget, self.at_least));
        holding.or(self.pairs.first())
    }
}

impl Judge for BurnRate {
    fn see(&mut self, sample: &Sample) -> Reading {
        let bad = match sample.health {
            Health::Unknown => {
                for pair in &mut self.pairs {
                    pair.long.take_back(sample.slot);
                    pair.short.take_back(sample.slot);
                }
                return Reading::Silent;
            }
            health => health == Health::Bad,
        };
        let (mut alone, mut holds) = (true, false);
        for pair in &mut self.pairs {
            alone &= pair.long.put(sample.slot, Counts::one(bad));
            pair.short.put(sample.slot, Counts::one(bad));
            holds |= pair.holds(self.budget, self.at_least);
        }
        if alone {
            self.since = Since::default();
        }
        let reading = Reading::of(holds, true);
        // Until enough failures are there, the first of them is remembered.
        let building = if !holds && bad { Reading::Silent } else { reading };
        self.since.note(building, bad, sample.began);
        reading
    }

    fn since(&self) -> Option<Timestamp> {
        self.since.0
    }

    fn failures(&self) -> u32 {
        self.told().map_or(0, |pair| pair.long.sum().bad)
    }

    fn says(&self) -> String {
        let Some(pair) = self.told() else { return String::new() };
        let Counts { all, bad } = pair.long.sum();
        format!(
            "{bad} of {all} runs in {}, {} times what the objective of {} allows",
            words::span(pair.of.long),
            words::short((pair.long.sum().bad_share() / self.budget * 10.0).round() / 10.0),
            words::share(1.0 - self.budget),
        )
    }

    fn looks_back(&self) -> LookBack {
        let time = self.pairs.iter().map(|p| p.long.looks_back().max(p.short.looks_back())).max();
        LookBack { time: time.unwrap_or_default(), ..LookBack::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::trial::{at, row, sample};

    /// Readings of runs a minute apart at an objective of 99 %.
    fn paging(runs: &str, at_least: u32) -> String {
        row(BurnRate::new(0.99, &BurnWindow::PAGING, at_least), runs, 60)
    }

    #[test]
    fn an_outage_pages_when_both_windows_burn_and_is_over_with_the_short_ones() {
        // 14.4 % of 60 runs are 8.64: after six good hours the ninth failure pages. Then all is well, and the five
        // minutes are clean with the fifth success.
        let said = paging(&format!("{}{}{}", ".".repeat(360), "x".repeat(10), ".".repeat(60)), 2);
        assert_eq!((said.find('H'), said.rfind('H')), (Some(360 + 8), Some(360 + 10 + 3)), "{said}");
        // After one good hour the six-hour pair is quicker: 4 of 64 runs are more than 6 %. It lasts until less than 6 %
        // of half an hour are bad.
        let said = paging(&format!("{}{}{}", ".".repeat(60), "x".repeat(10), ".".repeat(60)), 2);
        assert_eq!((said.find('H'), said.rfind('H')), (Some(60 + 3), Some(60 + 10 + 27)), "{said}");
    }

    #[test]
    fn vectors_of_share_window_and_guard() {
        for (runs, at_least, last) in [
            // One failure among sixty burns at 1.7, though the short window is bad.
            (format!("{}x", ".".repeat(59)), 1, '.'),
            // Ten failures of an hour, then a good quarter of an hour: the short window is clean for 14.4, and of the
            // half hour for 6 a third has failed.
            (format!("{}{}{}", ".".repeat(35), "x".repeat(10), ".".repeat(15)), 1, 'H'),
            (format!("{}{}{}", "x".repeat(10), ".".repeat(10), ".".repeat(25)), 1, '.'),
            // Few runs: the guard keeps a single failure quiet.
            ("x".to_owned(), 2, '.'),
            ("x".to_owned(), 1, 'H'),
            ("xx".to_owned(), 2, 'H'),
            ("x?".to_owned(), 1, '-'),
            // One in ten: 10 times too fast in the long run, which the six-hour pair tells once the half hour is bad.
            ("x.........".repeat(36), 3, 'H'),
            // One in twenty-five is 4 times too fast: too slow to wake anybody.
            (format!("x{}", ".".repeat(24)).repeat(14), 3, '.'),
        ] {
            assert_eq!(paging(&runs, at_least).pop(), Some(last), "{runs}");
        }
    }

    #[test]
    fn an_objective_that_allows_much_still_tells_of_a_total_outage() {
        // 14.4 times 10 % is more than there can be.
        let mut judge = BurnRate::new(0.9, &BurnWindow::PAGING, 2);
        for second in 0..200 {
            judge.see(&sample(Health::Good, second));
        }
        let last = (0..70).map(|i| judge.see(&sample(Health::Bad, 4_000 + 60 * i))).last();
        assert_eq!(last, Some(Reading::Holds));
    }

    #[test]
    fn it_says_how_many_failed_and_how_fast_that_is() {
        let mut judge = BurnRate::new(0.99, &BurnWindow::PAGING, 2);
        for (i, health) in [Health::Good, Health::Good, Health::Bad, Health::Bad].into_iter().enumerate() {
            judge.see(&sample(health, 60 * i64::try_from(i).unwrap()));
        }
        assert_eq!(judge.says(), "2 of 4 runs in 1 h, 50 times what the objective of 99 % allows");
        assert_eq!((judge.failures(), judge.since()), (2, Some(at(120))));
    }

    #[test]
    fn without_windows_or_sense_it_never_holds() {
        for (objective, windows) in [(0.99, &[][..]), (f64::NAN, &BurnWindow::PAGING[..1]), (2.0, &[])] {
            let said = row(BurnRate::new(objective, windows, 0), "..x", 60);
            assert!(!said.contains('H') || objective.is_nan(), "{said}");
        }
    }
}
