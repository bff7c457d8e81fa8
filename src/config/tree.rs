//! A YAML document as a small tree in which every key and value knows where it was written.

use serde_json::{Number, Value};

use super::path::{Path, Step};

/// A stretch of a source file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Place {
    /// Index of the file.
    pub(crate) file: usize,
    /// Line, from 1; 0 means the file as a whole.
    pub(crate) line: usize,
    /// Column in characters, from 1.
    pub(crate) column: usize,
    /// Characters on that line.
    pub(crate) length: usize,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) content: Content,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    /// In the order of the file; no key twice.
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) place: Place,
}

impl Node {
    /// The entries, if this is a mapping.
    pub(crate) fn entries(&self) -> Option<&[(Key, Node)]> {
        match &self.content {
            Content::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of a key, if this is a mapping that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|(_, value)| value)
    }

    /// A key and its value, if this is a mapping that has it.
    pub(crate) fn entry(&self, key: &str) -> Option<&(Key, Self)> {
        self.entries()?.iter().find(|(k, _)| k.name == key)
    }

    /// The text, if this is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Where the thing at a path was written: the value, or the innermost thing on the way that exists.
    pub(crate) fn place_of(&self, path: &Path) -> Place {
        let mut here = self;
        for step in path.steps() {
            let Some(next) = here.child(step) else { break };
            here = next;
        }
        here.place
    }

    /// The node at a path.
    pub(crate) fn at(&self, path: &Path) -> Option<&Self> {
        path.steps().iter().try_fold(self, |here, step| here.child(step))
    }

    fn child(&self, step: &Step) -> Option<&Self> {
        match (step, &self.content) {
            (Step::Key(key), _) => self.get(key),
            (Step::Index(index), Content::List(items)) => items.get(*index),
            _ => None,
        }
    }

    /// The first step of a dotted path, as serde and the kinds write it, and its length in bytes. Keys may themselves
    /// hold dots, so the tree decides.
    pub(crate) fn first_step(&self, rest: &str) -> Option<(Step, usize)> {
        match &self.content {
            Content::Map(entries) => entries
                .iter()
                .map(|(key, _)| key.name.as_str())
                .filter(|name| {
                    rest.strip_prefix(name).is_some_and(|r| r.is_empty() || r.starts_with(['.', '[']))
                })
                .max_by_key(|name| name.len())
                .map(|name| (Step::Key(name.to_owned()), name.len())),
            Content::List(_) => {
                let (index, _) = rest.strip_prefix('[')?.split_once(']')?;
                Some((Step::Index(index.parse().ok()?), index.len() + 2))
            }
            _ => None,
        }
    }

    /// The same without places.
    pub(crate) fn value(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Bool(truth) => Value::Bool(*truth),
            Content::Number(number) => Value::Number(number.clone()),
            Content::Text(text) => Value::String(text.clone()),
            Content::List(items) => Value::Array(items.iter().map(Self::value).collect()),
            Content::Map(entries) => {
                Value::Object(entries.iter().map(|(key, node)| (key.name.clone(), node.value())).collect())
            }
        }
    }

    /// How many nodes this is.
    pub(crate) fn size(&self) -> usize {
        1 + match &self.content {
            Content::List(items) => items.iter().map(Self::size).sum(),
            Content::Map(entries) => entries.iter().map(|(_, node)| node.size()).sum(),
            _ => 0,
        }
    }
}
