//! What the live tests are made of: real servers, the binary, stand-ins for services, and patience.

pub mod chat;
pub mod hubs;
pub mod launcher;
pub mod output;
pub mod reader;
pub mod service;
pub mod slack;
pub mod stage;
pub mod wait;
