//! The desk at which everything is judged: what is known so far, and how problems are noted.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::tz::TimeZone;
use launchwatch_alerts::SeriesId;
use launchwatch_probes::Kind;
use serde_json::Value;

use crate::config::Registries;
use crate::config::path::Path;
use crate::config::report::Report;
use crate::config::secret::{self, Vault};
use crate::config::shape::{self, Found};
use crate::config::tree::{Content, Node};
use crate::config::typed::Item;
use crate::cron::time_zone;
use crate::observation::ProbeId;
use crate::store::Digest;

/// The longest time that anything is about.
const YEAR: Duration = Duration::from_secs(366 * 86_400);

/// Stands for secrets that only others have.
const ELSEWHERE: &str = "https://not-in-this-environment.invalid/";

/// What every part of the judgement needs.
pub(super) struct Desk<'a, 's> {
    pub(super) registries: Registries,
    pub(super) vault: Vault<'a>,
    pub(super) report: &'a mut Report<'s>,
    /// The probes that are named, usable or not: what rules may be about.
    pub(super) named: Vec<Named>,
    /// There are probes or targets whose names cannot be read.
    pub(super) nameless: bool,
    /// The channels that are named, usable or not: who may be told. `None` if there are some whose names cannot be read.
    pub(super) ears: Option<Vec<String>>,
    /// Digests of the keys of heartbeats.
    pub(super) keys: BTreeSet<Digest>,
    /// What is judged just now is for others alone: they have its secrets, we need not.
    pub(super) elsewhere: bool,
}

/// A probe that has a name.
pub(super) struct Named {
    pub(super) id: ProbeId,
    /// What it is; `None` if that is not known.
    pub(super) kind: Option<&'static Kind>,
    /// Whether it launches what must be built first.
    pub(super) fresh: bool,
    /// The shortest time between two of its slots; `None` if that cannot be read.
    pub(super) period: Option<Duration>,
    /// From how many locations it is looked at.
    pub(super) locations: usize,
}

impl Desk<'_, '_> {
    /// An item held against schemas: unknown and missing keys are told, secrets put in.
    pub(super) fn item<'n>(&mut self, node: &'n Node, path: Path, schemas: &[&Value]) -> Item<'n> {
        let found = shape::walk(node, schemas.iter().copied());
        let mut item = Item::new(node, path);
        item.judge(&found, self.report);
        self.secrets(&mut item, &found);
        item
    }

    fn secrets(&mut self, item: &mut Item<'_>, found: &Found) {
        for path in &found.secrets {
            let Some(node) = item.node.at(path) else { continue };
            let opened = match node.text() {
                // An address, so that it can stand wherever a secret does; nothing of it is ever used.
                Some(reference) if self.elsewhere && secret::is_reference(reference) => {
                    Ok(ELSEWHERE.to_owned())
                }
                Some(reference) => self.vault.open(reference),
                None => Err(secret::plain("")),
            };
            match opened {
                Ok(secret) => item.put_secret(path, secret),
                Err((what, hint)) => {
                    if !node.text().is_some_and(secret::is_reference) {
                        self.report.hide(node.place);
                    }
                    self.report.error(node.place, item.path.join(path), what, hint);
                    item.without_secret(path);
                }
            }
        }
    }

    /// The elements of a section that is a list, each with its path.
    pub(super) fn elements<'n>(&mut self, section: &str, nodes: &[&'n Node]) -> Vec<(Path, &'n Node)> {
        let path = Path::default().key(section);
        let mut elements = Vec::new();
        for node in nodes {
            match &node.content {
                Content::List(items) => {
                    elements.extend(items.iter().enumerate().map(|(at, item)| (path.index(at), item)));
                }
                _ => {
                    let hint = format!("begin each of the {section} with `- `");
                    self.report.error(node.place, &path, "expected a list", hint);
                }
            }
        }
        elements
    }

    /// The one mapping that a section is; `None`, and told, if it is none or if several files have it.
    pub(super) fn only<'n>(&mut self, section: &str, nodes: &[&'n Node], hint: &str) -> Option<&'n Node> {
        let path = Path::default().key(section);
        let (node, more) = nodes.split_first()?;
        for second in more {
            let what =
                format!("the section `{section}` is already written at {}", self.report.name(node.place));
            self.report.error(second.place, &path, what, "keep it in one file");
        }
        self.is_mapping(node, &path, hint).then_some(node)
    }

    /// Notes what cannot be used, at a path within an item.
    pub(super) fn refuse(
        &mut self,
        item: &Item<'_>,
        inner: &Path,
        what: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.report.error(item.place(inner), item.path.join(inner), what, hint);
    }

    /// Notes what is probably not meant, at a path within an item.
    pub(super) fn doubt(
        &mut self,
        item: &Item<'_>,
        inner: &Path,
        what: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.report.warning(item.place(inner), item.path.join(inner), what, hint);
    }

    /// Tells if a time is longer than a year: nobody waits for it, and nothing that is kept goes back as far.
    pub(super) fn bounded(&mut self, item: &Item<'_>, inner: &Path, time: Duration) {
        if time > YEAR {
            self.refuse(item, inner, "longer than a year", "write a shorter time, such as `1d`");
        }
    }

    /// The time zone of this name, UTC without one; tells if there is none.
    pub(super) fn zone(&mut self, item: &Item<'_>, inner: &Path, name: Option<&str>) -> TimeZone {
        match name.map(time_zone).transpose() {
            Ok(zone) => zone.unwrap_or(TimeZone::UTC),
            Err(e) => {
                self.refuse(item, inner, e.to_string(), e.hint());
                TimeZone::UTC
            }
        }
    }

    /// Everything that a rule can be about.
    pub(super) fn series(&self) -> Vec<SeriesId> {
        self.named.iter().map(Named::series).collect()
    }

    /// Whether an item is a mapping; told if not.
    pub(super) fn is_mapping(&mut self, node: &Node, path: &Path, hint: &str) -> bool {
        if node.entries().is_none() {
            self.report.error(node.place, path, "expected a mapping of keys and values", hint);
        }
        node.entries().is_some()
    }
}

impl Named {
    /// As rules see it; where it runs does not matter to a selection.
    pub(super) fn series(&self) -> SeriesId {
        let (target, probe) = (self.id.target().to_owned(), self.id.probe().to_owned());
        SeriesId { target, probe, location: String::new() }
    }
}
