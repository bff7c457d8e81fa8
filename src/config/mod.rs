//! The configuration: read from YAML, judged as a whole, and told all at once when it cannot be used.
//!
//! # Why
//! An operator who mends one mistake only to hear of the next one stops reading. So every step goes on as far as it
//! can: `yaml` makes a tree that knows where everything was written, `shape` holds it against the schemas of the
//! kinds (unknown and missing keys, secrets), `typed` makes values of it, `settle` judges what types cannot say.
//! What comes out ([`Config`]) has no raw text and no open question.

mod duration;
pub(crate) mod example;
mod file;
mod pages;
mod path;
mod plan;
mod problem;
mod reference;
mod renamed;
mod report;
mod scalar;
mod schema;
mod secret;
mod settle;
mod settled;
mod shape;
pub(crate) mod source;

mod texts;
pub(crate) mod tree;
mod typed;
mod words;
pub(crate) mod yaml;

#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::path::Path;

pub use problem::{Problem, Severity};
pub use reference::reference;
pub use schema::schema;
pub use secret::Environment;
pub(crate) use words::did_you_mean;

pub use pages::{Group, Link, Logo, Pages};
pub(crate) use settled::WITNESSES;
pub use settled::access::{self, Access};
pub use settled::{
    AgentConfig, ChannelConfig, Config, DeadMan, Export, ExportKind, Limits, Overlap, ProbeConfig, RunBy,
    Schedule, Service, Subscriptions, Target,
};

/// What a configuration may name as `type`.
#[derive(Clone, Copy)]
pub struct Registries {
    /// Kinds of probes.
    pub probes: &'static [launchwatch_probes::Kind],
    /// Kinds of channels.
    pub channels: &'static [launchwatch_alerts::Kind],
}

impl Registries {
    /// Everything that is built in.
    pub const BUILT_IN: Self =
        Self { probes: launchwatch_probes::KINDS, channels: launchwatch_alerts::CHANNELS };
}

/// Reads a configuration, a file or a folder of `.yaml` files, and fetches the secrets that it names. Answers the
/// configuration and what is probably not meant.
///
/// # Errors
/// Everything that is wrong, in the order of the files, with the warnings.
pub fn load(
    path: &Path,
    registries: Registries,
    env: Environment<'_>,
) -> Result<(Config, Vec<Problem>), Vec<Problem>> {
    let (sources, mut problems) = source::open(path);
    let base = source::base(path);
    let (config, more) = judge(&sources, registries, secret::Vault { env, base: &base });
    problems.extend(more);
    usable(config, problems)
}

/// The same, with the rules of another file (or folder) in place of its own: a whole configuration, or one that has
/// nothing but `rules`.
///
/// # Errors
/// As [`load`]; also if no rules are written there.
pub fn load_with_rules(
    path: &Path,
    rules: &Path,
    registries: Registries,
    env: Environment<'_>,
) -> Result<(Config, Vec<Problem>), Vec<Problem>> {
    let (mut sources, mut problems) = source::open(path);
    let own = sources.len();
    let (others, more) = source::open(rules);
    sources.extend(others);
    problems.extend(more);
    let base = source::base(path);
    let vault = secret::Vault { env, base: &base };
    let mut report = report::Report::new(&sources);
    let config = settle::settle(&sources, Some(own), registries, vault, &mut report);
    problems.extend(report.finish());
    usable(config, problems)
}

/// The same for a text that is no file; `name` stands for it in problems.
///
/// # Errors
/// Everything that is wrong, with the warnings.
pub fn load_text(
    name: &str,
    text: &str,
    registries: Registries,
    env: Environment<'_>,
) -> Result<(Config, Vec<Problem>), Vec<Problem>> {
    let sources = [source::Source { name: name.to_owned(), text: text.to_owned() }];
    let (config, problems) = judge(&sources, registries, secret::Vault { env, base: Path::new("") });
    usable(config, problems)
}

/// Reads a configuration for somebody who only speaks to the service that runs by it: what is wrong with the rest,
/// such as secrets that are not in this environment, does not matter.
///
/// # Errors
/// What keeps it from being read at all, or is wrong with the section `service`.
pub fn glance(path: &Path, registries: Registries, env: Environment<'_>) -> Result<Config, Vec<Problem>> {
    let (sources, mut problems) = source::open(path);
    let base = source::base(path);
    // An address, so that it can stand wherever a secret does; nothing of it is ever used.
    let env = |name: &str| env(name).or_else(|| Some("https://not-in-this-environment.invalid/".to_owned()));
    let (config, more) = judge(&sources, registries, secret::Vault { env: &env, base: &base });
    let matters = |p: &Problem| p.path == "service" || p.path.starts_with("service.");
    match config {
        Some(config) if !more.iter().any(|p| matters(p) && p.severity == Severity::Error) => Ok(config),
        _ => {
            problems.extend(more);
            Err(problems)
        }
    }
}

/// Problems as a person reads them, an empty line after each.
pub fn told(problems: &[Problem]) -> String {
    problems.iter().fold(String::new(), |mut text, problem| {
        let _ = write!(text, "{problem}\n\n");
        text
    })
}

fn usable(config: Option<Config>, problems: Vec<Problem>) -> Result<(Config, Vec<Problem>), Vec<Problem>> {
    match config {
        Some(config) if problems.iter().all(|p| p.severity == Severity::Warning) => Ok((config, problems)),
        _ => Err(problems),
    }
}

/// Judges what was read. The configuration may be used only if there is no error among the problems.
fn judge(
    sources: &[source::Source],
    registries: Registries,
    vault: secret::Vault<'_>,
) -> (Option<Config>, Vec<Problem>) {
    let mut report = report::Report::new(sources);
    let config = settle::settle(sources, None, registries, vault, &mut report);
    (config, report.finish())
}
