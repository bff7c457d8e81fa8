//! What the store in PostgreSQL promises, against a real server: see `server.rs` for how one is named.

mod server;
mod replicas;
