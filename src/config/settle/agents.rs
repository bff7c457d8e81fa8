//! Judges the section `agents`, and writes down for each what it is to look at.

use std::time::Duration;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::names::Names;
use super::{Desk, schema_of};
use crate::config::duration::{Span, show};
use crate::config::file::AgentKeys;
use crate::config::path::Path;
use crate::config::settled::{AgentConfig, ProbeConfig, RunBy};
use crate::config::tree::{Content, Node};

/// How long an agent may keep silent where nothing is said, at least and at most.
const USUAL: Duration = Duration::from_secs(180);
const SILENT: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(32 * 86_400));
/// What an agent need not know of a target: the rest of the configuration judges by it.
const OURS: [&str; 4] = ["was", "depends_on", "labels", "locations"];

/// The agents that are declared.
pub(super) fn settle(nodes: &[&Node], own: &str, desk: &mut Desk<'_, '_>) -> Vec<AgentConfig> {
    let schema = schema_of::<AgentKeys>();
    let (mut agents, mut names) = (Vec::new(), Names::default());
    for (path, node) in desk.elements("agents", nodes) {
        if !desk.is_mapping(node, &path, "an agent has a `name`, that of the place from which it looks") {
            continue;
        }
        let mut item = desk.item(node, path.clone(), &[&schema]);
        let Some(keys) = item.read::<AgentKeys>(desk.report) else { continue };
        let inner = Path::default().key("name");
        desk.check_name(&keys.name, item.place(&inner), &path.key("name"));
        names.take(desk, &keys.name, item.place(&inner), &path.key("name"));
        if keys.name == own {
            let what = format!("`{own}` is the place from which this process looks");
            desk.refuse(&item, &inner, what, "give one of the two another name (`service.location` is ours)");
        }
        let silent_after = keys.silent_after.map_or(USUAL, |Span(span)| span);
        if silent_after < SILENT.0 || silent_after > SILENT.1 {
            let what = format!("{} is not between 30s and 32d", show(silent_after));
            let hint = "an agent speaks up every few seconds, a cron job as often as it runs";
            desk.refuse(&item, &Path::default().key("silent_after"), what, hint);
        }
        let name = keys.name.into();
        agents.push(AgentConfig { name, silent_after, configuration: Value::Null, version: String::new() });
    }
    agents
}

/// Gives each agent its part of the configuration as it was written; told of those that have none.
pub(super) fn assign(
    agents: &mut [AgentConfig],
    targets: &[&Node],
    probes: &[ProbeConfig],
    sections: &[&Node],
    desk: &mut Desk<'_, '_>,
) {
    // Of what cannot be used it is not clear whose it would be.
    let whole = !desk.nameless && desk.named.iter().map(|n| n.locations).sum::<usize>() == probes.len();
    for agent in agents {
        let its = |p: &&ProbeConfig| matches!(&p.by, RunBy::Agent(name) if *name == agent.name);
        let its: Vec<&ProbeConfig> = probes.iter().filter(its).collect();
        if its.is_empty() && whole {
            let what = format!("nothing is looked at from `{}`", agent.name);
            let hint = format!("add `locations: [{}]` to a target or a probe", agent.name);
            let place = named(sections, &agent.name);
            desk.report.warning(place, "agents", what, hint);
        }
        agent.configuration = json!({ "version": 1, "targets": part(targets, &its) });
        agent.version = version(&agent.configuration);
    }
}

/// The targets with those of their probes that are meant.
fn part(sections: &[&Node], its: &[&ProbeConfig]) -> Vec<Value> {
    let lists = sections.iter().filter_map(|node| match &node.content {
        Content::List(items) => Some(items),
        _ => None,
    });
    let targets = lists.flatten().filter_map(|target| {
        let Value::Object(mut written) = target.value() else { return None };
        let name = written.get("name")?.as_str()?.to_owned();
        let wanted = |p: &Value| {
            let called = called(p).unwrap_or_default();
            its.iter().any(|i| i.id.target() == name && i.id.bare() == called)
        };
        let probes: Vec<Value> =
            written.get("probes")?.as_array()?.iter().filter(|p| wanted(p)).cloned().collect();
        if probes.is_empty() {
            return None;
        }
        let probes = probes.into_iter().map(|probe| without(probe, &["was", "locations"]));
        written.insert("probes".into(), probes.collect());
        Some(without(Value::Object(written), &OURS))
    });
    targets.collect()
}

/// The name of a probe as it is written, or short for its type.
fn called(probe: &Value) -> Option<&str> {
    probe.get("name").or_else(|| probe.get("type")).unwrap_or(probe).as_str()
}

fn without(value: Value, keys: &[&str]) -> Value {
    match value {
        Value::Object(entries) => {
            let kept = entries.into_iter().filter(|(key, _)| !keys.contains(&key.as_str()));
            Value::Object(kept.collect::<Map<_, _>>())
        }
        other => other,
    }
}

/// The same for the same text, on every machine and in every version of ours that writes JSON in order.
fn version(configuration: &Value) -> String {
    let digest = Sha256::digest(configuration.to_string());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Where an agent is declared.
fn named(sections: &[&Node], name: &str) -> crate::config::tree::Place {
    let items = sections.iter().filter_map(|node| match &node.content {
        Content::List(items) => Some(items),
        _ => None,
    });
    let found = items.flatten().find_map(|item| item.get("name").filter(|n| n.text() == Some(name)));
    found.map(|node| node.place).unwrap_or_default()
}
