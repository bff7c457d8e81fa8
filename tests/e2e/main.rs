//! Simulated days: the whole service under tokio's paused clock, without sockets.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "these are tests, helpers included"
)]

mod agents;
mod cable;
mod chats;
mod commands;
mod day;
mod deliveries;
mod deploy;
mod desk;
mod faults;
mod growing;
mod hostile;
mod house;
#[path = "../scenarios/judge.rs"]
mod judge;
mod looks;
mod mails;
mod ourselves;
mod outage;
mod pages;
mod post;
mod reads;
mod rehearsal;
mod renamed;
mod replicas;
mod reports;
mod schedule;
mod sight;
mod sites;
#[path = "../live/kit/socket.rs"]
mod socket;
mod told;
mod world;
