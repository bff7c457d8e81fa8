//! What the links in mails lead to: a page with a button each, for machines that read mails follow links too.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use maud::{Markup, html};

use crate::news;
use crate::store::Error;
use crate::store::subscribers::{Link, Wish};
use crate::web::Sources;
use crate::web::access::Who;
use crate::web::shell::Page;

/// `GET /subscribe/confirm/{token}`
pub(in crate::web) async fn confirm_page(
    State(sources): State<Sources>,
    who: Who,
    Path(token): Path<String>,
) -> Response {
    let found = sources.store.wish_of(Link::Confirm, &token).await;
    let body = |wish: &Wish| {
        html! {
            p { "You asked to hear by e-mail of outages and planned maintenance of " (of(wish)) "." }
            (button(&sources.to(&format!("/subscribe/confirm/{token}")), "Yes, send me news"))
        }
    };
    answer(&sources, &who, found, "Confirm your subscription", body)
}

/// `POST /subscribe/confirm/{token}`
pub(in crate::web) async fn confirm(
    State(sources): State<Sources>,
    who: Who,
    Path(token): Path<String>,
) -> Response {
    let found = sources.store.confirm(&token, sources.clock.now()).await;
    let body = |wish: &Wish| {
        html! {
            p { "From now on you hear of outages and planned maintenance of " (of(wish)) ". Each mail has a link that ends it." }
            p { a href=(sources.to("/")) { "To the status page" } }
        }
    };
    answer(&sources, &who, found, "You are subscribed", body)
}

/// `GET /unsubscribe/{token}`
pub(in crate::web) async fn leave_page(
    State(sources): State<Sources>,
    who: Who,
    Path(token): Path<String>,
) -> Response {
    let found = sources.store.wish_of(Link::Leave, &token).await;
    let body = |wish: &Wish| {
        html! {
            p { "You hear by e-mail of outages and planned maintenance of " (of(wish)) ". Your address is erased when you unsubscribe." }
            (button(&sources.to(&format!("/unsubscribe/{token}")), "Unsubscribe"))
        }
    };
    answer(&sources, &who, found, "Unsubscribe", body)
}

/// `POST /unsubscribe/{token}`: by the button, or by a mail program (RFC 8058).
pub(in crate::web) async fn leave(
    State(sources): State<Sources>,
    who: Who,
    Path(token): Path<String>,
) -> Response {
    let found = sources.store.leave(&token).await.map(|left| left.then_some(()));
    let body = |(): &()| html! { p { "Your address is erased. No more mails come to it from here." } };
    answer(&sources, &who, found, "You are unsubscribed", body)
}

fn of(wish: &Wish) -> String {
    match &wish.targets {
        None => "all services".to_owned(),
        Some(targets) => targets.iter().take(20).map(|t| news::name(t)).collect::<Vec<_>>().join(", "),
    }
}

/// The link itself is what proves who presses it.
fn button(action: &str, word: &str) -> Markup {
    html! { form.subscribe method="post" action=(action) { button type="submit" { (word) } } }
}

/// A page on what was found; nobody else may see or keep where it is.
fn answer<T>(
    sources: &Sources,
    who: &Who,
    found: Result<Option<T>, Error>,
    title: &str,
    body: impl Fn(&T) -> Markup,
) -> Response {
    let (status, title, body) = match &found {
        Ok(Some(found)) => (StatusCode::OK, title, body(found)),
        Ok(None) => {
            let body = html! {
                p { "It was used, replaced by a later one, or is older than two days. " a href=(sources.to("/subscribe")) { "Subscribe" } " to get a new one." }
            };
            (StatusCode::NOT_FOUND, "This link is no longer good", body)
        }
        Err(_) => {
            let body =
                html! { p { "Nothing can be looked up right now. Please try again in a few minutes." } };
            (StatusCode::SERVICE_UNAVAILABLE, "Not now", body)
        }
    };
    let page = Page { title, here: "/subscribe", who, fresh: html! {}, body, live: false };
    let mut response = sources.page_with(status, page);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
