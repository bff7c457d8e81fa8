//! The vigil over a server that starts: what its lines prove, whether it waits for room, and how long nothing was said.

use std::time::Duration;

use tokio::time::Instant;

use super::capacity::{Capacity, Room};
use super::gone::see_gone;
use super::lines::note_placement;
use super::own_pod::{ClusterSettings, News, OwnPod, PodIs};
use super::proof::{Proof, Weight, prove};
use super::{Trouble, tidy};
use crate::{Cx, Reason};

/// Without anything new for this long, a run that ends at its deadline ended in silence and not in slowness.
const SILENCE: Duration = Duration::from_secs(30);

/// What has been seen of a server that starts.
pub(crate) struct Vigil {
    capacity: Capacity,
    /// The run's suspicion is ours, for want of room.
    blamed: bool,
    waits: bool,
    heard: Instant,
    last: String,
    began: Instant,
    cluster: Option<ClusterSettings>,
    pod: Option<OwnPod>,
    /// Of the pod, what has been measured: its placement, its readiness.
    measured: (bool, bool),
}

impl Vigil {
    /// Begins now; with a cluster, the own pod is followed in it.
    pub(crate) fn new(cluster: Option<ClusterSettings>) -> Self {
        let now = Instant::now();
        Self {
            capacity: Capacity::default(),
            blamed: false,
            waits: false,
            heard: now,
            last: String::new(),
            began: now,
            cluster,
            pod: None,
            measured: (false, false),
        }
    }

    /// Takes note that something was said.
    pub(crate) fn heard(&mut self, line: &str) {
        // The Hub repeats its words of patience while nothing happens.
        if !line.contains("taking longer than expected") {
            self.heard = Instant::now();
            if !line.is_empty() {
                line.clone_into(&mut self.last);
            }
        }
    }

    /// What was said last.
    pub(crate) fn last(&self) -> &str {
        &self.last
    }

