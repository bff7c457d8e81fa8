//! What the public may hear of trouble and of planned work: no evidence, no people, nothing of causes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use launchwatch_alerts::text::one_line;
use launchwatch_alerts::{Incident, Maintenance, OURSELVES, Selector, SeriesId, Severity, Silence};
use serde::{Deserialize, Serialize};

/// Longest name of a target, a probe or a maintenance in what we write.
const NAME: usize = 80;
/// Most steps told of one incident.
const STEPS: usize = 40;
/// How far ahead planned work is told of.
pub(crate) const AHEAD: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long it stays once it is over.
const AFTER: SignedDuration = SignedDuration::from_hours(24);

/// How an incident stands, for somebody outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// People are without service.
    Acute,
    /// Something is not as it should be.
    Minor,
    /// It is over.
    Over,
}

/// How it stands. What pages is acute, until it is over.
pub(crate) fn trouble(incident: &Incident) -> Trouble {
    match (incident.resolved_at, incident.loudness()) {
        (Some(_), _) => Trouble::Over,
        (None, Severity::Page) => Trouble::Acute,
        (None, _) => Trouble::Minor,
    }
}

/// The incident as far as it is of the public's concern: without targets that are not shown. `None` if nothing is left of
/// it, or if it is our own trouble.
pub(crate) fn public(incident: &Incident, shows: impl Fn(&str) -> bool) -> Option<Incident> {
    let shows = |target: &str| target != OURSELVES && shows(target);
    // One that was merged goes on as a part of another: it is not over.
    if incident.target == OURSELVES || incident.merged_into.is_some() {
        return None;
    }
    let mut public = incident.clone();
    public.targets.retain(|t| shows(t));
    public.spells.retain(|s| shows(&s.series.target));
    match (incident.storm, shows(&incident.target)) {
        (false, true) => Some(public),
        _ => {
            // What is told of is what is left.
            let first = public.targets.first()?.clone();
            public.storm = public.targets.len() > 1;
            public.target = if public.storm { public.target } else { first };
            Some(public)
        }
    }
}

/// What the public sees: targets, and the probes that look at them.
#[derive(Debug, Default)]
pub(crate) struct Shown(BTreeMap<String, Vec<String>>);

impl Shown {
    /// From targets and probes; those without probes are not shown.
    pub(crate) fn new<'a>(probes: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut shown: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (target, probe) in probes {
            shown.entry(target.to_owned()).or_default().push(probe.to_owned());
        }
        Self(shown)
    }

    /// Which of the targets are meant.
    fn meant(&self, of: &Selector) -> Vec<String> {
        let series = |target: &String, probe: &String| SeriesId {
            target: target.clone(),
            probe: probe.clone(),
            location: String::new(),
        };
        let meant = self.0.iter().filter(|(t, probes)| probes.iter().any(|p| of.matches(&series(t, p))));
        meant.map(|(target, _)| target.clone()).collect()
    }
}

/// A name of outside, fit for one line of any face.
pub(crate) fn name(text: &str) -> String {
    one_line(text, NAME).replace(['\u{fffe}', '\u{ffff}', '\u{2060}'], "")
}

/// What it is about: the target, or how many.
pub(crate) fn about(incident: &Incident) -> String {
    match incident.storm {
        true => format!("{} services", incident.targets.len().max(2)),
        false => name(&incident.target),
    }
}

/// The headline.
pub(crate) fn headline(incident: &Incident) -> String {
    let about = about(incident);
    let acute_before = incident.severity == Severity::Page;
    match trouble(incident) {
        Trouble::Acute => format!("{about}: out of service"),
        Trouble::Minor if acute_before => format!("{about}: works again, some of it not well"),
        Trouble::Minor => format!("{about}: some of it does not work well"),
        Trouble::Over if acute_before => format!("{about}: works again"),
        Trouble::Over => format!("{about}: all well again"),
    }
}

/// What happened when, oldest first, in words.
pub(crate) fn steps(incident: &Incident) -> Vec<(Timestamp, String)> {
    let mut steps = vec![(incident.since, "the trouble began".to_owned())];
    let mut seen = BTreeSet::new();
    for spell in &incident.spells {
        let probe = name(&spell.series.probe);
        let what = match incident.storm {
            true => format!("{}, {probe}", name(&spell.series.target)),
            false => probe,
        };
        if seen.insert((what.clone(), spell.fired_at)) && seen.len() <= STEPS {
            steps.push((spell.fired_at, format!("does not work: {what}")));
            steps.extend(spell.resolved_at.map(|at| (at, format!("works again: {what}"))));
        }
    }
    if let Some(at) = incident.recovered_at.filter(|_| incident.severity == Severity::Page) {
        steps.push((at, "the service is back".to_owned()));
    }
    steps.extend(incident.resolved_at.map(|at| (at, "everything works again".to_owned())));
    steps.sort_by_key(|(at, _)| *at);
    steps
}

