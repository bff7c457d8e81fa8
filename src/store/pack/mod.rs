//! How results and buckets become few bytes: pure, without a database.
//!
//! # Why
//! A result that passed repeats what the one before it said, but for its times. So what repeats (location, verdict,
//! names of stages, facts, …) is a *shape*, kept once; slots on a grid cost nothing; durations are kept on a
//! logarithmic scale with an error of at most 1 %; and what is left is squeezed by an adaptive entropy coder.

pub(crate) mod block;
pub(crate) mod bucket;
pub(crate) mod bytes;
mod coder;
pub(crate) mod journal;
pub(crate) mod plain;
pub(crate) mod scale;
pub(crate) mod shape;

#[cfg(test)]
mod tests;
