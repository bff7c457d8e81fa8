//! What an answer must be: status, headers, body, JSON.

use http::{HeaderMap, StatusCode};
use regex::Regex;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::json::{JsonCondition, JsonSpec};
use crate::Refused;

/// Conditions on the answer. All must hold.
#[derive(Deserialize, JsonSchema, Default)]
pub(super) struct ExpectSpec {
    /// Accepted statuses: codes (`204`) or classes (`2xx`). Default: `2xx`, and `3xx` when no redirect is followed.
    #[serde(default)]
    status: Vec<StatusSpec>,
    /// Conditions on headers of the answer.
    #[serde(default)]
    headers: Vec<HeaderSpec>,
    /// Conditions on the body as text.
    #[serde(default)]
    body: BodySpec,
    /// Conditions on values of a JSON body.
    #[serde(default)]
    json: Vec<JsonSpec>,
}

/// A status code, or a class of them such as `2xx`.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum StatusSpec {
    /// One code.
    Code(u16),
    /// A class (`2xx`) or a code as text.
    Text(String),
    /// Anything else is refused with a better text than an untagged enum has.
    #[schemars(skip)]
    Other(Value),
}

/// One header of the answer and what it must be.
#[derive(Deserialize, JsonSchema)]
struct HeaderSpec {
    /// Name of the header.
    name: String,
    /// It equals this.
    #[serde(default)]
    equals: Option<String>,
    /// It contains this.
    #[serde(default)]
    contains: Option<String>,
    /// Whether it is there at all.
    #[serde(default)]
    exists: Option<bool>,
}

/// Conditions on the body as text.
#[derive(Deserialize, JsonSchema, Default)]
struct BodySpec {
    /// Texts that must all occur.
    #[serde(default)]
    contains: Vec<String>,
    /// Texts that must not occur.
    #[serde(default)]
    not_contains: Vec<String>,
    /// Regular expressions that must all match somewhere.
    #[serde(default)]
    matches: Vec<String>,
    /// Regular expressions that must match nowhere.
    #[serde(default)]
    not_matches: Vec<String>,
}

/// The conditions, checked.
pub(super) struct Expect {
    status: Vec<std::ops::RangeInclusive<u16>>,
    headers: Vec<HeaderSpec>,
    body: BodySpec,
    matches: Vec<Regex>,
    not_matches: Vec<Regex>,
    json: Vec<JsonCondition>,
}

impl ExpectSpec {
    pub(super) fn build(self) -> Result<Expect, Vec<Refused>> {
        let mut refused = Vec::new();
        let mut status = Vec::new();
        for (n, spec) in self.status.iter().enumerate() {
            match spec.range() {
                Some(range) => status.push(range),
                None => refused.push(Refused::new(
                    format!("expect.status[{n}]"),
                    format!("{:?} is not a status", spec.text()),
                    "write a code such as 200 or a class such as 2xx",
                )),
            }
        }
        for (n, header) in self.headers.iter().enumerate() {
            if header.equals.is_none() && header.contains.is_none() && header.exists.is_none() {
                let hint = "add equals, contains or exists";
                refused.push(Refused::new(format!("expect.headers[{n}]"), "compares with nothing", hint));
            }
        }
        let matches = compile("matches", &self.body.matches, &mut refused);
        let not_matches = compile("not_matches", &self.body.not_matches, &mut refused);
        let mut json = Vec::new();
        for (n, spec) in self.json.into_iter().enumerate() {
            match spec.build(&format!("expect.json[{n}]")) {
                Ok(condition) => json.push(condition),
                Err(refusal) => refused.push(refusal),
            }
        }
        let expect = Expect { status, headers: self.headers, body: self.body, matches, not_matches, json };
        if refused.is_empty() { Ok(expect) } else { Err(refused) }
    }
}

fn compile(at: &str, patterns: &[String], refused: &mut Vec<Refused>) -> Vec<Regex> {
    let mut compiled = Vec::new();
    for (n, pattern) in patterns.iter().enumerate() {
        match Regex::new(pattern) {
            Ok(regex) => compiled.push(regex),
            Err(error) => {
                let why = error.to_string();
                let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                let hint = "write a regular expression without look-around and back-references";
                refused.push(Refused::new(format!("expect.body.{at}[{n}]"), why, hint));
            }
        }
    }
    compiled
}

