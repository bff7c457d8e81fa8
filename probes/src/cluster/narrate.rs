//! A pod followed from outside, in single words: to try out access and rights.

use futures::StreamExt;
use tokio::time::Instant;

use super::{Cluster, Sight, watch_pod};
use crate::net::ClusterAccess;
use crate::{Net, NetError};

/// Tells what is seen of a pod until a moment, as probes see it: its phase, `absent`, or the reason why nothing can be said
/// for now. Returns earlier when we are refused.
///
/// # Errors
/// The cluster cannot be reached with these settings.
pub async fn narrate(
    net: &dyn Net,
    access: &ClusterAccess,
    namespace: &str,
    pod: &str,
    until: Instant,
    told: &mut (dyn FnMut(String) + Send),
) -> Result<(), NetError> {
    let cluster = Cluster::of(net.cluster(access).await?, until);
    let mut sights = std::pin::pin!(watch_pod(&cluster, namespace, pod));
    while let Some(sight) = sights.next().await {
        told(match sight {
            Sight::Pod(pod) => pod.status.phase,
            Sight::Absent => "absent".to_owned(),
            Sight::Trouble(trouble) => trouble.reason.to_string(),
        });
    }
    Ok(())
}
