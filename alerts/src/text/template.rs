//! Words of the operator's own: templates that are tried out when the configuration is read, not at night.

mod context;
mod samples;

use std::fmt;
use std::sync::Arc;

use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};
use schemars::JsonSchema;
use serde::Deserialize;

use super::one_line;
use crate::Notification;

/// Work that one rendering may do: about a quarter of a million steps, or 16 MB of text.
const FUEL: u64 = 250_000;
/// Deepest nesting of calls and macros.
const DEPTH: usize = 64;
/// Longest outcome, in bytes.
const LONGEST: usize = 256 * 1024;
/// The only name there is: a template can include nothing.
const NAME: &str = "template";

/// A template (Jinja) that has been tried with notifications of every kind.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub(crate) struct Template(Tried);

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(source: String) -> Result<Self, String> {
        let template = Tried::parse(source)?;
        template.check(|_| Ok(()))?;
        Ok(Self(template))
    }
}

impl Template {
    /// What it makes of a notification; `None` where that is blank.
    pub(crate) fn words(&self, n: &Notification) -> Result<Option<String>, String> {
        self.0.render(n).map(|words| Some(words).filter(|w| !w.trim().is_empty()))
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Template")
    }
}

/// A template that can be read; whether it works, [`Tried::check`] says.
#[derive(Clone)]
pub(crate) struct Tried(Arc<Environment<'static>>);

impl Tried {
    /// Reads a template.
    pub(crate) fn parse(source: String) -> Result<Self, String> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // What it means in JSON, HTML or a chat, the template alone knows; messages are escaped by their channel.
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(DEPTH);
        // What is not there is not shown, rather than as `none`.
        environment.set_formatter(|out, state, value| match value.is_none() {
            true => Ok(()),
            false => minijinja::escape_formatter(out, state, value),
        });
        environment.add_template_owned(NAME, source).map_err(|e| words(&e))?;
        Ok(Self(Arc::new(environment)))
    }

    /// Renders notifications of every kind, with everything and with nothing in them and with awkward text. `judge`
    /// sees what came of each.
    pub(crate) fn check(&self, judge: impl Fn(&str) -> Result<(), String>) -> Result<(), String> {
        for n in samples::all() {
            let judged = self.render(&n).and_then(|text| judge(&text));
            judged.map_err(|why| format!("{why}, for a notification of kind `{}`", n.kind.as_str()))?;
        }
        Ok(())
    }

    /// What the template makes of a notification.
    pub(crate) fn render(&self, n: &Notification) -> Result<String, String> {
        let rendered = self.0.get_template(NAME).and_then(|t| t.render(context::of(n)));
        match rendered {
            Ok(text) if text.len() > LONGEST => Err(format!("longer than {} KiB", LONGEST / 1024)),
            Ok(text) => Ok(text),
            Err(error) => Err(words(&error)),
        }
    }
}

/// `line 2: undefined value (…)`.
fn words(error: &minijinja::Error) -> String {
    let mut words = match error.kind() {
        ErrorKind::OutOfFuel => "it takes too long".to_owned(),
        kind => kind.to_string(),
    };
    if let Some(detail) = error.detail() {
        words = format!("{words} ({})", one_line(detail, 160));
    }
    error.line().map_or_else(|| words.clone(), |line| format!("line {line}: {words}"))
}

#[cfg(test)]
mod tests;
