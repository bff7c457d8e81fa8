//! The page on which the public finds what to take away: feeds, badges, the widget, and mails where they go out.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use maud::{Markup, html};

use super::place::{Place, segment};
use super::stand;
use crate::news;
use crate::web::Sources;
use crate::web::access::Who;
use crate::web::shell::Page;

/// Targets for which snippets are shown; whoever has more sees how they are made.
const SNIPPETS: usize = 3;

/// `/subscribe`
pub(in crate::web) async fn page(State(sources): State<Sources>, who: Who, headers: HeaderMap) -> Response {
    let place = Place::of(&sources, &headers);
    let body = html! {
        (feeds(&sources))
        (own_page(&sources, &place))
    };
    let fresh = html! { p.fresh { "Hear of outages and of planned work without looking here." } };
    sources.page(Page { title: "Subscribe", here: "/subscribe", who: &who, fresh, body, live: false })
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
