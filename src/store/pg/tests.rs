//! What the store in PostgreSQL promises, against a real server: see `server.rs` for how one is named.

pub(in crate::store) mod server;
