//! Words: placeholders in the file's texts, filled with names of this stage.

use super::house::House;

/// What placeholders stand for; empty ones stay as something plausible.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Words<'a> {
    pub(crate) ts: &'a str,
    pub(crate) pod: &'a str,
    pub(crate) node: &'a str,
    pub(crate) name: &'a str,
    pub(crate) image: &'a str,
    pub(crate) repo: &'a str,
    pub(crate) url: &'a str,
    pub(crate) podip: &'a str,
}

/// A text with its placeholders filled; unknown ones stay.
pub(crate) fn filled(text: &str, house: &House, words: &Words<'_>) -> String {
    if !text.contains('<') {
        return text.to_owned();
    }
    let nodes = if text.contains("<n>") { house.nodes(house.t()).1.to_string() } else { String::new() };
    let pairs = [
        ("<ts>", words.ts, ""),
        ("<ns>", house.namespace.as_str(), ""),
        ("<pod>", words.pod, "jupyter-visitor"),
        ("<node>", words.node, "node-1"),
        ("<name>", words.name, "visitor"),
        ("<image>", words.image, "registry.rehearsal/r2d-image:1"),
        ("<repo>", words.repo, "https://github.com/example/course-notes"),
        ("<url>", words.url, "http://hub/user/visitor/"),
        ("<podip>", words.podip, "10.4.0.7"),
        ("<n>", nodes.as_str(), "3"),
    ];
    let mut text = text.to_owned();
    for (mark, value, otherwise) in pairs {
        if text.contains(mark) {
            text = text.replace(mark, if value.is_empty() { otherwise } else { value });
        }
    }
    text
}
