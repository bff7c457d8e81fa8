//! The service as people run it, against real servers: the only tests whose time is the wall clock's.
//!
//! `tests/setup` gets the servers; README.md beside this file tells how they are told and broken. Every test has its
//! own servers, ports and folders. A wait has a generous bound and says what it waited for; a failed test prints the
//! ends of the logs of everything it had started.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test relies on and does not find fails the test, and nothing else"
)]

mod kit;

#[path = "../e2e/agents/service.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "it is made for the simulated tests, which use more of it"
)]
mod agent_service;

mod agents;
mod alertmanager;
mod alerts;
mod answers;
mod api;
mod books;
mod browser;
mod channels;
mod charts;
mod cluster;
mod cron;
mod dashboards;
mod database;
mod exchange;
mod failover;
mod faults;
mod image;
mod kills;
mod launches;
mod limits;
mod news;
mod scrapes;
mod sign_in;
mod state;
mod told;
