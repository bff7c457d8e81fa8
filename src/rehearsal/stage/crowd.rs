//! Crowd: every pod of a user and every server of the Hub at one moment, own launches among them.
//!
//! Pod `i` keeps its name, owner and creation while the count stays above `i`. The lowest are orphans, the highest
//! wait. What the Hub shows is made of the same individuals, so that both worlds agree where the file says so.

mod repos;

use self::repos::{PLACES, Repos};
use super::course::whole;
use super::house::House;
use super::launch::{Attempt, Launch};

/// Seconds that a pod without trouble is pending at most.
const YOUNG: u64 = 20;
/// Seconds after which a user's pod ends as people leave, at least; at most twice as many.
const VISIT: f64 = 7200.0;

/// One in so many pods left behind is of our own launches.
const OURS: usize = 4;

/// A pod that outlives its server by more seconds was left behind.
const LEAVES: f64 = 300.0;

/// Phase of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Running,
    Pending,
    Unknown,
    Succeeded,
    Failed,
}

/// A pod of a user.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pod {
    pub(crate) user: String,
    pub(crate) uid: String,
    pub(crate) repo: String,
    pub(crate) phase: Phase,
    pub(crate) created: f64,
    /// On which node, by number; `None`: unscheduled.
    pub(crate) node: Option<usize>,
    pub(crate) ready_since: Option<f64>,
    /// Asked to end.
    pub(crate) terminating: Option<f64>,
}

impl Pod {
    pub(crate) fn name(&self) -> String {
        format!("jupyter-{}", self.user)
    }
}

/// What the Hub is doing with a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    Spawn,
    Stop,
    Nothing,
}

/// A server, as the Hub knows it.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) user: String,
    pub(crate) doing: Doing,
    pub(crate) started: f64,
    pub(crate) last_activity: f64,
}

/// Everybody at one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Crowd {
    pub(crate) pods: Vec<Pod>,
    pub(crate) servers: Vec<Server>,
    /// Users, those without server included.
    pub(crate) users_total: usize,
}

/// How many of what the file wants, own ones taken out.
struct Wanted {
    running: usize,
    unknown: usize,
    pending: usize,
    orphans: usize,
    stuck: usize,
    spawning: usize,
    stopping: usize,
    ghosts: usize,
    /// Since when pods wait for room, if they do.
    no_room: Option<f64>,
}

impl Crowd {
    /// The pod of an own launch, if it has this name.
    pub(crate) fn own(house: &House, name: &str, t: f64) -> Option<Pod> {
        let user = name.strip_prefix("jupyter-")?;
        let own = house.own();
        let mut attempts = own.launches.iter().rev().flat_map(|l| l.attempts.iter().map(move |a| (l, a)));
        let (launch, attempt) = attempts.find(|(_, a)| a.user == user)?;
        (t >= attempt.created && t < attempt.pod_gone).then(|| own_pod(launch, attempt, t))
    }

    /// Whether an own launch has, had or will have a pod of this name.
    pub(crate) fn is_own(house: &House, name: &str) -> bool {
        let user = name.strip_prefix("jupyter-");
        house.own().launches.iter().rev().flat_map(|l| &l.attempts).any(|a| Some(a.user.as_str()) == user)
    }

    pub(crate) fn at(house: &House, t: f64) -> Self {
        let mut crowd = Self::default();
        let mut wanted = wanted(house, t);
        let mut own = Self::default();
        // Of what is left behind a part is ours: the file counts everybody's.
        let mut room = wanted.orphans / OURS;
        for launch in &house.own().launches {
            for attempt in launch.attempts.iter().filter(|a| t >= a.begun) {
                let stays = attempt.pod_gone - attempt.server_gone > LEAVES;
                let leaked =
                    stays && t >= attempt.server_gone && t >= attempt.created && t < attempt.pod_gone;
                if leaked && room == 0 {
                    continue;
                }
                room -= usize::from(leaked);
                own.take_own(launch, attempt, t, &mut wanted);
            }
        }
        crowd.fill(house, t, &wanted);
        crowd.pods.extend(own.pods);
        crowd.servers.extend(own.servers);
        let known = whole(house.courses.users_total.at(t));
        crowd.users_total = known.max(crowd.servers.len());
        crowd
    }

    fn take_own(&mut self, launch: &Launch, attempt: &Attempt, t: f64, wanted: &mut Wanted) {
        let pod = t >= attempt.created && t < attempt.pod_gone;
        let server = t >= attempt.begun && t < attempt.server_gone;
        let ready = t >= attempt.pod_ready;
        if pod {
            let count =
                if ready || t >= attempt.scheduled + 4.0 { &mut wanted.running } else { &mut wanted.pending };
            *count = count.saturating_sub(1);
            self.pods.push(own_pod(launch, attempt, t));
        }
        if !server {
            wanted.orphans = wanted.orphans.saturating_sub(usize::from(pod));
            return;
        }
        let spawning = t < attempt.server_ready;
        wanted.spawning = wanted.spawning.saturating_sub(usize::from(spawning));
        wanted.stuck = wanted.stuck.saturating_sub(usize::from(spawning && pod && ready));
        wanted.ghosts = wanted.ghosts.saturating_sub(usize::from(!pod));
        self.servers.push(Server {
            user: attempt.user.clone(),
            doing: if spawning { Doing::Spawn } else { Doing::Nothing },
            started: attempt.begun,
            last_activity: attempt.begun.max(attempt.server_ready.min(t)),
        });
    }

