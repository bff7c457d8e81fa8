//! The guard before every route, and the frame around all of them: limits, headers.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;

use super::client::{Client, Origin, origin};
use super::limits::Attempt;
use super::who::on_behalf_of;
use super::{Need, Via, Who, headers, refusal, session, sign_in};
use crate::store::{self, Digest};
use crate::web::Sources;
use crate::web::problem::Problem;

/// Around everything that is asked for: who tries too often waits, and every answer says what browsers may do with it.
pub(in crate::web) async fn frame(
    State(sources): State<Sources>,
    mut request: Request,
    next: Next,
) -> Response {
    let client = Client::of(&sources.keeper, request.extensions(), request.headers());
    let path = request.uri().path().to_owned();
    let tried = Attempt::of(request.method(), &path)
        .map_or(Ok(()), |attempt| sources.keeper.limits.take(attempt, client.address));
    request.extensions_mut().insert(client);
    let mut response = match tried {
        Ok(()) => next.run(request).await,
        Err(wait) => too_many(&sources, &path, wait),
    };
    headers::add(response.headers_mut(), &path, &client);
    response
}

fn too_many(sources: &Sources, path: &str, wait: std::time::Duration) -> Response {
    let seconds = wait.as_secs_f64().ceil().max(1.0);
    let words = format!("Too many attempts. Wait {seconds} s and try again.");
    let mut response = if is_machine(path) {
        Problem::too_many(words).into_response()
    } else {
        refusal(sources, &Who::nobody(), StatusCode::TOO_MANY_REQUESTS, "Too many attempts", &words)
    };
    if let Ok(seconds) = HeaderValue::from_str(&seconds.to_string()) {
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

/// Lets through who may, and tells the handler who it is.
pub(in crate::web) async fn guard(
    State((sources, need)): State<(Sources, Need)>,
    mut request: Request,
    next: Next,
) -> Response {
    let client = Client::of(&sources.keeper, request.extensions(), request.headers());
    let client = request.extensions().get::<Client>().copied().unwrap_or(client);
    let who = match who(&sources, &client, request.headers()).await {
        Ok(who) => who,
        Err(Unknown::Refused(problem)) => return problem.into_response(),
        // What is for all is shown also while nobody can be known.
        Err(Unknown::Store(_)) if need.lets(&sources, &Who::nobody()) => Who::nobody(),
        Err(Unknown::Store(error)) => return Problem::from(error).into_response(),
    };
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    if is_forged(&sources, &who, &method, &path, request.headers()) {
        let hint = "It was sent by a page of another site, so nothing was done. Do it from here.";
        return match is_machine(&path) {
            true => Problem::forbidden("sent by a page of another site", "use a token").into_response(),
            false => refusal(&sources, &who, StatusCode::FORBIDDEN, "Not from here", hint),
        };
    }
    if !need.lets(&sources, &who) {
        let asked = request.uri().path_and_query().map(|path| path.as_str());
        let asked = asked.filter(|_| method == Method::GET).unwrap_or("/");
        return denied(&sources, &who, &path, asked);
    }
    request.extensions_mut().insert(who.clone());
    let private = need != Need::Anybody && (who.via != Via::Nobody || !need.lets(&sources, &Who::nobody()));
    let mut response = on_behalf_of(who, next.run(request)).await;
    let headers = response.headers_mut();
    if private {
        // Also where the handler, which thinks of the public, says otherwise.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    } else if need == Need::Public {
        headers.entry(header::VARY).or_insert(HeaderValue::from_static("cookie, authorization"));
    }
    response
}

/// Whether programs ask there rather than people with browsers.
fn is_machine(path: &str) -> bool {
    path.starts_with("/api/") || path == "/live" || path.starts_with("/ping/") || path.starts_with("/hooks/")
}

/// Whether a browser was made to send it by somebody else's page. The API has no forms that could bring a value of their
/// own: there the browser must say that the page is ours.
fn is_forged(sources: &Sources, who: &Who, method: &Method, path: &str, headers: &HeaderMap) -> bool {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    if reads || matches!(who.via, Via::Token | Via::ServiceToken) {
        return false;
    }
    match origin(&sources.keeper, headers) {
        Origin::Ours => false,
        Origin::Other => true,
        Origin::Unsaid => who.via == Via::Session && is_machine(path),
    }
}

fn denied(sources: &Sources, who: &Who, path: &str, asked: &str) -> Response {
    if who.location.is_some() {
        let hint =
            "the token of an agent opens `/api/v1/agent/plan` and `/api/v1/agent/report`, nothing else";
        return Problem::forbidden("this token is for an agent", hint).into_response();
    }
    let known = who.role.is_some();
    match (is_machine(path), known) {
        (true, false) => Problem::not_allowed("this needs a token, or a session").into_response(),
        (true, true) => Problem::forbidden("your role does not allow this", "ask an admin for another role")
            .into_response(),
        (false, false) => sign_in::first(sources, asked),
        (false, true) => {
            let hint = "Your role does not allow this. Ask an admin for another one.";
            refusal(sources, who, StatusCode::FORBIDDEN, "Not allowed", hint)
        }
    }
}

/// Why it is not known who asks.
enum Unknown {
    /// They say something that is not so.
    Refused(Problem),
    /// The store does not answer.
    Store(store::Error),
}

/// Who that is; a wrong token is refused also where none is needed.
async fn who(sources: &Sources, client: &Client, headers: &HeaderMap) -> Result<Who, Unknown> {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        let found = session::find(sources, client, headers).await.map_err(Unknown::Store)?;
        return Ok(found.unwrap_or(Who::nobody()));
    };
    let refused = || {
        let wait = sources.keeper.limits.take(Attempt::Token, client.address);
        Unknown::Refused(match wait {
            Ok(()) => Problem::not_allowed("this is no token of this service, or no longer"),
            Err(_) => Problem::too_many("too many wrong tokens"),
        })
    };
    let token = value.to_str().ok().and_then(|v| v.split_once(' '));
    let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some(theirs) = token.map(|(_, token)| token.trim()) else { return Err(refused()) };
    if sources.token.as_ref().is_some_and(|ours| ours.is(theirs)) {
        return Ok(Who::bearer("command line", super::Role::Admin, Via::ServiceToken));
    }
    let now = sources.clock.now();
    let found = sources.store.token(Digest::of(theirs)).await.map_err(Unknown::Store)?;
    let Some(token) = found.filter(|token| token.is_good(now)) else { return Err(refused()) };
    let minute = minute(now);
    if token.last_used.is_none_or(|last| last < minute)
        && let Err(error) = sources.store.token_used(&token.id, minute).await
    {
        tracing::warn!(%error, "cannot note that a token was used");
    }
    Ok(match &token.location {
        Some(location) => Who::agent(&token.name, location),
        None => Who::bearer(&token.name, token.role, Via::Token),
    })
}

/// The minute of a moment.
fn minute(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second().div_euclid(60) * 60).unwrap_or(now)
}
