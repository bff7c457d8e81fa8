//! A likely cause: what speaks for it and against it, what could be done, what must not be done first.

use launchwatch_alerts::diagnosis::{Diagnosis, Proposal};
use launchwatch_alerts::text::one_line;
use maud::{Markup, html};

use super::links;
use crate::web::Sources;

/// One cause; what speaks for it and against it only for those who are `known`.
pub(super) fn cause(sources: &Sources, rank: usize, cause: &Diagnosis, known: bool) -> Markup {
    let lead = if rank == 0 { "Likely cause" } else { "Perhaps instead" };
    html! {
        section.card.cause id=(format!("cause-{rank}")) {
            h2 { (lead) ": " (cause.title) }
            p.fresh { code { (cause.label) } @if known { " · " (sure(cause.confidence)) } " · " (runbook(sources, &cause.label)) }
            @if !cause.not_first.is_empty() {
                div.notfirst {
                    h3 { "Not first" }
                    ul { @for (action, why) in &cause.not_first { li { strong { (action.as_str()) } ": " (why) } } }
                }
            }
            @if known {
                @if !cause.evidence.is_empty() || !cause.against.is_empty() {
                    h3 { "What speaks for it" @if !cause.against.is_empty() { " and against it" } }
                    ul.signs {
                        @for sign in &cause.evidence { li { b.passed { "+ for " } (one_line(sign, 500)) } }
                        @for sign in &cause.against { li { b.failed { "− against " } (one_line(sign, 500)) } }
                    }
                }
                @if !cause.actions.is_empty() { h3 { "Proposed" } @for proposal in &cause.actions { (proposed(proposal)) } }
                @if !cause.next_looks.is_empty() {
                    h3 { "What would tell more" }
                    ul { @for look in &cause.next_looks { li { (look) } } }
                }
            }
        }
    }
}

/// Where what to do is written down.
pub(super) fn runbook(sources: &Sources, label: &str) -> Markup {
    html! { a href=(sources.to(&format!("/runbooks/{}", links::segment(label)))) { "runbook" } }
}

fn proposed(proposal: &Proposal) -> Markup {
    html! {
        div.proposal {
            p { strong { (proposal.action.as_str()) } " " span.badge.unknown { (proposal.mode.as_str()) } " " (proposal.why) @if let Some(cap) = &proposal.cap { " At most " (cap) "." } }
            @if !proposal.guards.is_empty() {
                ul.signs { @for guard in &proposal.guards { li { (mark(guard.holds)) (guard.says) } } }
            }
            @if !proposal.effect.is_empty() { p.fresh { "It helped if: " (proposal.effect) } }
        }
    }
}

/// How a guard stands, in sign and word.
fn mark(holds: Option<bool>) -> Markup {
    html! {
        @match holds {
            Some(true) => b.passed { "✓ holds " },
            Some(false) => b.failed { "✗ does not hold " },
            None => b.unknown { "? not known " },
        }
    }
}

/// How sure, without figures that say more than is known.
fn sure(confidence: f64) -> &'static str {
    match confidence {
        c if c >= 0.9 => "much speaks for it",
        c if c >= 0.7 => "a good deal speaks for it",
        _ => "something speaks for it",
    }
}
