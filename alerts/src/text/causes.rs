//! The likely cause, what to do about it and what not to do first, in a few lines.

use super::clean::one_line;
use super::story::{Piece, said};
use crate::Facts;

/// Signs that are told; the page of the incident has them all.
const SIGNS: usize = 3;
/// Actions that are told.
const DEEDS: usize = 2;

/// The lines about the first cause; none where no cause is known.
pub(super) fn lines(facts: &Facts) -> Vec<Piece> {
    let Some(first) = facts.causes.first() else { return Vec::new() };
    let line = |words: String| Piece::Line(vec![said(words)]);
    let signs: Vec<_> = first.evidence.iter().take(SIGNS).map(|s| one_line(s, 120)).collect();
    let signs = if signs.is_empty() { String::new() } else { format!(": {}", signs.join("; ")) };
    let percent = (first.confidence.clamp(0.0, 1.0) * 100.0).round();
    let mut out =
        vec![line(format!("Likely cause: {} ({percent:.0} %){signs}.", one_line(&first.title, 120)))];
    for deed in first.actions.iter().take(DEEDS) {
        out.push(line(format!("Do: {} ({}).", deed.action.words(), deed.mode.words())));
    }
    if let Some((action, why)) = first.not_first.first() {
        out.push(line(format!("Not first: {}: {}.", action.words(), one_line(why, 120))));
    }
    out
}
