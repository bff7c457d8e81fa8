//! The sentences every channel uses.
