//! The rules that hold when the file has none, and those that always hold.

mod figures;
mod manual;

use std::time::Duration;

use launchwatch_alerts::{OURSELVES, Rule, Selector, Severity, When};

use super::selection::{expanded, narrowed};
use super::when::{CERTIFICATE, certificate};
use crate::config::settle::{Desk, Named};

pub(in crate::config) use manual::MANUAL;

/// Name of the rule about launchwatch itself.
pub(in crate::config::settle) const OWN: &str = "ourselves";
/// The one about what can wait.
pub(in crate::config::settle) const OWN_LATER: &str = "ourselves-later";

/// Types that measure: what they cannot read is `unknown`, and what is wrong is judged by what they measure.
const MEASURES: [&str; 6] = ["kubernetes", "kubernetes-logs", DRIFT, "metrics", "prometheus", FEDERATION];
const DRIFT: &str = "hub-drift";
const FEDERATION: &str = "federation";
/// The type that asks the Hub itself.
const HUB: &str = "jupyterhub-servers";
/// The type that asks BinderHub, which tells of its Hub.
const BINDER: &str = "binderhub-health";

/// Evidence must span this long before a run of failures pages: a hub that restarts is back by then.
const HOLD: Duration = Duration::from_secs(60);
/// What fails now and then is worth a ticket when it does for this long: three single failures that happen to fall
/// together do not.
const LASTS: Duration = Duration::from_secs(900);
/// The same of launches, which many people wait for.
const LAUNCHES_LAST: Duration = Duration::from_secs(300);
/// What fails now and then is over when it has not for this long. What pages is over at once: people wait to hear it.
const KEEP: Duration = Duration::from_secs(300);
/// A launch that takes longer is slow.
const SLOW: Duration = Duration::from_secs(60);

/// The rules, each about what is there to be judged by it.
pub(super) fn rules(desk: &Desk<'_, '_>) -> Vec<Rule> {
    let mut rules = answers(desk);
    rules.extend(launches(desk));
    rules.extend(others(desk));
    rules.extend(told(desk));
    rules.extend(figures::rules(desk));
    let looks = |n: &Named| n.kind.is_some_and(|k| k.measurements.contains(&CERTIFICATE));
    rules.extend(some(desk, "tls-expiry", certificate(14), looks).map(ticket));
    rules.extend(some(desk, "tls-expires", certificate(2), looks).map(|r| called(r, "tls-expiry")));
    rules.extend(some(desk, "observability-gap", When::NoData { intervals: 3 }, |n| !is_told(n)).map(ticket));
    rules
}

/// What is asked answers.
fn answers(desk: &Desk<'_, '_>) -> Vec<Rule> {
    let held = |rule| Rule { hold: HOLD, ..rule };
    let but = |rule, reasons| Rule { not_reasons: words(reasons), ..rule };
    let because = |rule, reasons| Rule { reasons: words(reasons), ..rule };
    let asks = |n: &Named| !launching(n) && !measuring(n) && !is(n, HUB) && !is_told(n);
    let rules = [
        some(desk, "endpoint-down", in_a_row(3), asks)
            .map(|r| but(r, &["unhealthy", "certificate_expiring"])),
        some(desk, "redirector-down", in_a_row(3), |n| is(n, FEDERATION))
            .map(|r| called(but(r, &["drift"]), "endpoint-down")),
        some(desk, "hub-unhealthy", in_a_row(3), |n| is(n, HUB)),
        some(desk, "binder-unhealthy", in_a_row(3), |n| is(n, BINDER))
            .map(|r| called(because(r, &["unhealthy"]), "hub-unhealthy")),
    ];
    rules.into_iter().flatten().map(held).collect()
}

