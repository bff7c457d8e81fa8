//! What the page tells of the past: read from the store in the background, kept in memory, shown until something newer is there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use launchwatch_alerts::{Incident, IncidentId, Silence};
use launchwatch_probes::Verdict;

use super::Site;
use super::days::{self, Day, Span};
use super::story::Story;
use crate::observation::ProbeId;
use crate::store::{Bucket, Error, IncidentQuery, SeriesQuery, Store, Tier};
use crate::web::words;

/// Incidents kept in memory; older ones are not shown.
const STORIES: usize = 2_000;
/// Incidents read at once.
const PAGE: usize = 50;
/// Silences looked through for announced maintenance.
const SILENCES: usize = 200;

/// What is known of the past of all targets.
#[derive(Debug, Clone, Default)]
pub(super) struct Past {
    /// When it was read; `None` before the first time.
    pub(super) read_at: Option<Timestamp>,
    /// By target.
    pub(super) targets: BTreeMap<String, TargetPast>,
    /// Incidents, newest first.
    pub(super) stories: Vec<Arc<Story>>,
    /// Maintenance that people announced, over or not.
    pub(super) announced: Vec<Silence>,
    /// Median duration of launches that worked in the last hour, in seconds.
    pub(super) medians: BTreeMap<ProbeId, f64>,
    counts: BTreeMap<String, BTreeMap<Date, (u64, u64)>>,
}

/// The past of one target.
#[derive(Debug, Clone, Default)]
pub(super) struct TargetPast {
    /// The last days, oldest first.
    pub(super) days: Vec<Day>,
    /// Share of runs that worked in all of them.
    pub(super) share: Option<f64>,
    /// How long it was down in them.
    pub(super) down: SignedDuration,
    /// The bars, drawn; every day with its words, and in brief.
    pub(super) bars: String,
    pub(super) brief: String,
}

impl Past {
    /// Reads what is new since the last time; without a last time, everything.
    pub(super) async fn read(
        store: &dyn Store,
        site: &Site,
        now: Timestamp,
        before: Option<&Self>,
    ) -> Result<Self, Error> {
        let calendar = days::calendar(now, &site.pages.time_zone);
        let mut counts = before.map(|b| b.counts.clone()).unwrap_or_default();
        // A launch that is followed to its end may come late, but not by a day.
        let fresh = if before.is_some() { calendar.len().saturating_sub(2) } else { 0 };
        count(store, site, calendar.get(fresh..).unwrap_or_default(), &mut counts).await?;
        let known = before.map(|b| b.stories.as_slice()).unwrap_or_default();
        let stories = stories(store, site, known).await?;
        let silences = store.silences(SILENCES).await?;
        let mut past = Self {
            read_at: Some(now),
            targets: BTreeMap::new(),
            stories,
            announced: silences.into_iter().filter(|s| s.maintenance && s.ended.is_none()).collect(),
            medians: medians(store, site, now).await?,
            counts,
        };
        let many = site.targets.len() > super::FEW;
        past.targets = site
            .targets
            .iter()
            .map(|target| (target.clone(), past.target(target, &calendar, now, many)))
            .collect();
        Ok(past)
    }

    fn target(&self, target: &str, calendar: &[Span], now: Timestamp, many: bool) -> TargetPast {
        let own = self.stories.iter().filter(|s| s.about(target) && !s.false_alarm);
        let spans = |s: &Arc<Story>, end: Option<Timestamp>| (s.since, end.unwrap_or(now));
        let (mut down, mut trouble) = (Vec::new(), Vec::new());
        for story in own {
            trouble.push(spans(story, story.resolved_at));
            if story.pages {
                down.push(spans(story, story.back_at()));
            }
        }
        let counts = self.counts.get(target);
        let days: Vec<Day> = calendar
            .iter()
            .map(|span| {
                let (good, known) = counts.and_then(|c| c.get(&span.date)).copied().unwrap_or_default();
                let trouble = !days::within(span, &trouble).is_zero();
                Day { date: span.date, good, known, down: days::within(span, &down), trouble }
            })
            .collect();
        TargetPast::new(days, many)
    }
}

