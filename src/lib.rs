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

pub mod cli {
    //! What people type.
    pub mod check;
    pub mod init;
    pub mod reference;
}
pub mod config;
pub mod observation;
pub mod scheduler {
    //! When a probe runs.
    pub mod cron;
}
pub mod store;
