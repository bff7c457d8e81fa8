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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NotificationKind;
    use crate::conformance::fixture::update;
    use crate::text::plain;

    #[test]
    fn what_it_is_what_to_do_and_what_not_to_do_first_is_said_in_four_lines() {
        let n = update();
        let told = plain(&n);
        let wanted = "Likely cause: the cluster is full: new servers wait for room, and no more nodes come (90 %): 31 pods wait \
                      longer than 2 min for a node with room; 3 of 3 test launches found no room for their pod; 12 nodes, and \
                      the limit is 12.";
        assert!(told.contains(wanted), "{told}");
        assert!(told.contains("Do: delete user pods that belong to no server (needs your yes)."), "{told}");
        assert!(told.contains("Do: raise the limit of nodes (only you can do this)."), "{told}");
        assert!(told.contains("Not first: restart the Hub: the Hub is well."), "{told}");
        assert!(!told.contains("40 refusals"), "the page has the rest: {told}");
        assert_eq!(lines(&n.facts).len(), 4);
    }

    #[test]
    fn when_it_is_over_nobody_is_told_what_to_do() {
        let mut n = update();
        n.kind = NotificationKind::Resolved;
        assert!(!plain(&n).contains("Likely cause") && !plain(&n).contains("Do: "));
        n.facts.causes.clear();
        assert!(lines(&n.facts).is_empty());
    }
}
