//! Names and addresses: what they may hold, and that none is given twice.

use std::collections::BTreeMap;

use url::Url;

use super::Desk;
use crate::config::path::Path;
use crate::config::tree::{Node, Place};

/// Longest name, in characters: names stand in messages, metrics and file names.
const LONGEST: usize = 64;

/// Names that are taken, with the place where.
#[derive(Default)]
pub(super) struct Names(BTreeMap<String, Place>);

impl Names {
    /// Takes a name; tells if it was taken before.
    pub(super) fn take(&mut self, desk: &mut Desk<'_, '_>, name: &str, place: Place, path: &Path) {
        match self.0.get(name) {
            Some(first) => {
                let what = format!("the name `{name}` is taken already at {}", desk.report.name(*first));
                desk.report.error(place, path, what, "give it a `name` of its own");
            }
            None => {
                self.0.insert(name.to_owned(), place);
            }
        }
    }
}

/// Tells of former names (`was`) that cannot be such: what still has a name did not give it away, and one name has one
/// heir.
pub(super) fn former(written: &[(Path, &Node)], what: &str, desk: &mut Desk<'_, '_>) {
    let name = |node: &Node| {
        let own = node.get("name").and_then(Node::text).or_else(|| node.get("type").and_then(Node::text));
        own.or_else(|| node.text()).map(str::to_owned)
    };
    let names: BTreeMap<String, Place> =
        written.iter().filter_map(|(_, node)| Some((name(node)?, node.place))).collect();
    let mut heirs: BTreeMap<&str, Place> = BTreeMap::new();
    for (path, node) in written {
        let Some(was) = node.get("was") else { continue };
        // A former name that is no text is told with the other keys.
        let (path, Some(old)) = (path.key("was"), was.text()) else { continue };
        desk.check_name(old, was.place, &path);
        if let Some(place) = names.get(old) {
            let there = desk.report.name(*place);
            let what = format!("there is a {what} `{old}` still, at {there}");
            let hint = "`was` is the name that it had before and that nothing has any more";
            desk.report.error(was.place, path.clone(), what, hint);
        }
        if let Some(first) = heirs.insert(old, was.place) {
            let what = format!("`{old}` has become another {what} already, at {}", desk.report.name(first));
            desk.report.error(was.place, path, what, "keep `was` at one of them");
        }
    }
}

impl Desk<'_, '_> {
    /// Tells if a name cannot be one.
    pub(super) fn check_name(&mut self, name: &str, place: Place, path: &Path) {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let hint = "use letters, digits, `.`, `_` and `-`";
        if name.is_empty() {
            self.report.error(place, path, "the name is empty", hint);
        } else if let Some(odd) = name.chars().find(|c| !allowed(*c)) {
            self.report.error(place, path, format!("a name may not hold {odd:?}"), hint);
        } else if name.chars().count() > LONGEST {
            self.report.error(place, path, format!("a name has at most {LONGEST} characters"), "");
        }
    }

    /// Reads an address; tells if it is none that can be asked over HTTP.
    pub(super) fn url(&mut self, text: &str, place: Place, path: &Path) -> Option<Url> {
        // A token may hide in an address that is wrong, so it is quoted only when it can hold none.
        let telling = text.contains(['@', '?', '#']);
        if telling {
            self.report.hide(place);
        }
        let example = || "such as `https://hub.example.org`".to_owned();
        let (what, hint) = match Url::parse(text) {
            Err(url::ParseError::RelativeUrlWithoutBase) if telling => {
                ("the address has no scheme".into(), example())
            }
            Err(url::ParseError::RelativeUrlWithoutBase) => (
                "the address has no scheme".into(),
                format!("write `https://{}`", text.trim_start_matches('/')),
            ),
            Err(e) => (format!("not an address: {e}"), example()),
            Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                ("an address holds no user or password".into(), "leave out what stands before the `@`".into())
            }
            Ok(url) if !matches!(url.scheme(), "http" | "https") => (
                format!("the scheme `{}` is not spoken here", url.scheme()),
                "write `https://…` or `http://…`".into(),
            ),
            Ok(url) if url.query().is_some() || url.fragment().is_some() => {
                ("an address ends before `?` and `#`".into(), "leave those off".into())
            }
            Ok(url) => return Some(url),
        };
        self.report.error(place, path, what, hint);
        None
    }
}
