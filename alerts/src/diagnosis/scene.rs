//! What is known of a target when its trouble is to be explained: the last looks of its probes, asked by name.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::figures::{Figures, Name, Table};
use crate::{Health, SeriesId};

mod signs;

/// A look that is older than this says nothing of now, unless it was taken of this trouble.
pub const FRESH: SignedDuration = SignedDuration::from_secs(180);
/// The newest look of a probe that looks rarely stands so long for a trouble that had begun when it was taken.
const STANDS: SignedDuration = SignedDuration::from_hours(1);
/// How far back something that happens once still explains trouble of now.
const LATELY: SignedDuration = SignedDuration::from_hours(1);
/// A launch through the Hub alone.
const HUB_LAUNCH: &str = "jupyterhub-launch";
/// Looks kept of a probe.
pub(crate) const KEPT: usize = 120;

/// One look of one probe.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// Slot of the run.
    pub slot: Timestamp,
    /// When it was judged.
    pub at: Timestamp,
    /// The judgement.
    pub health: Health,
    /// The run still goes on and has already proved failure.
    pub in_flight: bool,
    /// Reason in the probe's closed vocabulary.
    pub reason: Option<String>,
    /// Stage in which it failed.
    pub stage: Option<String>,
    /// One sentence for a person.
    pub summary: String,
    /// The last lines seen.
    pub evidence: Vec<String>,
    /// What was measured.
    pub figures: Figures,
    /// Names met on the way.
    pub facts: BTreeMap<String, String>,
}

/// The last looks of one probe, oldest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Track {
    /// The type of the probe, such as `binder-launch`; with `!fresh` at its end where each launch must build.
    pub kind: String,
    /// At most 120.
    pub looks: VecDeque<Look>,
}

impl Track {
    /// Adds a look. One of the same slot gives way: a run counts once.
    pub(crate) fn push(&mut self, look: Look) {
        if self.looks.back().is_some_and(|last| last.slot == look.slot) {
            self.looks.pop_back();
        }
        if self.looks.len() == KEPT {
            self.looks.pop_front();
        }
        self.looks.push_back(look);
    }

    /// Whether it launches servers.
    pub fn launches(&self) -> bool {
        self.kind.contains("-launch")
    }

    /// Whether each launch must build.
    pub fn fresh(&self) -> bool {
        self.kind.ends_with("!fresh")
    }
}

/// A number read by a probe.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// The value, in the base unit.
    pub value: f64,
    /// When it was read.
    pub at: Timestamp,
}

/// What is known of one target and of what it depends on. Made anew for each diagnosis; what many causes ask for is gathered
/// once.
#[derive(Debug, Clone)]
pub struct Scene<'a> {
    /// The moment of the diagnosis.
    pub now: Timestamp,
    /// The target in trouble.
    pub target: &'a str,
    /// Since when.
    pub since: Timestamp,
    /// Rules that fire about it, by what they are called.
    pub alerts: BTreeSet<&'a str>,
    mine: Vec<(&'a SeriesId, &'a Track)>,
    others: Vec<(&'a SeriesId, &'a Track)>,
    newest: Table<Figure>,
    /// The largest value of the last hour.
    largest: Table<f64>,
    failing_launches: Vec<&'a Look>,
    failing_builds: Vec<&'a Look>,
}

impl<'a> Scene<'a> {
    /// A scene of these tracks: `mine` are those of the target and of what it depends on, `others` all the rest.
    pub fn new(
        (target, since): (&'a str, Timestamp),
        mine: Vec<(&'a SeriesId, &'a Track)>,
        others: Vec<(&'a SeriesId, &'a Track)>,
        alerts: BTreeSet<&'a str>,
        now: Timestamp,
    ) -> Self {
        let mut scene = Self {
            now,
            target,
            since,
            alerts,
            mine,
            others,
            newest: Table::new(),
            largest: Table::new(),
            failing_launches: Vec::new(),
            failing_builds: Vec::new(),
        };
        scene.gather();
        scene
    }

    fn gather(&mut self) {
        let mut newest = Table::new();
        for look in self.fresh_looks() {
            for (name, value) in look.figures.iter() {
                newest.enter(name, Figure { value, at: look.at }, |known| known.at > look.at);
            }
        }
        self.newest = newest;
        let looks = self.mine.iter().flat_map(|(_, track)| &track.looks);
        for look in looks.filter(|l| self.now.duration_since(l.at) <= LATELY) {
            for (name, value) in look.figures.iter() {
                self.largest.enter(name, value, |known| known.total_cmp(&value).is_gt());
            }
        }
        self.failing_launches = self.find_failing_launches();
        self.failing_builds = self.find_failing_builds();
    }

    fn fresh_looks(&self) -> impl Iterator<Item = &'a Look> {
        let last = self.mine.iter().filter_map(|(_, track)| track.looks.back());
        last.filter(|look| self.is_fresh(look))
    }

