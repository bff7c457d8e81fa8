//! `launchwatch reference`: the manual of the configuration, or its JSON Schema.

use super::check::Answer;
use crate::config::{self, Registries};

/// The manual as Markdown; with `as_json`, the JSON Schema of the file for editors.
pub fn reference(registries: Registries, as_json: bool) -> Answer {
    let text =
        if as_json { format!("{:#}\n", config::schema(registries)) } else { config::reference(registries) };
    Answer { text, code: 0 }
}
