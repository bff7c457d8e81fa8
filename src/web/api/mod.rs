//! The API for people and programs: incidents, alerts, silences, deliveries, and commands for those who have the token.
//!
//! # Why
//! Nothing here changes anything by itself: a command goes through the inbox to the one writer like every result, and
//! is answered when it is durable. What may hold words of people or lines of logs needs the token; the rest is as
//! public as the status page. No cross-origin headers, and with a session only what a page of ours sends: a browser cannot
//! be made to command.

pub(super) mod alerts;
pub(super) mod door;
pub(super) mod incidents;
pub(super) mod letter;
pub(super) mod maintenance;
pub(super) mod regroup;
pub(super) mod report;
pub(super) mod silences;
mod view;

pub(super) use door::Named;
pub(super) use letter::{Asked, Body, Lasting, Limit, name};
pub(super) use view::without_comments;

/// Most bytes of a body: a comment is short.
pub(super) const MOST_BYTES: usize = 64 * 1024;
/// Rows of a list where nothing is said, and at most.
const LIMIT: (usize, usize) = (50, 500);