/// Servers can be had, soon.
fn launches(desk: &Desk<'_, '_>) -> Vec<Rule> {
    let cached = |n: &Named| launching(n) && !n.fresh;
    let fresh = |n: &Named| launching(n) && n.fresh;
    let slow = When::Slow { slow: 3, of: 5, above: SLOW, quick: 3 };
    let quota = |r| Rule { reasons: words(&["resource_quota"]), ..called(r, "quota-blocked") };
    let rules = [
        some(desk, "launch-success-zero", in_a_row(3), cached).map(|r| Rule { hold: HOLD, ..r }),
        some(desk, "launch-mostly-failing", of_ten(6, 2), launching)
            .map(|r| called(r, "launch-success-degraded")),
        some(desk, "launch-success-degraded", of_ten(3, 1), launching).map(|r| Rule {
            hold: LAUNCHES_LAST,
            keep: KEEP,
            ..ticket(r)
        }),
        some(desk, "launch-latency-high", slow, cached).map(ticket),
        // Builds are rare and take long: one that works is proof enough.
        some(desk, "build-success-zero", When::Failures { failures: 2, successes: 1 }, fresh),
        some(desk, "quota-refuses-launches", in_a_row(2), launching).map(quota),
    ];
    rules.into_iter().flatten().collect()
}

/// What fails now and then, and what is compared.
fn others(desk: &Desk<'_, '_>) -> Vec<Rule> {
    let plain = |n: &Named| !launching(n) && !measuring(n) && !is_told(n);
    let drifts = |r| Rule { reasons: words(&["drift"]), ..ticket(r) };
    // Their own bounds ask that it lasts.
    let once = || When::Failures { failures: 1, successes: 2 };
    let rules = [
        some(desk, "mostly-failing", of_ten(6, 2), plain),
        some(desk, "often-failing", of_ten(3, 1), plain).map(|r| Rule {
            hold: LASTS,
            keep: KEEP,
            ..ticket(r)
        }),
        some(desk, "hub-cluster-drift", once(), |n| is(n, DRIFT)).map(drifts),
        some(desk, "federation-drift", once(), |n| is(n, FEDERATION)).map(drifts),
    ];
    rules.into_iter().flatten().collect()
}

/// What others tell us: once is enough, and their silence is judged where it is noticed.
fn told(desk: &Desk<'_, '_>) -> Vec<Rule> {
    let once = || When::Failures { failures: 1, successes: 1 };
    let rules = [
        some(desk, "job-failed", once(), |n| is(n, "heartbeat")),
        some(desk, "alert-firing", once(), |n| is(n, "alertmanager")),
    ];
    rules.into_iter().flatten().collect()
}

const fn in_a_row(failures: u32) -> When {
    When::Failures { failures, successes: 2 }
}

const fn of_ten(failures: u32, recover: u32) -> When {
    When::FailuresOf { failures, of: 10, recover }
}

fn launching(n: &Named) -> bool {
    n.kind.is_some_and(|k| k.launches)
}

fn measuring(n: &Named) -> bool {
    n.kind.is_some_and(|k| MEASURES.contains(&k.name))
}

fn is_told(n: &Named) -> bool {
    n.kind.is_some_and(|k| k.passive)
}

fn is(n: &Named, kind: &str) -> bool {
    n.kind.is_some_and(|k| k.name == kind)
}

fn ticket(rule: Rule) -> Rule {
    Rule { severity: Severity::Ticket, ..rule }
}

fn called(rule: Rule, alert: &str) -> Rule {
    Rule { alert: alert.to_owned(), ..rule }
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
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
    const LATER: [&str; 4] = ["token-*", "pace", "clock", "agent-*"];
    const NOW: [&str; 6] = ["network", "store*", "inbox", "files", "channel*", "dead-man*"];
    let rule = |name: &str, probes: &[&str], severity| {
        let of = Selector { probes: words(probes), ..Selector::target(OURSELVES) };
        Rule { of, severity, ..Rule::new(name, When::Failures { failures: 1, successes: 1 }) }
    };
    [rule(OWN, &NOW, Severity::Page), rule(OWN_LATER, &LATER, Severity::Ticket)]
}
