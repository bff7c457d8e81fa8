//! Built-in rules about what probes measure of a cluster: one row a rule, each as far as there are probes that measure it.

use std::time::Duration;

use launchwatch_alerts::{Guard, Rule, Severity, Side, When};

use super::super::when::fits;
use super::{some, ticket};
use crate::config::settle::{Desk, Named};

/// A rule about one measurement.
#[derive(Clone, Copy)]
struct Row {
    name: &'static str,
    alert: &'static str,
    measurement: &'static str,
    side: Side,
    bound: f64,
    /// Another measurement of the same run, and the side and bound that it must lie beyond too.
    guard: Option<(&'static str, Side, f64)>,
    severity: Severity,
    /// Seconds that it must last.
    hold: u64,
    /// Seconds that it must be over.
    keep: u64,
}

/// More than so many is worth a ticket at once; what differs is said by the row.
const fn above(alert: &'static str, name: &'static str, measurement: &'static str, bound: f64) -> Row {
    let (guard, severity) = (None, Severity::Ticket);
    Row { name, alert, measurement, side: Side::Above, bound, guard, severity, hold: 0, keep: 0 }
}

const fn page(row: Row) -> Row {
    Row { severity: Severity::Page, ..row }
}

/// What lasts so many seconds.
const fn lasting(row: Row, hold: u64) -> Row {
    Row { hold, ..row }
}

/// What is told by events of the last minutes, or comes and goes with every pod: over when it has been for a minute.
const fn settled(row: Row) -> Row {
    Row { keep: 60, ..row }
}

const fn with(row: Row, measurement: &'static str, side: Side, bound: f64) -> Row {
    Row { guard: Some((measurement, side, bound)), ..row }
}

const CAPACITY: &str = "cluster-capacity";
const NODE: &str = "node-unhealthy";
const QUOTA: &str = "quota-blocked";
const BACKLOG: &str = "build-backlog";

const ROWS: [Row; 18] = [
    settled(above(CAPACITY, CAPACITY, "waiting_for_room", 2.0)),
    settled(with(
        above(CAPACITY, "placeholders-waiting", "placeholders_pending_long", 0.0),
        "placeholders_running",
        Side::Below,
        1.0,
    )),
    above(NODE, "node-not-ready", "nodes_not_ready_long", 0.0),
    above(NODE, "node-disk-pressure", "nodes_disk_pressure", 0.0),
    above(NODE, "node-memory-pressure", "nodes_memory_pressure", 0.0),
    above(NODE, "node-read-only", "nodes_readonly", 0.0),
    above(NODE, "node-without-address", "nodes_without_address", 0.0),
    above(NODE, "node-disk-full", "events_disk_full", 10.0),
    above(NODE, "node-out-of-memory", "events_oom", 0.0),
    page(above("component-crashloop", "component-crashloop", "components_crashlooping", 0.0)),
    page(above("component-unavailable", "component-unavailable", "components_unavailable", 0.0)),
    page(above(QUOTA, QUOTA, "quota_blocked", 0.0)),
    page(above(QUOTA, "quota-refuses-pods", "events_quota_refused", 0.0)),
    lasting(above(BACKLOG, BACKLOG, "build_pods_pending", 10.0), 600),
    lasting(above(BACKLOG, "builds-in-progress", "inprogress_builds", 100.0), 300),
    lasting(
        with(
            above("repo-surge", "repo-surge", "user_pods_top_repo_ratio", 0.5),
            "user_pods_top_repo",
            Side::Above,
            49.0,
        ),
        120,
    ),
    Row {
        side: Side::Below,
        ..lasting(above("log-stream-broken", "log-stream-broken", "logs_readable", 1.0), 180)
    },
    lasting(above("culler-stalled", "culler-stalled", "user_pods_overdue", 5.0), 900),
];

/// Those of which something is there to be judged.
pub(super) fn rules(desk: &Desk<'_, '_>) -> Vec<Rule> {
    let mut rules: Vec<Rule> = ROWS.iter().filter_map(|row| rule(row, desk)).collect();
    rules.extend(runaway(desk));
    rules
}

fn rule(row: &Row, desk: &Desk<'_, '_>) -> Option<Rule> {
    let Row { side, bound, .. } = *row;
    let when = When::Threshold { measurement: row.measurement.to_owned(), side, bound, recover: bound };
    let rule = some(desk, row.name, when, |n| measures(n, row.measurement))?;
    let guard = row.guard.map(|(name, side, bound)| Guard { measurement: name.to_owned(), side, bound });
    let (hold, keep) = (Duration::from_secs(row.hold), Duration::from_secs(row.keep));
    Some(Rule { alert: row.alert.to_owned(), severity: row.severity, guard, hold, keep, ..rule })
}

/// Pods that the Hub does not know grow on: half of all within two hours, and more than a handful already.
fn runaway(desk: &Desk<'_, '_>) -> Option<Rule> {
    let when = When::Forecast {
        measurement: "drift_orphans_ratio".to_owned(),
        side: Side::Above,
        bound: 0.5,
        within: Duration::from_secs(7_200),
        over: Duration::from_secs(1_200),
    };
    let guard = Guard { measurement: "drift_orphans".to_owned(), side: Side::Above, bound: 14.0 };
    let rule = some(desk, "runaway-pods", when, |n| measures(n, "drift_orphans_ratio")).map(ticket)?;
    Some(Rule { guard: Some(guard), ..rule })
}

/// Whether a type says that it measures this. One that may measure anything, whatever it is called, does not say so.
fn measures(n: &Named, measurement: &str) -> bool {
    n.kind.is_some_and(|k| k.measurements.iter().any(|pattern| *pattern != "*" && fits(pattern, measurement)))
}