    /// Whether the newest look of a probe says something of now.
    fn is_fresh(&self, look: &Look) -> bool {
        let age = self.now.duration_since(look.at);
        age <= FRESH || look.slot >= self.since && age <= STANDS
    }

    /// The newest value of a measurement, of all probes of the target. `None` when the last run of the probe that reads it did not
    /// read it, or is too long ago: a gap is never evidence.
    pub fn figure(&self, name: &str) -> Option<Figure> {
        self.newest.get(Name::of(name)?)
    }

    /// The newest value alone.
    pub fn value(&self, name: &str) -> Option<f64> {
        self.figure(name).map(|f| f.value)
    }

    /// Whether the newest value is at least this; `None` when it is not known.
    pub fn at_least(&self, name: &str, bound: f64) -> Option<bool> {
        self.value(name).map(|v| v >= bound)
    }

    /// How long the newest values of a measurement have been such, without a break.
    pub fn held(&self, name: &str, such: impl Fn(f64) -> bool) -> Option<SignedDuration> {
        self.figure(name).filter(|f| such(f.value))?;
        let (name, track) = self.reading(name)?;
        let while_such = track.looks.iter().rev().map_while(|l| match l.figures.get(name) {
            Some(v) => such(v).then_some(Some(l.at)),
            None => Some(None),
        });
        while_such.flatten().last().map(|first| self.now.duration_since(first))
    }

    /// How much a measurement has changed within this time: the newest value less the oldest of that time.
    pub fn change(&self, name: &str, within: SignedDuration) -> Option<f64> {
        let newest = self.figure(name)?;
        let (name, track) = self.reading(name)?;
        let old = track
            .looks
            .iter()
            .filter(|l| self.now.duration_since(l.at) <= within)
            .find_map(|l| l.figures.get(name))?;
        Some(newest.value - old)
    }

    /// The smallest and largest value of a measurement before the trouble began, as far as it is remembered.
    pub fn before(&self, name: &str) -> Option<(f64, f64)> {
        let (name, track) = self.reading(name)?;
        let old = track.looks.iter().filter(|l| l.at < self.since).filter_map(|l| l.figures.get(name));
        old.fold(None, |range: Option<(f64, f64)>, v| {
            Some(range.map_or((v, v), |(low, high)| (low.min(v), high.max(v))))
        })
    }

    /// The probe that reads a measurement.
    fn reading(&self, name: &str) -> Option<(Name, &'a Track)> {
        let name = Name::of(name)?;
        let reads = |t: &&Track| t.looks.back().is_some_and(|l| l.figures.get(name).is_some());
        self.mine.iter().map(|(_, t)| *t).find(reads).map(|track| (name, track))
    }

