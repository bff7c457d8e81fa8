//! A row of the registry: settings as written by the operator, and how they become a channel.

use schemars::{JsonSchema, Schema, schema_for};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Channel;

/// What settings come to.
type Built = Result<Box<dyn Channel>, Vec<Refused>>;

/// A setting that cannot be used: where, what, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Dotted path inside the channel's settings; empty for the channel as a whole.
    pub path: String,
    /// What is wrong.
    pub what: String,
    /// How to mend it; may be empty.
    pub hint: String,
}

impl Refused {
    /// A refusal of one setting.
    pub fn new(path: impl Into<String>, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { path: path.into(), what: what.into(), hint: hint.into() }
    }
}

/// The settings of a channel as written by the operator. Field names and docs are the manual.
pub trait Spec: DeserializeOwned + JsonSchema {
    /// What the settings make.
    type Channel: Channel + 'static;

    /// Checks the settings and makes the channel.
    ///
    /// # Errors
    /// All that is wrong, at once.
    fn build(self) -> Result<Self::Channel, Vec<Refused>>;
}

/// A row of the registry.
pub struct Kind {
    /// The name users write as `type`.
    pub name: &'static str,
    /// One sentence for the reference.
    pub summary: &'static str,
    /// Settings that work, as YAML without `type` and `name`.
    pub example: &'static str,
    build: fn(Value) -> Built,
    schema: fn() -> Schema,
}

impl Kind {
    /// A row for the channel whose settings are `S`.
    pub const fn of<S: Spec>(name: &'static str, summary: &'static str, example: &'static str) -> Self {
        Self { name, summary, example, build: build::<S>, schema: || schema_for!(S) }
    }

    /// Makes a channel from settings.
    ///
    /// # Errors
    /// All that is wrong, at once where possible.
    pub fn build(&self, settings: Value) -> Built {
        (self.build)(settings)
    }

    /// JSON Schema of the settings.
    pub fn schema(&self) -> Schema {
        (self.schema)()
    }
}

fn build<S: Spec>(settings: Value) -> Built {
    let spec: S = serde_path_to_error::deserialize(settings).map_err(|e| {
        let path = e.path().to_string();
        vec![Refused::new(
            if path == "." { String::new() } else { path },
            without_value(&e.inner().to_string()),
            "",
        )]
    })?;
    spec.build().map(|c| Box::new(c) as Box<dyn Channel>)
}

/// The words of a decoding error without the value that was found: it may be a secret in the wrong place.
fn without_value(words: &str) -> String {
    let found = words.strip_prefix("invalid type: ").or_else(|| words.strip_prefix("invalid value: "));
    match found.and_then(|f| f.rsplit_once(", expected ")) {
        Some((found, expected)) => {
            let kind = found.split(['"', '`']).next().unwrap_or_default().trim();
            format!("expected {expected}, found {kind}")
        }
        // Others quote it.
        None => words.split('"').step_by(2).collect::<Vec<_>>().join("\"…\""),
    }
}
