//! Desk: a scenario's tree with paths, and the list of all that is wrong with it.

use crate::config::source::{Source, excerpt};
use crate::config::tree::{Content, Node, Place};
use crate::config::yaml;
use crate::config::{Problem, Severity};

/// Most problems that are told of one file.
const MOST: usize = 50;

/// A value and the way to it.
#[derive(Clone)]
pub(super) struct At<'n> {
    node: &'n Node,
    path: String,
}

impl<'n> At<'n> {
    pub(super) fn root(node: &'n Node) -> Self {
        Self { node, path: String::new() }
    }

    /// The value of a key; `None` if there is none, or `null`.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        let node = self.node.get(key).filter(|n| n.content != Content::Null)?;
        Some(Self { node, path: join(&self.path, key) })
    }

    /// Elements of a list; none if it is not one.
    pub(super) fn items(&self) -> Vec<Self> {
        let Content::List(items) = &self.node.content else { return Vec::new() };
        let one = |(n, node)| Self { node, path: format!("{}[{n}]", self.path) };
        items.iter().enumerate().map(one).collect()
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self.node.content, Content::List(_))
    }

    /// Keys and values of a mapping, but for `null`s; none if it is not one.
    pub(super) fn entries(&self) -> Vec<(&'n str, Self)> {
        let entries = self.node.entries().unwrap_or_default().iter();
        let some = entries.filter(|(_, n)| n.content != Content::Null);
        some.map(|(k, node)| (k.name.as_str(), Self { node, path: join(&self.path, &k.name) })).collect()
    }

    pub(super) fn text(&self) -> Option<&'n str> {
        self.node.text()
    }

    pub(super) fn flag(&self) -> Option<bool> {
        match self.node.content {
            Content::Bool(flag) => Some(flag),
            _ => None,
        }
    }

    /// Whether a number stands here, marked or plain.
    pub(super) fn is_number(&self) -> bool {
        self.figure().is_some()
    }

    /// The number here, marked (`{r: 1}`, `{a: 1}`) or plain, as long as it is finite.
    pub(super) fn figure(&self) -> Option<f64> {
        let plain = |node: &Node| match &node.content {
            Content::Number(number) => number.as_f64().filter(|n| n.is_finite()),
            _ => None,
        };
        plain(self.node).or_else(|| ["r", "a"].iter().find_map(|mark| plain(self.node.get(mark)?)))
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The text that is read, and what is wrong with it.
pub(super) struct Desk<'s> {
    source: &'s Source,
    pub(super) problems: Vec<Problem>,
}

impl<'s> Desk<'s> {
    pub(super) fn new(source: &'s Source) -> Self {
        Self { source, problems: Vec::new() }
    }

    /// The tree of the text; what is not YAML is told.
    pub(super) fn tree(&mut self) -> Option<Node> {
        match yaml::read(0, &self.source.text) {
            Ok((tree, twice)) => {
                for again in twice {
                    let what = format!("`{}` stands twice", again.second.name);
                    let hint = format!("it stands on line {} already", again.first.line);
                    self.tell(again.second.place, String::new(), &what, &hint);
                }
                if tree.is_none() {
                    self.tell(Place::default(), String::new(), "nothing is written there", "");
                }
                tree
            }
            Err(unreadable) => {
                self.tell(unreadable.place, String::new(), &unreadable.what, &unreadable.hint);
                None
            }
        }
    }

    /// Something is wrong at a place.
    pub(super) fn error(&mut self, at: &At<'_>, what: &str, hint: &str) {
        self.tell(at.node.place, at.path.clone(), what, hint);
    }

    fn tell(&mut self, place: Place, path: String, what: &str, hint: &str) {
        self.problems.push(Problem {
            severity: Severity::Error,
            file: self.source.name.clone(),
            line: place.line,
            column: place.column,
            path,
            what: what.to_owned(),
            hint: hint.to_owned(),
            excerpt: excerpt(self.source, place, &[]),
        });
    }

    /// Everything that is wrong, in the order of the file.
    pub(super) fn finish(mut self) -> Vec<Problem> {
        if self.problems.is_empty() {
            self.tell(Place::default(), String::new(), "not a scenario", "");
        }
        self.problems.sort_by_key(|p| (p.line, p.column));
        self.problems.truncate(MOST);
        self.problems
    }

    /// The number here; anything else is told.
    pub(super) fn number(&mut self, at: &At<'_>) -> Option<f64> {
        let figure = at.figure();
        if figure.is_none() {
            self.error(at, "not a number", "write 5, or {r: 5} (reported), or {a: 5} (assumed)");
        }
        figure
    }

    /// The number of a key that must be there.
    pub(super) fn need(&mut self, at: &At<'_>, key: &str) -> Option<f64> {
        match at.get(key) {
            Some(value) => self.number(&value),
            None => {
                self.error(at, &format!("`{key}` is missing"), "seconds relative to `t0`, or a number");
                None
            }
        }
    }

    /// The count of a key, not below 0; nothing if it is absent.
    pub(super) fn count(&mut self, at: &At<'_>, key: &str) -> Option<f64> {
        let value = at.get(key)?;
        let number = self.number(&value)?;
        if number < 0.0 {
            self.error(&value, "below 0", "");
        }
        Some(number.max(0.0))
    }

    /// The HTTP status of a key; 0 stands for no answer.
    pub(super) fn status(&mut self, at: &At<'_>, key: &str) -> Option<u16> {
        let value = at.get(key)?;
        let number = self.number(&value)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked right here")]
        let status = (number == 0.0 || (100.0..=599.0).contains(&number)).then_some(number as u16);
        if status.is_none() {
            self.error(&value, "not an HTTP status", "100 to 599, or 0 for no answer");
        }
        status
    }

    /// A half-open interval; `to` is `end` where none is written.
    pub(super) fn span(&mut self, at: &At<'_>) -> Option<(f64, f64)> {
        let from = match at.get("from").or_else(|| at.get("t")) {
            Some(from) => self.number(&from)?,
            None => return self.need(at, "from").map(|from| (from, f64::INFINITY)),
        };
        let to = match at.get("to").or_else(|| at.get("until")) {
            Some(to) => {
                let until = self.number(&to)?;
                if until < from {
                    self.error(&to, "ends before it begins", "intervals are from..to, in seconds");
                }
                until
            }
            None => f64::INFINITY,
        };
        Some((from, to))
    }
}
