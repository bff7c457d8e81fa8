//! Signing in and out: the page that offers the ways there are, and what all ways end in.

use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use secrecy::SecretString;
use serde::Deserialize;
use url::form_urlencoded;

use super::client::Client;
use super::{Role, Said, Via, Who, audit, csrf, password, refusal, session};
use crate::web::Sources;
use crate::web::problem::Problem;
use crate::web::shell::Page;

/// Longest path that somebody comes back to after signing in.
const NEXT: usize = 500;

/// Where somebody wants to go afterwards.
#[derive(Deserialize, Default)]
pub(in crate::web) struct Afterwards {
    #[serde(default)]
    pub(super) next: String,
}

/// Who they say they are.
#[derive(Deserialize)]
pub(in crate::web) struct Credentials {
    name: String,
    password: SecretString,
    #[serde(default)]
    next: String,
}

/// To where people sign in, and from there back to what they asked for.
pub(super) fn first(sources: &Sources, asked: &str) -> Response {
    Redirect::to(&address(sources, asked)).into_response()
}

/// The address of the page where people sign in to get somewhere.
fn address(sources: &Sources, next: &str) -> String {
    match own(next) {
        "/" => sources.to("/sign-in"),
        next => {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
            sources.to(&format!("/sign-in?{query}"))
        }
    }
}

/// A path of ours; `/` in place of anything else, which could lead to another site.
pub(super) fn own(next: &str) -> &str {
    let rest = next.strip_prefix('/').filter(|_| next.len() <= NEXT);
    let plain = |rest: &str| {
        !rest.starts_with(['/', '\\'])
            && !rest.contains(|c: char| c.is_control() || c == '\\' || !c.is_ascii())
    };
    let again = ["/sign-in", "/sign-out"].iter().any(|path| next.starts_with(path));
    if rest.is_some_and(plain) && !again { next } else { "/" }
}

/// The page where people sign in.
pub(in crate::web) async fn page(
    State(sources): State<Sources>,
    who: Who,
    Query(asked): Query<Afterwards>,
) -> Response {
    shown(&sources, &who, StatusCode::OK, own(&asked.next), None)
}

