//! Reads a body without keeping more of it than is needed.

use bytes::{Bytes, BytesMut};
use futures::StreamExt;

use crate::NetError;
use crate::net::Body;

/// What was read of a body.
pub(super) struct Read {
    /// The first bytes.
    pub(super) kept: Bytes,
    /// How many bytes were seen.
    pub(super) seen: u64,
    /// Whether there was more.
    pub(super) cut: bool,
}

/// Reads up to `limit` bytes and keeps the first `keep` of them.
pub(super) async fn read(mut body: Body, limit: usize, keep: usize) -> Result<Read, NetError> {
    let mut kept = BytesMut::new();
    let mut seen = 0_u64;
    let mut cut = false;
    while let Some(chunk) = body.next().await {
        let chunk = chunk?;
        let room = keep.saturating_sub(kept.len()).min(chunk.len());
        kept.extend_from_slice(chunk.get(..room).unwrap_or_default());
        seen += chunk.len() as u64;
        if seen > limit as u64 {
            cut = true;
            break;
        }
    }
    Ok(Read { kept: kept.freeze(), seen, cut })
}