    fn fill(&mut self, house: &House, t: f64, wanted: &Wanted) {
        let repos = Repos::new(house, t, wanted.running + wanted.pending + wanted.unknown);
        let pods = wanted.running + wanted.unknown + wanted.pending;
        let orphans = wanted.orphans.min(pods);
        let first_stuck = wanted.running.saturating_sub(wanted.stuck);
        let stuck = wanted.running - first_stuck;
        // What is left behind and does not run waits.
        let low = orphans.min(first_stuck);
        let first_waiting = wanted.running + wanted.unknown;
        let spilt = first_waiting..first_waiting + (orphans - low);
        let ghosts_stopping = wanted.stopping.min(wanted.ghosts);
        let last_stopping = low + (wanted.stopping - ghosts_stopping);
        let mut spawning = wanted.spawning.saturating_sub(stuck);
        let stuck_since = house.hub_point(t).map_or(t, |p| p.t);
        for index in 0..pods {
            let phase = match index {
                i if i < wanted.running => Phase::Running,
                i if i < wanted.running + wanted.unknown => Phase::Unknown,
                _ => Phase::Pending,
            };
            let orphan = index < low || spilt.contains(&index);
            let pod = match phase {
                Phase::Pending => waiting(house, t, index, wanted),
                _ => visiting(house, t, index, orphan, phase),
            };
            let pod = Pod { repo: repos.of(index), ..pod };
            if !orphan {
                let is_stuck = phase == Phase::Running && index >= first_stuck;
                let waits = phase == Phase::Pending && spawning > 0;
                spawning -= usize::from(waits);
                let stops = phase == Phase::Running && index < last_stopping && !is_stuck;
                let doing = match (is_stuck || waits, stops) {
                    (true, _) => Doing::Spawn,
                    (_, true) => Doing::Stop,
                    _ => Doing::Nothing,
                };
                let started = if is_stuck { pod.created.max(stuck_since.min(t)) } else { pod.created };
                let idle = house.dice(5, index as u64).unit() * 240.0;
                let last_activity = (t - idle).max(started);
                self.servers.push(Server {
                    user: pod.user.clone(),
                    doing,
                    started: started - 1.0,
                    last_activity,
                });
            }
            self.pods.push(pod);
        }
        self.ghosts(house, t, ghosts_stopping, wanted.ghosts, spawning);
        self.leaving(house, t);
    }

    /// Servers without pods: stopping ones first, then young ones whose pod is not there yet, then forgotten ones.
    fn ghosts(&mut self, house: &House, t: f64, stopping: usize, ghosts: usize, spawning: usize) {
        for n in 0..ghosts.max(stopping + spawning) {
            let since = house.courses.ghosts.since(n, t).unwrap_or(house.scenario.start);
            let doing = match n {
                n if n < stopping => Doing::Stop,
                n if n < stopping + spawning => Doing::Spawn,
                _ => Doing::Nothing,
            };
            let young = doing == Doing::Spawn;
            let turn = if young { turn(t, n as u64 * 7) } else { 0 };
            let mut dice = house.dice(11, (turn << 16) + n as u64);
            let started = if young { begin(turn, n as u64 * 7) } else { since - 1800.0 };
            self.servers.push(Server {
                user: format!("visitor-ghost-{}", dice.word(8)),
                doing,
                started,
                last_activity: started.max(since.min(t)),
            });
        }
    }

    /// Pods that ended or are about to: beside the rest.
    fn leaving(&mut self, house: &House, t: f64) {
        let terminating = house.counted(t, |s| s.user_pods.terminating);
        let succeeded = house.counted(t, |s| s.user_pods.succeeded);
        let failed = house.counted(t, |s| s.user_pods.failed);
        for n in 0..terminating + succeeded + failed {
            let mut dice = house.dice(13, n as u64);
            let phase = match n {
                n if n < terminating => Phase::Running,
                n if n < terminating + succeeded => Phase::Succeeded,
                _ => Phase::Failed,
            };
            let begun = house.snapshot(t).map_or(house.scenario.start, |s| s.t);
            self.pods.push(Pod {
                user: format!("visitor-gone-{}", dice.word(8)),
                uid: dice.uuid(),
                repo: PLACES[0].to_owned(),
                phase,
                created: begun - 3600.0,
                node: Some(n),
                ready_since: (n < terminating).then_some(begun - 3590.0),
                terminating: (n < terminating).then_some(begun.min(t)),
            });
        }
    }
}

