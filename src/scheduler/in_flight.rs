//! Which runs are going on: their debts are their own, the janitor keeps its hands off.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use launchwatch_probes::DebtId;

/// Runs that are going on, and launches that are being followed.
#[derive(Debug, Clone, Default)]
pub struct InFlight(Arc<Mutex<BTreeSet<String>>>);

/// Keeps a run in the set until it is dropped.
#[derive(Debug)]
pub struct Going {
    set: InFlight,
    run: String,
}

impl InFlight {
    /// A run begins.
    pub fn enter(&self, run: &str) -> Going {
        self.set().insert(run.to_owned());
        Going { set: self.clone(), run: run.to_owned() }
    }

    /// Whether the run that owes this debt is still going on.
    pub fn owes(&self, debt: &DebtId) -> bool {
        debt.0.rsplit_once('-').is_some_and(|(run, _)| self.set().contains(run))
    }

    fn set(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        self.set.set().remove(&self.run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_debt_belongs_to_its_run_only_while_the_run_goes_on() {
        let set = InFlight::default();
        let debt = DebtId("0badcafe-18f-0".into());
        let going = set.enter("0badcafe-18f");
        assert!(set.owes(&debt));
        assert!(!set.owes(&DebtId("0badcafe-190-0".into())));
        drop(going);
        assert!(!set.owes(&debt));
    }
}
