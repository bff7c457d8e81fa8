//! Judges one probe: its type, the settings of its kind, its schedule.

use std::sync::Arc;

use launchwatch_probes::{Kind, Passive, Probe};
use secrecy::ExposeSecret;
use url::Url;

use super::locations::Places;
use super::names::Names;
use super::{Desk, Named, schedule, schema_of};
use crate::config::file::ProbeKeys;
use crate::config::path::Path;
use crate::config::schema::with_type;
use crate::config::settled::{ProbeConfig, RunBy};
use crate::config::tree::{Content, Key, Node};
use crate::config::typed::{Fault, Item};
use crate::config::words;
use crate::observation::ProbeId;
use crate::store::Digest;

/// Which probe it is.
#[derive(Clone)]
pub(super) struct Context<'a> {
    pub(super) target: &'a str,
    /// Where the target is; `None` if that could not be read.
    pub(super) url: Option<&'a Url>,
    pub(super) path: Path,
    /// From where can be looked.
    pub(super) places: &'a Places,
    /// From where the probes of the target look that say nothing else.
    pub(super) usual: Option<&'a [RunBy]>,
}

/// The probe as each place that it looks from sees it, if nothing is wrong with it.
pub(super) fn settle(
    node: &Node,
    context: Context<'_>,
    names: &mut Names,
    desk: &mut Desk<'_, '_>,
) -> Vec<ProbeConfig> {
    let node = &spelled_out(node);
    let own = context.places.named(node, &context.path, desk);
    let kind = node.get("type").and_then(Node::text);
    let told = desk.registries.probes.iter().any(|k| k.passive && Some(k.name) == kind);
    // What others tell, they tell us, wherever else the target is looked at from.
    let own = own.as_deref().or(context.usual).filter(|_| !told);
    let by = own.unwrap_or(&[RunBy::Us]).to_vec();
    desk.elsewhere = !by.contains(&RunBy::Us);
    let settled = settle_one(node, context, by.len(), names, desk);
    desk.elsewhere = false;
    settled.map_or_else(Vec::new, |one| by.into_iter().map(|by| one.run_by(by)).collect())
}

fn settle_one(
    node: &Node,
    context: Context<'_>,
    locations: usize,
    names: &mut Names,
    desk: &mut Desk<'_, '_>,
) -> Option<ProbeConfig> {
    let kinds: Vec<&str> = desk.registries.probes.iter().map(|k| k.name).collect();
    if !desk.is_mapping(node, &context.path, &format!("such as `- type: {}`", kinds.first().unwrap_or(&"…")))
    {
        desk.nameless = true;
        return None;
    }
    let named = desk.type_of(node, &context.path, &kinds);
    let kind = named.and_then(|name| desk.registries.probes.iter().find(|k| k.name == name));
    let common = with_type(schema_of::<ProbeKeys>());
    let mut item = match kind {
        Some(kind) => desk.item(node, context.path.clone(), &[&common, &kind.schema().to_value()]),
        // Without a kind nobody knows which further keys there are.
        None => Item::new(node, context.path.clone()),
    };
    let mut shared = item.only(|key| ProbeKeys::NAMES.contains(&key));
    let keys = shared.read::<ProbeKeys>(desk.report);
    let fresh = kind.is_some_and(|k| k.launches) && node.get("mode").and_then(Node::text) == Some("fresh");
    let name = node.get("name").and_then(Node::text).or(named);
    desk.nameless |= name.is_none();
    if let Some(name) = name {
        desk.named.push(Named {
            id: ProbeId::new(context.target, name),
            kind,
            fresh,
            period: None,
            locations,
        });
        let place = node.get("name").or_else(|| node.get("type")).map_or(node.place, |n| n.place);
        let path = context.path.key(if node.get("name").is_some() { "name" } else { "type" });
        desk.check_name(name, place, &path);
        names.take(desk, name, place, &path);
    }
    let kind = kind?;
    let probe = build(kind, &mut item, context.url, desk);
    if kind.passive {
        told(node, kind, probe.as_deref(), &context, desk);
    }
    let keys = keys?;
    let timing = schedule::settle(&keys, kind, &shared, desk)?;
    if let Some(named) = desk.named.last_mut() {
        named.period = Some(timing.period);
    }
    Some(ProbeConfig {
        id: ProbeId::new(context.target, keys.name.as_deref().unwrap_or(kind.name)),
        by: if kind.passive { RunBy::Others } else { RunBy::Us },
        was: keys.was,
        kind: kind.name,
        launches: kind.launches,
        fresh,
        probe: probe?,
        schedule: timing.schedule,
        deadline: timing.deadline,
        overlap: timing.overlap,
        confirm_after: timing.confirm_after,
        backed_off: timing.backed_off,
        patience: timing.patience,
    })
}

