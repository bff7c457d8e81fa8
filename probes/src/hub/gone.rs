//! Whether the pod of a server that was shut down disappears: if it stays, the Hub may no longer see its pods.

use std::time::Duration;

use tokio::time::Instant;

use super::Trouble;
use super::own_pod::{ClusterSettings, OwnPod};
use crate::cluster::{Cluster, pod};
use crate::{Cx, Reason};

/// A pod has this long to disappear: it is given 30 s to end, and the Hub looks for servers that ended every 30 s.
const WITHIN: Duration = Duration::from_secs(90);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Longest wait for one answer.
const ANSWER: Duration = Duration::from_secs(5);
/// Kept from the deadline, to end the run.
const KEPT: Duration = Duration::from_secs(1);

/// Looks until the pod is gone, for 90 s after `told`, or as long as the run may take: a deadline that comes sooner
/// proves nothing, and neither does an API that does not answer.
pub(crate) async fn see_gone(
    cx: &mut Cx,
    settings: &ClusterSettings,
    own: &mut OwnPod,
    told: Instant,
) -> Option<Trouble> {
    let deadline = cx.deadline().checked_sub(KEPT)?;
    let cluster = match Cluster::open(cx, &settings.access).await {
        Ok(cluster) => cluster,
        Err(trouble) => return silent(cx, &trouble.to_string()),
    };
    let mut uid = own.uid().to_owned();
    let mut told_of_silence = false;
    loop {
        let asked = tokio::time::timeout(ANSWER, pod(&cluster, &own.namespace, &own.name)).await;
        let there = match asked {
            Ok(Ok(found)) => match found.filter(|pod| uid.is_empty() || pod.metadata.uid == uid) {
                Some(pod) => {
                    uid = pod.metadata.uid;
                    true
                }
                None => {
                    cx.measure("own_pod_gone_seconds", told.elapsed().as_secs_f64());
                    cx.fact("own_pod", "gone");
                    return None;
                }
            },
            Ok(Err(trouble)) if trouble.is_refusal() => return silent(cx, &trouble.to_string()),
            Ok(Err(trouble)) => {
                if !std::mem::replace(&mut told_of_silence, true) {
                    silent(cx, &trouble.to_string());
                }
                false
            }
            Err(_) => false,
        };
        if told.elapsed() >= WITHIN {
            let text = "the pod is still there 90 s after its server was shut down: the Hub may no longer see its pods";
            return there.then(|| Trouble::degraded(Reason::TeardownFailed, text).here(cx));
        }
        let next = (Instant::now() + LOOK_EVERY).min(told + WITHIN);
        if next > deadline {
            return None;
        }
        tokio::time::sleep_until(next).await;
    }
}

fn silent(cx: &mut Cx, why: &str) -> Option<Trouble> {
    cx.line(&format!("own pod: {why}"));
    None
}
