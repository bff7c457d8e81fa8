//! Runbooks: what to do about each cause; those that are built in, and those of the operator's own folder.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use launchwatch_alerts::diagnosis::{CAUSES, cause};

/// Longest runbook of the operator's own that is read.
const LONGEST: usize = 256 * 1024;

/// All runbooks by the labels of their causes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Runbooks(BTreeMap<String, String>);

impl Runbooks {
    /// Those of a folder (`LABEL.md`) in the place of ours and beside them.
    ///
    /// # Errors
    /// The folder, or a file in it, cannot be read.
    pub fn read(folder: &Path) -> std::io::Result<Self> {
        let mut own = BTreeMap::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let markdown = path.extension().is_some_and(|e| e == "md");
            if let Some(label) = path.file_stem().and_then(|s| s.to_str()).filter(|_| markdown) {
                let mut text = std::fs::read_to_string(&path)?;
                text.truncate(text.floor_char_boundary(LONGEST));
                // A blank file says nothing.
                if !text.trim().is_empty() {
                    own.insert(label.to_owned(), text);
                }
            }
        }
        Ok(Self(own))
    }

    /// The runbook of a cause, as Markdown.
    pub fn of(&self, label: &str) -> Option<Cow<'_, str>> {
        let own = self.0.get(label).map(|text| Cow::Borrowed(text.as_str()));
        own.or_else(|| cause(label).map(|c| Cow::Borrowed(c.runbook)))
    }

    /// Every label with what it is about, and whether the runbook is the operator's own.
    pub fn list(&self) -> Vec<(&str, &str, bool)> {
        let mut all: Vec<_> =
            CAUSES.iter().map(|c| (c.label, c.title, self.0.contains_key(c.label))).collect();
        all.extend(self.strangers().map(|label| (label, "", true)));
        all.sort_unstable();
        all
    }

    /// Labels of the folder that no cause has: written in advance, or misspelt.
    pub fn strangers(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str).filter(|label| cause(label).is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_replaces_and_adds() {
        let folder = tempfile::tempdir().unwrap();
        let ours = &CAUSES[0];
        std::fs::write(folder.path().join(format!("{}.md", ours.label)), "# Call Ada").unwrap();
        std::fs::write(folder.path().join("other.md"), "# Other").unwrap();
        std::fs::write(folder.path().join("notes.txt"), "no runbook").unwrap();
        std::fs::write(folder.path().join("blank.md"), " \n").unwrap();
        let runbooks = Runbooks::read(folder.path()).unwrap();
        assert_eq!(runbooks.of(ours.label).as_deref(), Some("# Call Ada"));
        assert_eq!(runbooks.of("other").as_deref(), Some("# Other"));
        assert_eq!((runbooks.of("notes"), runbooks.of("blank")), (None, None));
        assert_eq!(runbooks.strangers().collect::<Vec<_>>(), ["other"]);
        assert_eq!(runbooks.list().len(), CAUSES.len() + 1);
        assert_eq!(Runbooks::default().of(ours.label).as_deref(), Some(ours.runbook));
    }
}