/// What can be wrong with what others tell: keys that mean nothing, and two jobs that cannot be told apart.
fn told(node: &Node, kind: &Kind, probe: Option<&dyn Probe>, context: &Context<'_>, desk: &mut Desk<'_, '_>) {
    for key in ["deadline", "overlap", "confirm_after", "backed_off", "patience", "locations"] {
        if let Some((written, _)) = node.entry(key) {
            let what = format!("`{key}` means nothing here: a {} is told, not run", kind.name);
            desk.report.warning(written.place, context.path.key(key), what, "leave it off");
        }
    }
    let Some(Passive::Heartbeat(terms)) = probe.and_then(Probe::passive) else { return };
    let digest = Digest::of(terms.key.expose_secret());
    if desk.keys.contains(&digest) {
        let place = node.get("key").map_or(node.place, |n| n.place);
        let hint = "give each job a key of its own: `openssl rand -hex 16`";
        desk.report.error(place, context.path.key("key"), "another heartbeat has the same key", hint);
    }
    desk.keys.insert(digest);
}

/// `- http` is short for `- type: http`.
fn spelled_out(node: &Node) -> Node {
    match &node.content {
        Content::Text(_) => {
            let key = Key { name: "type".to_owned(), place: node.place };
            Node { place: node.place, content: Content::Map(vec![(key, node.clone())]) }
        }
        _ => node.clone(),
    }
}

fn build(
    kind: &Kind,
    item: &mut Item<'_>,
    url: Option<&Url>,
    desk: &mut Desk<'_, '_>,
) -> Option<Arc<dyn Probe>> {
    // Where the target's own address is wrong, the settings are still judged.
    let url = url.cloned().or_else(|| Url::parse("https://target.invalid/").ok())?;
    let mut settings = item.only(|key| !ProbeKeys::NAMES.contains(&key));
    let probe = settings.make(desk.report, |value| {
        kind.build(value, &url).map_err(|refused| {
            refused.into_iter().map(|r| Fault { path: r.path, what: r.what, hint: r.hint }).collect()
        })
    });
    probe.map(Arc::from)
}

impl Desk<'_, '_> {
    /// The `type` of a probe or channel, if it is known; told if not.
    pub(super) fn type_of<'n>(&mut self, node: &'n Node, path: &Path, kinds: &[&str]) -> Option<&'n str> {
        let written = node.get("type");
        let known = written.and_then(Node::text).filter(|name| kinds.contains(name));
        if known.is_none() {
            // Without a type nobody knows what is a secret, so nothing beside the type is quoted.
            let others = node.entries().unwrap_or_default().iter().filter(|(key, _)| key.name != "type");
            others.for_each(|(_, value)| self.report.hide(value.place));
            match written {
                Some(written) => self.unknown_type(written, path, kinds),
                None => self.missing_type(node, path, kinds),
            }
        }
        known
    }

    fn unknown_type(&mut self, written: &Node, path: &Path, kinds: &[&str]) {
        let mut hint = words::known(kinds);
        let what = match written.text() {
            Some(word) => {
                if let Some(guess) = words::nearest(word, kinds.iter().copied()) {
                    hint = format!("did you mean `{guess}`? {hint}");
                }
                format!("unknown type `{word}`")
            }
            None => "expected a word".to_owned(),
        };
        self.report.error(written.place, path.key("type"), what, hint);
    }

    /// Tells that there is no type, or that a key is a misspelt `type`: if it is nearly that, and names nearly a kind.
    fn missing_type(&mut self, node: &Node, path: &Path, kinds: &[&str]) {
        let mut entries = node.entries().unwrap_or_default().iter();
        let misspelt = entries.find(|(key, value)| {
            let kind = value.text().and_then(|text| words::nearest(text, kinds.iter().copied()));
            kind.is_some() && words::nearest(&key.name, ["type"]).is_some()
        });
        match misspelt {
            Some((key, _)) => {
                let what = format!("unknown key `{}`", key.name);
                self.report.error(key.place, path.key(&key.name), what, "did you mean `type`?");
            }
            None => self.report.error(node.place, path, "missing key `type`", words::known(kinds)),
        }
    }
}
