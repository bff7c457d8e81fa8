//! The API for people and programs: incidents, alerts, silences, deliveries, and commands for those who have the token.
//!
//! # Why
//! Nothing here changes anything by itself: a command goes through the inbox to the one writer like every result, and
//! is answered when it is durable. What may hold words of people or lines of logs needs the token; the rest is as
//! public as the status page. No cookies and no cross-origin headers: a browser cannot be made to command.

pub(super) mod alerts;
pub(super) mod channels;
pub(super) mod describe;
pub(super) mod door;
pub(super) mod events;
pub(super) mod export;
pub(super) mod incidents;
pub(super) mod ingest;
pub(super) mod letter;
mod lists;
pub(super) mod maintenance;
pub(super) mod regroup;
pub(super) mod report;
pub(super) mod rules;
pub(super) mod runs;
pub(super) mod series;
mod setup;
pub(super) mod silences;
pub(super) mod status;
pub(super) mod targets;
mod view;

use super::access::Who;

pub use describe::openapi_text as openapi;
pub(super) use door::Named;
pub use ingest::Rates;
pub(super) use letter::{Asked, Body, Lasting, name};
pub(super) use lists::{Paged, Tokens};
pub use setup::Setup;
pub(super) use view::without_comments;

impl super::Sources {
    /// Whether somebody may know of this target.
    fn lets_see(&self, who: &Who, target: &str) -> bool {
        who.known() || self.status.shows(target)
    }
}

/// Most bytes of a body: a comment is short.
pub(super) const MOST_BYTES: usize = 64 * 1024;
/// Rows of a list where nothing is said, and at most.
const LIMIT: (usize, usize) = (50, 500);
