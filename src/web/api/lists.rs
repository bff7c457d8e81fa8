//! Lists, page by page: `limit` rows, and `next` to be given as `before`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::letter::rows;
use crate::web::problem::Problem;

/// Rows of a list that is read whole from the store: what lies further back is not listed.
pub(super) const DEEP: usize = 5_000;

/// Which page of a list.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Paged {
    /// Rows at most; 50 by default, never more than 500.
    pub(in crate::web) limit: Option<usize>,
    /// Go on after this row: `next` of the page before.
    pub(super) before: Option<String>,
}

impl Paged {
    /// How many rows must be read to find this page.
    pub(in crate::web) fn deep(&self) -> usize {
        if self.before.is_some() { DEEP } else { rows(self.limit).saturating_add(1) }
    }

    /// This page of a list, and what the next one begins after.
    pub(in crate::web) fn of<T>(
        &self,
        all: impl IntoIterator<Item = T>,
        key: impl Fn(&T) -> String,
    ) -> Result<(Vec<T>, Option<String>), Problem> {
        let mut all = all.into_iter();
        if let Some(before) = &self.before
            && !all.by_ref().any(|row| key(&row) == *before)
        {
            let hint = "`before` is `next` of the page before; begin again without it";
            return Err(Problem::nonsense("`before` is not in this list (any more)", hint));
        }
        let page: Vec<T> = all.by_ref().take(rows(self.limit)).collect();
        let more = all.next().is_some();
        let next = page.last().filter(|_| more).map(key);
        Ok((page, next))
    }
}

/// Makes the answer of a list: its rows under their name, and `next`.
macro_rules! lists {
    ($($(#[$doc:meta])* $name:ident { $key:ident: $row:ty })*) => {
        $(
            $(#[$doc])*
            #[derive(Serialize, JsonSchema)]
            pub(in crate::web) struct $name {
                /// The rows of this page.
                pub(super) $key: Vec<$row>,
                /// To be given as `before` for the next page; null on the last.
                pub(super) next: Option<String>,
            }

            impl From<(Vec<$row>, Option<String>)> for $name {
                fn from(($key, next): (Vec<$row>, Option<String>)) -> Self {
                    Self { $key, next }
                }
            }
        )*
    };
}

lists! {
    /// Incidents, newest first.
    Incidents { incidents: super::view::IncidentView }
    /// Alerts that are not calm.
    Alerts { alerts: super::view::AlertView }
    /// Alerts that fired and were not told, newest first.
    AllHidden { hidden: super::alerts::HiddenView }
    /// Deliveries, newest first.
    Deliveries { deliveries: crate::store::Delivery }
    /// Silences, those in force first.
    Silences { silences: launchwatch_alerts::Silence }
    /// Maintenances: those of people, then those of the configuration.
    Maintenances { maintenance: super::maintenance::MaintenanceView }
    /// Targets by name.
    Targets { targets: super::targets::TargetFacts }
    /// Probes by target and name.
    Probes { probes: super::targets::ProbeFacts }
    /// Runs, newest first.
    Runs { runs: super::runs::RunView }
    /// Rules in their order.
    Rules { rules: super::rules::RuleView }
    /// Channels in their order.
    Channels { channels: super::channels::ChannelView }
    /// Deployments that somebody told of, newest first.
    Deploys { deploys: launchwatch_alerts::Deploy }
    /// Tokens for programs, newest first.
    Tokens { tokens: crate::web::access::tokens::TokenView }
    /// Causes that can be named.
    Causes { causes: super::rules::CauseView }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_without_gap_or_double() {
        let ask = |limit, before: Option<&str>| Paged { limit, before: before.map(str::to_owned) };
        let page = |asked: &Paged| asked.of(["a", "b", "c"], |r| (*r).to_owned()).ok();
        assert_eq!(page(&ask(Some(2), None)), Some((vec!["a", "b"], Some("b".to_owned()))));
        assert_eq!(page(&ask(Some(2), Some("b"))), Some((vec!["c"], None)));
        assert_eq!(page(&ask(Some(3), None)), Some((vec!["a", "b", "c"], None)), "the last page says so");
        assert_eq!(page(&ask(None, Some("c"))), Some((vec![], None)));
        assert_eq!(page(&ask(None, Some("d"))), None, "a row that is not there");
        assert_eq!(page(&ask(Some(0), None)), Some((vec![], None)));
    }
}
