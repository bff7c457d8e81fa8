//! Conditions on one value of a JSON document.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::Refused;

/// One value of the JSON body and what it must be. Several comparisons must all hold.
#[derive(Deserialize, JsonSchema)]
pub(super) struct JsonSpec {
    /// Where the value stands: names joined by dots, places in a list in brackets (`checks[0].ok`); empty: the whole.
    #[serde(default)]
    path: String,
    /// It equals this.
    #[serde(default, deserialize_with = "given")]
    equals: Option<Value>,
    /// It is a number below this.
    #[serde(default)]
    less_than: Option<f64>,
    /// It is a number above this.
    #[serde(default)]
    greater_than: Option<f64>,
    /// Whether it is there at all; `null` counts as there.
    #[serde(default)]
    exists: Option<bool>,
}

/// Keeps `equals: null` apart from no `equals`.
fn given<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

/// One step of a path.
enum Step {
    Name(String),
    Place(usize),
}

pub(super) struct JsonCondition {
    spec: JsonSpec,
    steps: Vec<Step>,
}

impl JsonSpec {
    pub(super) fn build(self, at: &str) -> Result<JsonCondition, Refused> {
        let Some(steps) = steps(&self.path) else {
            let hint = "write names joined by dots and places in brackets, such as checks[0].ok";
            return Err(Refused::new(format!("{at}.path"), format!("{:?} is not a path", self.path), hint));
        };
        let idle = self.equals.is_none()
            && self.less_than.is_none()
            && self.greater_than.is_none()
            && self.exists.is_none();
        if idle {
            let hint = "add equals, less_than, greater_than or exists";
            return Err(Refused::new(at, "compares with nothing", hint));
        }
        Ok(JsonCondition { spec: self, steps })
    }
}

fn steps(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    for part in path.split('.').filter(|_| !path.is_empty()) {
        let (name, mut places) = part.split_at(part.find('[').unwrap_or(part.len()));
        if !name.is_empty() {
            steps.push(Step::Name(name.to_owned()));
        } else if places.is_empty() {
            return None;
        }
        while let Some(rest) = places.strip_prefix('[') {
            let (number, rest) = rest.split_once(']')?;
            steps.push(Step::Place(number.parse().ok()?));
            places = rest;
        }
        if !places.is_empty() {
            return None;
        }
    }
    Some(steps)
}

impl JsonCondition {
    /// What does not hold, with the value that was seen.
    pub(super) fn unmet(&self, document: &Value, wrong: &mut Vec<String>) {
        let found = self.steps.iter().try_fold(document, |value, step| match step {
            Step::Name(name) => value.get(name),
            Step::Place(place) => value.get(place),
        });
        let path = if self.spec.path.is_empty() { "the document" } else { &self.spec.path };
        let saw = found.map_or_else(|| "nothing there".to_owned(), |v| format!("saw {}", shown(v)));
        let mut must = |holds: bool, wish: String| {
            if !holds {
                wrong.push(format!("{path}: expected {wish}, {saw}"));
            }
        };
        let number = found.and_then(Value::as_f64);
        if let Some(wish) = &self.spec.equals {
            must(found.is_some_and(|v| same(v, wish)), shown(wish));
        }
        if let Some(limit) = self.spec.less_than {
            must(number.is_some_and(|n| n < limit), format!("less than {limit}"));
        }
        if let Some(limit) = self.spec.greater_than {
            must(number.is_some_and(|n| n > limit), format!("greater than {limit}"));
        }
        if let Some(exists) = self.spec.exists {
            must(found.is_some() == exists, (if exists { "a value" } else { "no value" }).to_owned());
        }
    }
}

/// Equal, with 1 and 1.0 being one number.
fn same(seen: &Value, wish: &Value) -> bool {
    match (seen.as_f64(), wish.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => seen == wish,
    }
}

/// A value as text, cut short.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_fails_shows_the_value_back() {
        let document = serde_json::json!({"ok": false, "n": 3, "checks": [{"ok": true}, {"left": null}]});
        let cases = [
            (r#"{"path": "ok", "equals": true}"#, vec!["ok: expected true, saw false"]),
            (r#"{"path": "checks[0].ok", "equals": true}"#, vec![]),
            (r#"{"path": "checks[7].ok", "equals": 1}"#, vec!["checks[7].ok: expected 1, nothing there"]),
            (r#"{"path": "checks[1].left", "equals": null}"#, vec![]),
            (
                r#"{"path": "checks[1].left", "exists": false}"#,
                vec!["checks[1].left: expected no value, saw null"],
            ),
            (
                r#"{"path": "n", "equals": 3.0, "greater_than": 2, "less_than": 3}"#,
                vec!["n: expected less than 3, saw 3"],
            ),
            (r#"{"path": "ok", "less_than": 3}"#, vec!["ok: expected less than 3, saw false"]),
        ];
        for (settings, expected) in cases {
            let condition = serde_json::from_str::<JsonSpec>(settings).unwrap().build("x").unwrap();
            let mut wrong = Vec::new();
            condition.unmet(&document, &mut wrong);
            assert_eq!(wrong, expected, "{settings}");
        }
    }

    #[test]
    fn a_path_that_cannot_be_followed_is_refused() {
        for path in ["a..b", "a[", "a[x]", "a[0]b", "."] {
            assert!(steps(path).is_none(), "{path}");
        }
    }
}
