//! What to do about a cause, in words: those that come with the program, and the operator's own over them.

use std::collections::BTreeMap;

use super::{CAUSES, cause};

/// Runbooks by the name of the cause.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Runbooks {
    own: BTreeMap<String, String>,
}

impl Runbooks {
    /// Runbooks of which `own` (name of the cause to Markdown) stand for those that come with the program, or beside them.
    /// Blank ones are left out.
    pub fn new(own: BTreeMap<String, String>) -> Self {
        Self { own: own.into_iter().filter(|(_, text)| !text.trim().is_empty()).collect() }
    }

    /// The runbooks in files of these names (`LABEL.md`) and contents; other files are left out.
    pub fn of_files(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let named = |(name, text): (String, String)| Some((name.strip_suffix(".md")?.to_owned(), text));
        Self::new(files.into_iter().filter_map(named).collect())
    }

    /// The runbook of a cause, in Markdown.
    pub fn get(&self, label: &str) -> Option<&str> {
        self.own.get(label).map(String::as_str).or_else(|| cause(label).map(|c| c.runbook))
    }

    /// Own runbooks whose name is that of no cause: probably a slip of the pen.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        self.own.keys().map(String::as_str).filter(|name| !CAUSES.iter().any(|c| c.label == *name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operators_own_runbook_stands_for_ours_and_slips_of_the_pen_are_told() {
        let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let files = [
            file("cluster-full.md", "# Call Ada"),
            file("node-lost.md", " \n"),
            file("cluster-ful.md", "# x"),
            file("README", "no runbook"),
        ];
        let runbooks = Runbooks::of_files(files);
        assert_eq!(runbooks.get("cluster-full"), Some("# Call Ada"));
        assert_eq!(
            runbooks.get("node-lost"),
            cause("node-lost").map(|c| c.runbook),
            "a blank file says nothing"
        );
        assert_eq!(runbooks.get("cluster-ful"), Some("# x"));
        assert_eq!(runbooks.get("README"), None);
        assert_eq!(runbooks.unknown().collect::<Vec<_>>(), ["cluster-ful"]);
    }
}
