//! Sessions: begun when somebody signs in, found again by a cookie, ended when they sign out.

use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest as _, Sha256};

use super::client::Client;
use super::cookie::Cookie;
use super::who::Csrf;
use super::{Role, Via, Who};
use crate::store::{self, Digest, Session};
use crate::web::Sources;
use crate::web::problem::Problem;

/// A new secret that nobody can guess: 256 bits, as text.
pub(super) fn secret() -> Result<String, Problem> {
    let mut bytes = [0_u8; 32];
    let no_chance = |_| Problem::later("the system gives no random bytes", "try again");
    SystemRandom::new().fill(&mut bytes).map_err(no_chance)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// The value that forms of a session bring. It follows from the cookie and does not lead back to it, so nothing more
/// has to be kept.
fn csrf(cookie: &str) -> Csrf {
    let digest = Sha256::new().chain_update("launchwatch form\0").chain_update(cookie).finalize();
    Csrf::new(&BASE64_URL_SAFE_NO_PAD.encode(digest))
}

/// Begins a session: under a new name, whatever the browser brought.
pub(super) async fn begin(
    sources: &Sources,
    client: &Client,
    person: (&str, Role),
    provider: &str,
) -> Result<Option<HeaderValue>, Problem> {
    let (cookie, created) = (secret()?, sources.clock.now());
    let lasts = sources.keeper.session;
    let session = Session {
        digest: Digest::of(&cookie),
        person: person.0.to_owned(),
        role: person.1,
        provider: provider.to_owned(),
        created,
        expires: created.saturating_add(lasts).unwrap_or(created),
    };
    sources.store.open_session(session).await?;
    Ok(Cookie::Session.set(client, &sources.base, &cookie, lasts.as_secs()))
}

/// Who has signed in, as a cookie says.
pub(super) async fn find(
    sources: &Sources,
    client: &Client,
    headers: &HeaderMap,
) -> Result<Option<Who>, store::Error> {
    let Some(cookie) = Cookie::Session.read(client, &sources.base, headers) else { return Ok(None) };
    let found = sources.store.session(Digest::of(&cookie), sources.clock.now()).await?;
    Ok(found.map(|session| Who {
        name: session.person,
        role: Some(session.role),
        via: Via::Session,
        location: None,
        csrf: Some(csrf(&cookie)),
    }))
}

/// Ends the session that a request brings, if it brings one.
pub(super) async fn end(sources: &Sources, client: &Client, headers: &HeaderMap) -> Result<(), store::Error> {
    if let Some(cookie) = Cookie::Session.read(client, &sources.base, headers) {
        sources.store.close_session(Digest::of(&cookie)).await?;
    }
    Ok(())
}
