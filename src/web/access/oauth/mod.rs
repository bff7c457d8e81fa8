//! Signing in elsewhere: off to a provider of accounts, and back with proof.
//!
//! # Why
//! What a sign-in under way needs (state, PKCE verifier, nonce) stays in a short-lived cookie of the browser that began
//! it: nothing is kept for those who never come back, and nobody can finish what another browser began. A code is good
//! once, for the provider says so, and the cookie is gone with the first try.

mod call;
mod flow;
pub(in crate::web) mod jupyterhub;
pub(in crate::web) mod oidc;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use launchwatch_alerts::text::one_line;
use maud::html;
use serde::Deserialize;
use url::Url;

use self::flow::Flow;
use super::cookie::Cookie;
use super::sign_in::{ClientOf, enter, own};
use super::{Who, audit};
use crate::config::access::Roles;
use crate::web::Sources;
use crate::web::shell::Page;

/// Longest name of a person, in bytes.
const NAME: usize = 80;

/// What a provider sends people back with.
#[derive(Deserialize, Default)]
pub(in crate::web) struct Back {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    error: String,
}

/// Who somebody is, as a provider says.
#[derive(Debug, PartialEq, Eq)]
struct Identity {
    name: String,
    groups: Vec<String>,
    admin: bool,
}

/// Why somebody does not come in, in words for them.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    title: &'static str,
    words: String,
}

impl Refusal {
    /// What the browser brings does not belong together.
    fn stale() -> Self {
        let words = "It was not begun in this browser, took longer than ten minutes, or was used before. Begin again.";
        Self {
            status: StatusCode::BAD_REQUEST,
            title: "This sign-in is no longer good",
            words: words.to_owned(),
        }
    }

    /// The provider does not do its part. What it says is for the log.
    fn provider(why: impl std::fmt::Display) -> Self {
        tracing::warn!("signing in elsewhere failed: {why}");
        let words = "The place where you have your account did not confirm who you are. Try again; the log of launchwatch says more.";
        Self { status: StatusCode::BAD_GATEWAY, title: "Not signed in", words: words.to_owned() }
    }
}

/// Off to the provider.
fn off(sources: &Sources, client: &ClientOf, to: &Url, flow: &Flow) -> Response {
    let mut response = Redirect::to(to.as_str()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let cookie =
        flow.written().and_then(|text| Cookie::Flow.set(&client.0, &sources.base, &text, flow::LASTS));
    if let Some(cookie) = cookie {
        headers.append(header::SET_COOKIE, cookie);
    }
    response
}

/// The sign-in that this browser began with this provider, if what comes back belongs to it.
fn begun(sources: &Sources, client: &ClientOf, provider: &str, back: &Back) -> Result<Flow, Refusal> {
    let cookie = Cookie::Flow.read(&client.0, &sources.base, &client.1);
    let flow = cookie.and_then(|text| Flow::read(&text)).ok_or_else(Refusal::stale)?;
    if !flow.is(provider, &back.state, sources.clock.now()) {
        return Err(Refusal::stale());
    }
    if !back.error.is_empty() {
        let words = format!("You were not let in there: {}.", one_line(&back.error, NAME));
        return Err(Refusal { status: StatusCode::FORBIDDEN, title: "Not signed in", words });
    }
    if back.code.is_empty() { Err(Refusal::stale()) } else { Ok(flow) }
}

/// Somebody who is who they say: lets them in as what they may be.
async fn welcome(
    sources: &Sources,
    client: &ClientOf,
    provider: &'static str,
    (roles, next): (&Roles, &str),
    identity: &Identity,
) -> Response {
    let name = one_line(&identity.name, NAME);
    if name.is_empty() || name != identity.name {
        let words = "Your name there cannot be shown here: it is empty, too long, or has letters that cannot be seen.";
        let refusal =
            Refusal { status: StatusCode::FORBIDDEN, title: "Not signed in", words: words.to_owned() };
        return refused(sources, client, refusal);
    }
    let Some(role) = roles.of(&identity.name, &identity.groups, identity.admin) else {
        audit::note(sources, &name, provider, ("sign in", "", "refused: no role")).await;
        let words = format!(
            "You are {name} there, but you have no role here. Ask the people who run launchwatch to give you one."
        );
        let refusal = Refusal { status: StatusCode::FORBIDDEN, title: "You have no role here", words };
        return refused(sources, client, refusal);
    };
    let mut response = enter(sources, client, (&name, role), provider, own(next)).await;
    forget(sources, client, &mut response);
    response
}

/// Says why not, and forgets the sign-in that was under way.
fn refused(sources: &Sources, client: &ClientOf, refusal: Refusal) -> Response {
    let body = html! {
        p role="alert" { (refusal.words) }
        p { a href=(sources.to("/sign-in")) { "Sign in" } " · " a href=(sources.to("/")) { "To the status page" } }
    };
    let who = Who::nobody();
    let page = Page { title: refusal.title, here: "/sign-in", who: &who, fresh: html! {}, body, live: false };
    let mut response = sources.page_with(refusal.status, page);
    forget(sources, client, &mut response);
    response
}

fn forget(sources: &Sources, client: &ClientOf, response: &mut Response) {
    if let Some(gone) = Cookie::Flow.set(&client.0, &sources.base, "", 0) {
        response.headers_mut().append(header::SET_COOKIE, gone);
    }
}
