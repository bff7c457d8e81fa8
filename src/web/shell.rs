//! What all pages have in common: head, navigation, footer, and links that work behind a proxy's path.

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use super::access::{Role, Via, Who, csrf};
use super::{Sources, assets, feeds};

/// A page but for its frame.
pub(super) struct Page<'a> {
    /// What the page is about: title and first heading.
    pub(super) title: &'a str,
    /// Which part of the navigation it belongs to: the path of its entry, such as `/incidents`.
    pub(super) here: &'a str,
    /// Who sees it.
    pub(super) who: &'a Who,
    /// Beside the heading: how fresh it is.
    pub(super) fresh: Markup,
    /// All the rest.
    pub(super) body: Markup,
    /// What it shows changes: it is kept fresh while it is open.
    pub(super) live: bool,
}

/// Who an entry of the navigation is for.
enum For {
    /// Everybody.
    All,
    /// Those who look in from outside; members have better, or find it on the status page.
    Guests,
    /// Those who have at least this role.
    Having(Role),
}

/// Entries of the navigation: path, word, who sees it. Add a line with your page.
const PLACES: &[(&str, &str, For)] = &[
    ("/", "Status", For::All),
    ("/history", "History", For::Guests),
    ("/overview", "Overview", For::Having(Role::Viewer)),
    ("/incidents", "Incidents", For::Having(Role::Viewer)),
    ("/cluster", "Cluster", For::Having(Role::Viewer)),
    ("/agents", "Agents", For::Having(Role::Viewer)),
    ("/rules", "Rules", For::Having(Role::Viewer)),
    ("/silences", "Silences", For::Having(Role::Viewer)),
    ("/channels", "Channels", For::Having(Role::Viewer)),
    ("/rehearsals", "Rehearsals", For::Having(Role::Viewer)),
    ("/runbooks", "Runbooks", For::All),
    ("/subscribe", "Subscribe", For::Guests),
    ("/audit", "Record", For::Having(Role::Admin)),
    ("/tokens", "Tokens", For::Having(Role::Admin)),
];

/// Seconds after which a page without scripts fetches itself anew.
const REFRESH_SECONDS: u32 = 30;

impl Sources {
    /// The address of a path of ours (which begins with `/`) as seen from outside: behind a proxy we may not be at its root.
    pub(super) fn to(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The page, framed.
    pub(super) fn page(&self, page: Page<'_>) -> Response {
        self.page_with(StatusCode::OK, page)
    }

    /// The page, framed, with a status of its own.
    pub(super) fn page_with(&self, status: StatusCode, page: Page<'_>) -> Response {
        (status, Html(self.framed(&page).into_string())).into_response()
    }

    /// The whole text of a page.
    pub(super) fn framed(&self, page: &Page<'_>) -> Markup {
        let live = page.live.then(|| self.to("/live"));
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    @if page.live && !page.who.may(Role::Operator) { noscript { meta http-equiv="refresh" content=(REFRESH_SECONDS); } }
                    title { (page.title) " · " (self.status.pages().title) }
                    (feeds::autodiscovery(self))
                    link rel="icon" type="image/svg+xml" href=(self.to(&format!("/assets/{}", assets::MARK.name)));
                    link rel="stylesheet" href=(self.to(&format!("/assets/{}", assets::STYLE.name)));
                    @if page.live { script src=(self.to(&format!("/assets/{}", assets::LIVE.name))) defer {} }
                }
                body {
                    a.skip href="#main" { "Skip to content" }
                    div.top { (self.brand()) (self.navigation(page)) }
                    header data-fresh { div.band { h1 { (page.title) } (page.fresh) } }
                    main id="main" data-live=[live] { (page.body) }
                    (self.foot())
                }
            }
        }
    }

    /// Whose pages these are.
    fn brand(&self) -> Markup {
        let pages = self.status.pages();
        let logo = assets::logo_name(pages).map(|name| self.to(&format!("/assets/{name}")));
        html! {
            a.brand href=(self.to("/")) {
                @if let Some(logo) = logo { img src=(logo) alt="" height="28"; }
                span { (pages.title) }
            }
        }
    }

    fn foot(&self) -> Markup {
        let pages = self.status.pages();
        html! {
            footer {
                @if !pages.links.is_empty() {
                    p { @for link in &pages.links { a href=(link.url) rel="noopener" { (link.title) } " " } }
                }
                p {
                    "launchwatch " (env!("CARGO_PKG_VERSION")) " · " a href=(self.to("/metrics")) { "metrics" }
                    " · " a href=(self.to("/api")) { "API" } " · " a href=(self.to("/api/v1/status")) { "JSON" }
                    @if let Some(who) = self.who_leads() { " · " (who) }
                }
            }
        }
    }

    /// Which of several replicas shows this, and who leads; nothing where there is one.
    fn who_leads(&self) -> Option<String> {
        let (name, standing) = (self.lead.name()?, self.lead.standing()?);
        Some(match standing.leader {
            _ if standing.leads => format!("{name} leads"),
            Some(leader) => format!("{name} follows {leader}"),
            None => format!("{name} follows; nobody leads"),
        })
    }

    /// In or out, at the end of the navigation.
    fn door(&self, page: &Page<'_>) -> Markup {
        html! {
            @if page.who.via == Via::Session {
                form.out method="post" action=(self.to("/sign-out")) {
                    (csrf(page.who)) button title={ "Signed in as " (page.who.name) } { "Sign out" }
                }
            } @else if self.keeper.has_ways() {
                a.in href=(self.to("/sign-in")) aria-current=[(page.here == "/sign-in").then_some("page")] { "Sign in" }
            }
        }
    }

    fn navigation(&self, page: &Page<'_>) -> Markup {
        let seen = PLACES.iter().filter(|(_, _, seen_by)| match seen_by {
            For::All => true,
            For::Guests => !page.who.known(),
            For::Having(role) => page.who.may(*role),
        });
        html! {
            nav aria-label="Pages" {
                @for (path, word, _) in seen {
                    a href=(self.to(path)) aria-current=[(*path == page.here).then_some("page")] { (word) }
                }
                (self.door(page))
            }
        }
    }
}