fn shown(sources: &Sources, who: &Who, status: StatusCode, next: &str, trouble: Option<&str>) -> Response {
    let body = html! {
        @if who.via == Via::Session { (signed_in(sources, who)) }
        @if let Some(trouble) = trouble { p.trouble role="alert" { (trouble) } }
        @if let Some(hint) = &sources.keeper.hint { p.hint { (hint) } }
        (elsewhere(sources, next))
        @if !sources.keeper.passwords.is_empty() { (password_form(sources, who, next)) }
        @if !sources.keeper.has_ways() {
            p { "No way to sign in is configured: see " code { "access" } " in the reference of the configuration. On the machine itself, the command line needs no more than the service's token." }
        }
    };
    let page = Page { title: "Sign in", here: "/sign-in", who, fresh: html! {}, body, live: false };
    let mut response = sources.page_with(status, page);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn signed_in(sources: &Sources, who: &Who) -> Markup {
    html! {
        p { "You are signed in as " strong { (who.name) } ", who may act as " (who.role.map_or("nobody", Role::as_str)) "." }
        form method="post" action=(sources.to("/sign-out")) { (csrf(who)) button { "Sign out" } }
    }
}

fn elsewhere(sources: &Sources, next: &str) -> Markup {
    let to = |path: &str| {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
        sources.to(&format!("{path}?{query}"))
    };
    html! {
        @if sources.keeper.jupyterhub.is_some() { p { a.button href=(to("/sign-in/jupyterhub")) { "Sign in with JupyterHub" } } }
        @if let Some(oidc) = &sources.keeper.oidc {
            p { a.button href=(to("/sign-in/oidc")) { "Sign in with " (oidc.issuer.split("//").last().unwrap_or_default()) } }
        }
    }
}

fn password_form(sources: &Sources, who: &Who, next: &str) -> Markup {
    html! {
        form.sign-in method="post" action=(sources.to("/sign-in")) {
            (csrf(who))
            input type="hidden" name="next" value=(next);
            p { label for="name" { "Name" } br; input id="name" name="name" autocomplete="username" required maxlength="80"; }
            p { label for="password" { "Password" } br; input id="password" name="password" type="password" autocomplete="current-password" required maxlength="1024"; }
            p { button { "Sign in" } }
        }
    }
}

/// Takes name and password.
pub(in crate::web) async fn with_password(
    State(sources): State<Sources>,
    who: Who,
    client: ClientOf,
    Said(said): Said<Credentials>,
) -> Response {
    let next = own(&said.next).to_owned();
    let found = match password::person(&sources.keeper, &said.name, said.password).await {
        Ok(found) => found,
        Err(password::Busy) => {
            let busy = "Many people sign in just now. Try again in a moment.";
            return shown(&sources, &who, StatusCode::SERVICE_UNAVAILABLE, &next, Some(busy));
        }
    };
    match found {
        Some((name, role)) => enter(&sources, &client, (&name, role), "password", &next).await,
        None => {
            // What was typed is not put on record: it may be a password in the wrong field.
            audit::note(&sources, "", "password", ("sign in", "", "wrong name or password")).await;
            let wrong = "This name and this password do not belong together.";
            shown(&sources, &who, StatusCode::UNAUTHORIZED, &next, Some(wrong))
        }
    }
}

/// Lets somebody in whose name is known: a new session, and off to where they wanted to go.
pub(super) async fn enter(
    sources: &Sources,
    client: &ClientOf,
    person: (&str, Role),
    provider: &'static str,
    next: &str,
) -> Response {
    // What the browser brought ends here.
    if let Err(error) = session::end(sources, &client.0, &client.1).await {
        return Problem::from(error).into_response();
    }
    let cookie = match session::begin(sources, &client.0, person, provider).await {
        Ok(cookie) => cookie,
        Err(problem) => return problem.into_response(),
    };
    audit::note(sources, person.0, provider, ("sign in", person.1.as_str(), "done")).await;
    let mut response = Redirect::to(&sources.to(own(next))).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(cookie) = cookie {
        headers.append(header::SET_COOKIE, cookie);
    }
    response
}

/// A form that says nothing but what its address says.
#[derive(Deserialize)]
pub(in crate::web) struct Nothing {}

/// Ends the session.
pub(in crate::web) async fn out(
    State(sources): State<Sources>,
    who: Who,
    client: ClientOf,
    Said(Nothing {}): Said<Nothing>,
) -> Response {
    if let Err(error) = session::end(&sources, &client.0, &client.1).await {
        tracing::error!(%error, "cannot end a session");
        let hint = "The store does not answer. Try again in a moment.";
        return refusal(&sources, &who, StatusCode::SERVICE_UNAVAILABLE, "You are still signed in", hint);
    }
    if who.via == Via::Session {
        audit::note(&sources, &who.name, "session", ("sign out", "", "done")).await;
    }
    let mut response = Redirect::to(&sources.to("/")).into_response();
    if let Some(cookie) = super::cookie::Cookie::Session.set(&client.0, &sources.base, "", 0) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Where the request comes from, and its headers.
pub(in crate::web) struct ClientOf(pub(super) Client, pub(super) axum::http::HeaderMap);

impl axum::extract::FromRequestParts<Sources> for ClientOf {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        sources: &Sources,
    ) -> Result<Self, Self::Rejection> {
        let client = parts.extensions.get::<Client>().copied();
        let client = client.unwrap_or_else(|| Client::of(&sources.keeper, &parts.extensions, &parts.headers));
        Ok(Self(client, parts.headers.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::own;

    #[test]
    fn nobody_is_led_to_another_site() {
        for (next, expected) in [
            ("/incidents?open=1", "/incidents?open=1"),
            ("/", "/"),
            ("", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/a\\b", "/"),
            ("\\/evil.example", "/"),
            ("https://evil.example", "/"),
            ("javascript:alert(1)", "/"),
            ("evil", "/"),
            ("/\t/evil.example", "/"),
            ("/a\r\nset-cookie: x", "/"),
            ("/ä", "/"),
            ("/sign-in?next=/", "/"),
            ("/sign-out", "/"),
        ] {
            assert_eq!(own(next), expected, "{next:?}");
        }
        assert_eq!(own(&format!("/{}", "a".repeat(600))), "/");
    }
}
