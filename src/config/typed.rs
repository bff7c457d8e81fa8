//! Makes typed values of a tree and tells every type error in it, not only the first.
//!
//! # Why
//! serde stops at the first value of a wrong type. So that value is told, taken out, and the rest tried again.
//! What is only missing because it was taken out is not told.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::path::{Path, Step};
use super::report::Report;
use super::secret;
use super::shape::{Found, Missing};
use super::tree::{Node, Place};
use super::words;

/// Most values that are taken out of one item.
const TRIES: usize = 32;

/// Something that cannot be used, as a maker of values tells it.
pub(crate) struct Fault {
    /// Dotted path within the item; empty for the item as a whole.
    pub(crate) path: String,
    pub(crate) what: String,
    pub(crate) hint: String,
}

/// One thing of the configuration (the service, a target, a probe …) on its way from tree to type.
pub(crate) struct Item<'a> {
    /// What is written.
    pub(crate) node: &'a Node,
    /// Path of the node in its file.
    pub(crate) path: Path,
    /// What is left to be read: without unknown keys, with secrets put in.
    value: Value,
    /// What is known to be wrong and must not be told again.
    wrong: Vec<Path>,
    /// The elements of lists that were taken out: later ones have moved up since.
    moved: Vec<Path>,
    /// Contents of secrets; they may not appear in what is told.
    secrets: Vec<String>,
    /// Anything was told.
    told: bool,
}

impl<'a> Item<'a> {
    /// An item of which nothing is known yet.
    pub(crate) fn new(node: &'a Node, path: Path) -> Self {
        let (value, wrong, moved, secrets) = (node.value(), Vec::new(), Vec::new(), Vec::new());
        Self { node, path, value, wrong, moved, secrets, told: false }
    }

    /// Tells of unknown and missing keys and takes them out of what is left.
    pub(crate) fn judge(&mut self, found: &Found, report: &mut Report<'_>) {
        for unknown in &found.unknown {
            let known: Vec<&str> = unknown.known.iter().map(String::as_str).collect();
            let path = self.path.join(&unknown.path);
            let hint = words::did_you_mean(&unknown.key, &known);
            report.error(unknown.place, path, format!("unknown key `{}`", unknown.key), hint);
            // It may be a misspelt key of a secret.
            self.place_if_telling(&unknown.path).into_iter().for_each(|place| report.hide(place));
            self.take_out(&unknown.path);
        }
        for Missing { path, key, meaning } in &found.missing {
            let place = self.place(path);
            let hint = if meaning.is_empty() { String::new() } else { format!("`{key}`: {meaning}") };
            report.error(place, self.path.join(path), format!("missing key `{key}`"), hint);
            self.wrong.push(path.key(key));
        }
        self.told |= !found.unknown.is_empty() || !found.missing.is_empty();
    }

    /// Where the value at a path stands, unless it only says where a secret is.
    fn place_if_telling(&self, path: &Path) -> Option<Place> {
        let value = self.node.at(path)?;
        (!value.text().is_some_and(secret::is_reference)).then_some(value.place)
    }

    /// Puts a secret where its reference stands.
    pub(crate) fn put_secret(&mut self, path: &Path, secret: String) {
        self.replace(path, Value::String(secret.clone()));
        self.secrets.push(secret);
    }

    /// Puts something harmless where a secret is missing, so that the rest can still be judged.
    pub(crate) fn without_secret(&mut self, path: &Path) {
        self.replace(path, Value::String("https://secret.invalid/".to_owned()));
        self.wrong.push(path.clone());
        self.told = true;
    }

    /// The same item, of which only some keys are left.
    pub(crate) fn only(&self, wanted: impl Fn(&str) -> bool) -> Self {
        let mut value = self.value.clone();
        if let Value::Object(entries) = &mut value {
            entries.retain(|key, _| wanted(key));
        }
        // An unknown key may be a misspelt one of either part; a mistake further in belongs to one part only.
        let told = self.wrong.iter().any(|path| match path.steps() {
            [Step::Key(key)] => wanted(key) || self.node.get(key).is_some(),
            [Step::Key(key), ..] => wanted(key),
            _ => true,
        });
        Self {
            node: self.node,
            path: self.path.clone(),
            value,
            wrong: self.wrong.clone(),
            moved: Vec::new(),
            secrets: self.secrets.clone(),
            told,
        }
    }

    /// Where the thing at a path within the item stands.
    pub(crate) fn place(&self, path: &Path) -> Place {
        self.node.place_of(path)
    }

    /// Reads the item as a type. `None` if anything was told about it.
    pub(crate) fn read<T: DeserializeOwned>(&mut self, report: &mut Report<'_>) -> Option<T> {
        self.make(report, |value| {
            serde_path_to_error::deserialize(value).map_err(|e| {
                let path =
                    if e.path().iter().next().is_none() { String::new() } else { e.path().to_string() };
                vec![Fault { path, what: e.inner().to_string(), hint: String::new() }]
            })
        })
    }

