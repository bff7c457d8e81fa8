//! When probes run, how many at once, and what is done around a run.

pub mod cron;
