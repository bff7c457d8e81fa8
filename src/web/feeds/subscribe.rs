//! The page on which the public finds what to take away: feeds, badges, the widget, and mails where they go out.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use launchwatch_alerts::Relay;
use maud::{Markup, html};
use serde::Deserialize;

use super::place::{Place, segment};
use super::stand;
use crate::news;
use crate::store::subscribers::Wish;
use crate::web::Sources;
use crate::web::access::{Said, Who, csrf};
use crate::web::shell::Page;

/// Targets for which snippets are shown; whoever has more sees how they are made.
const SNIPPETS: usize = 3;
/// Targets that can be chosen of.
const CHOICES: usize = 500;

/// `/subscribe`
pub(in crate::web) async fn page(State(sources): State<Sources>, who: Who, headers: HeaderMap) -> Response {
    let place = Place::of(&sources, &headers);
    let body = html! {
        @if sources.public.mails { (form(&sources, &who, "")) }
        (feeds(&sources))
        (own_page(&sources, &place))
    };
    let fresh = html! { p.fresh { "Hear of outages and of planned work without looking here." } };
    sources.page(Page { title: "Subscribe", here: "/subscribe", who: &who, fresh, body, live: false })
}

/// What the form says.
#[derive(Deserialize)]
pub(in crate::web) struct Asked {
    #[serde(default)]
    address: String,
    /// Empty for all.
    #[serde(default)]
    target: String,
}

/// `POST /subscribe`: the answer is the same whether the address is known or not.
pub(in crate::web) async fn ask(
    State(sources): State<Sources>,
    who: Who,
    Said(asked): Said<Asked>,
) -> Response {
    let page = |status, title: &str, body| {
        sources.page_with(
            status,
            Page { title, here: "/subscribe", who: &who, fresh: html! {}, body, live: false },
        )
    };
    if !sources.public.mails {
        let body = html! { p { "News go out by feed only: " a href=(sources.to("/subscribe")) { "how to read them" } "." } };
        return page(StatusCode::NOT_FOUND, "No mails are sent from here", body);
    }
    let address = asked.address.trim();
    let targets =
        stand::targets(&sources).into_iter().filter(|t| *t == asked.target).collect::<BTreeSet<_>>();
    let trouble = if !Relay::is_address(address) {
        "This is not an address that mails can be sent to, such as you@example.org."
    } else if targets.is_empty() && !asked.target.is_empty() {
        "There is nothing of this name to hear about."
    } else {
        ""
    };
    if !trouble.is_empty() {
        return page(StatusCode::UNPROCESSABLE_ENTITY, "Subscribe", form(&sources, &who, trouble));
    }
    let wish = Wish { targets: (!targets.is_empty()).then_some(targets) };
    if sources.store.ask(address, wish, sources.clock.now()).await.is_err() {
        let body =
            html! { p { "Nothing can be written down right now. Please try again in a few minutes." } };
        return page(StatusCode::SERVICE_UNAVAILABLE, "Not now", body);
    }
    sources.public.owed.notify_one();
    let body = html! {
        p { "If that address can be told, a mail is on its way to it. Open the link in it and press the button there: only then news are sent." }
        p { "No mail? Look where unwanted ones go. An address is asked no more than three times a day." }
        p { a href=(sources.to("/")) { "To the status page" } }
    };
    page(StatusCode::OK, "Look into your mail", body)
}

/// Where people leave their address.
fn form(sources: &Sources, who: &Who, trouble: &str) -> Markup {
    html! {
        section {
            h2 { "By e-mail" }
            p { "One mail when something is out of service, one when it works again, one before planned maintenance. Each has a link that ends it." }
            form.subscribe method="post" action=(sources.to("/subscribe")) data-keep {
                (csrf(who))
                @if !trouble.is_empty() { p.wrong #wrong role="alert" { (trouble) } }
                label for="address" { "E-mail address" }
                input #address type="email" name="address" required maxlength="254" autocomplete="email"
                    aria-invalid=[(!trouble.is_empty()).then_some("true")] aria-describedby=[(!trouble.is_empty()).then_some("wrong")];
                label for="target" { "About" }
                select #target name="target" {
                    option value="" { "everything" }
                    @for target in stand::targets(sources).iter().take(CHOICES) { option value=(target) { (news::name(target)) } }
                }
                button type="submit" { "Subscribe" }
            }
        }
    }
}

fn feeds(sources: &Sources) -> Markup {
    html! {
        section {
            h2 { "In a feed reader" }
            p {
                "Every incident and every planned maintenance is one entry, which moves up when something new is known: "
                a href=(sources.to("/feed.atom")) { "Atom" } " or " a href=(sources.to("/feed.json")) { "JSON Feed" } "."
            }
        }
    }
}

/// Snippets to be copied.
fn own_page(sources: &Sources, place: &Place) -> Markup {
    let targets = stand::targets(sources);
    html! {
        section {
            h2 { "For your own page" }
            p { "One line that says how things stand, light and dark, for an " code { "iframe" } ":" }
            pre { (format!("<iframe src=\"{}\" title=\"Status\" width=\"100%\" height=\"44\" frameborder=\"0\"></iframe>", place.to("/widget"))) }
            p {
                "With " code { "?target=NAME" } " it speaks of one of them; as data it is at "
                a href=(sources.to("/widget.json")) { "widget.json" } "."
            }
            @for target in targets.iter().take(SNIPPETS) { (badges(sources, place, target)) }
            p {
                "A badge is at " code { "/badge/NAME/WHAT.svg" } ", where WHAT is " code { "state" } ", " code { "success" } " or "
                code { "latency" } "; the last two take " code { "?days=" } "1, 7, 30 or 90, all take " code { "?label=" }
                ". With " code { ".json" } " it is an endpoint for shields.io."
            }
        }
    }
}

fn badges(sources: &Sources, place: &Place, target: &str) -> Markup {
    let shown = news::name(target);
    let path = |what: &str| format!("/badge/{}/{what}.svg", segment(target));
    html! {
        h3 { "Badges for " (shown) }
        p.badges {
            @for what in ["state", "success", "latency"] {
                img src=(sources.to(&path(what))) alt=(format!("{what} of {shown}")) height="20"; " "
            }
        }
        pre { (format!("[![{shown}]({})]({})", place.to(&path("state")), place.to("/"))) }
    }
}
