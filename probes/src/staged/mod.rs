//! (test) A staged world: a network that plays recorded streams and a small Hub, a ledger, and a run in between.

mod kernel;
mod ledger;
mod net;
mod play;
mod run;

pub(crate) use kernel::Kernel;
pub(crate) use ledger::{Entry, Memory};
pub(crate) use net::{Api, Stage, World};
pub(crate) use play::Play;
pub(crate) use run::{Ran, SECRETS, run, run_until};

/// The address of the server that every fixture names, and its token.
pub(crate) const SERVER: &str = "https://hub.example.org/user/acme-tiny-x1y2z3/";
pub(crate) const SERVER_TOKEN: &str = "s3rver-k3y-of-this-launch";