/// When the public last learnt something new of it.
pub(crate) fn updated(incident: &Incident) -> Timestamp {
    let last = steps(incident).last().map_or(incident.opened_at, |(at, _)| *at);
    last.max(incident.opened_at)
}

/// When it was over for people: from then on it only concerned operators.
pub(crate) fn over_at(incident: &Incident) -> Option<Timestamp> {
    match trouble(incident) {
        Trouble::Acute => None,
        Trouble::Minor => incident.recovered_at,
        Trouble::Over => incident.recovered_at.or(incident.resolved_at),
    }
}

/// A moment everybody can read, wherever they are.
pub(crate) fn moment(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%a %-d %b %Y %H:%M UTC").to_string()
}

/// Planned work, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Its name for life.
    pub id: String,
    /// The targets it is about.
    pub targets: Vec<String>,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// It is about all there are.
    pub all: bool,
}

impl Work {
    /// Whether it is about this target.
    pub(crate) fn concerns(&self, target: &str) -> bool {
        self.targets.iter().any(|t| t == target)
    }

    /// The headline.
    pub(crate) fn headline(&self) -> String {
        let about: Vec<String> = self.targets.iter().take(5).map(|t| name(t)).collect();
        let more = self.targets.len().saturating_sub(about.len());
        let about = match (self.all && self.targets.len() > 1, more) {
            (true, _) => "all services".to_owned(),
            (_, 0) => about.join(", "),
            (_, more) => format!("{} and {more} more", about.join(", ")),
        };
        format!("{about}: planned maintenance")
    }

    /// From when until when.
    pub(crate) fn span(&self) -> String {
        format!("From {} until {}.", moment(self.from), moment(self.until))
    }

    /// When the public last learnt something new of it: that it comes, that it began, that it is over.
    pub(crate) fn updated(&self, now: Timestamp) -> Timestamp {
        match now {
            now if now >= self.until => self.until,
            now if now >= self.from => self.from,
            _ => self.from.checked_sub(AHEAD).unwrap_or(self.from).min(now),
        }
    }
}

/// Planned work that lies ahead, goes on or was over lately, the next first; of people's, neither who nor why.
pub(crate) fn works(shown: &Shown, planned: &[Maintenance], begun: &[Silence], now: Timestamp) -> Vec<Work> {
    let near = |from: Timestamp, until: Timestamp| {
        from.duration_since(now) <= AHEAD && now.duration_since(until) <= AFTER
    };
    let mut works: Vec<Work> = Vec::new();
    let mut add = |id: String, of: &Selector, (from, until): (Timestamp, Timestamp)| {
        let targets = shown.meant(of);
        let all = targets.len() == shown.0.len();
        works.push(Work { id, targets, from, until, all });
    };
    for one in planned {
        for (from, until) in one.when.stretches(now - AFTER, now + AHEAD) {
            let id = format!("{}-{}", name(&one.name), from.as_second());
            add(id, &one.of, (from, until));
        }
    }
    for one in begun.iter().filter(|s| s.maintenance && s.ended.is_none()) {
        add(name(&one.id), &one.of, (one.from, one.until));
    }
    works.retain(|w| !w.targets.is_empty() && near(w.from, w.until));
    works.sort_by(|a, b| (a.from, &a.id).cmp(&(b.from, &b.id)));
    works.truncate(50);
    works
}

/// What a mail is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Somebody asked to be told; they must say that it was them.
    Confirm,
    /// People are without service.
    Opened,
    /// They have it again.
    Over,
    /// Work is planned.
    Planned,
}

impl Reason {
    /// The word in the store and in names of mails.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Opened => "opened",
            Self::Over => "over",
            Self::Planned => "planned",
        }
    }
}

/// What is told to somebody outside, worded once and for all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// What it is for.
    pub reason: Reason,
    /// What it is about, for life: an incident, a planned work, a subscription.
    pub about: String,
    /// One line.
    pub title: String,
    /// More lines.
    pub text: String,
    /// The page about it, beginning with `/`.
    pub path: String,
}

impl Told {
    /// What an incident (its public part) is to people outside as things stand; `None` if they never were without service.
    pub(crate) fn incident(incident: &Incident) -> Option<Self> {
        if incident.severity != Severity::Page {
            return None;
        }
        let over = over_at(incident);
        let text = match over {
            None => format!("{} does not work since {}.", about(incident), moment(incident.since)),
            Some(at) => {
                let (about, from, until) = (about(incident), moment(incident.since), moment(at));
                format!("{about} works again. It did not from {from} until {until}.")
            }
        };
        Some(Self {
            reason: if over.is_some() { Reason::Over } else { Reason::Opened },
            about: incident.id.0.clone(),
            title: headline(incident),
            text,
            path: format!("/incidents/{}", incident.id),
        })
    }

    /// Planned work.
    pub(crate) fn work(work: &Work) -> Self {
        let path = "/".to_owned();
        let about = format!("maintenance/{}", work.id);
        Self { reason: Reason::Planned, about, title: work.headline(), text: work.span(), path }
    }
}
