//! A channel with the operator's own words: it renders them into the notification before the channel composes.

use std::time::Duration;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use crate::channels::Relay;
use crate::text::Template;
use crate::{Channel, Hearing, MessageRef, Next, Notification, Receipt, Reply, Words};

/// Templates (Jinja) whose words stand in messages instead of the built-in ones. They make plain text: each channel
/// escapes it, cuts it to what the service takes, and adds link and footer. What is blank is told in the built-in
/// words; so is, with a remark, what fails. `launchwatch check` tries them with every kind of notification. Variables:
/// `title` and `text` (the built-in words), `mark` (a sign), `word` (`DOWN`, `OK`, …), `target`, `kind` (`opened`,
/// `update`, `reminder`, `acknowledged`, `resolved`, `test`), `severity` (`page`, `ticket`), `incident`, `id`, `at`,
/// `since`, `until` (RFC 3339; `until` only when resolved), `lasted` (`42 min`), `failing` (a list with `probe`,
/// `target`, `stage`, `reason`, `words`, `summary`, `since`, `failures`, `says`, `evidence`), `more` (how many fail
/// besides), `targets` (how many), `working` (probes), `hushed` (a list with `target`, `why`), `ack` (`by`, `at`,
/// `until`), `people` (on call), `note`, `link`,
/// `causes` (the likely ones, each with `label`, `title`, `confidence`, `evidence`, `against`, `next_looks`, `actions` with `action`,
/// `mode` and `why`, and `not_first`). What does not apply is none or empty; unknown names are refused.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Templates {
    /// Headline: one line, cut at 140 bytes.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    title: Option<Template>,
    /// All between headline and link; lines that begin with `- ` become a list.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    text: Option<Template>,
}

impl Templates {
    /// The channel, speaking these words.
    pub fn over(self, inner: Box<dyn Channel>) -> Box<dyn Channel> {
        Box::new(Templated { inner, templates: self })
    }

    /// The words for a notification; a template that fails leaves the place to ours, and a fault.
    pub(crate) fn words(&self, n: &Notification) -> Words {
        let mut faults = Vec::new();
        let mut render = |template: &Option<Template>, name: &str| {
            let rendered = template.as_ref()?.words(n);
            rendered.unwrap_or_else(|why| {
                faults.push(format!("{name}, {why}"));
                None
            })
        };
        let (title, text) = (render(&self.title, "title"), render(&self.text, "text"));
        let fault = (!faults.is_empty()).then(|| format!("template error: {}", faults.join("; ")));
        Words { title, text, fault }
    }
}

struct Templated {
    inner: Box<dyn Channel>,
    templates: Templates,
}

impl Channel for Templated {
    fn compose(&self, n: &Notification, replies: &[Reply], thread: Option<&MessageRef>) -> Next {
        let words = self.templates.words(n);
        let fault = words.fault.clone();
        let mut told = n.clone();
        told.facts.words = Some(words);
        match (self.inner.compose(&told, replies, thread), fault) {
            (Next::Done(receipt), Some(fault)) => Next::Done(receipt.beside(fault)),
            (next, _) => next,
        }
    }

    fn secrets(&self) -> Vec<&SecretString> {
        self.inner.secrets()
    }

    fn waits_for_all(&self) -> bool {
        self.inner.waits_for_all()
    }

    fn relay(&self) -> Option<Relay> {
        self.inner.relay()
    }

    fn ears(&self) -> Option<Hearing> {
        self.inner.ears()
    }

    fn is_ornament(&self, n: &Notification, replies: &[Reply], thread: Option<&MessageRef>) -> bool {
        self.inner.is_ornament(n, replies, thread)
    }

    fn time_limit(&self) -> Duration {
        self.inner.time_limit()
    }

    fn step_limit(&self) -> Option<Duration> {
        self.inner.step_limit()
    }
}

impl Receipt {
    /// The same outcome with one more remark, where the message was taken.
    pub(crate) fn beside(self, more: String) -> Self {
        match self {
            Self::Delivered(message) => Self::Remarked { message, remark: more },
            Self::Remarked { message, remark } => {
                Self::Remarked { message, remark: format!("{remark}; {more}") }
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests;
