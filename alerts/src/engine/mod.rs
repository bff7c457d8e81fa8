//! From samples to changes: pure, without clock or IO.

use serde::{Deserialize, Serialize};

use crate::{Alert, Incident, Notification};

/// What must be kept or told. The recorder writes all changes of one call in one transaction.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// An alert stands differently (a calm one may be forgotten).
    Alert(Alert),
    /// An incident stands differently.
    Incident(Incident),
    /// Somebody is to be told.
    Notify(Notification),
}

/// What the engine knows that must survive a restart.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Alerts that are not calm.
    pub alerts: Vec<Alert>,
    /// Incidents that are open.
    pub incidents: Vec<Incident>,
}

/// Judges series.
pub struct Engine {}
