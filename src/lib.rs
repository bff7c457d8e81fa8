//! launchwatch: launches real servers on a BinderHub or JupyterHub, records how it went, and tells people when it
//! no longer goes.
//!
//! ```text
//! config ─▶ scheduler ─▶ probe ─▶ observation ─▶ inbox ─▶ RECORDER ─▶ engine (launchwatch-alerts, pure)
//!                                                            │ one transaction
//!                                                            ▼
//!                                                          STORE ──owed──▶ deliveries ─▶ channels' services
//!                                                            └──▶ status ─▶ web · metrics (read only)
//! ```
//! A room may use only rooms on a lower floor; `tests/e2e/house.rs` reads the `use` lines and says so.

pub mod agent;
pub mod app;
pub mod backtest;
pub mod cli;
pub mod clock;
pub mod config;
pub mod cron;
pub mod demo;
pub mod dice;
pub mod edges;
pub mod exchange;
pub mod follower;
pub mod hearing;
pub mod inbox;
pub mod kept;
pub mod lead;
pub mod news;
pub mod observation;
pub mod ourselves;
pub mod pings;
pub mod pipeline;
pub mod rehearsal;
pub mod report;
pub mod runbooks;
pub mod scheduler;
pub mod standin;
pub mod store;
pub mod tasks;
pub mod telemetry;
pub mod terms;
pub mod web;
pub mod wire;
