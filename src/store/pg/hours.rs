//! Open hours.
