//! What the live tests are made of: real servers, the binary, stand-ins for services, and patience.

pub(crate) mod chat;
pub(crate) mod hubs;
pub(crate) mod launcher;
pub(crate) mod namespaces;
pub(crate) mod output;
pub(crate) mod reader;
pub(crate) mod service;
pub(crate) mod slack;
pub(crate) mod socket;
pub(crate) mod stage;
pub(crate) mod wait;
