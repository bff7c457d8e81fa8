//! The last lines of a container's log.

use bytes::Bytes;

use super::ask::{Cluster, Question};
use super::rights::READ_LOG;
use super::trouble::Trouble;

/// Most bytes of a log: some ten thousand lines.
const LARGEST: usize = 4 << 20;

/// What a container wrote in the last so many seconds; where that is more than 4 MiB, the beginning of it.
///
/// # Errors
/// It could not be read to the end.
pub(crate) async fn log(
    cluster: &Cluster,
    namespace: &str,
    pod: &str,
    container: &str,
    seconds: u64,
) -> Result<Bytes, Trouble> {
    let mut question = Question::new(READ_LOG, namespace, Some(pod))?
        .with("container", container)
        .with("sinceSeconds", &seconds.to_string())
        .with("limitBytes", &LARGEST.to_string());
    // What the API adds to the bound is no reason to read nothing.
    question.longest = LARGEST + (1 << 16);
    cluster.whole(question).await
}
