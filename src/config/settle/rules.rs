//! Judges the section `rules`: each must be about something that exists.

use launchwatch_alerts::{Rule, Selector, SeriesId, When};

use super::names::Names;
use super::{Desk, schema_of};
use crate::config::file::RuleKeys;
use crate::config::path::Path;
use crate::config::settled::Config;
use crate::config::tree::Node;
use crate::config::typed::Item;
use crate::config::words;
use crate::observation::ProbeId;

/// Puts the rules into the configuration; the built-in one if there are none.
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
        config.rules.push(rule(keys, &item, config, desk));
    }
    if !written {
        config.rules.push(Rule::success_zero());
    } else if whole {
        unjudged(nodes, config, desk);
    }
}

fn rule(keys: RuleKeys, item: &Item<'_>, config: &Config, desk: &mut Desk<'_, '_>) -> Rule {
    let (failures, successes) = (keys.failures.unwrap_or(2), keys.successes.unwrap_or(2));
    for (key, count) in [("failures", failures), ("successes", successes)] {
        if count == 0 {
            let inner = Path::default().key(key);
            let what = "a rule needs at least one run to judge by";
            desk.report.error(item.place(&inner), item.path.join(&inner), what, "write 1 or more");
        }
    }
    let of = Selector {
        targets: keys.targets.unwrap_or_default(),
        probes: keys.probes.unwrap_or_default(),
        series: Vec::new(),
    };
    let rule = Rule {
        of,
        severity: keys.severity.unwrap_or_default(),
        ..Rule::new(keys.name, When::Failures { failures, successes })
    };
    selection(&rule.of, item, config, desk);
    rule
}

/// Tells what selects nothing.
fn selection(of: &Selector, item: &Item<'_>, config: &Config, desk: &mut Desk<'_, '_>) {
    if desk.nameless {
        return;
    }
    let every = series(config, desk);
    let mut missed = false;
    for (key, patterns) in [("targets", &of.targets), ("probes", &of.probes)] {
        let mut known: Vec<&str> = every
            .iter()
            .map(|s| if key == "targets" { s.target.as_str() } else { s.probe.as_str() })
            .collect();
        known.sort_unstable();
        known.dedup();
        for (at, pattern) in patterns.iter().enumerate() {
            let one = vec![pattern.clone()];
            let alone = match key {
                "targets" => Selector { targets: one, ..Selector::default() },
                _ => Selector { probes: one, ..Selector::default() },
            };
            if !every.iter().any(|s| alone.matches(s)) {
                missed = true;
                let inner = Path::default().key(key).index(at);
                let what = format!("there is no {} `{pattern}`", key.trim_end_matches('s'));
                let hint = words::did_you_mean(pattern, &known);
                desk.report.error(item.place(&inner), item.path.join(&inner), what, hint);
            }
        }
    }
    if !missed && !every.iter().any(|s| of.matches(s)) {
        let hint = "no target of `targets` has a probe of `probes`";
        desk.report.error(item.node.place, &item.path, "the rule selects nothing", hint);
    }
}

/// Warns of probes about which nobody is ever told.
fn unjudged(nodes: &[&Node], config: &Config, desk: &mut Desk<'_, '_>) {
    let Some(node) = nodes.first() else { return };
    for series in series(config, desk) {
        if !config.rules.iter().any(|rule| rule.of.matches(&series)) {
            let what = format!("no rule judges `{series}`, so nobody is told when it fails");
            let hint = "a rule without `targets` and `probes` judges everything";
            desk.report.warning(node.place, "rules", what, hint);
        }
    }
}

/// Everything that a rule can be about.
fn series(config: &Config, desk: &Desk<'_, '_>) -> Vec<SeriesId> {
    let location = config.service.location.to_string();
    let of = |id: &ProbeId| SeriesId {
        target: id.target().to_owned(),
        probe: id.probe().to_owned(),
        location: location.clone(),
    };
    desk.named.iter().map(of).collect()
}
