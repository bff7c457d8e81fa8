//! Counted: what the hours of a month say of one probe, without the time of maintenance.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use launchwatch_alerts::{Maintenance, SeriesId, Silence};
use launchwatch_probes::Verdict;

use super::{Day, Probe, Stretch};
use crate::observation::ProbeId;
use crate::store::{Bucket, Error, SeriesQuery, Store, Tier};

/// Days that are named as the worst.
const WORST: usize = 3;
/// Gaps that are named.
const GAPS: usize = 20;

type Span = (Timestamp, Timestamp);

/// What was planned, and for when it is asked.
pub(super) struct Quiet<'a> {
    pub(super) silences: &'a [Silence],
    pub(super) planned: &'a [Maintenance],
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

impl Quiet<'_> {
    fn stretches(
        &self,
        begun: impl Fn(&Silence) -> bool,
        planned: impl Fn(&Maintenance) -> bool,
    ) -> Vec<Stretch> {
        let inside = |s: &Stretch| s.until > self.from && s.from < self.to && s.until > s.from;
        let begun = self.silences.iter().filter(|s| s.maintenance && begun(s)).map(|s| Stretch {
            name: s.id.clone(),
            from: s.from,
            until: s.until,
        });
        let planned = self.planned.iter().filter(|m| planned(m)).flat_map(|m| {
            let all = m.when.stretches(self.from, self.to).into_iter();
            all.map(|(from, until)| Stretch { name: m.name.clone(), from, until })
        });
        let mut all: Vec<Stretch> = begun.chain(planned).filter(inside).collect();
        all.sort_by_key(|s| (s.from, s.until));
        all
    }

    /// Maintenance of all of a target.
    pub(super) fn of_target(&self, target: &str) -> Vec<Stretch> {
        self.stretches(|s| s.of.matches_target(target), |m| m.of.matches_target(target))
    }

    /// Maintenance that touches a probe, merged.
    fn of_probe(&self, probe: &ProbeId) -> Vec<Span> {
        let series =
            SeriesId { target: probe.target().into(), probe: probe.bare().into(), location: String::new() };
        let all = self.stretches(|s| s.of.matches(&series), |m| m.about(&series));
        merged(all.into_iter().map(|s| (s.from, s.until)).collect())
    }
}

/// Spans that touch become one.
pub(super) fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut out: Vec<Span> = Vec::new();
    for (from, until) in spans {
        match out.last_mut().filter(|last| last.1 >= from) {
            Some(last) => last.1 = last.1.max(until),
            None => out.push((from, until)),
        }
    }
    out
}

/// The month of a probe; `None` where it had no run.
pub(super) async fn probe(
    store: &dyn Store,
    probe: &ProbeId,
    quiet: &Quiet<'_>,
    objective: f64,
) -> Result<Option<Probe>, Error> {
    let ask = |tier: Tier, from: i64, to: i64| SeriesQuery { probes: vec![probe.clone()], tier, from, to };
    let (from, to) = (quiet.from.as_second(), quiet.to.as_second());
    let hours = only(store.totals(&ask(Tier::Hour, from, to)).await?);
    if hours.is_empty() {
        return Ok(None);
    }
    let away = quiet.of_probe(probe);
    let (mut counted, mut left_out): (Vec<Bucket>, u64) = (Vec::with_capacity(hours.len()), 0);
    for hour in hours {
        if !touched(&away, hour.start, 3_600) {
            counted.push(hour);
            continue;
        }
        // Minutes are counted from runs, which are kept for weeks only: without them the whole hour is left out.
        let minutes = only(store.totals(&ask(Tier::Minute, hour.start, hour.start + 3_600)).await?);
        let mut kept = Bucket { start: hour.start, ..Bucket::default() };
        minutes.iter().filter(|m| !touched(&away, m.start, 60)).for_each(|m| kept.merge(m));
        left_out += hour.runs().saturating_sub(kept.runs());
        counted.push(kept);
    }
    Ok(Some(summed(probe, &counted, left_out, quiet, &away, objective)))
}

fn only(series: Vec<(ProbeId, Vec<Bucket>)>) -> Vec<Bucket> {
    series.into_iter().flat_map(|(_, buckets)| buckets).collect()
}

