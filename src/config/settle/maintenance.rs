//! Judges the section `maintenance`: planned work that begins and ends.

use std::time::Duration;

use jiff::civil::Weekday;
use launchwatch_alerts::{Maintenance, Window};

use super::names::Names;
use super::{Desk, rules, schema_of};
use crate::config::duration::show;
use crate::config::file::MaintenanceKeys;
use crate::config::path::Path;
use crate::config::tree::Node;
use crate::config::typed::Item;

const DAY: Duration = Duration::from_secs(86_400);

/// What is planned.
pub(super) fn settle(nodes: &[&Node], desk: &mut Desk<'_, '_>) -> Vec<Maintenance> {
    let (mut names, schema) = (Names::default(), schema_of::<MaintenanceKeys>());
    let mut planned = Vec::new();
    for (path, node) in desk.elements("maintenance", nodes) {
        if !desk.is_mapping(node, &path, "such as `- { name: updates, days: [sun], at: 22:00, for: 2h }`") {
            continue;
        }
        let mut item = desk.item(node, path, &[&schema]);
        let Some(keys) = item.read::<MaintenanceKeys>(desk.report) else { continue };
        desk.named_item(&keys.name, &item, &mut names);
        let of = rules::patterns(keys.targets.as_deref(), keys.probes.as_deref());
        rules::tell(&of, "maintenance", false, &item, desk);
        if let Some(when) = window(&keys, &item, desk) {
            planned.push(Maintenance { name: keys.name, of: rules::expanded(of, desk), when });
        }
    }
    planned
}

fn window(keys: &MaintenanceKeys, item: &Item<'_>, desk: &mut Desk<'_, '_>) -> Option<Window> {
    let base = Path::default();
    let weekly = [
        ("days", keys.days.is_some()),
        ("at", keys.at.is_some()),
        ("for", keys.lasts.is_some()),
        ("time_zone", keys.time_zone.is_some()),
    ];
    let once = keys.from.is_some() || keys.until.is_some();
    if once {
        for (key, _) in weekly.iter().filter(|(_, written)| *written) {
            let what =
                format!("`{key}` is for what comes every week, `from` and `until` for what comes once");
            desk.refuse(item, &base.key(key), what, "keep one of the two");
        }
        return self::once(keys, item, desk);
    }
    let zone = desk.zone(item, &base.key("time_zone"), keys.time_zone.as_deref());
    let (Some(at), Some(lasts)) = (&keys.at, &keys.lasts) else {
        let hint = "write `from` and `until`, or for every week `days`, `at` and `for`";
        let what = match (&keys.at, &keys.lasts) {
            (None, Some(_)) => "missing key `at`",
            (Some(_), None) => "missing key `for`",
            _ => "nothing says when it is",
        };
        desk.refuse(item, &base, what, hint);
        return None;
    };
    let days: Vec<Weekday> = keys.days.iter().flatten().flat_map(|d| d.0.iter().copied()).collect();
    let (lasts, gap) = (lasts.0, shortest_gap(&days));
    if lasts.is_zero() {
        desk.refuse(item, &base.key("for"), "no time at all", "such as `2h`");
    } else if lasts >= gap {
        let what = format!("it lasts {}, but begins again after {}", show(lasts), show(gap));
        desk.refuse(item, &base.key("for"), what, "write a shorter time: it would never be over");
    }
    Some(Window::Weekly { days, at: at.0, lasts, time_zone: zone })
}

fn once(keys: &MaintenanceKeys, item: &Item<'_>, desk: &mut Desk<'_, '_>) -> Option<Window> {
    let (Some(from), Some(until)) = (&keys.from, &keys.until) else {
        let key = if keys.from.is_some() { "until" } else { "from" };
        desk.refuse(
            item,
            &Path::default(),
            format!("missing key `{key}`"),
            "such as `2026-03-01T22:00:00+01:00`",
        );
        return None;
    };
    let (from, until) = (from.0, until.0);
    if until <= from {
        desk.refuse(
            item,
            &Path::default().key("until"),
            "it ends before it begins",
            "write a moment after `from`",
        );
    }
    Some(Window::Once { from, until })
}

/// The shortest time between two of these days of the week; every day where none is named.
fn shortest_gap(days: &[Weekday]) -> Duration {
    let mut offsets: Vec<i8> = days.iter().map(|d| d.to_monday_zero_offset()).collect();
    offsets.sort_unstable();
    offsets.dedup();
    let Some(first) = offsets.first() else { return DAY };
    let again = offsets.iter().skip(1).copied().chain([first + 7]);
    let gap = offsets.iter().zip(again).map(|(day, next)| next - day).min();
    gap.and_then(|days| u32::try_from(days).ok()).map_or(DAY, |days| DAY * days)
}
