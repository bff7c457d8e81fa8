//! Channels: who is told through what, and whether that works. No addresses and no secrets.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::letter::Asked;
use super::lists::{Channels, Paged};
use crate::web::Sources;
use crate::web::problem::Problem;

/// A channel.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::web) struct ChannelView {
    /// Its name.
    name: String,
    /// Its kind.
    #[serde(rename = "type")]
    kind: String,
    /// The channel that tells instead while this one is broken.
    fallback: Option<String>,
    /// Most messages a minute.
    per_minute: u32,
    /// Deliveries still owed.
    owed: u64,
    /// Since when the oldest of them could have been told.
    due: Option<Timestamp>,
    /// Since when it refuses what it is given; null while it works.
    broken: Option<Timestamp>,
    /// Attempts in a row that came to nothing.
    failures: u32,
    /// Nothing is sent before this moment.
    not_before: Option<Timestamp>,
    /// When it last took a message, as far as this process knows.
    worked: Option<Timestamp>,
    /// Why the last attempt came to nothing.
    why: Option<String>,
}

/// Channels in the order of the configuration.
pub(in crate::web) async fn list(
    State(sources): State<Sources>,
    Asked(paged): Asked<Paged>,
) -> Result<Json<Channels>, Problem> {
    let outbox = sources.store.outbox().await?;
    let stands = sources.board.read().channels.clone();
    let all = sources.setup.channels.iter().map(|way| {
        let stand = stands.get(&way.name).cloned().unwrap_or_default();
        let backlog = outbox.channels.get(&way.name).copied().unwrap_or_default();
        ChannelView {
            name: way.name.clone(),
            kind: way.kind.to_owned(),
            fallback: way.fallback.clone(),
            per_minute: way.per_minute,
            owed: backlog.owed,
            due: backlog.due,
            broken: stand.broken,
            failures: stand.failures,
            not_before: stand.not_before,
            worked: stand.worked,
            why: stand.why,
        }
    });
    paged.of(all, |c| c.name.clone()).map(|page| Json(page.into()))
}
