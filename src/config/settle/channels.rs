//! Judges the section `channels`.

use std::sync::Arc;

use super::names::Names;
use super::{Desk, schema_of};
use crate::config::file::ChannelKeys;
use crate::config::path::Path;
use crate::config::schema::with_type;
use crate::config::settled::ChannelConfig;
use crate::config::tree::Node;
use crate::config::typed::{Fault, Item};

/// The channels.
pub(super) fn settle(nodes: &[&Node], desk: &mut Desk<'_, '_>) -> Vec<ChannelConfig> {
    let mut names = Names::default();
    let elements = desk.elements("channels", nodes);
    elements.into_iter().filter_map(|(path, node)| channel(node, &path, &mut names, desk)).collect()
}

fn channel(node: &Node, path: &Path, names: &mut Names, desk: &mut Desk<'_, '_>) -> Option<ChannelConfig> {
    let kinds: Vec<&str> = desk.registries.channels.iter().map(|k| k.name).collect();
    if !desk.is_mapping(node, path, "a channel has a `type` and settings") {
        return None;
    }
    let named = desk.type_of(node, path, &kinds);
    let kind = named.and_then(|name| desk.registries.channels.iter().find(|k| k.name == name));
    let common = with_type(schema_of::<ChannelKeys>());
    let mut item = match kind {
        Some(kind) => desk.item(node, path.clone(), &[&common, &kind.schema().to_value()]),
        None => Item::new(node, path.clone()),
    };
    let keys = item.only(|key| ChannelKeys::NAMES.contains(&key)).read::<ChannelKeys>(desk.report);
    let name = node.get("name").and_then(Node::text).or(named);
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
    let channel = match keys.template {
        Some(templates) => templates.over(channel),
        None => channel,
    };
    let name = keys.name.unwrap_or_else(|| kind.name.to_owned());
    Some(ChannelConfig { name, kind: kind.name, channel: Arc::from(channel), fallback: None, per_minute: 20 })
}
