//! Fixtures: one script for every stream that a real BinderHub or JupyterHub was heard to send.

use super::script::{Script, ScriptError};

/// The user whose server the scripts' `ready` events name.
pub const FIXTURE_USER: &str = "tide-tables-k3v9x2ab";
/// The notebook token in the scripts' `ready` events.
pub const FIXTURE_TOKEN: &str = "Zm9yLXRlc3RzLW9ubHk0Mg";

/// Launch streams of today's BinderHub.
const TODAY: &str = include_str!("fixtures/today.txt");
/// Launch streams of the release of 2018, names beginning with `v010-`.
const OLD: &str = include_str!("fixtures/v010.txt");
/// The hub's own progress streams, names beginning with `hub-progress-`.
const HUB: &str = include_str!("fixtures/hub-progress.txt");

/// All scripts.
///
/// # Errors
/// When a fixture file cannot be read as scripts.
pub fn fixtures() -> Result<Vec<Script>, ScriptError> {
    let mut all = Script::read_all(TODAY)?;
    all.extend(Script::read_all(OLD)?);
    all.extend(Script::read_all(HUB)?);
    Ok(all)
}

/// The script of one name.
#[must_use]
pub fn fixture(name: &str) -> Option<Script> {
    fixtures().ok()?.into_iter().find(|script| script.name == name)
}