    /// What a line of the starting server proves, apart from want of room, which is judged by [`Vigil::check`].
    pub(crate) fn prove(&mut self, cx: &mut Cx, line: &str) -> Option<&'static Proof> {
        self.place(cx, line);
        if self.capacity.hear(line) {
            self.settle_room(cx);
            return None;
        }
        let proof = prove(line);
        // Events about images and nodes still come when the Hub no longer sees how its pods are.
        let event = |p: &Proof| matches!(p.reason, Reason::PushFailed | Reason::NoCapacity);
        let noticed = proof.is_some_and(|p| !event(p)) || line.starts_with("Server ready");
        if let Some(pod) = self.pod.as_mut().filter(|_| noticed) {
            pod.noticed();
        }
        let proof = proof?;
        if self.excuses(proof) {
            return None;
        }
        if proof.reason == Reason::SpawnFailed {
            self.blame_warning(cx);
        }
        Some(proof)
    }

    /// Follows the pod that a line names.
    fn place(&mut self, cx: &mut Cx, line: &str) {
        let Some(placed) = note_placement(cx, line) else { return };
        let Some(cluster) = &self.cluster else { return };
        self.pod = Some(OwnPod::follow(cx, cluster, placed.namespace, placed.pod));
        if !std::mem::replace(&mut self.measured.0, true) {
            cx.measure("own_pod_scheduled_seconds", self.began.elapsed().as_secs_f64());
        }
    }

    /// An attempt is over: its pod says nothing about the next.
    pub(crate) fn attempt_over(&mut self) {
        self.pod = None;
    }

    /// Whether the cluster is making a node, so that a start that was given up is no fault yet.
    pub(crate) fn grows(&self) -> bool {
        self.capacity.room() == Room::Grows
    }

    fn excuses(&self, proof: &Proof) -> bool {
        proof.reason == Reason::SpawnFailed && proof.weight == Weight::Proof && self.grows()
    }

    /// An attempt ended: what was only a warning so far was the reason.
    pub(crate) fn blame_warning(&mut self, cx: &mut Cx) {
        if self.capacity.room() == Room::Warned {
            self.blame(cx);
        }
    }

    /// The launch has ended without a server: if it waited for room, that was why, whatever the cluster was doing.
    pub(crate) fn give_up(&mut self, cx: &mut Cx) {
        if self.capacity.room() != Room::Enough {
            self.blame(cx);
        }
    }

    fn blame(&mut self, cx: &mut Cx) {
        if cx.suspicion().is_none() {
            self.blamed = true;
            cx.suspect(Reason::NoCapacity, self.capacity.warning());
        }
    }

    /// Until something may be otherwise although nothing was said. Never ends if nothing can.
    pub(crate) async fn next(&mut self) {
        let due = self.capacity.due();
        let pod = &mut self.pod;
        tokio::select! {
            biased; // two replays must agree
            () = async { match pod {
                Some(pod) => pod.next().await,
                None => std::future::pending().await,
            } } => {}
            () = async { match due {
                Some(due) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            } } => {}
        }
    }

    /// Judges what may be otherwise by now. `Some`: the run need not wait any longer.
    pub(crate) fn check(&mut self, cx: &mut Cx) -> Option<Trouble> {
        match self.pod.as_mut().and_then(OwnPod::take) {
            Some(News::Is(is)) => self.pod_is(cx, &is),
            Some(News::Unreadable(line)) => cx.line(&line),
            None => {}
        }
        self.settle_room(cx);
        let pod = self.pod.as_ref()?;
        let ready = pod.unseen()?.as_secs_f64();
        let silent = self.silence();
        let text =
            format!("the pod {} is ready for {ready:.0} s and the Hub does not notice: {silent}", pod.name);
        Some(Trouble::failed(Reason::Unseen, text))
    }

    /// What the own pod proves.
    fn pod_is(&mut self, cx: &mut Cx, is: &PodIs) {
        cx.fact("own_pod", is.word());
        match is {
            PodIs::Unscheduled => self.capacity.no_room("own pod: no node has room for it"),
            PodIs::BadImage(why) => cx.suspect(Reason::PushFailed, why),
            PodIs::Broken(why) => cx.suspect(Reason::SpawnFailed, why),
            PodIs::Ready => {
                self.capacity.placed();
                if !std::mem::replace(&mut self.measured.1, true) {
                    cx.measure("own_pod_ready_seconds", self.began.elapsed().as_secs_f64());
                }
            }
            PodIs::Pulling | PodIs::Starting => self.capacity.placed(),
            PodIs::Ending | PodIs::Gone => {}
        }
    }

    /// Whether the own pod, whose server was shut down from `told` on, goes as well.
    pub(crate) async fn see_gone(&mut self, cx: &mut Cx, told: Instant) -> Option<Trouble> {
        see_gone(cx, self.cluster.as_ref()?, self.pod.as_mut()?, told).await
    }

    /// Suspects want of room, takes that back, and says whether the launch waits for it.
    fn settle_room(&mut self, cx: &mut Cx) {
        let room = self.capacity.room();
        match room {
            Room::Lacks => self.blame(cx),
            Room::Grows | Room::Enough if self.blamed => {
                self.blamed = false;
                cx.withdraw();
            }
            Room::Grows | Room::Enough | Room::Warned => {}
        }
        let waits = room != Room::Enough;
        if self.waits != waits {
            self.waits = waits;
            cx.waits_for_node(waits);
        }
    }

    /// The finding when we wait no longer: the first proof, or want of room, or silence, or mere slowness.
    pub(crate) fn verdict(&self, cx: &Cx) -> Trouble {
        if let Some((reason, line)) = cx.suspicion() {
            return Trouble::failed(reason, line);
        }
        let took = cx.elapsed().as_secs_f64();
        match self.capacity.room() {
            Room::Grows => {
                let said = tidy(self.capacity.growth());
                let text = format!("no server within {took:.0} s: the cluster is making a node (`{said}`)");
                return Trouble::degraded(Reason::WaitsForNode, text);
            }
            Room::Warned | Room::Lacks => {
                return Trouble::failed(Reason::NoCapacity, tidy(self.capacity.warning()));
            }
            Room::Enough => {}
        }
        if self.heard.elapsed() >= SILENCE {
            return Trouble::failed(Reason::Stalled, self.silence());
        }
        let after = self.after();
        Trouble::failed(Reason::Timeout, format!("no server within {took:.0} s; the last word was {after}"))
    }

    fn silence(&self) -> String {
        format!("nothing new for {:.0} s after {}", self.heard.elapsed().as_secs_f64(), self.after())
    }

    fn after(&self) -> String {
        if self.last.is_empty() { "the request".to_owned() } else { format!("`{}`", tidy(&self.last)) }
    }
}
