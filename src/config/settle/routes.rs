//! Judges the sections `routes` and `reminders`: nobody is told of nothing, and nothing is told to nobody.

mod whole;

use std::time::Duration;

use launchwatch_alerts::{Hours, Recipient, Reminders, Route, Severity, Step};

use super::people::{Crowd, hours};
use super::{Desk, rules, schema_of};
use crate::config::duration::{Span, show};
use crate::config::file::{ReminderKeys, RouteKeys, StepKeys};
use crate::config::path::Path;
use crate::config::texts::OrOff;
use crate::config::tree::Node;
use crate::config::typed::Item;

pub(super) use whole::whole;

/// The shortest pause between reminders.
const SHORTEST: Duration = Duration::from_secs(60);
const DAY: usize = 24 * 60;

/// The routes.
pub(super) fn settle(nodes: &[&Node], crowd: &Crowd, desk: &mut Desk<'_, '_>) -> Vec<Route> {
    let schema = schema_of::<RouteKeys>();
    let mut routes = Vec::new();
    for (path, node) in desk.elements("routes", nodes) {
        if !desk.is_mapping(node, &path, "a route says `to` whom it leads") {
            continue;
        }
        let mut item = desk.item(node, path, &[&schema]);
        if let Some(keys) = item.read::<RouteKeys>(desk.report) {
            routes.push(route(keys, &item, crowd, desk));
        }
    }
    routes
}

fn route(keys: RouteKeys, item: &Item<'_>, crowd: &Crowd, desk: &mut Desk<'_, '_>) -> Route {
    let of = rules::patterns(keys.targets.as_deref(), keys.probes.as_deref());
    rules::tell(&of, "route", true, item, desk);
    let base = Path::default();
    let severity = keys.severity.unwrap_or(Severity::Ticket);
    let to = recipients(keys.to.as_deref().unwrap_or_default(), &base.key("to"), item, crowd, desk);
    let steps = steps(&keys.steps.unwrap_or_default(), item, crowd, desk);
    if to.is_empty() && steps.iter().all(|s| s.to.is_empty()) {
        let hint = "name channels, `person:NAME` or `team:NAME` in `to`";
        desk.refuse(item, &base.key("to"), "the route leads to nobody", hint);
    }
    let zone = base.key("time_zone");
    let time_zone = desk.zone(item, &zone, keys.time_zone.as_deref());
    let quiet = hours(keys.quiet_hours);
    let inner = base.key("quiet_hours");
    if always(&quiet) {
        let hint =
            "leave some hours in which tickets are told, or write `severity: page` to route pages only";
        desk.refuse(item, &inner, "the quiet hours cover the whole week, so tickets are never told", hint);
    } else if !quiet.is_empty() && severity == Severity::Page {
        desk.doubt(
            item,
            &inner,
            "quiet hours hold back tickets, and this route takes pages only",
            "leave them off",
        );
    } else if quiet.is_empty() && keys.time_zone.is_some() {
        desk.doubt(item, &zone, "a time zone means nothing without `quiet_hours`", "leave it off");
    }
    Route { of, severity, to, steps, quiet, time_zone }
}

fn recipients(
    words: &[String],
    base: &Path,
    item: &Item<'_>,
    crowd: &Crowd,
    desk: &mut Desk<'_, '_>,
) -> Vec<Recipient> {
    words.iter().enumerate().map(|(at, word)| crowd.recipient(word, item, &base.index(at), desk)).collect()
}

fn steps(written: &[StepKeys], item: &Item<'_>, crowd: &Crowd, desk: &mut Desk<'_, '_>) -> Vec<Step> {
    let base = Path::default().key("steps");
    let (mut before, mut steps) = (Duration::ZERO, Vec::new());
    for (at, keys) in written.iter().enumerate() {
        let (path, after) = (base.index(at), keys.after.0);
        if after <= before {
            let what = if at == 0 {
                "a step comes later than the first message".to_owned()
            } else {
                format!(
                    "a step after {} is not later than the one before, after {}",
                    show(after),
                    show(before)
                )
            };
            desk.refuse(item, &path.key("after"), what, "such as `15m`, counted from the first message");
        }
        desk.bounded(item, &path.key("after"), after);
        if keys.to.is_empty() {
            desk.refuse(
                item,
                &path.key("to"),
                "nobody is told at this step",
                "name somebody, or leave the step out",
            );
        }
        let to = recipients(&keys.to, &path.key("to"), item, crowd, desk);
        steps.push(Step { after, to });
        before = before.max(after);
    }
    steps
}

/// Whether hours leave no minute of the week out.
fn always(hours: &[Hours]) -> bool {
    let mut week = vec![false; 7 * DAY];
    for one in hours {
        let minute = |t: jiff::civil::Time| {
            usize::try_from(i32::from(t.hour()) * 60 + i32::from(t.minute())).unwrap_or(0)
        };
        let (from, until) = (minute(one.from), minute(one.until));
        let lasts = if until > from { until - from } else { until + DAY - from };
        for day in 0..7 {
            let meant = one.days.is_empty()
                || one.days.iter().any(|d| usize::try_from(d.to_monday_zero_offset()) == Ok(day));
            let begin = day * DAY + from;
            for at in (begin..begin + lasts).filter(|_| meant) {
                if let Some(minute) = week.get_mut(at % (7 * DAY)) {
                    *minute = true;
                }
            }
        }
    }
    week.into_iter().all(|quiet| quiet)
}

/// When people are reminded.
pub(super) fn reminders(nodes: &[&Node], desk: &mut Desk<'_, '_>) -> Reminders {
    let mut reminders = Reminders::default();
    let Some(node) = desk.only("reminders", nodes, "such as `reminders: { page: [30m, 1h], ticket: off }`")
    else {
        return reminders;
    };
    let mut item = desk.item(node, Path::default().key("reminders"), &[&schema_of::<ReminderKeys>()]);
    let Some(keys) = item.read::<ReminderKeys>(desk.report) else { return reminders };
    for (key, written, pauses) in
        [("page", keys.page, &mut reminders.page), ("ticket", keys.ticket, &mut reminders.ticket)]
    {
        match written {
            None => {}
            Some(OrOff::Off) => pauses.clear(),
            Some(OrOff::On(list)) => {
                *pauses = list.iter().map(|Span(pause)| *pause).collect();
                let inner = Path::default().key(key);
                if pauses.is_empty() {
                    desk.refuse(&item, &inner, "there are no pauses", "write `off` to remind nobody");
                }
                for (at, pause) in pauses.iter().enumerate() {
                    desk.bounded(&item, &inner.index(at), *pause);
                }
                for (at, pause) in pauses.iter().enumerate().filter(|(_, pause)| **pause < SHORTEST) {
                    let what = format!("a pause of {} is less than a minute", show(*pause));
                    desk.refuse(&item, &inner.index(at), what, "such as `30m`");
                }
            }
        }
    }
    reminders
}
