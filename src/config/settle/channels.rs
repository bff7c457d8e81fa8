//! Judges the section `channels`.

use std::sync::Arc;

use super::circle::{self, Edge};
use super::names::Names;
use super::{Desk, schema_of};
use crate::config::file::ChannelKeys;
use crate::config::path::Path;
use crate::config::schema::with_type;
use crate::config::settled::ChannelConfig;
use crate::config::tree::Node;
use crate::config::typed::{Fault, Item};
use crate::config::words;

/// How many messages a minute a channel may be told to carry.
const PER_MINUTE: std::ops::RangeInclusive<u32> = 1..=600;

/// The channels.
pub(super) fn settle(nodes: &[&Node], desk: &mut Desk<'_, '_>) -> Vec<ChannelConfig> {
    let mut names = Names::default();
    let elements = desk.elements("channels", nodes);
    let settled = elements.iter().filter_map(|(path, node)| channel(node, path, &mut names, desk)).collect();
    fallbacks(&elements, desk);
    settled
}

/// Each fallback must be another channel, and none may lead back to where it began.
fn fallbacks(elements: &[(Path, &Node)], desk: &mut Desk<'_, '_>) {
    let Some(ears) = desk.ears.clone() else { return };
    let known: Vec<&str> = ears.iter().map(String::as_str).collect();
    let mut edges = Vec::new();
    for (path, node) in elements {
        let name = node.get("name").or_else(|| node.get("type")).and_then(Node::text);
        let fallback = node.get("fallback").and_then(|n| Some((n.text()?, n.place)));
        let (Some(name), Some((fallback, place))) = (name, fallback) else { continue };
        let path = path.key("fallback");
        if !known.contains(&fallback) {
            let hint = words::did_you_mean(fallback, &known);
            desk.report.error(place, path, format!("there is no channel `{fallback}`"), hint);
        } else {
            edges.push(Edge { from: name.to_owned(), to: fallback.to_owned(), place, path });
        }
    }
    circle::refuse(&edges, "the fallbacks go round in a circle", desk);
}

fn channel(node: &Node, path: &Path, names: &mut Names, desk: &mut Desk<'_, '_>) -> Option<ChannelConfig> {
    let kinds: Vec<&str> = desk.registries.channels.iter().map(|k| k.name).collect();
    if !desk.is_mapping(node, path, "a channel has a `type` and settings") {
        desk.ears = None;
        return None;
    }
    let named = desk.type_of(node, path, &kinds);
    let kind = named.and_then(|name| desk.registries.channels.iter().find(|k| k.name == name));
    let common = with_type(schema_of::<ChannelKeys>());
    let mut item = match kind {
        Some(kind) => desk.item(node, path.clone(), &[&common, &kind.schema().to_value()]),
        None => Item::new(node, path.clone()),
    };
    let mut shared = item.only(|key| ChannelKeys::NAMES.contains(&key));
    let keys = shared.read::<ChannelKeys>(desk.report);
    let name = node.get("name").and_then(Node::text).or(named);
    match (name, &mut desk.ears) {
        (Some(name), Some(ears)) => ears.push(name.to_owned()),
        (None, _) => desk.ears = None,
        (Some(_), None) => {}
    }
    if let Some(name) = name {
        let key = if node.get("name").is_some() { "name" } else { "type" };
        let (place, path) = (node.get(key).map_or(node.place, |n| n.place), path.key(key));
        desk.check_name(name, place, &path);
        names.take(desk, name, place, &path);
    }
    let kind = kind?;
    item = item.only(|key| !ChannelKeys::NAMES.contains(&key));
    let channel = item.make(desk.report, |value| {
        kind.build(value).map_err(|refused| {
            refused.into_iter().map(|r| Fault { path: r.path, what: r.what, hint: r.hint }).collect()
        })
    })?;
    let keys = keys?;
    let per_minute = keys.per_minute.unwrap_or(20);
    if !PER_MINUTE.contains(&per_minute) {
        let what = format!("{per_minute} messages a minute are not between 1 and 600");
        desk.refuse(
            &shared,
            &Path::default().key("per_minute"),
            what,
            "what must wait is told later, not lost",
        );
    }
    let channel = match keys.template {
        Some(templates) => templates.over(channel),
        None => channel,
    };
    let name = keys.name.unwrap_or_else(|| kind.name.to_owned());
    let (kind, fallback) = (kind.name, keys.fallback);
    Some(ChannelConfig { name, kind, channel: Arc::from(channel), fallback, per_minute })
}