impl TargetPast {
    fn new(days: Vec<Day>, many: bool) -> Self {
        let (good, known) = days.iter().fold((0, 0), |(g, k), day| (g + day.good, k + day.known));
        let share = days::share(good, known);
        let down = days.iter().map(|d| d.down).fold(SignedDuration::ZERO, |sum, d| sum + d);
        let mut says = match share {
            Some(of) => format!("Last {} days: {} of runs worked", days.len(), words::share(of)),
            None => format!("Last {} days: no runs", days.len()),
        };
        if !down.is_zero() {
            says.push_str(&format!(", {} down", words::lasted(down)));
        }
        let brief = days::bars(&days, &says, false);
        let bars = if many { brief.clone() } else { days::bars(&days, &says, true) };
        Self { share, down, bars, brief, days }
    }
}

/// Counts the runs of these days anew. Where a target has probes that launch, those alone count: they are what people wait for.
async fn count(
    store: &dyn Store,
    site: &Site,
    calendar: &[Span],
    counts: &mut BTreeMap<String, BTreeMap<Date, (u64, u64)>>,
) -> Result<(), Error> {
    let (Some(first), Some(last)) = (calendar.first(), calendar.last()) else { return Ok(()) };
    let utc = site.pages.time_zone == jiff::tz::TimeZone::UTC;
    // Days of other time zones are put together from hours; an hour that two days share counts for the one it begins in.
    let tier = if utc { Tier::Day } else { Tier::Hour };
    let query = SeriesQuery {
        probes: site.telling.clone(),
        tier,
        from: first.from.as_second(),
        to: last.until.as_second(),
    };
    for of_target in counts.values_mut() {
        of_target.retain(|date, _| *date < first.date);
    }
    for (probe, buckets) in store.totals(&query).await? {
        let days = counts.entry(probe.target().to_owned()).or_default();
        for bucket in buckets {
            let at = calendar.partition_point(|day| day.until.as_second() <= bucket.start);
            let Some(day) = calendar.get(at) else { continue };
            let (good, known) = tally(&bucket);
            let sum = days.entry(day.date).or_default();
            *sum = (sum.0 + good, sum.1 + known);
        }
    }
    // What is older than the calendar is not shown any more.
    let oldest = last.date.checked_sub(jiff::Span::new().days(days::DAYS)).unwrap_or(Date::MIN);
    for of_target in counts.values_mut() {
        of_target.retain(|date, _| *date > oldest);
    }
    Ok(())
}

fn tally(bucket: &Bucket) -> (u64, u64) {
    let of = |verdict| u64::from(bucket.verdicts.get(&verdict).copied().unwrap_or(0));
    let good = of(Verdict::Passed) + of(Verdict::Degraded);
    (good, good + of(Verdict::Failed))
}

async fn medians(store: &dyn Store, site: &Site, now: Timestamp) -> Result<BTreeMap<ProbeId, f64>, Error> {
    if site.launching.is_empty() {
        return Ok(BTreeMap::new());
    }
    let to = now.as_second();
    let probes = site.launching.clone();
    let query = SeriesQuery { probes, tier: Tier::Minute, from: to - 3_600, to: to + 60 };
    let mut medians = BTreeMap::new();
    for (probe, buckets) in store.totals(&query).await? {
        let mut all = Bucket::default();
        buckets.iter().for_each(|bucket| all.merge(bucket));
        if let Some(median) = all.took.quantile(0.5) {
            medians.insert(probe, median.as_secs_f64());
        }
    }
    Ok(medians)
}

/// The incidents, newest first. What is over does not change but by what people say of it: pages are read until one holds nothing
/// that is new; now and then all of them.
async fn stories(store: &dyn Store, site: &Site, known: &[Arc<Story>]) -> Result<Vec<Arc<Story>>, Error> {
    let mut stories: Vec<Arc<Story>> = Vec::new();
    let mut before: Option<IncidentId> = None;
    let mut seen: BTreeSet<String> = BTreeSet::new();
    while stories.len() < STORIES {
        let query = IncidentQuery { open: None, before: before.clone(), limit: PAGE };
        let page: Vec<Incident> = store.find_incidents(&query).await?;
        let all = page.len() < PAGE;
        before = page.last().map(|i| i.id.clone());
        let page: Vec<Arc<Story>> = page.iter().map(|i| Arc::new(Story::of(i, site))).collect();
        let news = page.iter().any(|story| story.resolved_at.is_none() || !known.contains(story));
        for story in page {
            seen.insert(story.id.clone());
            stories.push(story);
        }
        if all || before.is_none() {
            break;
        }
        if !news {
            stories.extend(known.iter().filter(|story| !seen.contains(&story.id)).cloned());
            break;
        }
    }
    stories.truncate(STORIES);
    Ok(stories)
}
