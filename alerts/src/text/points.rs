//! What fails, point by point; of many targets those that fail alike in one point.

use super::clean::one_line;
use super::headline::judged;
use super::phrase;
use super::story::{NAMED, Piece, Span, said};
use super::time::moment;
use crate::{Failing, Notification, OURSELVES, Whence};

/// Locations that are named, and the longest of their names.
const PLACES: usize = 5;
const PLACE: usize = 40;
/// Targets that fail alike and are named.
const ALIKE: usize = 8;

/// What fails, a point each; of many targets those that fail alike in one point.
pub(super) fn items(n: &Notification, now: bool) -> Vec<Piece> {
    groups(n).iter().take(NAMED).filter_map(|g| g.item(n, now)).collect()
}

/// Series that fail alike: the same probe, of many targets, for the same reason.
struct Alike<'a>(Vec<&'a Failing>);

fn groups(n: &Notification) -> Vec<Alike<'_>> {
    let mut out: Vec<Alike<'_>> = Vec::new();
    let same = |a: &Failing, b: &Failing| {
        a.target.is_some()
            && b.target.is_some()
            && (&a.probe, &a.reason, &a.stage) == (&b.probe, &b.reason, &b.stage)
    };
    for f in &n.facts.failing {
        match out.iter_mut().find(|g| g.0.first().is_some_and(|one| same(one, f))) {
            Some(alike) => alike.0.push(f),
            None => out.push(Alike(vec![f])),
        }
    }
    out
}

impl Alike<'_> {
    /// `launch: …`, `hub-1/launch: …` or `launch on hub-1, hub-2 and 48 more: …`.
    fn item(&self, n: &Notification, now: bool) -> Option<Piece> {
        let first = self.0.first()?;
        let probe = one_line(&first.probe, 80);
        let names: Vec<_> =
            self.0.iter().filter_map(|f| f.target.as_ref()).take(ALIKE).map(|t| one_line(t, 60)).collect();
        let (name, of) = match (names.as_slice(), self.0.len().saturating_sub(ALIKE)) {
            ([], _) => (probe, String::new()),
            ([one], 0) => (format!("{one}/{probe}"), String::new()),
            (many, 0) => (probe, format!(" on {}", many.join(", "))),
            (many, rest) => (probe, format!(" on {} and {rest} more", many.join(", "))),
        };
        let all = words(first, n, now);
        let alike = self.0.iter().all(|f| words(f, n, now) == all);
        let words = if alike { all } else { format!("{}.", cause(first)) };
        Some(Piece::Item(vec![Span { text: name, strong: true }, said(format!("{of}: {words}"))]))
    }
}

/// `the Hub could not start the server, while starting the server`.
fn cause(f: &Failing) -> String {
    let mut words = match &f.reason {
        Some(reason) => super::reason(reason),
        None => "fails".into(),
    };
    let implied = |stage: &&String| f.reason.as_deref().is_some_and(|reason| phrase::implied(reason, stage));
    if let Some(stage) = f.stage.as_ref().filter(|s| !implied(s)) {
        words.push_str(&format!(", {}", super::stage(stage)));
    }
    words
}

/// `the Hub could not start the server, while starting the server (3 runs in a row, since 18:31 UTC).` The moment
/// is left out where the headline says it.
fn words(f: &Failing, n: &Notification, now: bool) -> String {
    let since = now && moment(f.since, n.at) != moment(n.facts.since, n.at);
    let since = if since { format!(", since {}", moment(f.since, n.at)) } else { String::new() };
    if n.facts.target == OURSELVES || f.target.as_deref() == Some(OURSELVES) {
        return format!("{}{since}.", one_line(&f.summary, 300).trim_end_matches('.'));
    }
    if judged(f) {
        return format!("{}{since}.", one_line(&f.says, 200));
    }
    let mut words = cause(f);
    let runs = if f.failures == 1 { "run" } else { "runs" };
    match f.says.as_str() {
        "" => words.push_str(&format!(" ({} {runs} in a row", f.failures)),
        says => words.push_str(&format!(" ({}", one_line(says, 200))),
    }
    words.push_str(&since);
    words.push_str(").");
    if let Some(from) = f.from.as_ref().and_then(whence) {
        words.push_str(&format!(" {from}"));
    }
    let summary = one_line(&f.summary, 300);
    if !summary.is_empty() {
        words.push_str(&format!(" It said: “{summary}”"));
    }
    words
}

/// `Only frankfurt sees it: here and oslo do not.` `None` where nobody is told anything by it.
pub(super) fn whence(from: &Whence) -> Option<String> {
    let known = from.fails.len() + from.works.len();
    let silent = match from.unknown.as_slice() {
        [] => String::new(),
        some => format!(" From {} nothing is known just now.", list(some)),
    };
    let words = match (from.fails.as_slice(), from.works.as_slice()) {
        ([], _) => return None,
        (_, []) if from.unknown.is_empty() => format!("Seen from all {known} locations."),
        (some, []) => format!("Seen from {}.", list(some)),
        ([one], works) => {
            let verb = if works.len() == 1 { "does" } else { "do" };
            format!("Only {} sees it: {} {verb} not.", one_line(one, PLACE), list(works))
        }
        (some, works) => format!("Seen from {}, not from {}.", list(some), list(works)),
    };
    Some(format!("{words}{silent}"))
}

/// `here, oslo and 3 more`.
fn list(places: &[String]) -> String {
    let mut names: Vec<String> = places.iter().take(PLACES).map(|name| one_line(name, PLACE)).collect();
    let rest = places.len().saturating_sub(PLACES);
    if rest > 0 {
        names.push(format!("{rest} more"));
    }
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
        None => String::new(),
    }
}

pub(super) fn more(n: &Notification) -> Option<Piece> {
    let facts = &n.facts;
    let listed: usize = groups(n).iter().skip(NAMED).map(|g| g.0.len()).sum();
    let rest = listed.saturating_add(usize::try_from(facts.more).unwrap_or(usize::MAX));
    if rest == 0 {
        return None;
    }
    Some(Piece::Line(vec![said(format!("… and {rest} more."))]))
}