    /// Makes something of the item. `None` if anything was told about it.
    pub(crate) fn make<T>(
        &mut self,
        report: &mut Report<'_>,
        make: impl Fn(Value) -> Result<T, Vec<Fault>>,
    ) -> Option<T> {
        for _ in 0..TRIES {
            let faults = match make(self.value.clone()) {
                Ok(made) => return (!self.told).then_some(made),
                Err(faults) => faults,
            };
            let mut paths = Vec::new();
            for fault in &faults {
                paths.push(self.tell(fault, report));
            }
            // serde tells one fault and has no hint; what a kind refuses, it refuses all at once.
            match (faults.as_slice(), paths.as_slice()) {
                ([Fault { hint, .. }], [path]) if hint.is_empty() && !path.steps().is_empty() => {
                    self.take_out(path);
                    self.told = true;
                }
                _ => break,
            }
        }
        self.told = true;
        None
    }

    /// Tells a fault, unless it follows from what was told before. Answers its path in the item as written.
    fn tell(&self, fault: &Fault, report: &mut Report<'_>) -> Path {
        let path = self.written(&fault.path);
        let follows = match fault.what.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'))
        {
            Some(key) => self.wrong.contains(&path.key(key)),
            None => self.wrong.iter().any(|wrong| wrong.is_within(&path) || path.is_within(wrong)),
        };
        if follows {
            return path;
        }
        let found = self.node.at(&path).map(Node::value);
        let (what, hint) = words::explain(&self.discreet(&fault.what), found.as_ref());
        let hint = if fault.hint.is_empty() { hint } else { self.discreet(&fault.hint) };
        report.error(self.place(&path), self.path.join(&path), what, hint);
        path
    }

    /// Without secrets.
    fn discreet(&self, text: &str) -> String {
        let secrets = self.secrets.iter().filter(|s| !s.is_empty());
        secrets.fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "[secret]"))
    }

    /// A path in what is left, as a path in what was written.
    fn written(&self, dotted: &str) -> Path {
        // Undo the moves of list elements one step at a time, reading the path against the tree as written.
        let (mut path, mut rest) = (Path::default(), dotted);
        while let Some((node, tail)) = self.node.at(&path).zip(Some(rest.strip_prefix('.').unwrap_or(rest))) {
            let Some((step, length)) = node.first_step(tail) else { break };
            let next = path.then(match step {
                Step::Index(index) => Step::Index(self.unmoved(&path, index)),
                key @ Step::Key(_) => key,
            });
            if self.node.at(&next).is_none() {
                break;
            }
            path = next;
            rest = tail.get(length..).unwrap_or_default();
        }
        path
    }

    fn unmoved(&self, list: &Path, index: usize) -> usize {
        let mut gone: Vec<usize> = self
            .moved
            .iter()
            .filter_map(|path| match path.split_last() {
                Some((parent, Step::Index(index))) if parent == *list => Some(*index),
                _ => None,
            })
            .collect();
        gone.sort_unstable();
        gone.into_iter().fold(index, |at, gone| if gone <= at { at + 1 } else { at })
    }

    fn moved_to(&self, list: &Path, index: usize) -> usize {
        let gone = self.moved.iter().filter(|path| {
            matches!(path.split_last(), Some((parent, Step::Index(i))) if parent == *list && *i < index)
        });
        index - gone.count()
    }

    /// The value that is left of what stands at a path as written.
    fn left(&mut self, path: &Path) -> Option<&mut Value> {
        let mut steps = Vec::new();
        let mut parent = Path::default();
        for step in path.steps() {
            steps.push(match step {
                Step::Index(index) => Step::Index(self.moved_to(&parent, *index)),
                key @ Step::Key(_) => key.clone(),
            });
            parent = parent.then(step.clone());
        }
        steps.iter().try_fold(&mut self.value, |value, step| match step {
            Step::Key(key) => value.get_mut(key),
            Step::Index(index) => value.get_mut(index),
        })
    }

    fn replace(&mut self, path: &Path, with: Value) {
        if let Some(value) = self.left(path) {
            *value = with;
        }
    }

    fn take_out(&mut self, path: &Path) {
        self.wrong.push(path.clone());
        let Some((parent, step)) = path.split_last() else { return };
        let step = match step {
            Step::Index(index) => Step::Index(self.moved_to(&parent, *index)),
            key @ Step::Key(_) => key.clone(),
        };
        match (self.left(&parent), step) {
            (Some(Value::Object(entries)), Step::Key(key)) => {
                entries.remove(&key);
            }
            (Some(Value::Array(items)), Step::Index(index)) if index < items.len() => {
                items.remove(index);
                self.moved.push(path.clone());
            }
            _ => {}
        }
    }
}
