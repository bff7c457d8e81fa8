//! Who asks, and what they may: one guard before every route.
//!
//! # Why
//! A handler never decides who may call it: THE TABLE (`routes.rs`) does, and this guard is made from its rows. Handlers get
//! [`Who`] to show more to those who may see more. What browsers send by themselves (cookies) changes nothing: a form brings
//! a value that only our pages know, everything else comes from our own pages or with a token.

pub(super) mod audit;
mod client;
mod cookie;
mod form;
mod guard;
mod headers;
mod keeper;
mod limits;
mod oauth;
mod password;
mod session;
pub(super) mod sign_in;
#[cfg(test)]
mod tests;
mod token;
pub(super) mod tokens;
mod who;

use super::Sources;

pub use crate::store::Role;
pub(super) use form::{Said, csrf, refusal};
pub(super) use guard::{frame, guard};
pub use keeper::Keeper;
pub(super) use oauth::{jupyterhub, oidc};
pub use token::Token;
pub(super) use who::{Via, Who, caller};

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
    /// The agent of a location, or at least an operator.
    Sender,
    /// The agent of a location.
    Agent,
    /// An admin.
    Admin,
}

impl Need {
    /// Whether it lets somebody through.
    fn lets(self, sources: &Sources, who: &Who) -> bool {
        let agent = who.location.is_some();
        match self {
            Self::Anybody => true,
            Self::Public => sources.keeper.public || who.may(Role::Viewer),
            Self::Viewer => who.may(Role::Viewer),
            Self::Operator => who.may(Role::Operator),
            Self::Sender => agent || who.may(Role::Operator),
            Self::Agent => agent,
            Self::Admin => who.may(Role::Admin),
        }
    }
}