fn wanted(house: &House, t: f64) -> Wanted {
    let point = house.hub_point(t);
    let of = |value: fn(&crate::rehearsal::scenario::HubPoint) -> f64| point.map_or(0, |p| whole(value(p)));
    let pending = house.counted(t, |s| s.user_pods.pending);
    Wanted {
        running: house.counted(t, |s| s.user_pods.running),
        unknown: house.counted(t, |s| s.user_pods.unknown),
        pending,
        orphans: house.courses.orphans.count(t),
        stuck: of(|p| p.pod_running_server_pending),
        spawning: of(|p| p.pending_spawn),
        stopping: of(|p| p.pending_stop),
        ghosts: of(|p| p.server_without_pod),
        no_room: no_room(house, t, pending),
    }
}

/// Since when pending pods have no room, if that is why they are pending.
fn no_room(house: &House, t: f64, pending: usize) -> Option<f64> {
    let refused = house
        .scenario
        .events
        .iter()
        .filter(|e| e.reason == "FailedScheduling" && t >= e.t && t < e.until)
        .filter(|e| crate::rehearsal::Scenario::concerns(&e.member, &house.name))
        .map(|e| e.t)
        .reduce(f64::min);
    let waiting = house.courses.waiting_placeholders.count(t) > 0;
    let queued = waiting.then(|| house.courses.waiting_placeholders.since(0, t).unwrap_or(f64::NEG_INFINITY));
    let (nodes, total, _) = house.nodes(t);
    let full = nodes.and_then(|n| n.autoscale_max).is_some_and(|max| total >= whole(max)) && pending >= 10;
    let limit = full.then(|| house.courses.pending.since(9, t).unwrap_or(f64::NEG_INFINITY));
    [refused, queued, limit].into_iter().flatten().reduce(f64::min)
}

/// The number of the stretch of [`YOUNG`] seconds of a moment.
fn turn(t: f64, offset: u64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shifted above 0")]
    let seconds = (t + 1e8) as u64 + offset;
    seconds / YOUNG
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn begin(turn: u64, offset: u64) -> f64 {
    (turn * YOUNG) as f64 - offset as f64 - 1e8
}

/// A pending pod: waiting for room and growing old, or young and on its way.
fn waiting(house: &House, t: f64, index: usize, wanted: &Wanted) -> Pod {
    let place = index - (wanted.running + wanted.unknown).min(index);
    if let Some(since) = wanted.no_room {
        let pending = house.courses.pending.since(place, t).unwrap_or(f64::NEG_INFINITY);
        let start = house.scenario.start - 600.0;
        let created = pending.max(since).max(start).min(t);
        let mut dice = house.dice(17, place as u64);
        return Pod { created, ..pod(&mut dice, None, Phase::Pending) };
    }
    let offset = place as u64 * 7;
    let turn = turn(t, offset);
    let mut dice = house.dice(19, (turn << 16) + place as u64);
    let node = Some(usize::try_from(dice.below(997)).unwrap_or(0));
    Pod { created: begin(turn, offset).min(t), ..pod(&mut dice, node, Phase::Pending) }
}

/// A pod that runs. People leave after a while and others come, but nobody ends an orphan.
fn visiting(house: &House, t: f64, index: usize, orphan: bool, phase: Phase) -> Pod {
    let came = house.courses.users.since(index, t).unwrap_or(house.scenario.start - 3600.0);
    let until = if orphan { house.courses.orphans.since(index, t).unwrap_or(came).max(came) } else { t };
    let life = VISIT * (1.0 + house.dice(23, index as u64).unit());
    let guests = ((until - came) / life).floor().max(0.0);
    let created = came + guests * life;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and above 0")]
    let (guest, born) = (guests as u64, (came + 1e6) as u64);
    let mut dice = house.dice(29, (born << 20) ^ (guest << 14) ^ index as u64);
    let node = Some(usize::try_from(dice.below(997)).unwrap_or(0));
    let ready_since = (phase == Phase::Running).then_some(created + 6.0);
    Pod { created, ready_since, ..pod(&mut dice, node, phase) }
}

fn pod(dice: &mut crate::standin::dice::Dice, node: Option<usize>, phase: Phase) -> Pod {
    Pod {
        user: format!("visitor-{}", dice.word(10)),
        uid: dice.uuid(),
        repo: String::new(),
        phase,
        created: 0.0,
        node,
        ready_since: None,
        terminating: None,
    }
}

fn own_pod(launch: &Launch, attempt: &Attempt, t: f64) -> Pod {
    let ready = t >= attempt.pod_ready;
    let scheduled = t >= attempt.scheduled;
    Pod {
        user: attempt.user.clone(),
        uid: attempt.uid.clone(),
        repo: launch.repo.clone(),
        phase: if ready || (scheduled && t >= attempt.scheduled + 4.0) {
            Phase::Running
        } else {
            Phase::Pending
        },
        created: attempt.created,
        node: scheduled.then_some(attempt.node),
        ready_since: ready.then_some(attempt.pod_ready),
        terminating: (t + 1.0 >= attempt.pod_gone).then_some(attempt.pod_gone - 1.0),
    }
}
