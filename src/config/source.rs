//! The files of a configuration: found, read, and quoted from without giving secrets away.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::problem::{Excerpt, Problem, Severity};
use super::tree::Place;

/// Largest file that is read, in bytes. Ten thousand probes fit.
const LARGEST: u64 = 4 * 1024 * 1024;
/// Longest part of a line that is quoted, in characters.
const WIDTH: usize = 120;
/// Words in a key whose value is never quoted, whatever it turns out to be.
const SECRETIVE: &[&str] = &[
    "token",
    "secret",
    "passw",
    "webhook",
    "api_key",
    "apikey",
    "authorization",
    "credential",
    "routing_key",
];

/// One file.
pub(crate) struct Source {
    /// As it is named in problems.
    pub(crate) name: String,
    /// What is written in it, without a byte order mark.
    pub(crate) text: String,
}

/// The files of a configuration in the order in which they count, and what could not be read.
pub(crate) fn open(path: &Path) -> (Vec<Source>, Vec<Problem>) {
    let paths = match files(path) {
        Ok(paths) => paths,
        Err(problem) => return (Vec::new(), vec![*problem]),
    };
    let (mut sources, mut problems) = (Vec::new(), Vec::new());
    for path in paths {
        match text(&path) {
            Ok(text) => sources.push(Source { name: path.display().to_string(), text }),
            Err(problem) => problems.push(*problem),
        }
    }
    (sources, problems)
}

/// The folder that relative paths in the configuration start from.
pub(crate) fn base(path: &Path) -> PathBuf {
    if path.is_dir() {
        return path.to_owned();
    }
    path.parent().map(Path::to_owned).unwrap_or_default()
}

/// The file itself, or the YAML files of a folder in the order of their names. Hidden ones are left out: Kubernetes
/// mounts a config map with such folders beside the files.
fn files(path: &Path) -> Result<Vec<PathBuf>, Box<Problem>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries =
        fs::read_dir(path).map_err(|e| whole(path, format!("the folder cannot be read: {e}"), ""))?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|p| p.extension().is_some_and(|e| e == "yaml" || e == "yml") && p.is_file())
        .filter(|p| p.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.')))
        .collect();
    paths.sort();
    if paths.is_empty() {
        let hint = "put at least one file ending in .yaml there";
        return Err(whole(path, "the folder has no .yaml files".into(), hint));
    }
    Ok(paths)
}

fn text(path: &Path) -> Result<String, Box<Problem>> {
    let mut bytes = Vec::new();
    fs::File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)).map_err(|e| {
        whole(path, format!("cannot be read: {e}"), "`launchwatch init URL` writes a file to start from")
    })?;
    if bytes.len() as u64 > LARGEST {
        return Err(whole(
            path,
            "larger than 4 MiB".into(),
            "split it: a folder of files is read as one configuration",
        ));
    }
    let text = String::from_utf8(bytes).map_err(|e| {
        let good = e.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(e.as_bytes().get(..good).unwrap_or_default()).into_owned();
        let (line, column) =
            (lines(&before).count().max(1), lines(&before).last().unwrap_or("").chars().count() + 1);
        Box::new(Problem {
            line,
            column,
            ..*whole(path, "not UTF-8 from here on".into(), "save it as UTF-8")
        })
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// A problem of a file as a whole.
fn whole(path: &Path, what: String, hint: &str) -> Box<Problem> {
    Box::new(Problem {
        severity: Severity::Error,
        file: path.display().to_string(),
        line: 0,
        column: 0,
        path: String::new(),
        what,
        hint: hint.to_owned(),
        excerpt: None,
    })
}

/// Lines as YAML counts them: also a lone carriage return ends one.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.find(['\n', '\r']) else { return rest.take() };
        let (line, tail) = text.split_at(end);
        rest = Some(tail.strip_prefix("\r\n").or_else(|| tail.get(1..)).unwrap_or_default());
        Some(line)
    })
}

/// The line of a place, cut off before the first secret; `None` if nothing of it can be shown.
pub(crate) fn excerpt(source: &Source, place: Place, secrets: &[Place]) -> Option<Excerpt> {
    let line = lines(&source.text).nth(place.line.checked_sub(1)?)?;
    let cut = secrets
        .iter()
        .filter(|s| s.file == place.file && s.line == place.line)
        .map(|s| s.column.saturating_sub(1))
        .chain(secretive(line))
        .min();
    let start = place.column.saturating_sub(1);
    if cut.is_some_and(|cut| start > cut) {
        return None;
    }
    let begin = if start + 40 > WIDTH { start.saturating_sub(40) } else { 0 };
    let end = cut.unwrap_or(usize::MAX).min(begin + WIDTH);
    let mut shown: String = line.chars().skip(begin).take(end.saturating_sub(begin)).map(printable).collect();
    let carets = place.length.min(end.saturating_sub(start)).max(1);
    if cut.is_some_and(|cut| cut <= end) {
        shown.push('…');
    }
    let shown = shown.trim_end().to_owned();
    Some(Excerpt { line: shown, indent: start - begin, carets })
}

fn printable(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

/// Where, in characters, the value of a key begins that sounds like a secret, unless the value is a reference.
fn secretive(line: &str) -> Option<usize> {
    let lower = line.to_ascii_lowercase();
    SECRETIVE
        .iter()
        .flat_map(|word| lower.match_indices(word))
        .filter_map(|(at, _)| {
            let colon = at + lower.get(at..)?.find(':')? + 1;
            let value = line.get(colon..)?;
            let blanks = value.len() - value.trim_start().len();
            let value = value.trim_start().trim_start_matches(['"', '\'']);
            let harmless = value.is_empty() || value.starts_with("env:") || value.starts_with("file:");
            (!harmless).then(|| line.get(..colon + blanks).map(|before| before.chars().count()))?
        })
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str, column: usize, secrets: &[Place]) -> Option<(String, usize)> {
        let source = Source { name: "x".into(), text: text.into() };
        let place = Place { file: 0, line: 1, column, length: 3 };
        excerpt(&source, place, secrets).map(|e| (e.line, e.indent))
    }

    #[test]
    fn a_line_is_cut_before_a_secret() {
        let secret = |column| Place { file: 0, line: 1, column, length: 5 };
        for (line, column, secrets, shown) in [
            ("a: hello", 4, vec![], Some(("a: hello", 3))),
            ("a: hello", 4, vec![secret(4)], Some(("a: …", 3))),
            ("{a: hello, b: 1}", 12, vec![secret(5)], None),
            ("bot_token: xyz", 1, vec![], Some(("bot_token: …", 0))),
            ("bot_token: \"env:X\"", 1, vec![], Some(("bot_token: \"env:X\"", 0))),
            ("{A: 1, Password: x", 2, vec![], Some(("{A: 1, Password: …", 1))),
            ("token", 1, vec![], Some(("token", 0))),
            ("ä: \tb", 5, vec![], Some(("ä:  b", 4))),
        ] {
            let expected = shown.map(|(line, indent)| (line.to_owned(), indent));
            assert_eq!(quoted(line, column, &secrets), expected, "{line}");
        }
    }

    #[test]
    fn long_lines_are_shown_around_the_place() {
        let (shown, indent) = quoted(&"0123456789".repeat(100), 502, &[]).unwrap();
        assert_eq!((shown.chars().count(), indent), (120, 40));
        assert_eq!(shown.chars().nth(indent), Some('1'));
    }

    #[test]
    fn every_kind_of_line_end_counts() {
        assert_eq!(lines("a\nb\r\nc\rd\n\n").collect::<Vec<_>>(), ["a", "b", "c", "d", "", ""]);
    }
}
