//! Who asks: their name, what they may, and how we know.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::Role;

/// How we know who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum Via {
    /// They have not said.
    Nobody,
    /// They signed in, with a browser: forms of theirs carry the session's own value.
    Session,
    /// A token that somebody made for a program.
    Token,
    /// The token of this machine: its bearer may speak for anybody.
    ServiceToken,
}

impl Via {
    /// In words, for the record.
    pub(in crate::web) const fn as_str(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Session => "session",
            Self::Token => "token",
            Self::ServiceToken => "service token",
        }
    }
}

/// A value that only pages of a session know: a form that brings it was made by us. Never shown but in forms.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::web) struct Csrf(Arc<str>);

impl Csrf {
    pub(super) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// Whether a form brought this very value; takes the same time whatever it brought.
    pub(super) fn is(&self, theirs: &str) -> bool {
        super::token::same(self.0.as_bytes(), theirs.as_bytes())
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Csrf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Csrf")
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::web) struct Who {
    /// What they are called in records; empty for somebody unknown.
    pub(in crate::web) name: String,
    /// `None` for somebody unknown.
    pub(in crate::web) role: Option<Role>,
    /// How we know.
    pub(in crate::web) via: Via,
    /// The location whose agent they are; then they have no role.
    pub(in crate::web) location: Option<Arc<str>>,
    /// What forms of theirs must bring; only those who signed in have it.
    pub(super) csrf: Option<Csrf>,
}

impl Who {
    /// Somebody who has not said who they are.
    pub(in crate::web) const fn nobody() -> Self {
        Self { name: String::new(), role: None, via: Via::Nobody, location: None, csrf: None }
    }

    /// Somebody with a token.
    pub(super) fn bearer(name: &str, role: Role, via: Via) -> Self {
        Self { name: name.to_owned(), role: Some(role), via, location: None, csrf: None }
    }

    /// The agent of a location.
    pub(super) fn agent(name: &str, location: &str) -> Self {
        let location = Some(location.into());
        Self { name: name.to_owned(), role: None, via: Via::Token, location, csrf: None }
    }

    /// Whether evidence and people's words may be shown to them.
    pub(in crate::web) fn known(&self) -> bool {
        self.may(Role::Viewer)
    }

    /// Whether they have at least this role.
    pub(in crate::web) fn may(&self, role: Role) -> bool {
        self.role.is_some_and(|r| r >= role)
    }
}

tokio::task_local! {
    static CALLER: Who;
}

/// Has work done on behalf of somebody: the record says so, whoever the work itself names.
pub(super) async fn on_behalf_of<T>(who: Who, work: impl Future<Output = T>) -> T {
    CALLER.scope(who, work).await
}

/// On whose behalf this is done.
pub(in crate::web) fn caller() -> Who {
    CALLER.try_with(Clone::clone).unwrap_or(Who::nobody())
}

impl<S: Send + Sync> FromRequestParts<S> for Who {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or(Self::nobody()))
    }
}
