//! A stage, or the whole run, takes too long.

use std::time::Duration;

use jiff::Timestamp;

use super::window::{Since, Window};
use super::{Judge, LookBack, Reading, words};
use crate::{Health, Sample};

/// Compares a quantile of the durations over a while with two bounds; only runs that succeeded have one.
/// Memory: a [`Window`] of single runs, so at most the last 1,000.
#[derive(Debug)]
pub(super) struct Latency {
    stage: Option<String>,
    quantile: f64,
    above: f64,
    recover: f64,
    over: Duration,
    at_least: usize,
    /// Seconds.
    runs: Window<f64>,
    since: Since,
}

impl Latency {
    pub(super) fn new(stage: Option<String>, quantile: f64, above: Duration, recover: Duration) -> Self {
        Self {
            stage,
            quantile,
            above: above.as_secs_f64(),
            recover: recover.as_secs_f64(),
            over: Duration::ZERO,
            at_least: 1,
            runs: Window::of_runs(Duration::ZERO),
            since: Since::default(),
        }
    }

    /// Over this while, with at least so many runs in it.
    pub(super) fn over(self, over: Duration, at_least: u32) -> Self {
        let at_least = usize::try_from(at_least).unwrap_or(usize::MAX).max(1);
        Self { over, at_least, runs: Window::of_runs(over), ..self }
    }

    /// What is looked at of a run, in seconds.
    fn took(&self, sample: &Sample) -> Option<f64> {
        let details = sample.details.as_ref()?;
        let took = match &self.stage {
            None => details.took,
            Some(stage) => details.stages.iter().rev().find(|(name, _)| name == stage)?.1,
        };
        (matches!(sample.health, Health::Good | Health::Poor) && took.is_finite()).then_some(took)
    }

    fn read(&self) -> Reading {
        let (mut all, mut slow, mut late) = (0, 0, 0);
        for (_, took) in self.runs.all() {
            all += 1;
            slow += usize::from(took > self.above);
            late += usize::from(took > self.recover);
        }
        if all < self.at_least {
            return Reading::Silent;
        }
        // The quantile is above a bound when more runs are than may lie above the quantile.
        let may = all - self.rank(all);
        Reading::of(slow > may, late <= may)
    }

    /// Which run from the quickest is the quantile, counted from 1.
    fn rank(&self, all: usize) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates, and is clamped"
        )]
        #[expect(clippy::cast_precision_loss, reason = "at most a thousand")]
        let rank = (self.quantile * all as f64 - 1e-9).ceil() as usize;
        rank.clamp(1, all.max(1)).min(all)
    }
}

impl Judge for Latency {
    fn see(&mut self, sample: &Sample) -> Reading {
        let Some(took) = self.took(sample) else {
            self.runs.take_back(sample.slot);
            return Reading::Silent;
        };
        if self.runs.put(sample.slot, took) {
            self.since = Since::default();
        }
        let reading = self.read();
        self.since.note(reading, took > self.above, sample.began);
        reading
    }

    fn since(&self) -> Option<Timestamp> {
        self.since.0
    }

    fn failures(&self) -> u32 {
        u32::try_from(self.runs.all().filter(|(_, took)| *took > self.above).count()).unwrap_or(u32::MAX)
    }

    fn says(&self) -> String {
        let mut all: Vec<f64> = self.runs.all().map(|(_, took)| took).collect();
        all.sort_by(f64::total_cmp);
        let at = all.get(self.rank(all.len()).saturating_sub(1)).copied().unwrap_or_default();
        format!(
            "p{} of {} {} over {}, limit {}",
            words::short(self.quantile * 100.0),
            self.stage.as_deref().unwrap_or("the whole run"),
            words::seconds(at),
            words::span(self.over),
            words::seconds(self.above),
        )
    }

    fn looks_back(&self) -> LookBack {
        LookBack { time: self.runs.looks_back(), ..LookBack::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::trial::{at, letters, sample, timed};

    fn secs(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    fn readings(mut judge: Latency, took: &[f64]) -> String {
        letters(
            took.iter().enumerate().map(|(i, took)| judge.see(&timed(*took, 60 * i64::try_from(i).unwrap()))),
        )
    }

    #[test]
    fn the_quantile_is_compared_with_two_bounds() {
        let swings: Vec<f64> = [10.0, 50.0].into_iter().cycle().take(12).collect();
        type Case<'a> = (f64, u64, u64, u32, &'a [f64], &'a str);
        let cases: [Case<'_>; 9] = [
            // The median: more than half must be slow.
            (0.5, 30, 30, 1, &[10.0, 50.0, 50.0, 10.0, 10.0], "..H.."),
            // The slowest of few is their p95.
            (0.95, 30, 30, 1, &[10.0, 50.0, 10.0, 10.0], ".HHH"),
            (0.95, 30, 30, 3, &[10.0, 50.0, 10.0, 10.0], "--HH"),
            // Swings between 10 s and 50 s: their p95 is too slow, their median is not.
            (0.95, 30, 20, 5, &swings, "----HHHHHHHH"),
            (0.5, 30, 20, 5, &swings, "----........"),
            // Between the bounds nothing changes.
            (0.5, 30, 20, 1, &[40.0, 25.0, 25.0, 25.0, 10.0, 10.0, 10.0, 10.0], "H------."),
            (1.0, 30, 20, 1, &[30.0, 30.1, 5.0], "-HH"),
            // What cannot be is left out.
            (0.5, 30, 30, 1, &[f64::NAN, f64::INFINITY, 31.0, -1.0], "--H."),
            (0.0, 30, 30, 1, &[50.0, 10.0], "H."),
        ];
        for (quantile, above, recover, at_least, took, expected) in cases {
            let judge = Latency::new(None, quantile, secs(above), secs(recover)).over(secs(3_600), at_least);
            assert_eq!(readings(judge, took), expected, "q {quantile} of {took:?}");
        }
    }

    #[test]
    fn only_the_stage_that_is_meant_counts_and_only_where_a_run_succeeded() {
        let mut judge = Latency::new(Some("launch".into()), 0.5, secs(30), secs(30)).over(secs(3_600), 1);
        let with = |stage: &'static str, took: f64, health, second| {
            let mut one = Sample { health, ..timed(1.0, second) };
            one.details.as_mut().unwrap().stages.push((stage, took));
            one
        };
        for (one, expected) in [
            (with("build", 99.0, Health::Good, 0), Reading::Silent),
            (with("launch", 99.0, Health::Bad, 60), Reading::Silent),
            (with("launch", 99.0, Health::Unknown, 120), Reading::Silent),
            (sample(Health::Good, 180), Reading::Silent),
            (with("launch", 45.0, Health::Poor, 240), Reading::Holds),
        ] {
            assert_eq!(judge.see(&one), expected, "{one:?}");
        }
        assert_eq!(judge.says(), "p50 of launch 45 s over 1 h, limit 30 s");
        assert_eq!((judge.since(), judge.failures()), (Some(at(240)), 1));
    }

    #[test]
    fn it_is_said_which_quantile_of_what_is_how_long() {
        let mut judge = Latency::new(None, 0.999, secs(30), secs(30)).over(secs(1_800), 1);
        for (second, took) in [31.0, 250.0, 12.0].into_iter().enumerate() {
            judge.see(&timed(took, i64::try_from(second).unwrap()));
        }
        assert_eq!(judge.says(), "p99.9 of the whole run 4 min over 30 min, limit 30 s");
    }
}
