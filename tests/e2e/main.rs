//! Simulated days: the whole service under tokio's paused clock, without sockets.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod day;
mod house;
mod outage;
mod world;
