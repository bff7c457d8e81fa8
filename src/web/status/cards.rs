//! A target on the status page: what still works, its days, and an incident in public words.

use launchwatch_alerts::text::one_line;
use maud::{Markup, PreEscaped, html};

use super::Scene;
use super::days;
use super::latency::Latency;
use super::past::TargetPast;
use super::story::Story;
use super::works::sentence;
use crate::web::summary::Standing;
use crate::web::words;

/// More bars than of so many targets are not shown on one page.
const BARS: usize = 60;
/// Up to so many targets, the status page shows how long launches take.
pub(super) const CHARTS: usize = 3;
/// Incidents of the last days on the status page: so many days, so many incidents.
const RECENT: (i64, usize) = (14, 12);

/// Class of the style and word.
pub(super) const fn badge(standing: Standing) -> (&'static str, &'static str) {
    match standing {
        Standing::Works => ("passed", "works"),
        Standing::Troubled => ("degraded", "works in part"),
        Standing::Down => ("failed", "down"),
        Standing::Unknown => ("unknown", "not known"),
    }
}

impl Scene<'_> {
    /// A target in full.
    pub(super) fn card(&self, target: &str) -> Markup {
        let (tone, word) = badge(self.now.standing(target));
        let charts = self.site.targets.len() <= CHARTS;
        html! {
            article.card.(tone) id=(format!("target-{target}")) {
                h3 { a href=(self.to_target(target)) { (one_line(target, 80)) } " " span.badge.(tone) { (word) } }
                @if let Some(says) = self.site.says.get(target) { p.says { (says) } }
                (self.facts(target))
                (self.bars(target, true))
                @if let Some(latency) = self.known.latency.get(target).filter(|_| charts) {
                    details data-key=(format!("latency-{target}")) {
                        summary { "How long launches took in the last day, stage by stage" }
                        (charts_of(latency, true))
                    }
                }
            }
        }
    }

    /// A target in one line.
    pub(super) fn row(&self, target: &str) -> Markup {
        let share = self.known.past.targets.get(target).and_then(|p| p.share);
        let says = self
            .now
            .targets
            .get(target)
            .and_then(|t| t.facts.first())
            .map(|f| f.says(|at| self.clock().says(at)));
        html! {
            li id=(format!("target-{target}")) {
                a href=(self.to_target(target)) { (one_line(target, 80)) }
                span.dim { (sentence(&says.unwrap_or_default())) }
                (self.bars(target, false))
                span.number { @if let Some(of) = share { (words::share(of)) } }
            }
        }
    }

    pub(super) fn to_target(&self, target: &str) -> String {
        self.sources.to(&format!("/status/{target}"))
    }

    /// What still works and what does not.
    pub(super) fn facts(&self, target: &str) -> Markup {
        let Some(now) = self.now.targets.get(target) else {
            return html! { p.dim { "Nothing looks at it." } };
        };
        let clock = self.clock();
        html! {
            ul.facts {
                @for fact in &now.facts {
                    @let (tone, sign) = fact.mark();
                    li.(tone) { span.sign aria-hidden="true" { (sign) } span { (sentence(&fact.says(|at| clock.says(at)))) } }
                }
                @if now.well > 0 { li.dim { "and " (now.well) " further " (if now.well == 1 { "check" } else { "checks" }) ", all well" } }
            }
        }
    }

    /// The bars of the last days with their words.
    pub(super) fn bars(&self, target: &str, full: bool) -> Markup {
        let Some(past) = self.known.past.targets.get(target) else { return html! {} };
        if !full {
            let shown = self.site.targets.len() <= BARS;
            return html! { @if shown { (PreEscaped(&past.brief)) } @else { span {} } };
        }
        html! {
            figure.days {
                (PreEscaped(&past.bars))
                figcaption { span { (days::DAYS) " days ago" } (total(past)) span { "today" } }
            }
        }
    }

    /// Open incidents.
    pub(super) fn trouble(&self) -> Markup {
        html! {
            @if !self.now.open.is_empty() {
                section.trouble aria-label="Open incidents" {
                    @for story in &self.now.open { (self.open(story)) }
                }
            }
        }
    }

    /// An open incident.
    pub(super) fn open(&self, story: &Story) -> Markup {
        let (clock, lasts) = (self.clock(), self.now.at.duration_since(story.since));
        let tone = if story.pages { "failed" } else { "degraded" };
        html! {
            article.incident.(tone) id=(format!("incident-{}", story.id)) {
                h2 { (story.whose()) }
                p { strong { "Since " (clock.moment(story.since)) ", " (words::lasted(lasts)) " so far. " } (self.what(story)) }
                @if let Some((label, title)) = &story.cause {
                    p { "Likely cause: " a href=(self.sources.to(&format!("/runbooks/{label}"))) { (title) } "." }
                }
                p.dim {
                    @if let Some(back) = story.back_at() { "Launches work again since " (clock.moment(back)) ". " }
                    @if story.acknowledged { "Somebody is on it. " } @else { "Nobody has said yet that they are on it. " }
                    a href=(self.to_incident(story)) { "Incident " (story.id) }
                }
            }
        }
    }

    pub(super) fn to_incident(&self, story: &Story) -> String {
        self.sources.to(&format!("/incidents/{}", story.id))
    }

    /// What fails, in a sentence.
    pub(super) fn what(&self, story: &Story) -> Markup {
        const SAID: usize = 4;
        let said: Vec<&str> = story.failed.iter().take(SAID).map(String::as_str).collect();
        let more = story.failed.len().saturating_sub(SAID);
        html! {
            @if story.storm { "Many targets failed at once. " }
            @if !said.is_empty() { (sentence(&said.join("; "))) @if more > 0 { ", and " (more) " more" } "." }
        }
    }

    /// The incidents of the last days.
    pub(super) fn recent(&self) -> Markup {
        let (days, most) = RECENT;
        let from = self.now.at - jiff::SignedDuration::from_hours(24 * days);
        let stories: Vec<_> = self
            .known
            .past
            .stories
            .iter()
            .filter(|s| s.shown() && s.resolved_at.is_some_and(|at| at >= from))
            .collect();
        html! {
            section {
                h2 { "The last " (days) " days" }
                @if stories.is_empty() {
                    p.dim { @if self.known.past.read_at.is_some() { "No incidents." } @else { "Not known." } }
                } @else {
                    (self.list(stories.iter().take(most).map(|s| s.as_ref())))
                }
                p { a href=(self.sources.to("/history")) { "All incidents, by month" } }
            }
        }
    }

    /// Incidents as a list.
    pub(super) fn list<'s>(&self, stories: impl Iterator<Item = &'s Story>) -> Markup {
        let clock = self.clock();
        html! {
            ul.stories {
                @for story in stories {
                    li id=(format!("past-{}", story.id)) {
                        a href=(self.to_incident(story)) { (story.whose()) } " "
                        span.badge.(if story.false_alarm || !story.pages { "unknown" } else { "failed" }) {
                            (if story.false_alarm { "false alarm" } else if story.pages { "outage" } else { "minor" })
                        }
                        p.dim {
                            (clock.moment(story.since))
                            @match story.resolved_at {
                                Some(end) => { ", lasted " (words::lasted(end.duration_since(story.since))) }
                                None => { ", still open" }
                            }
                        }
                        p { (self.what(story)) @if let Some((_, title)) = &story.cause { " Likely cause: " (title) "." } }
                    }
                }
            }
        }
    }
}

/// `99.96 % of runs worked, 42 min down`
fn total(past: &TargetPast) -> Markup {
    html! {
        span.total {
            @match past.share {
                Some(of) => { strong { (words::share(of)) } " of runs worked" }
                None => { "no runs yet" }
            }
            @if !past.down.is_zero() { ", " strong { (words::lasted(past.down)) } " down" }
        }
    }
}

/// How long launches took; `within` a card its headings are one level lower.
pub(super) fn charts_of(latency: &[Latency], within: bool) -> Markup {
    html! {
        @for probe in latency {
            @if within { h4 { (sentence(&probe.of)) } } @else { h3 { (sentence(&probe.of)) } }
            div.charts {
                @for (says, svg) in &probe.stages { figure { figcaption { (sentence(says)) } (PreEscaped(svg)) } }
            }
        }
        p.dim { "Line: half of the launches took at most this. Dark band: nine in ten. Light band: 99 of 100." }
    }
}
