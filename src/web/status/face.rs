//! The status page: a headline in words, open trouble, planned work, every target, and how it has been.

use jiff::SignedDuration;
use launchwatch_alerts::text::one_line;
use maud::{Markup, html};

use super::clock::Clock;
use super::story::NAMED;
use super::{FEW, Scene};
use crate::web::access::Who;
use crate::web::shell::Page;
use crate::web::summary::Standing;
use crate::web::words;

/// The history is called old from this age on.
const OLD: SignedDuration = SignedDuration::from_mins(3);

impl Scene<'_> {
    pub(super) fn clock(&self) -> Clock<'_> {
        Clock { zone: &self.site.pages.time_zone, now: self.now.at }
    }

    /// The whole page.
    pub(super) fn front(&self, who: &Who) -> String {
        let (tone, title) = self.headline();
        let body = html! {
            (self.trouble())
            (self.planned(None))
            @if self.site.targets.is_empty() { p { "No targets are shown here." } }
            @for (at, (name, targets)) in self.site.groups().into_iter().enumerate() { (self.group(at, name, &targets)) }
            (self.recent())
            ((self.sources.extra)())
        };
        let page = Page { title: &title, here: "/", who, fresh: self.freshness(tone), body, live: true };
        self.sources.framed(&page).into_string()
    }

    /// How everything stands, in a class of the style and in words.
    pub(super) fn headline(&self) -> (&'static str, String) {
        let now = self.now;
        let (down, part) = (now.those(Standing::Down), now.those(Standing::Troubled));
        let all = now.targets.len();
        let unknown = now.those(Standing::Unknown).len();
        if now.silent.is_some() {
            return ("unknown", "Nothing is known right now".into());
        }
        match (down.len(), part.len()) {
            _ if all == 0 => ("unknown", "There is nothing to look at".into()),
            (d, _) if d > 1 && d == all => ("failed", "Everything is down".into()),
            (0, 0) if now.committed_at.is_none() => ("unknown", "Nothing is known yet".into()),
            (0, 0) if unknown > 0 => ("unknown", "Not everything is known".into()),
            (0, 0) => ("passed", "Everything works".into()),
            (0, _) => ("degraded", listed(&part, all, ("works in part", "work in part"))),
            (_, 0) => ("failed", listed(&down, all, ("is down", "are down"))),
            (_, more) => {
                let down = listed(&down, all, ("is down", "are down"));
                let verb = if more == 1 { "works" } else { "work" };
                ("failed", format!("{down}, {more} more {verb} in part"))
            }
        }
    }

    /// How old all this is. A page that is old says so before anything else.
    pub(super) fn freshness(&self, tone: &str) -> Markup {
        let (now, past) = (self.now, &self.known.past);
        let age = past.read_at.map(|at| now.at.duration_since(at)).filter(|age| *age >= OLD);
        html! {
            p.fresh.(tone) {
                @match (now.silent, now.committed_at) {
                    (Some(silent), _) => { "launchwatch itself is stuck: it has not looked at anything for " (words::age(silent)) ". Below is how things stood before." }
                    (None, None) => { "The first looks are under way." }
                    (None, Some(at)) => {
                        "As of " (words::age(now.at.duration_since(at))) " ago, from " (now.looks)
                        (if now.looks == 1 { " way" } else { " ways" }) " of looking at "
                        @if now.targets.len() == 1 { "one target." } @else { (now.targets.len()) " targets." }
                    }
                }
            }
            @if let Some(age) = age {
                p.old role="status" { "The store does not answer: the history below is " (words::age(age)) " old." }
            }
            @if self.known.failing.is_some() && past.read_at.is_none() {
                p.old role="status" { "The store does not answer: nothing is known of the past." }
            }
            p.lost { "Connection lost. This is how things stood at " (words::moment_exact(now.at)) "." }
        }
    }

    /// The targets of a group. What works is one line each where there are many.
    fn group(&self, at: usize, name: Option<&str>, targets: &[&str]) -> Markup {
        let many = self.site.targets.len() > FEW;
        let well = |t: &&&str| self.now.standing(t) == Standing::Works;
        let (well, ill): (Vec<_>, Vec<_>) = match many {
            true => targets.iter().partition(well),
            false => (Vec::new(), targets.iter().collect()),
        };
        html! {
            section.group id=(format!("group-{at}")) {
                h2.(if name.is_none() { "quiet" } else { "name" }) { (name.unwrap_or("Targets")) }
                @for target in ill { (self.card(target)) }
                @if !well.is_empty() {
                    details.card.passed.well data-key=(format!("well-{at}")) open[targets.len() <= FEW] {
                        summary { span.badge.passed { (well_words(well.len(), targets.len())) } " " (self.together(&well)) }
                        ul.rows { @for target in &well { (self.row(target)) } }
                    }
                }
            }
        }
    }

    /// The share of several targets together.
    fn together(&self, targets: &[&&str]) -> Markup {
        let past = targets.iter().filter_map(|t| self.known.past.targets.get(**t));
        let days = past.flat_map(|p| &p.days);
        let (good, known) = days.fold((0, 0), |(g, k), day| (g + day.good, k + day.known));
        html! {
            @if let Some(of) = super::days::share(good, known) { span.dim { (words::share(of)) " of runs in 90 days" } }
        }
    }
}

fn well_words(well: usize, all: usize) -> String {
    match (well, all) {
        (1, 1) => "works".into(),
        (w, a) if w == a => format!("all {a} work"),
        (1, _) => "1 works".into(),
        (w, _) => format!("{w} work"),
    }
}

/// `gke and ovh are down`, `12 of 40 targets are down`.
fn listed(names: &[&str], all: usize, (one, more): (&str, &str)) -> String {
    let clean: Vec<String> = names.iter().map(|n| one_line(n, 60)).collect();
    match clean.as_slice() {
        [only] => format!("{only} {one}"),
        [first @ .., last] if clean.len() < NAMED => format!("{} and {last} {more}", first.join(", ")),
        several => format!("{} of {all} targets {more}", several.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_targets_are_named_many_are_counted() {
        let down = ("is down", "are down");
        for (names, expected) in [
            (&["gke"][..], "gke is down"),
            (&["gke", "ovh"], "gke and ovh are down"),
            (&["a", "b", "c"], "a, b and c are down"),
            (&["a", "b", "c", "d"], "4 of 40 targets are down"),
            (&["x\u{202e}\n<b>"], "x <b> is down"),
        ] {
            assert_eq!(listed(names, 40, down), expected);
        }
    }
}
