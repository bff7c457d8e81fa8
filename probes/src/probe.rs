//! What a probe kind is: settings that can be read, checked and described, and a way to run.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use schemars::{JsonSchema, Schema, schema_for};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::{Cx, Outcome, Passive, Stage};

/// One configured way of looking. Runs may overlap only if the schedule says so.
///
/// A probe may remember what it saw (behind a lock, bounded, never written down) as long as a restart only makes it more
/// careful: what takes two looks to be sure of then takes two new ones.
#[async_trait]
pub trait Probe: Send + Sync {
    /// Looks once. Never an `Err`: whatever happens becomes an outcome. May be dropped at any await when the
    /// deadline passes; the stages so far stay in `cx`.
    async fn run(&self, cx: &mut Cx) -> Outcome;

    /// How others tell about it, for kinds that are never run: then `run` answers that nothing is known.
    fn passive(&self) -> Option<Passive> {
        None
    }
}

/// Work that goes on after a run has ended: following a launch that was cut off before `ready` to its end.
pub type Follow = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A setting that cannot be used: where (dotted path inside the probe's settings), what, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Dotted path, such as `expect.json[0].path`; empty for the probe as a whole.
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

/// The settings of a kind as written by the operator. Field names and docs are the manual.
pub trait Spec: DeserializeOwned + JsonSchema {
    /// What the settings make.
    type Probe: Probe + 'static;

    /// Checks the settings and makes the probe. `target` is the URL of the target the probe belongs to.
    ///
    /// # Errors
    /// All that is wrong with the settings, at once.
    fn build(self, target: &Url) -> Result<Self::Probe, Vec<Refused>>;
}

/// How often a kind runs, and how long it may take, unless the operator says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cadence {
    /// Interval between slots.
    pub every: Duration,
    /// Longest a run may take.
    pub deadline: Duration,
}

type Build = fn(Value, &Url) -> Result<Box<dyn Probe>, Vec<Refused>>;

/// A row of the registry.
pub struct Kind {
    /// The name users write as `type`.
    pub name: &'static str,
    /// One sentence for the reference.
    pub summary: &'static str,
    /// The stages a run can name.
    pub stages: &'static [Stage],
    /// Default interval and deadline.
    pub cadence: Cadence,
    /// Whether a run starts servers: such probes are budgeted per target and backed off while it is down.
    pub launches: bool,
    /// Whether nothing is run: others tell us, and their silence counts.
    pub passive: bool,
    /// Settings that work, as YAML without `type` (shown in the reference, used by the conformance suite).
    pub example: &'static str,
    /// The measurements a run can make, for whoever writes rules about them; `*` stands for any text.
    pub measurements: &'static [&'static str],
    build: Build,
    schema: fn() -> Schema,
}

impl Kind {
    /// A row for the kind whose settings are `S`.
    pub const fn of<S: Spec>(
        name: &'static str,
        summary: &'static str,
        stages: &'static [Stage],
        cadence: Cadence,
        example: &'static str,
    ) -> Self {
        Self {
            name,
            summary,
            stages,
            cadence,
            launches: false,
            passive: false,
            example,
            measurements: &[],
            build: build::<S>,
            schema: || schema_for!(S),
        }
    }

    /// The same, for a kind that starts servers.
    pub const fn launching(mut self) -> Self {
        self.launches = true;
        self
    }

    /// The same, for a kind that is told and not run.
    pub const fn passive(mut self) -> Self {
        self.passive = true;
        self
    }

    /// The same, for a kind that makes these measurements.
    pub const fn measuring(mut self, measurements: &'static [&'static str]) -> Self {
        self.measurements = measurements;
        self
    }

    /// Makes a probe from settings (a JSON object without `type` and the schedule's keys).
    ///
    /// # Errors
    /// All that is wrong, at once where possible: one type error hides those behind it.
    pub fn build(&self, settings: Value, target: &Url) -> Result<Box<dyn Probe>, Vec<Refused>> {
        (self.build)(settings, target)
    }

    /// JSON Schema of the settings.
    pub fn schema(&self) -> Schema {
        (self.schema)()
    }
}

fn build<S: Spec>(settings: Value, target: &Url) -> Result<Box<dyn Probe>, Vec<Refused>> {
    let spec: S = serde_path_to_error::deserialize(settings).map_err(|e| {
        let path = e.path().to_string();
        vec![Refused::new(if path == "." { String::new() } else { path }, e.inner().to_string(), "")]
    })?;
    spec.build(target).map(|p| Box::new(p) as Box<dyn Probe>)
}
