//! The pod of this very launch, as the Kubernetes API shows it while the Hub says nothing.

use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, BoxStream, StreamExt};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use crate::cluster::{Cluster, Pod, Sight, Trouble, watch_pod};
use crate::net::ClusterAccess;
use crate::{Cx, Net};

/// A Hub that has not noticed a ready pod by then no longer sees pods: it looks every second, and gives up a server
/// that does not answer after 30 s.
const UNSEEN: Duration = Duration::from_secs(45);

/// Where the pods of launches are.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClusterSettings {
    /// How the Kubernetes API is reached. Left out: by the service account of our pod, else by `KUBECONFIG`.
    #[serde(default)]
    pub(crate) access: ClusterAccess,
    /// The namespace of the user pods. Left out: the one that the Hub names when a pod was placed.
    #[serde(default)]
    pub(crate) namespace: Option<String>,
}

/// What one look at a pod tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PodIs {
    /// There is no node for it.
    Unscheduled,
    /// It has a node, and its image or volumes are fetched.
    Pulling,
    /// Its containers start.
    Starting,
    /// It runs, and all its containers are ready.
    Ready,
    /// It has been told to go.
    Ending,
    /// Its image cannot be had: why.
    BadImage(String),
    /// Its containers do not stay: why.
    Broken(String),
    /// It is not there.
    Gone,
}

impl PodIs {
    /// The word for the fact `own_pod`.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Unscheduled => "unscheduled",
            Self::Pulling => "pulling",
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Ending => "ending",
            Self::BadImage(_) => "image not to be had",
            Self::Broken(_) => "broken",
            Self::Gone => "gone",
        }
    }

    fn of(pod: &Pod) -> Self {
        if pod.is_terminating() {
            return Self::Ending;
        }
        if pod.is_running_for_the_hub() {
            return Self::Ready;
        }
        if pod.condition("PodScheduled").is_some_and(|c| c.status == "False") {
            return Self::Unscheduled;
        }
        let containers = || pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses);
        for container in containers() {
            let said = |why: &str| format!("own pod, container {}: {why}", container.name);
            let waits = container.state.waiting.as_ref().map_or("", |w| w.reason.as_str());
            if matches!(waits, "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull")
            {
                return Self::BadImage(said(waits));
            }
            let ended = container.state.terminated.as_ref().map_or("", |t| t.reason.as_str());
            let broken =
                |why: &str| !matches!(why, "" | "Completed" | "PodInitializing" | "ContainerCreating");
            if let Some(why) = [waits, ended].into_iter().find(|why| broken(why)) {
                return Self::Broken(said(why));
            }
        }
        if pod.is_finished() {
            let why = if pod.status.reason.is_empty() { &pod.status.phase } else { &pod.status.reason };
            return Self::Broken(format!("own pod: {why}"));
        }
        if pod.status.phase == "Running" { Self::Starting } else { Self::Pulling }
    }
}

/// A pod that is followed.
pub(crate) struct OwnPod {
    pub(crate) namespace: String,
    pub(crate) name: String,
    sights: BoxStream<'static, Sight>,
    /// Came, and was not yet taken.
    came: Option<Sight>,
    /// Nothing more will come.
    ended: bool,
    uid: String,
    ready_since: Option<Instant>,
    /// The Hub said something about this pod's server: it sees it.
    noticed: bool,
    unreadable: bool,
}

/// What has changed.
pub(crate) enum News {
    Is(PodIs),
    /// The API says nothing; told once.
    Unreadable(String),
}

impl OwnPod {
    /// Follows a pod until the run's deadline. Asks nothing yet.
    pub(crate) fn follow(cx: &Cx, settings: &ClusterSettings, namespace: &str, name: &str) -> Self {
        let namespace = settings.namespace.as_deref().unwrap_or(namespace).to_owned();
        let sights =
            sights(cx.net(), settings.access.clone(), (namespace.clone(), name.to_owned()), cx.deadline());
        Self {
            namespace,
            name: name.to_owned(),
            sights,
            came: None,
            ended: false,
            uid: String::new(),
            ready_since: None,
            noticed: false,
            unreadable: false,
        }
    }

    /// The Hub told something about the end of this start: it is not blind.
    pub(crate) fn noticed(&mut self) {
        self.noticed = true;
    }

    /// The pod's identity, as far as it was seen.
    pub(crate) fn uid(&self) -> &str {
        &self.uid
    }

    /// Until there is something new, or the Hub has had time enough to notice a ready pod. May be dropped.
    pub(crate) async fn next(&mut self) {
        let overdue = self.overdue();
        let news = async {
            if self.ended || self.came.is_some() {
                return std::future::pending().await;
            }
            match self.sights.next().await {
                Some(sight) => self.came = Some(sight),
                None => {
                    self.ended = true;
                    std::future::pending().await
                }
            }
        };
        tokio::select! {
            biased; // a pod that is gone cannot be overdue
            () = news => {}
            () = async { match overdue {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            } } => {}
        }
    }

    fn overdue(&self) -> Option<Instant> {
        self.ready_since.filter(|_| !self.noticed).map(|at| at + UNSEEN)
    }

    /// For how long the pod has been ready while the Hub did not notice, once that is too long.
    pub(crate) fn unseen(&self) -> Option<Duration> {
        self.overdue().filter(|at| *at <= Instant::now()).and(self.ready_since).map(|at| at.elapsed())
    }

    /// Takes what came.
    pub(crate) fn take(&mut self) -> Option<News> {
        let is = match self.came.take()? {
            Sight::Pod(pod) => {
                if pod.metadata.uid != self.uid {
                    // Another pod under the same name: what was known of the first is not true of it.
                    self.ready_since = None;
                    pod.metadata.uid.clone_into(&mut self.uid);
                }
                PodIs::of(&pod)
            }
            Sight::Absent => PodIs::Gone,
            Sight::Trouble(trouble) => {
                let first = !std::mem::replace(&mut self.unreadable, true);
                return first.then(|| unreadable(&trouble));
            }
        };
        if is == PodIs::Ready {
            self.ready_since.get_or_insert_with(Instant::now);
        } else {
            self.ready_since = None;
        }
        Some(News::Is(is))
    }
}

fn unreadable(trouble: &Trouble) -> News {
    News::Unreadable(format!("own pod: {trouble}"))
}

fn sights(
    net: Arc<dyn Net>,
    access: ClusterAccess,
    (namespace, name): (String, String),
    until: Instant,
) -> BoxStream<'static, Sight> {
    let opened = async move {
        match tokio::time::timeout_at(until, net.cluster(&access)).await {
            Ok(Ok(client)) => watch_pod(&Cluster::of(client, until), &namespace, &name).boxed(),
            Ok(Err(e)) => stream::iter([Sight::Trouble(Trouble::unreachable(&e))]).boxed(),
            Err(_) => stream::empty().boxed(),
        }
    };
    stream::once(opened).flatten().boxed()
}
