//! launchwatch: launches real servers on a hub end to end, on a schedule, and tells people when nobody can.

pub mod scheduler {
    //! When a probe runs.
    pub mod cron;
}
