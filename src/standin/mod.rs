//! Stand-in: a BinderHub, its JupyterHub and user servers in one room, speaking today's protocol, faults to order.
//!
//! [`StandIn::router`] serves everything under one origin; [`dial`] and [`serve`] put it behind a pipe or a socket.
//! [`Replay`] plays a recorded [`Script`] instead. Nothing here is part of the service: it serves `demo` and tests.

mod admit;
pub(crate) mod answer;
mod attempt;
mod channels;
mod counts;
pub(crate) mod dice;
mod fault;
mod federation;
mod fixtures;
mod flight;
mod health;
mod hub;
mod hub_list;
mod hub_progress;
mod image;
mod launch;
mod memory;
mod odd;
mod pages;
mod plan;
mod python;
mod replay;
mod router;
mod script;
mod server;
mod settings;
mod spawn;
mod spec;
mod stand_in;
pub(crate) mod stream;
mod tape;
#[cfg(test)]
mod tests;
pub(crate) mod token;
pub(crate) mod wire;
mod world;

pub use counts::Snapshot;
pub use fault::{Fault, UnknownFault};
pub use fixtures::{FIXTURE_TOKEN, FIXTURE_USER, fixture, fixtures};
pub use memory::{dial, serve};
pub use replay::Replay;
pub use script::{Ending, Piece, Script, ScriptError};
pub use settings::{Edges, Member, Now, Settings, Spawner};
pub use stand_in::StandIn;
