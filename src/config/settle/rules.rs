//! Judges the section `rules`: each must be about something that exists, be able to hold, and be able to end.

mod built_in;
mod selection;
mod when;

use std::time::Duration;

use launchwatch_alerts::{Rule, Selector};
use launchwatch_probes::Reason;

use super::names::Names;
use super::{Desk, schema_of};
use crate::config::duration::{Span, show};
use crate::config::file::RuleKeys;
use crate::config::path::Path;
use crate::config::settled::Config;
use crate::config::tree::Node;
use crate::config::typed::Item;
use crate::config::words;

pub(in crate::config) use built_in::MANUAL;
pub(super) use built_in::{OWN, OWN_LATER};
pub(super) use selection::{expanded, patterns, tell};

/// Longest `for` and `keep_firing_for`: who is told a day late is not told.
const LONGEST: Duration = Duration::from_secs(86_400);

/// Puts the rules into the configuration; the built-in ones if there are none. The one about launchwatch itself is
/// always there.
pub(super) fn settle(nodes: &[&Node], config: &mut Config, desk: &mut Desk<'_, '_>) {
    let schema = schema_of::<RuleKeys>();
    let mut names = Names::default();
    let elements = desk.elements("rules", nodes);
    let written = !elements.is_empty();
    let mut whole = true;
    for (path, node) in elements {
        if !desk.is_mapping(node, &path, "a rule has a `name`") {
            whole = false;
            continue;
        }
        let mut item = desk.item(node, path.clone(), &[&schema]);
        let Some(keys) = item.read::<RuleKeys>(desk.report) else {
            whole = false;
            continue;
        };
        let place = item.place(&Path::default().key("name"));
        desk.check_name(&keys.name, place, &path.key("name"));
        names.take(desk, &keys.name, place, &path.key("name"));
        if [OWN, OWN_LATER].contains(&keys.name.as_str()) {
            let what = format!("the name `{}` belongs to a rule about launchwatch itself", keys.name);
            desk.report.error(place, path.key("name"), what, "give the rule another one");
        }
        config.rules.extend(rule(keys, &item, desk));
    }
    if !written {
        config.rules = built_in::rules(desk);
    } else if whole {
        unjudged(nodes, config, desk);
    }
    config.rules.extend(built_in::about_ourselves());
}

fn rule(keys: RuleKeys, item: &Item<'_>, desk: &mut Desk<'_, '_>) -> Option<Rule> {
    let mut of = patterns(keys.targets.as_deref(), keys.probes.as_deref());
    let meant = keys.types.as_ref().is_none_or(|types| selection::types(types, &mut of, item, desk));
    if meant {
        tell(&of, "rule", false, item, desk);
    }
    // Where it is not clear what is meant, there is no saying what does not fit it.
    let chosen = if meant { selection::chosen(&of, desk) } else { Vec::new() };
    let hold = span("for", keys.hold, item, desk);
    let keep = span("keep_firing_for", keys.keep_firing_for, item, desk);
    let quorum = quorum(keys.quorum, &of, item, desk);
    let alert = alert(&keys, item, desk);
    let [reasons, not_reasons] = reasons(&keys, item, desk);
    let mut judge = when::Judge { desk, item, chosen: &chosen };
    let guard = keys.and.as_ref().map(|keys| judge.guard(keys));
    let when = judge.settle(&keys)?;
    let guard = match guard {
        Some(guard) => Some(guard?),
        None => None,
    };
    let (of, severity) = (expanded(of, desk), keys.severity.unwrap_or_default());
    let new = Rule::new(keys.name, when);
    Some(Rule { of, alert, severity, reasons, not_reasons, guard, hold, keep, quorum, ..new })
}

/// What the rule is called.
fn alert(keys: &RuleKeys, item: &Item<'_>, desk: &mut Desk<'_, '_>) -> String {
    let Some(alert) = &keys.alert else { return keys.name.clone() };
    let inner = Path::default().key("alert");
    desk.check_name(alert, item.place(&inner), &item.path.join(&inner));
    alert.clone()
}

/// The reasons that count, and those that do not; told of those that no run ever has.
fn reasons(keys: &RuleKeys, item: &Item<'_>, desk: &mut Desk<'_, '_>) -> [Vec<String>; 2] {
    let known: Vec<&str> = Reason::ALL.iter().map(|r| r.as_str()).collect();
    let lists = [("reasons", &keys.reasons), ("not_reasons", &keys.not_reasons)];
    let lists = lists.map(|(key, list)| (key, list.clone().unwrap_or_default()));
    let [(_, counts), _] = &lists;
    for (key, list) in &lists {
        for (at, name) in list.iter().enumerate() {
            let inner = Path::default().key(key).index(at);
            if !known.contains(&name.as_str()) {
                let what = format!("no run fails for a reason `{name}`");
                desk.refuse(item, &inner, what, words::did_you_mean(name, &known));
            } else if *key == "not_reasons" && counts.contains(name) {
                let what = format!("`{name}` is among the reasons that count");
                desk.refuse(item, &inner, what, "keep it in one of the two lists");
            }
        }
    }
    lists.map(|(_, list)| list)
}

fn span(key: &str, written: Option<Span>, item: &Item<'_>, desk: &mut Desk<'_, '_>) -> Duration {
    let Some(Span(span)) = written else { return Duration::ZERO };
    if span > LONGEST {
        let what = format!("{} is longer than a day", show(span));
        desk.refuse(item, &Path::default().key(key), what, "write `1d` or less");
    }
    span
}

fn quorum(written: Option<u32>, of: &Selector, item: &Item<'_>, desk: &mut Desk<'_, '_>) -> u32 {
    let quorum = written.unwrap_or(1);
    let inner = Path::default().key("quorum");
    if quorum == 0 {
        desk.refuse(item, &inner, "a rule needs at least one location to judge by", "write 1 or more");
    } else if quorum > 1 && !desk.nameless {
        let meant = desk.named.iter().filter(|n| of.matches(&n.series()));
        let (least, most) =
            meant.map(|n| n.locations).fold((usize::MAX, 0), |(a, b), n| (a.min(n), b.max(n)));
        let wanted = usize::try_from(quorum).unwrap_or(usize::MAX);
        if most < wanted {
            let what = if most <= 1 {
                format!("{quorum} locations never agree: there is only one")
            } else {
                format!("{quorum} locations never agree: there are {most} at most")
            };
            let hint = if most <= 1 {
                "leave it off until others look as well"
            } else {
                "name more `locations` there"
            };
            desk.doubt(item, &inner, what, hint);
        } else if least < wanted {
            let what = format!("{quorum} locations never agree about what fewer look at ({least})");
            desk.doubt(item, &inner, what, "name more `locations` there, or give those a rule of their own");
        }
    }
    quorum
}

/// Warns of probes about which nobody is ever told.
fn unjudged(nodes: &[&Node], config: &Config, desk: &mut Desk<'_, '_>) {
    let Some(node) = nodes.first() else { return };
    for series in desk.series() {
        if !config.rules.iter().any(|rule| rule.of.matches(&series)) {
            let what = format!("no rule judges `{series}`, so nobody is told when it fails");
            let hint = "a rule without `targets` and `probes` judges everything";
            desk.report.warning(node.place, "rules", what, hint);
        }
    }
}
