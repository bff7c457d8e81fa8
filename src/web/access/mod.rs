//! Who asks, and what they may: one guard before every route.
//!
//! # Why
//! A handler never decides who may call it: THE TABLE (`routes.rs`) does, and this guard is made from its rows. Handlers get
//! [`Who`] to show more to those who may see more.

mod form;
mod token;
mod who;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Sources;
use super::problem::Problem;

pub(super) use form::{Said, csrf, refusal};
pub use crate::store::Role;
pub use token::Token;
#[cfg(test)]
use who::Csrf;
pub(super) use who::{Via, Who};

/// What a route asks of who calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    /// Nothing at all: signs of life, and signing in.
    Anybody,
    /// Nothing, unless the pages are for members only.
    Public,
    /// At least a viewer.
    Viewer,
    /// At least an operator.
    Operator,
    /// An admin.
    #[expect(dead_code, reason = "no route of this kind yet")]
    Admin,
}

/// Lets through who may, and tells the handler who it is.
pub(super) async fn guard(
    State((sources, need)): State<(Sources, Need)>,
    mut request: Request,
    next: Next,
) -> Response {
    let who = match who(&sources, request.headers()) {
        Ok(who) => who,
        Err(problem) => return problem.into_response(),
    };
    let least = match need {
        Need::Anybody | Need::Public => None,
        Need::Viewer => Some(Role::Viewer),
        Need::Operator => Some(Role::Operator),
        Need::Admin => Some(Role::Admin),
    };
    if least.is_some_and(|role| !who.may(role)) {
        return Problem::not_allowed("this needs the token").into_response();
    }
    request.extensions_mut().insert(who);
    next.run(request).await
}

/// Who that is; a wrong token is refused also where none is needed.
fn who(sources: &Sources, headers: &HeaderMap) -> Result<Who, Problem> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(Who::nobody()) };
    let token = value.to_str().ok().and_then(|v| v.split_once(' '));
    let token =
        token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    match (token, &sources.token) {
        (Some(theirs), Some(ours)) if ours.is(theirs) => {
            Ok(Who::bearer("command line", Role::Admin, Via::ServiceToken))
        }
        _ => Err(Problem::not_allowed("this is not the token of this service")),
    }
}
