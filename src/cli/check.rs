//! `launchwatch check`: everything that is wrong with a configuration, at once.

use std::path::Path;

use launchwatch_alerts::OURSELVES;
use serde_json::json;

use crate::config::{Config, Environment, Problem, Registries, Severity, load, told};

/// What a command prints, and how it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The text, with a newline at the end.
    pub text: String,
    /// The exit code: 0 if all is well, 2 if the operator must mend something.
    pub code: u8,
}

/// The exit code for something that the operator must mend.
pub(crate) const MEND: u8 = 2;

/// Judges a configuration without running it. Warnings are shown, but do not fail.
pub fn check(path: &Path, registries: Registries, env: Environment<'_>, as_json: bool) -> Answer {
    let (config, problems) = match load(path, registries, env) {
        Ok((config, warnings)) => (Some(config), warnings),
        Err(problems) => (None, problems),
    };
    let code = if config.is_some() { 0 } else { MEND };
    let text = if as_json {
        let counts = config.as_ref().map(|c| json!({ "targets": c.targets.len(), "probes": c.probes.len(), "channels": c.channels.len(), "rules": written(c), "people": c.policy.people.len(), "teams": c.policy.teams.len(), "routes": c.policy.routes.len(), "maintenance": c.policy.maintenance.len() }));
        format!("{:#}\n", json!({ "ok": config.is_some(), "problems": problems, "found": counts }))
    } else {
        format!("{}{}\n", told(&problems), last_line(config.as_ref(), &problems, path))
    };
    Answer { text, code }
}

fn last_line(config: Option<&Config>, problems: &[Problem], path: &Path) -> String {
    let errors = problems.iter().filter(|p| p.severity == Severity::Error).count();
    let warnings = problems.len() - errors;
    let warned = if warnings == 0 { String::new() } else { format!(", {}", count(warnings, "warning")) };
    match config {
        Some(config) => format!(
            "{} is good: {}, {}, {}, {}{warned}",
            path.display(),
            count(config.targets.len(), "target"),
            count(config.probes.len(), "probe"),
            count(config.channels.len(), "channel"),
            count(written(config), "rule"),
        ),
        None => format!("{} cannot be used: {}{warned}", path.display(), count(errors, "problem")),
    }
}

/// Rules but for the one about launchwatch itself, which nobody writes.
fn written(config: &Config) -> usize {
    config.rules.iter().filter(|rule| rule.of.targets != [OURSELVES]).count()
}

fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
