//! Scrub: what logs and people wrote, without addresses, tokens, names of users and of repositories.
//!
//! # Why
//! Reports are public. Probes keep secrets they know out of what they find; this keeps out what looks like one.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use launchwatch_alerts::text::one_line;
use regex::Regex;

use super::facts::{EventKind, Facts};

/// Longest text that is kept of one line, in bytes.
const MOST: usize = 300;

/// Patterns, and what stands in their place.
static RULES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let rules = [
        (r"(?i)\bauthorization\s*[=:]\s*(?:(?:bearer|token|basic)\s+)?\S+", "authorization (left out)"),
        (r"(?i)\bbearer\s+\S{6,}", "bearer (left out)"),
        (r"(?i)([?&](?:token|key|code|state|sig|signature|password)=)[^&\s]+", "$1(left out)"),
        (r"(?i)\b(token|password|passwd|secret|api[_-]?key)\s*[=:]\s*[^\s(&]\S*", "$1 (left out)"),
        (r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?:/\d{1,2})?\b", "(address)"),
        (r"(?i)\[?\b(?:[0-9a-f]{1,4}:){1,7}(?::[0-9a-f]{1,4}){1,7}\b\]?", "(address)"),
        (r"(?i)\[?\b(?:[0-9a-f]{1,4}:){4,7}[0-9a-f]{1,4}\b\]?", "(address)"),
        (r"(?i)(^|[\s(])\[?::(?:[0-9a-f]{1,4}:?){1,7}\]?", "$1(address)"),
        (r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", "(address)"),
        (
            r"(?i)\b(?:gh|gl|gist|git|hydroshare|zenodo|figshare|dataverse|ckan)/[^\s/]+/[^\s/]+(?:/[^\s]*)?",
            "(repository)",
        ),
        (r"(?i)\b(?:https?://)?(?:www\.)?(?:github|gitlab)\.com/[^\s/]+/[^\s/)]+\S*", "(repository)"),
        (r"\bjupyter-[a-z0-9][a-z0-9.-]*", "jupyter-…"),
        (r"/user/[^/\s]+", "/user/…"),
        (r"\b[0-9A-Za-z_]{32,}\b", "(left out)"),
    ];
    // A pattern that cannot be read would leave its secrets in: a test holds them all.
    rules.into_iter().filter_map(|(pattern, by)| Some((Regex::new(pattern).ok()?, by))).collect()
});

/// Foreign text as one harmless line without what must not be published.
pub(super) fn scrubbed(text: &str) -> String {
    let mut line = one_line(text, MOST);
    for (pattern, by) in RULES.iter() {
        if let std::borrow::Cow::Owned(changed) = pattern.replace_all(&line, *by) {
            line = changed;
        }
    }
    line
}

/// A text without a person's name in it.
pub(super) fn without_name(text: &str, name: &str) -> String {
    if name.chars().count() < 2 {
        return text.to_owned();
    }
    let whole = Regex::new(&format!(r"(?i)(^|\W){}($|\W)", regex::escape(name)));
    whole.map_or_else(|_| text.to_owned(), |whole| whole.replace_all(text, "${1}somebody${2}").into_owned())
}

impl Facts {
    /// The same without names of people.
    #[must_use]
    pub fn nameless(mut self) -> Self {
        let names: BTreeSet<String> = self.events.iter_mut().filter_map(|e| e.by.take()).collect();
        for event in &mut self.events {
            for name in &names {
                event.what = without_name(&event.what, name);
            }
            if event.kind == EventKind::Person && !event.afterwards {
                event.by = Some("somebody".to_owned());
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_tokens_users_and_repositories_stay_out() {
        assert_eq!(RULES.len(), 14);
        for (text, expected) in [
            ("from 192.0.2.7:8081 refused", "from (address) refused"),
            ("from 2001:db8::7 refused", "from (address) refused"),
            ("listens on [::1] now", "listens on (address) now"),
            ("mail to ada@x.example now", "mail to (address) now"),
            ("Authorization: Bearer abcdefghij", "authorization (left out)"),
            ("GET /x?token=abc&a=1", "GET /x?token=(left out)&a=1"),
            ("launch of gh/ada/notes/main failed", "launch of (repository) failed"),
            ("clone https://github.com/ada/notes.git", "clone (repository)"),
            ("pod/jupyter-ada-2dnotes-x1 did not start", "pod/jupyter-… did not start"),
            ("server at /user/ada/lab", "server at /user/…/lab"),
            ("key 0123456789abcdef0123456789abcdef0", "key (left out)"),
            ("at 12:30:05, 1.5 GiB on node1.example.org", "at 12:30:05, 1.5 GiB on node1.example.org"),
            ("12 servers wait for more than 75 s", "12 servers wait for more than 75 s"),
        ] {
            assert_eq!(scrubbed(text), expected, "{text}");
        }
    }

    #[test]
    fn a_name_goes_as_a_whole_word_only() {
        assert_eq!(without_name("assigned to ada, the adamant", "ada"), "assigned to somebody, the adamant");
        assert_eq!(without_name("a.*b (", "(.*"), "a.*b (");
    }
}
