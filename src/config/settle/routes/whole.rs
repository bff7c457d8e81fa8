//! What can be said of routes only when all are known: who and what they never reach.

use std::collections::BTreeSet;

use launchwatch_alerts::{Recipient, Route, Severity};

use crate::config::settle::Desk;
use crate::config::settle::people::Crowd;
use crate::config::settle::rules::OWN;
use crate::config::settled::Config;
use crate::config::tree::Node;

/// Warns of people, teams, channels and pages that no route reaches.
pub(in crate::config::settle) fn whole(
    nodes: &[&Node],
    routes: &[Route],
    crowd: &Crowd,
    config: &Config,
    desk: &mut Desk<'_, '_>,
) {
    if crowd.nameless {
        return;
    }
    let told: Vec<&Recipient> =
        routes.iter().flat_map(|r| r.to.iter().chain(r.steps.iter().flat_map(|s| &s.to))).collect();
    people(&told, crowd, desk);
    let Some(node) = nodes.first().filter(|_| !routes.is_empty()) else { return };
    for name in unheard(routes, &told, crowd, config) {
        let what = format!("the channel `{name}` hears of nothing: no route leads to it");
        desk.report.warning(
            node.place,
            "routes",
            what,
            "name it in a route, give it to a person, or leave it out",
        );
    }
    if !desk.nameless && !pages(routes, config, desk) {
        let what = "no route is about anything that pages";
        let hint = "pages go to the channels that belong to nobody; a route without `targets` and `probes` is about everything";
        desk.report.warning(node.place, "routes", what, hint);
    }
}

fn people(told: &[&Recipient], crowd: &Crowd, desk: &mut Desk<'_, '_>) {
    let on_call = crowd.teams.iter().flat_map(|t| {
        let exceptions = t.overrides.iter().map(|o| o.person.as_str());
        t.rotations.iter().flat_map(|r| &r.people).map(String::as_str).chain(exceptions)
    });
    let on_call: BTreeSet<&str> = on_call.collect();
    for (name, (place, path)) in &crowd.persons {
        let routed = told.iter().any(|r| matches!(r, Recipient::Person(n) if n == name));
        if !routed && !on_call.contains(name.as_str()) {
            let what = format!("`{name}` is in no team and in no route, and is never told");
            desk.report.warning(
                *place,
                path,
                what,
                format!("write `person:{name}` in a route, or put them into a rotation"),
            );
        }
    }
    for (name, (place, path)) in &crowd.crews {
        if !told.iter().any(|r| matches!(r, Recipient::Team(n) if n == name)) {
            let what = format!("the team `{name}` is in no route, and is never told");
            desk.report.warning(*place, path, what, format!("write `team:{name}` in a route"));
        }
    }
}

/// Channels that hear of nothing. Where no route takes everything, those without a route hear of the rest.
fn unheard<'c>(routes: &[Route], told: &[&Recipient], crowd: &Crowd, config: &'c Config) -> Vec<&'c str> {
    let everything =
        |r: &Route| r.of.targets.is_empty() && r.of.probes.is_empty() && r.severity == Severity::Ticket;
    if !routes.iter().any(everything) {
        return Vec::new();
    }
    let mut heard: BTreeSet<&str> =
        crowd.people.iter().flat_map(|p| &p.channels).map(String::as_str).collect();
    heard.extend(config.channels.iter().filter_map(|c| c.fallback.as_deref()));
    heard.extend(told.iter().filter_map(|r| match r {
        Recipient::Channel(name) => Some(name.as_str()),
        Recipient::Person(_) | Recipient::Team(_) => None,
    }));
    config.channels.iter().map(|c| c.name.as_str()).filter(|name| !heard.contains(name)).collect()
}

/// Whether some route is about something that pages, or nothing pages at all.
fn pages(routes: &[Route], config: &Config, desk: &Desk<'_, '_>) -> bool {
    let paging: Vec<_> =
        config.rules.iter().filter(|r| r.severity == Severity::Page && r.name != OWN).collect();
    let routed = |series| routes.iter().any(|r| r.of.matches(series));
    paging.is_empty()
        || desk
            .series()
            .iter()
            .any(|series| routed(series) && paging.iter().any(|rule| rule.of.matches(series)))
}
