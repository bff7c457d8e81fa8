//! Judges the section `targets`.

use std::collections::BTreeSet;

use launchwatch_alerts::OURSELVES;

use super::circle::{self, Edge};
use super::locations::Places;
use super::names::{self, Names};
use super::{Desk, probes, schema_of};
use crate::config::file::TargetKeys;
use crate::config::path::Path;
use crate::config::settled::{ProbeConfig, Target};
use crate::config::tree::{Content, Node};
use crate::config::words;

/// The targets and their probes.
pub(super) fn settle(
    nodes: &[&Node],
    places: &Places,
    desk: &mut Desk<'_, '_>,
) -> (Vec<Target>, Vec<ProbeConfig>) {
    let schema = schema_of::<TargetKeys>();
    let (mut targets, mut all, mut names) = (Vec::new(), Vec::new(), Names::default());
    let elements = desk.elements("targets", nodes);
    for (path, node) in &elements {
        let path = path.clone();
        if !desk.is_mapping(node, &path, "a target has a `name`, a `url` and `probes`") {
            desk.nameless = true;
            continue;
        }
        let mut item = desk.item(node, path.clone(), &[&schema]);
        let keys = item.read::<TargetKeys>(desk.report);
        // What is written counts for the probes, also when the rest of the target is wrong.
        let name = node.get("name").and_then(Node::text).unwrap_or("?");
        if let Some(named) = node.get("name").filter(|n| n.text().is_some()) {
            desk.check_name(name, named.place, &path.key("name"));
            names.take(desk, name, named.place, &path.key("name"));
            if name == OURSELVES {
                let what = format!("the name `{OURSELVES}` stands for launchwatch itself");
                desk.report.error(named.place, path.key("name"), what, "give the target another one");
            }
        } else {
            desk.nameless = true;
        }
        let address = node.get("url").filter(|n| n.text().is_some());
        let url = address.and_then(|n| desk.url(n.text().unwrap_or_default(), n.place, &path.key("url")));
        let usual = places.named(node, &path, desk);
        let context =
            probes::Context { target: name, url: url.as_ref(), path, places, usual: usual.as_deref() };
        let found = settle_probes(node, &context, desk);
        if let (Some(keys), Some(url)) = (keys, url) {
            targets.push(Target {
                name: keys.name,
                was: keys.was,
                url,
                depends_on: keys.depends_on.unwrap_or_default(),
                labels: keys.labels.unwrap_or_default(),
            });
        }
        all.extend(found);
    }
    dependencies(&elements, desk);
    let written: Vec<_> = elements.iter().map(|(path, node)| (path.clone(), *node)).collect();
    names::former(&written, "target", desk);
    (targets, all)
}

/// What a target depends on must be there, and may not depend on it in turn.
fn dependencies(elements: &[(Path, &Node)], desk: &mut Desk<'_, '_>) {
    let known: BTreeSet<&str> =
        elements.iter().filter_map(|(_, n)| n.get("name").and_then(Node::text)).collect();
    let mut edges = Vec::new();
    for (path, node) in elements {
        let Some(name) = node.get("name").and_then(Node::text) else { continue };
        let parents = node.get("depends_on").map(|n| &n.content);
        let Some(Content::List(parents)) = parents else { continue };
        for (at, parent) in parents.iter().enumerate() {
            let (path, Some(text)) = (path.key("depends_on").index(at), parent.text()) else { continue };
            if known.contains(text) {
                edges.push(Edge { from: name.to_owned(), to: text.to_owned(), place: parent.place, path });
            } else if !desk.nameless {
                let known: Vec<&str> = known.iter().copied().collect();
                let hint = words::did_you_mean(text, &known);
                desk.report.error(parent.place, path, format!("there is no target `{text}`"), hint);
            }
        }
    }
    circle::refuse(&edges, "the targets depend on each other in a circle", desk);
}

fn settle_probes(node: &Node, of: &probes::Context<'_>, desk: &mut Desk<'_, '_>) -> Vec<ProbeConfig> {
    let path = of.path.key("probes");
    // A missing key is told with the other keys of the target.
    let Some((key, probes)) = node.entry("probes") else { return Vec::new() };
    let kinds: Vec<&str> = desk.registries.probes.iter().map(|k| k.name).collect();
    let hint = match kinds.first() {
        Some(first) => format!("such as `- type: {first}`; {}", words::known(&kinds)),
        None => "such as `- type: …`".to_owned(),
    };
    let items = match &probes.content {
        Content::List(items) => items,
        Content::Null => {
            desk.report.error(key.place, path, "the target has no probes", hint);
            return Vec::new();
        }
        _ => {
            desk.report.error(probes.place, path, "expected a list of probes", hint);
            return Vec::new();
        }
    };
    if items.is_empty() {
        desk.report.error(probes.place, path, "the target has no probes", hint);
        return Vec::new();
    }
    let mut names = Names::default();
    let mut settled = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let context = probes::Context { path: path.index(at), ..of.clone() };
        settled.extend(probes::settle(item, context, &mut names, desk));
    }
    let written: Vec<_> = items.iter().enumerate().map(|(at, item)| (path.index(at), item)).collect();
    names::former(&written, "probe", desk);
    settled
}
