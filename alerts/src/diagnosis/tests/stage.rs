//! Scenes made by hand: a few words for what was seen.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};

use crate::diagnosis::{Diagnosis, Figures, Look, Scene, Track, diagnose};
use crate::{Health, SeriesId};

/// What was seen of a target.
#[derive(Debug, Clone, Default)]
pub(super) struct Stage {
    tracks: BTreeMap<String, (bool, Track)>,
    alerts: BTreeSet<&'static str>,
}

pub(super) fn now() -> Timestamp {
    "2024-05-03T18:00:00Z".parse().unwrap()
}

pub(super) fn ago(seconds: i64) -> Timestamp {
    now() - SignedDuration::from_secs(seconds)
}

pub(super) fn look(at: Timestamp, health: Health) -> Look {
    Look {
        slot: at,
        at,
        health,
        in_flight: false,
        reason: None,
        stage: None,
        summary: String::new(),
        evidence: Vec::new(),
        figures: Figures::default(),
        facts: BTreeMap::new(),
    }
}

pub(super) fn stage() -> Stage {
    Stage::default()
}

impl Stage {
    fn put(mut self, mine: bool, kind: &str, look: Look) -> Self {
        let name = if mine { kind.to_owned() } else { format!("other {kind}") };
        let (_, track) = self
            .tracks
            .entry(name)
            .or_insert_with(|| (mine, Track { kind: kind.to_owned(), looks: VecDeque::new() }));
        let place = track.looks.iter().position(|l| l.at > look.at).unwrap_or(track.looks.len());
        track.looks.insert(place, look);
        self
    }

    /// A look at the cluster so long ago.
    pub(super) fn cluster_ago(self, seconds: i64, numbers: &[(&str, f64)], facts: &[(&str, &str)]) -> Self {
        self.seen("kubernetes", seconds, numbers, facts)
    }

    /// A look at the cluster half a minute ago.
    pub(super) fn cluster(self, numbers: &[(&str, f64)]) -> Self {
        self.cluster_ago(30, numbers, &[])
    }

    pub(super) fn seen(
        self,
        kind: &str,
        seconds: i64,
        numbers: &[(&str, f64)],
        facts: &[(&str, &str)],
    ) -> Self {
        let mut look = look(ago(seconds), Health::Good);
        look.figures = numbers.iter().copied().collect();
        look.facts = facts.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        self.put(true, kind, look)
    }

    /// What Hub and cluster say of each other.
    pub(super) fn drift(self, numbers: &[(&str, f64)]) -> Self {
        self.seen("hub-drift", 25, numbers, &[])
    }

    pub(super) fn logs(self, numbers: &[(&str, f64)]) -> Self {
        self.seen("kubernetes-logs", 40, numbers, &[])
    }

    /// The Hub answers so fast.
    pub(super) fn hub(self, latency: f64) -> Self {
        self.seen("jupyterhub-servers", 20, &[("hub_latency_seconds", latency)], &[])
    }

    pub(super) fn hub_dead(self, reason: &str) -> Self {
        self.bad("jupyterhub-servers", reason, None)
    }

    pub(super) fn binder_well(self) -> Self {
        self.seen(
            "binderhub-health",
            35,
            &[("check_jupyterhub_api_ok", 1.0)],
            &[("binderhub", "1.0"), ("builder", "r2d:1")],
        )
    }

    /// A probe that fails now.
    pub(super) fn bad(self, kind: &str, reason: &str, numbers: Option<(&str, f64)>) -> Self {
        let mut look = look(ago(20), Health::Bad);
        look.reason = Some(reason.to_owned());
        look.figures = numbers.into_iter().collect();
        self.put(true, kind, look)
    }

    /// So many test launches in a row, a minute apart, the last one a minute ago.
    pub(super) fn fail(self, count: usize, reason: &str, at_stage: &str, said: &str) -> Self {
        (0..count)
            .rev()
            .fold(self, |s, n| s.launch(60 + 60 * n as i64, Health::Bad, (reason, at_stage, said), ""))
    }

    /// One test launch of an image that is there, on a node.
    pub(super) fn launch(self, seconds: i64, health: Health, what: (&str, &str, &str), node: &str) -> Self {
        let look = launched(seconds, health, what, node);
        self.put(true, "binder-launch", look)
    }

    /// Test launches worked, all but the last few minutes long.
    pub(super) fn worked(self, until: i64) -> Self {
        (0..5).rev().fold(self, |s, n| s.launch(until + 60 * n, Health::Good, ("", "", ""), ""))
    }

    /// One test launch that must build.
    pub(super) fn build(self, seconds: i64, what: (&str, &str, &str)) -> Self {
        let look = launched(seconds, Health::Bad, what, "");
        self.put(true, "binder-launch!fresh", look)
    }

    /// A launch through the Hub alone, half a minute ago.
    pub(super) fn launch_alone(self, health: Health) -> Self {
        self.put(true, "jupyterhub-launch", look(ago(30), health))
    }

    /// A launch of another target.
    pub(super) fn elsewhere(self, health: Health) -> Self {
        self.put(false, "binder-launch", look(ago(40), health))
    }

    pub(super) fn alert(mut self, name: &'static str) -> Self {
        self.alerts.insert(name);
        self
    }

    /// Asks a question of the scene.
    pub(super) fn ask<T>(&self, question: impl FnOnce(&Scene<'_>) -> T) -> T {
        let ids: Vec<(SeriesId, bool, &Track)> = self
            .tracks
            .iter()
            .map(|(name, (mine, track))| {
                (
                    SeriesId { target: "hub".into(), probe: name.clone(), location: "here".into() },
                    *mine,
                    track,
                )
            })
            .collect();
        let of = |wanted: bool| {
            ids.iter().filter(|(_, mine, _)| *mine == wanted).map(|(s, _, t)| (s, *t)).collect()
        };
        let scene = Scene::new(("hub", ago(200)), of(true), of(false), self.alerts.clone(), now());
        question(&scene)
    }

    pub(super) fn diagnose(&self) -> Vec<Diagnosis> {
        self.ask(|scene| diagnose(scene, None, &[]))
    }
}

fn launched(seconds: i64, health: Health, (reason, stage, said): (&str, &str, &str), node: &str) -> Look {
    let some = |text: &str| Some(text.to_owned()).filter(|t| !t.is_empty());
    let mut look = look(ago(seconds), health);
    (look.reason, look.stage) = (some(reason), some(stage));
    look.evidence = some(said).into_iter().collect();
    look.facts = some(node).map(|n| ("node".to_owned(), n)).into_iter().collect();
    look
}
