//! The rules that hold when the file has none, and the one that always holds.

use std::time::Duration;

use launchwatch_alerts::{Rule, Selector, Severity, When};

use super::selection::{expanded, narrowed};
use super::when::{CERTIFICATE, certificate};
use crate::config::settle::{Desk, Named};

/// Name of the rule about launchwatch itself.
pub(in crate::config::settle) const OWN: &str = "ourselves";

/// The rules as the manual shows them.
pub(in crate::config) const MANUAL: &str = "\
Without rules in the file these hold, each as far as there are probes for it:

| name | about | holds when | |
|---|---|---|---|
| `site-up` | types that launch nothing | 3 failures in a row, over at least 60s | page |
| `cached-launch` | types that launch servers | the same | page |
| `fresh-build` | those with `mode: fresh` | the same | page |
| `mostly-failing` | everything | 6 of the last 10 runs failed (over at 2, for 5m) | page |
| `often-failing` | everything | 3 of the last 10 runs failed (over at 1, for 5m) | ticket |
| `no-data` | everything | nothing is known for 3 intervals | ticket |
| `certificate` | probes that look at certificates | one ends within 14 days | ticket |

One rule always holds and cannot be written or left out: `ourselves` pages at once when launchwatch itself cannot look,
keep or tell. In `routes` its target is `launchwatch`.
";

/// Evidence must span this long before a run of failures pages: a hub that restarts is back by then.
const HOLD: Duration = Duration::from_secs(60);
/// What fails now and then is over when it has not for this long.
const KEEP: Duration = Duration::from_secs(300);

/// The rules, each about what is there to be judged by it.
pub(super) fn rules(desk: &Desk<'_, '_>) -> Vec<Rule> {
    let launches = |n: &Named| n.kind.is_some_and(|k| k.launches);
    let in_a_row = || When::Failures { failures: 3, successes: 2 };
    let often = |failures, recover| When::FailuresOf { failures, of: 10, recover };
    let mut rules = Vec::new();
    rules.extend(some(desk, "site-up", in_a_row(), |n| !launches(n)));
    rules.extend(some(desk, "cached-launch", in_a_row(), |n| launches(n) && !n.fresh));
    rules.extend(some(desk, "fresh-build", in_a_row(), |n| launches(n) && n.fresh));
    rules.iter_mut().for_each(|rule| rule.hold = HOLD);
    rules.extend(some(desk, "mostly-failing", often(6, 2), |_| true).map(|r| Rule { keep: KEEP, ..r }));
    rules
        .extend(some(desk, "often-failing", often(3, 1), |_| true).map(|r| Rule { keep: KEEP, ..ticket(r) }));
    rules.extend(some(desk, "no-data", When::NoData { intervals: 3 }, |_| true).map(ticket));
    let looks = |n: &Named| n.kind.is_some_and(|k| k.measurements.contains(&CERTIFICATE));
    rules.extend(some(desk, "certificate", certificate(14), looks).map(ticket));
    rules
}

fn ticket(rule: Rule) -> Rule {
    Rule { severity: Severity::Ticket, ..rule }
}

/// A rule about some probes; `None` if there are none of them.
fn some(desk: &Desk<'_, '_>, name: &str, when: When, wanted: impl Fn(&Named) -> bool) -> Option<Rule> {
    let count = desk.named.iter().filter(|n| wanted(n)).count();
    let series = if count == desk.named.len() { Vec::new() } else { narrowed(&desk.named, wanted) };
    let of = expanded(Selector { series, ..Selector::default() }, desk);
    (count > 0).then(|| Rule { of, ..Rule::new(name, when) })
}