impl StatusSpec {
    fn text(&self) -> String {
        match self {
            Self::Code(code) => code.to_string(),
            Self::Text(text) => text.clone(),
            Self::Other(value) => value.to_string(),
        }
    }

    fn range(&self) -> Option<std::ops::RangeInclusive<u16>> {
        let text = self.text().to_lowercase();
        let range = match text.strip_suffix("xx") {
            Some(class) => {
                let first = class.parse::<u16>().ok()?.checked_mul(100)?;
                first..=first + 99
            }
            None => text.parse().map(|code| code..=code).ok()?,
        };
        (100..=599).contains(range.start()).then_some(range)
    }
}

impl Expect {
    /// Whether the operator named this status.
    pub(super) fn names(&self, status: StatusCode) -> bool {
        self.status.iter().any(|range| range.contains(&status.as_u16()))
    }

    /// Whether this status is good. `as_is`: redirects are not followed.
    pub(super) fn accepts(&self, status: StatusCode, as_is: bool) -> bool {
        if self.status.is_empty() {
            return status.is_success() || (as_is && status.is_redirection());
        }
        self.names(status)
    }

    /// Whether the body must be kept.
    pub(super) fn needs_body(&self) -> bool {
        let BodySpec { contains, not_contains, .. } = &self.body;
        let texts = contains.len() + not_contains.len() + self.matches.len() + self.not_matches.len();
        texts + self.json.len() > 0
    }

    /// Every condition that does not hold, with what was seen instead.
    pub(super) fn unmet(&self, headers: &HeaderMap, body: &[u8]) -> Vec<String> {
        let mut wrong = Vec::new();
        for header in &self.headers {
            header.unmet(headers, &mut wrong);
        }
        if !self.needs_body() {
            return wrong;
        }
        let text = String::from_utf8_lossy(body);
        let BodySpec { contains, not_contains, .. } = &self.body;
        let missing = contains.iter().filter(|t| !text.contains(t.as_str()));
        wrong.extend(missing.map(|t| format!("body: expected {t:?} in it, not found")));
        let there = not_contains.iter().filter(|t| text.contains(t.as_str()));
        wrong.extend(there.map(|t| format!("body: expected no {t:?} in it, found")));
        let missing = self.matches.iter().filter(|r| !r.is_match(&text));
        wrong.extend(missing.map(|r| format!("body: expected a match of /{r}/, found none")));
        for regex in &self.not_matches {
            if let Some(found) = regex.find(&text) {
                wrong.push(format!("body: expected no match of /{regex}/, saw {:?}", found.as_str()));
            }
        }
        self.unmet_json(body, &mut wrong);
        wrong
    }

    fn unmet_json(&self, body: &[u8], wrong: &mut Vec<String>) {
        if self.json.is_empty() {
            return;
        }
        match serde_json::from_slice::<Value>(body) {
            Ok(document) => self.json.iter().for_each(|c| c.unmet(&document, wrong)),
            Err(error) => wrong.push(format!("body: expected JSON, {error}")),
        }
    }
}

impl HeaderSpec {
    fn unmet(&self, headers: &HeaderMap, wrong: &mut Vec<String>) {
        let seen = headers.get(&self.name).map(|v| String::from_utf8_lossy(v.as_bytes()));
        let saw = seen.as_deref().map_or_else(|| "not there".to_owned(), |v| format!("saw {v:?}"));
        let name = &self.name;
        if let Some(wish) = self.equals.as_deref().filter(|w| seen.as_deref() != Some(*w)) {
            wrong.push(format!("header {name}: expected {wish:?}, {saw}"));
        }
        if let Some(wish) = &self.contains
            && !seen.as_deref().is_some_and(|v| v.contains(wish.as_str()))
        {
            wrong.push(format!("header {name}: expected {wish:?} in it, {saw}"));
        }
        if let Some(wish) = self.exists.filter(|w| *w != seen.is_some()) {
            let wish = if wish { "to be there" } else { "not to be there" };
            wrong.push(format!("header {name}: expected {wish}, {saw}"));
        }
    }
}
