//! Finds circles among names that refer to each other, and tells each once.

use std::collections::BTreeMap;

use super::Desk;
use crate::config::path::Path;
use crate::config::tree::Place;

/// One name refers to another.
pub(super) struct Edge {
    pub(super) from: String,
    pub(super) to: String,
    /// Where that is written.
    pub(super) place: Place,
    pub(super) path: Path,
}

/// Tells of each circle, at the reference that closes it: `a → b → a`.
pub(super) fn refuse(edges: &[Edge], what: &str, desk: &mut Desk<'_, '_>) {
    let mut by_name: BTreeMap<&str, Vec<&Edge>> = BTreeMap::new();
    for edge in edges {
        by_name.entry(&edge.from).or_default().push(edge);
    }
    let mut done = BTreeMap::new();
    for start in by_name.keys() {
        for (closing, names) in circles(start, &by_name, &mut done) {
            let circle = names.join(" → ");
            desk.report.error(
                closing.place,
                &closing.path,
                format!("{what}: {circle}"),
                "leave one of them out",
            );
        }
    }
}

/// How far the search has come with a name.
#[derive(Clone, Copy, PartialEq)]
enum Mark {
    /// It lies on the way that is being followed.
    Open,
    /// All that it leads to is known.
    Done,
}

type Edges<'e> = BTreeMap<&'e str, Vec<&'e Edge>>;

/// Follows every way from a name, without recursion: chains may be long.
fn circles<'e>(
    start: &'e str,
    edges: &Edges<'e>,
    marks: &mut BTreeMap<&'e str, Mark>,
) -> Vec<(&'e Edge, Vec<&'e str>)> {
    let mut found = Vec::new();
    if marks.contains_key(start) {
        return found;
    }
    marks.insert(start, Mark::Open);
    let mut way: Vec<(&str, usize)> = vec![(start, 0)];
    while let Some((name, next)) = way.last_mut() {
        let Some(edge) = edges.get(name).and_then(|all| all.get(*next)).copied() else {
            marks.insert(name, Mark::Done);
            way.pop();
            continue;
        };
        *next += 1;
        match marks.get(edge.to.as_str()) {
            None => {
                marks.insert(&edge.to, Mark::Open);
                way.push((&edge.to, 0));
            }
            Some(Mark::Open) => {
                let names = way.iter().map(|(name, _)| *name).skip_while(|name| *name != edge.to);
                found.push((edge, names.chain([edge.to.as_str()]).collect()));
            }
            Some(Mark::Done) => {}
        }
    }
    found
}
