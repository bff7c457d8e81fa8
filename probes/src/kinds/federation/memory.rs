//! How a federation stands, and since when, as far as this process has seen: pure.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::look::{Member, Seen, View};

/// Longer than a rollout (half an hour) and than the redirector lets a member rest after a failure.
const MISSING: Duration = Duration::from_secs(35 * 60);
/// How long versions may differ from the prime member's: a rollout.
const ROLLOUT: Duration = Duration::from_secs(30 * 60);

/// Since when.
#[derive(Default)]
pub(super) struct Memory {
    apart: Option<Instant>,
    stale: Option<Instant>,
    missing: BTreeMap<String, Instant>,
}

/// How things stand; `None` is not known.
#[derive(Debug, Default)]
pub(super) struct Standing {
    pub(super) members: usize,
    pub(super) active: Option<usize>,
    healthy: Option<usize>,
    /// Who ought to be active but is not, and how long that was seen; empty as well if it is not known.
    pub(super) missing: BTreeMap<String, Duration>,
    missing_known: bool,
    distinct: Option<usize>,
    apart: Option<Duration>,
    stale_known: bool,
    /// Why the prime member's version is stale, in words.
    pub(super) stale: Option<String>,
}

impl Standing {
    /// The measurements.
    pub(super) fn figures(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let count = |n: Option<usize>| n.map(|n| n as f64);
        [
            ("members", Some(self.members as f64)),
            ("members_active", count(self.active)),
            ("members_healthy", count(self.healthy)),
            ("members_missing", self.missing_known.then_some(self.missing.len() as f64)),
            ("versions_distinct", count(self.distinct)),
            ("versions_apart_seconds", self.apart.map(|d| d.as_secs_f64())),
            ("prime_stale", self.stale_known.then_some(if self.stale.is_some() { 1.0 } else { 0.0 })),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }

    pub(super) fn missing_names(&self) -> String {
        self.missing.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
    }

    /// Who has been missing for longer than a rollout takes, in words.
    pub(super) fn missing_long(&self) -> Option<String> {
        let long: Vec<_> = self.missing.iter().filter(|(_, since)| **since > MISSING).collect();
        let longest = long.iter().map(|(_, since)| since.as_secs() / 60).max()?;
        let names: Vec<_> = long.iter().map(|(name, _)| name.as_str()).collect();
        let who = names.join(", ");
        Some(format!("the redirector has sent nobody to {who} for {longest} min, although all is well there"))
    }
}

impl Memory {
    /// Takes one look at everything.
    pub(super) fn look(
        &mut self,
        members: &[Member],
        seen: &[Seen],
        view: Option<&View>,
        now: Instant,
    ) -> Standing {
        let pairs: Vec<_> = members.iter().zip(seen).collect();
        let asked_all = pairs.iter().all(|(_, s)| s.healthy.is_some());
        let healthy = pairs.iter().filter(|(_, s)| s.healthy == Some(true)).count();
        let mut standing = Standing {
            members: members.len(),
            active: view.map(View::len),
            healthy: asked_all.then_some(healthy),
            ..Standing::default()
        };
        self.versions(&pairs, now, &mut standing);
        if let Some(view) = view {
            self.missing(&pairs, view, now, &mut standing);
            self.stale(&pairs, view, now, &mut standing);
        }
        standing
    }

    fn versions(&mut self, pairs: &[(&Member, &Seen)], now: Instant, standing: &mut Standing) {
        let told: Vec<&Value> = pairs.iter().filter_map(|(_, s)| s.versions.as_ref()).collect();
        if told.is_empty() {
            return;
        }
        let distinct = distinct(&told);
        standing.distinct = Some(distinct);
        if distinct > 1 {
            let since = *self.apart.get_or_insert(now);
            standing.apart = Some(now.duration_since(since));
        } else if told.len() == pairs.len() {
            self.apart = None;
            standing.apart = Some(Duration::ZERO);
        }
    }

    /// Who is well, runs what the prime member runs, and is left out.
    fn missing(&mut self, pairs: &[(&Member, &Seen)], view: &View, now: Instant, standing: &mut Standing) {
        let prime = pairs.iter().find(|(m, _)| m.prime);
        let right = prime.and_then(|(m, s)| s.versions.as_ref().or_else(|| view.versions(m)));
        if prime.is_some() && right.is_none() {
            return;
        }
        let out = |(member, seen): &&(&Member, &Seen)| {
            let same = right.is_none_or(|right| seen.versions.as_ref() == Some(right));
            seen.healthy == Some(true) && seen.welcome && same && !view.lists(member)
        };
        let names: Vec<_> = pairs.iter().filter(out).map(|(m, _)| m.name.clone()).collect();
        self.missing.retain(|name, _| names.contains(name));
        standing.missing_known = true;
        for name in names {
            let since = *self.missing.entry(name.clone()).or_insert(now);
            standing.missing.insert(name, now.duration_since(since));
        }
    }

    /// Whether the version that the others are held against has long been the wrong one: the prime member was left behind,
    /// or the redirector still believes in what it ran earlier.
    fn stale(&mut self, pairs: &[(&Member, &Seen)], view: &View, now: Instant, standing: &mut Standing) {
        let Some((prime, seen)) = pairs.iter().find(|(m, _)| m.prime) else { return };
        let Some(runs) = &seen.versions else { return };
        let others: Vec<&Value> =
            pairs.iter().filter(|(m, _)| !m.prime).filter_map(|(_, s)| s.versions.as_ref()).collect();
        let agree = others.first().filter(|_| distinct(&others) == 1);
        let behind = agree.is_some_and(|all| *all != runs);
        let disbelieved = view.versions(prime).is_some_and(|held| held != runs);
        standing.stale_known = true;
        if !behind && !disbelieved {
            self.stale = None;
            return;
        }
        let since = *self.stale.get_or_insert(now);
        if now.duration_since(since) > ROLLOUT {
            let minutes = now.duration_since(since).as_secs() / 60;
            let name = &prime.name;
            standing.stale = Some(if disbelieved {
                format!("for {minutes} min the redirector has held another version of {name} than it runs")
            } else {
                format!("for {minutes} min {name} (prime) has run another version than all other members")
            });
        }
    }
}

fn distinct(documents: &[&Value]) -> usize {
    let mut found: Vec<&Value> = Vec::new();
    for document in documents {
        if !found.contains(document) {
            found.push(document);
        }
    }
    found.len()
}
