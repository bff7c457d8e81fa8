//! From the inbox to the store, and from the store to people.
//!
//! # Why
//! There is one writer. It owns the engine, so no lock guards a judgement, and what is judged and what is owed are
//! written down together.

pub mod agents;
pub mod backlog;
pub mod board;
pub mod dead_man;
pub mod deliveries;
pub mod direct;
pub mod history;
pub mod janitor;
pub mod mails;
pub mod orders;
pub mod recorder;
pub mod reported;
pub(crate) mod sample;
mod seen_from;
pub mod tape;