fn touched(away: &[Span], start: i64, width: i64) -> bool {
    away.iter().any(|(a, b)| a.as_second() < start + width && b.as_second() > start)
}

fn of(bucket: &Bucket, verdict: Verdict) -> u64 {
    bucket.verdicts.get(&verdict).copied().map_or(0, u64::from)
}

fn telling(bucket: &Bucket) -> u64 {
    bucket.runs() - of(bucket, Verdict::Unknown)
}

#[expect(clippy::cast_precision_loss, reason = "runs of a month")]
fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn summed(
    probe: &ProbeId,
    hours: &[Bucket],
    left_out: u64,
    quiet: &Quiet<'_>,
    away: &[Span],
    objective: f64,
) -> Probe {
    let mut all = Bucket::default();
    hours.iter().for_each(|hour| all.merge(hour));
    let (failed, tell) = (of(&all, Verdict::Failed), telling(&all));
    #[expect(clippy::cast_precision_loss, reason = "runs of a month")]
    let budget = (1.0 - objective / 100.0) * tell as f64;
    #[expect(clippy::cast_precision_loss, reason = "runs of a month")]
    let left = match (tell, failed) {
        (0, _) => None,
        (_, 0) => Some(1.0),
        _ if budget <= 0.0 => Some(-1.0),
        _ => Some(1.0 - failed as f64 / budget),
    };
    let seconds = |q: f64| all.took.quantile(q).map(|d| d.as_secs_f64());
    Probe {
        probe: super::called(probe),
        runs: all.runs(),
        passed: of(&all, Verdict::Passed),
        degraded: of(&all, Verdict::Degraded),
        failed,
        unknown: of(&all, Verdict::Unknown),
        share: ratio(tell - failed, tell),
        unknown_share: ratio(of(&all, Verdict::Unknown), all.runs()),
        budget,
        budget_left: left,
        p50: seconds(0.5),
        p90: seconds(0.9),
        p99: seconds(0.99),
        worst: worst(hours),
        gaps: gaps(hours, quiet, away),
        left_out,
    }
}

fn worst(hours: &[Bucket]) -> Vec<Day> {
    let mut days: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for hour in hours {
        let Ok(at) = Timestamp::from_second(hour.start) else { continue };
        let day = days.entry(at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d").to_string()).or_default();
        *day = (day.0 + of(hour, Verdict::Failed), day.1 + telling(hour));
    }
    let mut bad: Vec<Day> = days
        .into_iter()
        .filter(|(_, (failed, _))| *failed > 0)
        .filter_map(|(date, (failed, telling))| {
            Some(Day { date, share: ratio(telling - failed, telling)?, failed, telling })
        })
        .collect();
    bad.sort_by(|a, b| a.share.total_cmp(&b.share).then_with(|| a.date.cmp(&b.date)));
    bad.truncate(WORST);
    bad
}

/// Hours without a telling run, of a probe that runs at least every hour, from its first run of the month on.
fn gaps(hours: &[Bucket], quiet: &Quiet<'_>, away: &[Span]) -> Vec<Stretch> {
    let with: std::collections::BTreeSet<i64> =
        hours.iter().filter(|h| telling(h) > 0).map(|h| h.start).collect();
    let Some((first, last)) = with.first().zip(with.last()) else { return Vec::new() };
    let span = (last - first) / 3_600 + 1;
    // What runs once a day has no gaps of an hour.
    if i64::try_from(with.len()).unwrap_or(i64::MAX) * 2 < span {
        return Vec::new();
    }
    let end = quiet.to.as_second() - 3_600;
    let mut spans: Vec<Span> = Vec::new();
    let mut hour = *first;
    while hour <= end {
        if !with.contains(&hour) && !touched(away, hour, 3_600) {
            let at = |s| Timestamp::from_second(s).unwrap_or(quiet.to);
            spans.push((at(hour), at(hour + 3_600)));
        }
        hour += 3_600;
    }
    let stretch = |(from, until)| Stretch { name: String::new(), from, until };
    merged(spans).into_iter().take(GAPS).map(stretch).collect()
}
