//! The door that opens on the real network.
