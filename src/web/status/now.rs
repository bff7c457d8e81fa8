//! How things stand now: of every target how it stands and what still works, from the board.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use launchwatch_alerts::OURSELVES;
use launchwatch_probes::Verdict;

use super::Site;
use super::story::{Story, reason, series_name};
use super::works::{Fact, State, Subject, worth_saying};
use crate::pipeline::board::{Board, ProbeState};
use crate::web::health::STALE;
use crate::web::summary::{Look, Standing, launches, stand};

/// How everything stands.
#[derive(Debug)]
pub(super) struct Now {
    pub(super) at: Timestamp,
    /// When results were last written down.
    pub(super) committed_at: Option<Timestamp>,
    /// For how long the recorder has been silent, where that is too long: nothing may be believed.
    pub(super) silent: Option<SignedDuration>,
    /// By name.
    pub(super) targets: BTreeMap<String, TargetNow>,
    /// Open incidents that may be shown, those that keep people from their servers first.
    pub(super) open: Vec<Arc<Story>>,
    /// Ways of looking, all targets together.
    pub(super) looks: usize,
}

/// How one target stands.
#[derive(Debug)]
pub(super) struct TargetNow {
    pub(super) standing: Standing,
    pub(super) facts: Vec<Fact>,
    /// Further things that are well.
    pub(super) well: usize,
}

impl Now {
    pub(super) fn of(
        board: &Board,
        site: &Site,
        medians: &BTreeMap<crate::observation::ProbeId, f64>,
        at: Timestamp,
    ) -> Self {
        let silent = board.alive_at.map(|alive| at.duration_since(alive)).filter(|s| *s > STALE);
        let mut open: BTreeMap<String, Arc<Story>> = BTreeMap::new();
        let mut by_target: BTreeMap<&str, Story> = BTreeMap::new();
        for (target, incident) in board.open.iter().filter(|(t, _)| site.shows(t) || *t == OURSELVES) {
            let story = Story::of(incident, site);
            open.entry(story.id.clone())
                .and_modify(|whole| join(Arc::make_mut(whole), &story))
                .or_insert_with(|| Arc::new(story.clone()));
            by_target.insert(target, story);
        }
        let mut targets: BTreeMap<String, TargetNow> = BTreeMap::new();
        let mut looks = 0;
        let mut rows = board.probes.values().filter(|p| site.shows(p.id.target())).peekable();
        while let Some(first) = rows.next() {
            let name = first.id.target();
            let mut of = vec![first];
            while let Some(next) = rows.next_if(|p| p.id.target() == name) {
                of.push(next);
            }
            looks += of.len();
            let incident = board.open.get(name).map(|i| i.loudness());
            let seen = of.iter().map(|p| look(p, at));
            let standing = if silent.is_some() { Standing::Unknown } else { stand(incident, seen) };
            let scene = Scene { site, at, silent: silent.is_some(), story: by_target.get(name), medians };
            let (facts, well) = worth_saying(of.iter().map(|p| scene.fact(p)).collect());
            targets.insert(name.to_owned(), TargetNow { standing, facts, well });
        }
        let mut open: Vec<Arc<Story>> = open.into_values().filter(|s| s.shown()).collect();
        open.sort_by_key(|s| (!s.pages, s.since));
        // After a restart nothing is written down yet, but it is known when things were looked at last.
        let last = || board.probes.values().filter_map(|p| p.last.as_ref().map(|(ended, _)| *ended)).max();
        Self { at, committed_at: board.committed_at.or_else(last), silent, targets, open, looks }
    }

    pub(super) fn standing(&self, target: &str) -> Standing {
        self.targets.get(target).map_or(Standing::Unknown, |t| t.standing)
    }

    /// Names of the targets that stand like this.
    pub(super) fn those(&self, standing: Standing) -> Vec<&str> {
        let those = self.targets.iter().filter(|(_, t)| t.standing == standing);
        those.map(|(name, _)| name.as_str()).collect()
    }
}

/// A storm is on the board in parts, one a target: what is told of it is told of all.
fn join(whole: &mut Story, part: &Story) {
    let more = part.targets.iter().filter(|t| !whole.targets.contains(t)).cloned();
    let more: Vec<String> = more.collect();
    whole.targets.extend(more);
    let failed: Vec<String> = part.failed.iter().filter(|f| !whole.failed.contains(f)).cloned().collect();
    whole.failed.extend(failed);
}

/// How a probe's last look counts.
pub(super) fn look(state: &ProbeState, now: Timestamp) -> Look {
    Look {
        launches: launches(state.kind),
        stale: state.last.as_ref().is_some_and(|(at, _)| state.stale(*at, now)),
        verdict: state.last.as_ref().map(|(_, outcome)| outcome.verdict),
    }
}

struct Scene<'a> {
    site: &'a Site,
    at: Timestamp,
    silent: bool,
    story: Option<&'a Story>,
    medians: &'a BTreeMap<crate::observation::ProbeId, f64>,
}

impl Scene<'_> {
    fn fact(&self, probe: &ProbeState) -> Fact {
        let (target, name) = (probe.id.target(), probe.id.probe());
        let subject = self.site.subject(target, name).unwrap_or_else(|| Subject::of(probe.kind, false, name));
        Fact { subject, state: self.state(probe) }
    }

    fn state(&self, probe: &ProbeState) -> State {
        let Some((ended, outcome)) = &probe.last else { return State::Never };
        if self.silent || probe.stale(*ended, self.at) {
            return State::Stale(*ended);
        }
        let why = || outcome.reason.map(|r| reason(r.as_str()));
        match outcome.verdict {
            Verdict::Passed => State::Works(self.medians.get(&probe.id).copied()),
            Verdict::Degraded => State::Poorly(why()),
            Verdict::Unknown => State::Unknown(why()),
            Verdict::Failed => {
                let known = series_name(probe.id.target(), probe.id.bare());
                let since = self.story.and_then(|s| s.failing.get(&known)).copied();
                State::Fails(since, why())
            }
        }
    }
}
