//! Who asks, and what they may: one guard before every route.
//!
//! # Why
//! A handler never decides who may call it: THE TABLE (`routes.rs`) does, and this guard is made from its rows. Handlers get
//! [`Who`] to show more to those who may see more.

mod token;

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Sources;
use super::problem::Problem;

pub use token::Token;

/// What somebody may do; each may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Look at everything, evidence and people's words included.
    Viewer,
    /// Acknowledge, comment, silence, test channels.
    Operator,
    /// Give and take away access.
    Admin,
}

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

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Who {
    /// What they are called in records; empty for somebody unknown.
    pub(super) name: String,
    /// `None` for somebody unknown.
    pub(super) role: Option<Role>,
}

impl Who {
    /// Somebody who has not said who they are.
    pub(super) const fn nobody() -> Self {
        Self { name: String::new(), role: None }
    }

    /// Whether evidence and people's words may be shown to them.
    pub(super) fn known(&self) -> bool {
        self.may(Role::Viewer)
    }

    /// Whether they have at least this role.
    pub(super) fn may(&self, role: Role) -> bool {
        self.role.is_some_and(|r| r >= role)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Who {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or(Self::nobody()))
    }
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
            Ok(Who { name: "command line".into(), role: Some(Role::Admin) })
        }
        _ => Err(Problem::not_allowed("this is not the token of this service")),
    }
}
