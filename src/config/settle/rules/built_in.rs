//! The rules that hold when the file has none, and those that always hold.

use std::time::Duration;

use launchwatch_alerts::{OURSELVES, Rule, Selector, Severity, When};

use super::selection::{expanded, narrowed};
use super::when::{CERTIFICATE, certificate};
use crate::config::settle::{Desk, Named};

/// Name of the rule about launchwatch itself.
pub(in crate::config::settle) const OWN: &str = "ourselves";
/// The one about what can wait.
pub(in crate::config::settle) const OWN_LATER: &str = "ourselves-later";

/// The rules as the manual shows them.
pub(in crate::config) const MANUAL: &str = "\
Without rules in the file these hold, each as far as there are probes for it:

| name | about | holds when | |
|---|---|---|---|
| `site-up` | types that launch nothing | 3 failures in a row, over at least 60s | page |
| `cached-launch` | types that launch servers | the same | page |
| `fresh-build` | those with `mode: fresh` | the same | page |
| `mostly-failing` | everything | 6 of the last 10 runs failed (over at 2, for 5m) | page |
| `often-failing` | everything | 3 of the last 10 runs failed, over at least 15m (over at 1, for 5m) | ticket |
| `no-data` | everything | nothing is known for 3 intervals | ticket |
| `certificate` | probes that look at certificates | one ends within 14 days | ticket |

Two rules always hold and cannot be written or left out: `ourselves` pages at once when launchwatch itself cannot look,
keep or tell, and `ourselves-later` makes tickets of what can wait, such as a token that has expired. In `routes` their
target is `launchwatch`.
";

/// Evidence must span this long before a run of failures pages: a hub that restarts is back by then.
const HOLD: Duration = Duration::from_secs(60);
/// What fails now and then is worth a ticket when it does for this long: three single failures that happen to fall
/// together do not.
const LASTS: Duration = Duration::from_secs(900);
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
    let now_and_then = |rule| Rule { hold: LASTS, keep: KEEP, ..ticket(rule) };
    rules.extend(some(desk, "often-failing", often(3, 1), |_| true).map(now_and_then));
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

/// What is wrong with launchwatch is told at once, whatever else is configured. What only spoils the probing of some
/// targets, or mends itself, can wait for the morning.
pub(super) fn about_ourselves() -> [Rule; 2] {
    const LATER: [&str; 3] = ["token-*", "pace", "clock"];
    const NOW: [&str; 6] = ["network", "store*", "inbox", "files", "channel*", "dead-man*"];
    let rule = |name: &str, probes: &[&str], severity| {
        let probes = probes.iter().map(|p| (*p).to_owned()).collect();
        let of = Selector { probes, ..Selector::target(OURSELVES) };
        Rule { of, severity, ..Rule::new(name, When::Failures { failures: 1, successes: 1 }) }
    };
    [rule(OWN, &NOW, Severity::Page), rule(OWN_LATER, &LATER, Severity::Ticket)]
}
