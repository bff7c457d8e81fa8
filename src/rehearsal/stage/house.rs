//! House: what the stand-ins of one member share: the file, the time, own launches, and everybody who is there.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::course::{Course, whole};
use super::crowd::Crowd;
use super::launch::Launch;
use crate::clock::Clock;
use crate::rehearsal::scenario::{Health, HubPoint, Nodes, Scenario, Snapshot};
use crate::standin::StandIn;
use crate::standin::dice::Dice;

/// One member.
pub(crate) struct House {
    pub(crate) scenario: Arc<Scenario>,
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) hub_url: String,
    pub(crate) hub_token: String,
    pub(crate) seed: u64,
    pub(crate) clock: Clock,
    /// Plays the user servers of own launches.
    pub(crate) servers: StandIn,
    pub(crate) courses: Courses,
    own: Mutex<Own>,
    crowd: Mutex<Option<(Key, Arc<Crowd>)>>,
}

/// What a look was made for: the second, and the version of own launches.
pub(crate) type Key = (i64, u64);

/// What own launches have left behind.
#[derive(Default)]
pub(crate) struct Own {
    pub(crate) launches: Vec<Launch>,
    /// Launch requests so far.
    pub(crate) requests: u64,
    /// Moves with every change, so that what is cached is made anew.
    pub(crate) version: u64,
}

/// Counts of the file over time.
#[derive(Default)]
pub(crate) struct Courses {
    pub(crate) users: Course,
    pub(crate) pending: Course,
    pub(crate) not_ready: Course,
    pub(crate) nodes: Course,
    pub(crate) orphans: Course,
    pub(crate) users_total: Course,
    pub(crate) ghosts: Course,
    pub(crate) builds: Course,
    pub(crate) waiting_placeholders: Course,
}

impl Courses {
    fn new(scenario: &Scenario, member: &str) -> Self {
        let snapshots: Vec<&Snapshot> =
            scenario.snapshots.iter().filter(|s| Scenario::concerns(&s.member, member)).collect();
        let points: Vec<&HubPoint> =
            scenario.hub_api.iter().filter(|p| Scenario::concerns(&p.member, member)).collect();
        let of = |value: &dyn Fn(&Snapshot) -> f64| {
            Course::new(snapshots.iter().map(|s| (s.t, value(s), s.linear)).collect())
        };
        let hub = |value: &dyn Fn(&HubPoint) -> f64, linear| {
            Course::new(points.iter().map(|p| (p.t, value(p), linear)).collect())
        };
        let nodes = |s: &Snapshot| s.nodes.map_or(1.0, |n| n.total);
        let ready = |s: &Snapshot| s.nodes.map_or(1.0, |n| n.ready);
        Self {
            users: of(&|s| s.user_pods.running + s.user_pods.pending + s.user_pods.unknown),
            pending: of(&|s| s.user_pods.pending),
            not_ready: of(&|s| nodes(s) - ready(s)),
            nodes: of(&nodes),
            orphans: hub(&|p| p.orphan_pods, true),
            users_total: hub(&|p| p.users_total.unwrap_or(0.0), true),
            ghosts: hub(&|p| p.server_without_pod, false),
            builds: of(&|s| s.build_pods.running + s.build_pods.pending),
            waiting_placeholders: Course::new(
                snapshots.iter().map(|s| (s.t, s.placeholders.map_or(0.0, |p| p.pending), false)).collect(),
            ),
        }
    }
}

impl House {
    pub(crate) fn new(
        scenario: Arc<Scenario>,
        member: &super::Member,
        clock: Clock,
        seed: u64,
        servers: StandIn,
    ) -> Self {
        Self {
            courses: Courses::new(&scenario, &member.name),
            name: member.name.clone(),
            namespace: member.namespace.clone(),
            hub_url: member.hub_url.clone(),
            hub_token: member.hub_token.clone(),
            scenario,
            seed,
            clock,
            servers,
            own: Mutex::default(),
            crowd: Mutex::default(),
        }
    }

    /// The scenario's second now.
    pub(crate) fn t(&self) -> f64 {
        self.clock.now().duration_since(self.scenario.t0).as_secs_f64()
    }