    /// A name met on the way by the newest run of some probe.
    pub fn fact(&self, name: &str) -> Option<&'a str> {
        self.fresh_looks().find_map(|l| l.facts.get(name).map(String::as_str))
    }

    /// The probes of a type that begins with `kind`.
    pub fn tracks(&self, kind: &str) -> impl Iterator<Item = (&'a SeriesId, &'a Track)> {
        self.mine.iter().copied().filter(move |(_, t)| t.kind.starts_with(kind))
    }

    /// How the newest run of a type of probe went; unknown ones are no answer.
    pub fn health(&self, kind: &str) -> Option<Health> {
        let last = |t: &'a Track| t.looks.back().filter(|l| self.now.duration_since(l.at) <= FRESH);
        self.tracks(kind).filter_map(|(_, t)| last(t)).map(|l| l.health).find(|h| *h != Health::Unknown)
    }

    /// The last launches within this time, newest first, unknown ones left out: those of cached images, or those that build.
    /// Where launches go through a BinderHub, those through its Hub alone are something else (`hub_launch`).
    pub fn launches(&self, fresh: bool, within: SignedDuration) -> Vec<&'a Look> {
        let binder = self.through_binder();
        let beside = |t: &Track| binder && t.kind == HUB_LAUNCH;
        let tracks = self.mine.iter().filter(|(_, t)| t.launches() && t.fresh() == fresh && !beside(t));
        let mut looks: Vec<&Look> = tracks
            .flat_map(|(_, t)| &t.looks)
            .filter(|l| l.health != Health::Unknown && self.now.duration_since(l.at) <= within)
            .collect();
        looks.sort_by_key(|l| std::cmp::Reverse(l.at));
        looks
    }

    fn through_binder(&self) -> bool {
        self.mine.iter().any(|(_, t)| t.kind.starts_with("binder-launch"))
    }

    /// Whether a launch through the Hub alone works, seen since the trouble began and not long ago; `None` where launches do not go
    /// through a BinderHub otherwise, or nobody looked.
    pub(crate) fn hub_launch(&self) -> Option<bool> {
        let of_now = |l: &&Look| l.slot >= self.since && self.is_fresh(l);
        let last = |t: &'a Track| t.looks.iter().rev().find(|l| l.health != Health::Unknown).filter(of_now);
        let looks = self.tracks(HUB_LAUNCH).filter_map(|(_, t)| last(t));
        let newest = looks.max_by_key(|l| l.at).filter(|_| self.through_binder())?;
        Some(newest.health != Health::Bad)
    }

    /// The newest launches, down to the last one that worked: the failures in a row that stand now.
    pub fn failing_launches(&self) -> &[&'a Look] {
        &self.failing_launches
    }

    fn find_failing_launches(&self) -> Vec<&'a Look> {
        let all = self.launches(false, SignedDuration::from_mins(15));
        all.into_iter().take_while(|l| l.health == Health::Bad).collect()
    }

    /// Whether one of these texts (lower case) was said by a launch that fails now.
    pub fn said(&self, texts: &[&str]) -> Option<&'a str> {
        self.failing_launches.iter().find_map(|look| said_in(look, texts))
    }

    /// How many of the launches that fail now said one of these texts (lower case), and how many fail now.
    pub fn share_said(&self, texts: &[&str]) -> (usize, usize) {
        let failing = self.failing_launches();
        (failing.iter().filter(|l| said_in(l, texts).is_some()).count(), failing.len())
    }

    /// How many of the launches that fail now have one of these reasons, and how many fail now.
    pub fn share_because(&self, reasons: &[&str]) -> (usize, usize) {
        let failing = self.failing_launches();
        let such = |l: &&&Look| l.reason.as_deref().is_some_and(|r| reasons.contains(&r));
        (failing.iter().filter(such).count(), failing.len())
    }

    /// Whether launches of other targets work just now; `None` when nobody looks at others.
    pub fn others_launch(&self) -> Option<bool> {
        let of = |t: &'a Track| t.looks.iter().rev().find(|l| l.health != Health::Unknown);
        let looks = self.others.iter().filter(|(_, t)| t.launches() && !t.fresh()).filter_map(|(_, t)| of(t));
        let mut known = looks.filter(|l| self.now.duration_since(l.at) <= FRESH).peekable();
        known.peek()?;
        Some(known.any(|l| matches!(l.health, Health::Good | Health::Poor)))
    }

    /// Whether all public pages of the target fail to answer at all: of its probes that only ask, none passes. `None` when none
    /// asks.
    pub fn unreachable(&self) -> Option<bool> {
        let asks = |t: &&Track| matches!(t.kind.as_str(), "http" | "tcp" | "binderhub-health");
        let mut known = self.mine.iter().map(|(_, t)| *t).filter(asks).filter_map(|t| {
            t.looks.back().filter(|l| l.health != Health::Unknown && self.now.duration_since(l.at) <= FRESH)
        });
        let first = known.next()?;
        let dead = |l: &Look| {
            l.health == Health::Bad
                && matches!(
                    l.reason.as_deref(),
                    Some("connect" | "timeout" | "http_status" | "stalled" | "tls" | "stream_cut")
                )
        };
        Some(dead(first) && known.all(dead))
    }
}

/// The line of a look that holds one of these texts (lower case).
fn said_in<'a>(look: &'a Look, texts: &[&str]) -> Option<&'a str> {
    let lines = std::iter::once(&look.summary).chain(look.evidence.iter().rev());
    lines.map(String::as_str).find(|line| {
        let line = line.to_lowercase();
        texts.iter().any(|text| line.contains(text))
    })
}
