//! launchwatch: launches real test servers on a schedule and says when nobody can launch any more.
pub mod standin;