    /// The date of a second.
    pub(crate) fn date(&self, t: f64) -> Timestamp {
        #[expect(clippy::cast_possible_truncation, reason = "saturates")]
        let millis = (t * 1000.0) as i64;
        let moved = self.scenario.t0.saturating_add(SignedDuration::from_millis(millis));
        moved.unwrap_or(self.scenario.t0)
    }

    /// Chance that depends on nothing but the seed and what it is for.
    pub(crate) fn dice(&self, what: u64, n: u64) -> Dice {
        Dice::new(self.seed ^ what.wrapping_mul(0x9E37_79B9)).fork(n.wrapping_add(1))
    }

    pub(crate) fn own(&self) -> MutexGuard<'_, Own> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everybody who is there now.
    pub(crate) fn crowd(&self) -> Arc<Crowd> {
        let t = self.t();
        #[expect(clippy::cast_possible_truncation, reason = "saturates")]
        let key = (t.floor() as i64, self.own().version);
        let mut kept = self.crowd.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, crowd)) = kept.as_ref()
            && *of == key
        {
            return Arc::clone(crowd);
        }
        let crowd = Arc::new(Crowd::at(self, t));
        *kept = Some((key, Arc::clone(&crowd)));
        crowd
    }

    /// The snapshot of a moment.
    pub(crate) fn snapshot(&self, t: f64) -> Option<&Snapshot> {
        let mine = |s: &&Snapshot| Scenario::concerns(&s.member, &self.name);
        let all = || self.scenario.snapshots.iter().filter(mine);
        all().take_while(|s| s.t <= t).last().or_else(|| all().next())
    }

    /// What `pick` counts, between snapshots as the file says.
    pub(crate) fn counted(&self, t: f64, pick: impl Fn(&Snapshot) -> f64) -> usize {
        let Some(here) = self.snapshot(t) else { return 0 };
        let mine = |s: &&Snapshot| Scenario::concerns(&s.member, &self.name);
        let next = self.scenario.snapshots.iter().filter(mine).find(|s| s.t > t);
        let value = match next {
            Some(next) if here.linear && t > here.t => {
                pick(here) + (pick(next) - pick(here)) * (t - here.t) / (next.t - here.t)
            }
            _ => pick(here),
        };
        whole(value)
    }

    /// Nodes as the snapshot of the moment says, and their numbers.
    pub(crate) fn nodes(&self, t: f64) -> (Option<Nodes>, usize, usize) {
        let total = self.counted(t, |s| s.nodes.map_or(1.0, |n| n.total));
        let ready = self.counted(t, |s| s.nodes.map_or(1.0, |n| n.ready));
        (self.snapshot(t).and_then(|s| s.nodes), total, ready.min(total))
    }

    /// The point of the Hub's API of a moment.
    pub(crate) fn hub_point(&self, t: f64) -> Option<&HubPoint> {
        let mine = |p: &&HubPoint| Scenario::concerns(&p.member, &self.name);
        let all = || self.scenario.hub_api.iter().filter(mine);
        all().take_while(|p| p.t <= t).last().or_else(|| all().next())
    }

    /// Status and latency (milliseconds) of the Hub's API. A point that tells of trouble holds until the Hub's health page is told to
    /// be well later on: nobody looked at the API again.
    pub(crate) fn hub_answers(&self, t: f64) -> (u16, f64) {
        let Some(point) = self.hub_point(t) else { return (200, 30.0) };
        let well = self.health(t).filter(|h| h.from > point.t && h.hub_status == Some(200));
        match well {
            Some(health) if point.http_status != 200 => (200, health.hub_latency_ms.unwrap_or(30.0)),
            _ => (point.http_status, point.latency_ms),
        }
    }

    /// What health pages say: the interval of the moment, else the last one before it.
    pub(crate) fn health(&self, t: f64) -> Option<&Health> {
        let mine = || self.scenario.health.iter().filter(|h| Scenario::concerns(&h.member, &self.name));
        let now = mine().find(|h| t >= h.from && t < h.to);
        now.or_else(|| mine().filter(|h| h.to <= t).max_by(|a, b| a.to.total_cmp(&b.to)))
    }
}
