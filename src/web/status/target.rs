//! The public page of one target: what works, its days, how long launches take stage by stage, its incidents.

use launchwatch_alerts::text::one_line;
use maud::{Markup, html};

use super::Scene;
use super::cards::{badge, charts_of};
use crate::web::access::Who;
use crate::web::shell::Page;
use crate::web::summary::Standing;

/// Incidents shown.
const SHOWN: usize = 20;

impl Scene<'_> {
    /// The whole page.
    pub(super) fn target(&self, target: &str, who: &Who) -> String {
        let standing = self.now.standing(target);
        let (tone, word) = badge(standing);
        let name = one_line(target, 80);
        let title = match (self.now.silent, standing) {
            (Some(_), _) | (None, Standing::Unknown) => format!("{name}: not known"),
            (None, Standing::Down) => format!("{name} is down"),
            (None, _) => format!("{name} {word}"),
        };
        let open = self.now.open.iter().filter(|s| s.about(target));
        let body = html! {
            p { a href=(self.sources.to("/")) { "All targets" } }
            section.trouble { @for story in open { (self.open(story)) } }
            (self.planned(Some(target)))
            section.card.(tone) {
                @if let Some(says) = self.site.says.get(target) { p.says { (says) } }
                (self.facts(target))
                (self.bars(target, true))
                (self.worst(target))
            }
            @if let Some(latency) = self.known.latency.get(target) {
                section { h2 { "How long launches took in the last day" } (charts_of(latency, false)) }
            }
            (self.own(target))
        };
        let page = Page { title: &title, here: "/", who, fresh: self.freshness(tone), body, live: true };
        self.sources.framed(&page).into_string()
    }

    /// The days on which something failed, for those who cannot point at bars.
    fn worst(&self, target: &str) -> Markup {
        let Some(past) = self.known.past.targets.get(target) else { return html! {} };
        let bad = || past.days.iter().rev().filter(|d| d.good < d.known || !d.down.is_zero());
        let count = bad().count();
        html! {
            @if count > 0 {
                details data-key="worst" {
                    summary { (count) (if count == 1 { " day" } else { " days" }) " with failures" }
                    ul { @for day in bad() { li { (day.says()) } } }
                }
            }
        }
    }

    fn own(&self, target: &str) -> Markup {
        let stories = self.known.past.stories.iter().filter(|s| s.about(target) && s.resolved_at.is_some());
        let stories: Vec<_> = stories.take(SHOWN).map(|s| s.as_ref()).collect();
        html! {
            section {
                h2 { "Incidents" }
                @if stories.is_empty() { p.dim { "None on record." } } @else { (self.list(stories.into_iter())) }
                p { a href=(self.sources.to("/history")) { "All incidents, by month" } }
            }
        }
    }
}
