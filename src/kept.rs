//! What rehearsals and backtests came to, kept as files in the state directory so that pages can show it.

use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Files that are listed.
const LISTED: usize = 100;
/// Longest file that is read, in bytes.
const LONGEST: u64 = 8 << 20;

/// What one of them came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// `rehearsal` or `backtest`.
    pub kind: String,
    /// What was played.
    pub name: String,
    /// When.
    pub at: Timestamp,
    /// The report as a person reads it.
    pub text: String,
    /// The same as data.
    #[serde(default)]
    pub report: serde_json::Value,
}

/// The folder within a state directory.
pub fn folder(state: &Path) -> std::path::PathBuf {
    state.join("rehearsals")
}

/// Keeps one; answers the name of its file.
///
/// # Errors
/// The folder cannot be made, or the file cannot be written.
pub fn keep(folder: &Path, one: &Kept) -> io::Result<String> {
    std::fs::create_dir_all(folder)?;
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = one.name.chars().map(plain).take(60).collect();
    let kind: String = one.kind.chars().map(plain).take(20).collect();
    let file = format!("{}-{kind}-{name}.json", one.at.strftime("%Y%m%dT%H%M%S"));
    // Under another name first: nobody reads half a file.
    let (half, whole) = (folder.join(format!("{file}.new")), folder.join(&file));
    std::fs::write(&half, serde_json::to_vec(one)?)?;
    std::fs::rename(half, whole)?;
    Ok(file)
}

/// Those there are, the newest first, by the names of their files. What cannot be read is left out.
pub fn list(folder: &Path) -> Vec<(String, Kept)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<String> = entries
        .filter_map(|e| e.ok()?.file_name().into_string().ok())
        .filter(|n| n.ends_with(".json"))
        .collect();
    files.sort();
    files
        .into_iter()
        .rev()
        .take(LISTED)
        .filter_map(|file| Some((file.clone(), open(folder, &file)?)))
        .collect()
}

/// One of them by the name of its file; `None` also if that is no name of a file in the folder.
pub fn open(folder: &Path, file: &str) -> Option<Kept> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    if !file.ends_with(".json") || file.starts_with('.') || file.contains("..") || !file.chars().all(plain) {
        return None;
    }
    let path = folder.join(file);
    let size = std::fs::symlink_metadata(&path).ok().filter(|m| m.is_file())?.len();
    (size <= LONGEST).then_some(())?;
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_listed_newest_first_and_nothing_else_is_opened() {
        let dir = tempfile::tempdir().unwrap();
        let text = r#"{"kind":"x","name":"x","at":"2018-07-07T12:00:00Z","text":"secret"}"#;
        std::fs::write(dir.path().join("secret.json"), text).unwrap();
        let folder = folder(dir.path());
        assert!(list(&folder).is_empty(), "there is no folder yet");
        let one = |name: &str, at: &str| Kept {
            kind: "rehearsal".into(),
            name: name.into(),
            at: at.parse().unwrap(),
            text: "told".into(),
            report: serde_json::Value::Null,
        };
        keep(&folder, &one("first", "2018-07-07T12:00:00Z")).unwrap();
        let file = keep(&folder, &one("../a <b> night", "2018-07-08T12:00:00Z")).unwrap();
        std::fs::write(folder.join("broken.json"), "{").unwrap();
        assert_eq!(open(&folder, &file).map(|k| k.name), Some("../a <b> night".to_owned()));
        for name in
            ["../secret.json", "../secret", "", ".", ".json", "nothing.json", "/etc/passwd", "broken.json"]
        {
            assert_eq!(open(&folder, name), None, "{name}");
        }
        let names: Vec<_> = list(&folder).into_iter().map(|(_, kept)| kept.name).collect();
        assert_eq!(names, ["../a <b> night", "first"]);
    }
}
