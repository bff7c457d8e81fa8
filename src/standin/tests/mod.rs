//! Tests: the stand-in seen from outside, through an in-memory pipe, under a paused clock.

mod facts;
mod faults;
mod hub;
mod kernel;
mod kit;
mod launches;
mod replays;
mod tokens;
