//! Everything that is kept as OpenMetrics text with times, piece by piece: for `promtool tsdb create-blocks-from`.
//!
//! # Why
//! The format wants all samples of a family together, and those of one series together and in their order. So the
//! store is gone through once for each family, and in it once for each probe, a stretch of time at a time: what is in
//! hand is never more than the samples of one probe and family in that stretch … times its series.
