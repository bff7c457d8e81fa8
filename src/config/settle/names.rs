//! Names and addresses: what they may hold, and that none is given twice.

use std::collections::BTreeMap;

use url::Url;

use super::Desk;
use crate::config::path::Path;
use crate::config::tree::Place;

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
        let refuse = |desk: &mut Self, what: &str, hint: String| {
            desk.report.error(place, path, what, hint);
            None
        };
        match Url::parse(text) {
            Err(url::ParseError::RelativeUrlWithoutBase) => refuse(
                self,
                "the address has no scheme",
                format!("write `https://{}`", text.trim_start_matches('/')),
            ),
            Err(e) => {
                refuse(self, &format!("not an address: {e}"), "such as `https://hub.example.org`".into())
            }
            Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                self.report.hide(place);
                refuse(
                    self,
                    "an address holds no user or password",
                    "leave out what stands before the `@`".into(),
                )
            }
            Ok(url) if !matches!(url.scheme(), "http" | "https") => {
                let what = format!("the scheme `{}` is not spoken here", url.scheme());
                refuse(self, &what, "write `https://…` or `http://…`".into())
            }
            Ok(url) if url.query().is_some() || url.fragment().is_some() => {
                refuse(self, "an address ends before `?` and `#`", "leave those off".into())
            }
            Ok(url) => Some(url),
        }
    }
}
