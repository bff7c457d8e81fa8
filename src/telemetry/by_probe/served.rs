//! Who served the launches of a probe: the member they were sent to, the node their pod was put on.

use launchwatch_probes::Outcome;

/// Pairs of member and node that a probe keeps apart; where nodes come and go, later ones count as `other`.
const KEPT: usize = 64;
/// Letters of a name at most: Kubernetes takes 253 for a node, which nobody reads.
const LETTERS: usize = 80;
/// Stands for all that are not kept apart.
const OTHER: &str = "other";

/// Counts by member and node. Empty for probes whose runs name neither.
#[derive(Default)]
pub(super) struct Served(Vec<Place>);

/// Where runs were served, and how often with which verdict.
pub(super) struct Place {
    /// Empty where nobody was sent on.
    pub(super) member: Box<str>,
    /// Empty where no node is known, as when no pod was placed.
    pub(super) node: Box<str>,
    pub(super) verdicts: [u64; 4],
}

impl Served {
    /// Counts a run that says where it was served.
    pub(super) fn count(&mut self, outcome: &Outcome) {
        let named = |fact: &str| -> Box<str> {
            let name = outcome.facts.get(fact).map_or("", String::as_str);
            name.chars().take(LETTERS).collect()
        };
        let (member, node) = (named("member"), named("node"));
        if member.is_empty() && node.is_empty() {
            return;
        }
        if let Some(count) =
            self.place(member, node).and_then(|p| p.verdicts.get_mut(outcome.verdict as usize))
        {
            *count += 1;
        }
    }

    fn place(&mut self, member: Box<str>, node: Box<str>) -> Option<&mut Place> {
        let at = |all: &[Place], member: &str, node: &str| {
            all.iter().position(|p| *p.member == *member && *p.node == *node)
        };
        let found = at(&self.0, &member, &node).or_else(|| {
            let (member, node) =
                if self.0.len() < KEPT { (member, node) } else { (OTHER.into(), OTHER.into()) };
            at(&self.0, &member, &node).or_else(|| {
                self.0.reserve_exact(1);
                self.0.push(Place { member, node, verdicts: [0; 4] });
                Some(self.0.len() - 1)
            })
        })?;
        self.0.get_mut(found)
    }

    pub(super) fn places(&self) -> impl Iterator<Item = &Place> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use launchwatch_probes::Verdict;

    use super::*;

    fn run(member: &str, node: &str) -> Outcome {
        let mut outcome = Outcome::bare(Verdict::Failed, None, "");
        outcome.facts = [("member", member), ("node", node)]
            .into_iter()
            .filter(|(_, name)| !name.is_empty())
            .map(|(fact, name)| (fact.to_owned(), name.to_owned()))
            .collect();
        outcome
    }

    #[test]
    fn runs_count_where_they_were_served_and_nowhere_without_a_name() {
        let mut served = Served::default();
        for (member, node) in [("a", ""), ("a", "n1"), ("a", "n1"), ("", ""), ("", "n1")] {
            served.count(&run(member, node));
        }
        let seen: Vec<_> = served.places().map(|p| (&*p.member, &*p.node, p.verdicts)).collect();
        let failed = |n| {
            let mut all = [0; 4];
            all[Verdict::Failed as usize] = n;
            all
        };
        assert_eq!(seen, [("a", "", failed(1)), ("a", "n1", failed(2)), ("", "n1", failed(1))]);
    }

    #[test]
    fn nodes_that_come_and_go_for_ever_make_no_more_series() {
        let mut served = Served::default();
        (0..1_000).for_each(|n| served.count(&run("", &format!("node-{n}"))));
        assert_eq!(served.places().count(), KEPT + 1);
        let last = served.places().last().unwrap();
        assert_eq!((&*last.node, last.verdicts.iter().sum::<u64>()), (OTHER, 1_000 - KEPT as u64));
        served.count(&run("", &"x".repeat(300)));
        assert!(served.places().all(|p| p.node.len() <= LETTERS));
    }
}
