//! A JupyterHub as the provider of accounts: launchwatch is a service of the hub.

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, TokenResponse as _, TokenUrl,
};
use secrecy::ExposeSecret;
use serde::Deserialize;

use super::call::{self, Client};
use super::flow::Flow;
use super::{Back, Identity, Refusal, begun, off, refused, welcome};
use crate::config::access::HubLogin;
use crate::web::Sources;
use crate::web::access::sign_in::{Afterwards, ClientOf, own};
use crate::web::problem::Problem;

const PROVIDER: &str = "jupyterhub";

/// The parts of the hub's user model that matter here.
#[derive(Deserialize)]
struct User {
    name: String,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    admin: bool,
}

fn not_configured() -> Response {
    Problem::not_found(
        "signing in with JupyterHub is not configured",
        "`access.jupyterhub` in the configuration",
    )
    .into_response()
}

/// Off to the hub.
pub(in crate::web) async fn start(
    State(sources): State<Sources>,
    client: ClientOf,
    Query(asked): Query<Afterwards>,
) -> Response {
    let Some(hub) = sources.keeper.jupyterhub.clone() else { return not_configured() };
    let Ok(authorize) = hub.url.join("hub/api/oauth2/authorize") else { return not_configured() };
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state) = known_as(&hub)
        .set_auth_uri(AuthUrl::from_url(authorize))
        .authorize_url(CsrfToken::new_random)
        .set_pkce_challenge(challenge)
        .url();
    let secrets = (verifier.secret().as_str(), "");
    let flow = Flow::new(PROVIDER, state.secret(), secrets, own(&asked.next), sources.clock.now());
    off(&sources, &client, &url, &flow)
}

/// Back from the hub.
pub(in crate::web) async fn back(
    State(sources): State<Sources>,
    client: ClientOf,
    Query(back): Query<Back>,
) -> Response {
    let Some(hub) = sources.keeper.jupyterhub.clone() else { return not_configured() };
    let flow = match begun(&sources, &client, PROVIDER, &back) {
        Ok(flow) => flow,
        Err(refusal) => return refused(&sources, &client, refusal),
    };
    match identity(&sources, &hub, back.code, &flow).await {
        Ok(identity) => welcome(&sources, &client, PROVIDER, (&hub.roles, &flow.next), &identity).await,
        Err(refusal) => refused(&sources, &client, refusal),
    }
}

fn known_as(hub: &HubLogin) -> Client {
    // The hub reads the secret from the body, and does not know of the header.
    Client::new(ClientId::new(hub.client.id.clone()))
        .set_client_secret(ClientSecret::new(hub.client.secret.expose_secret().to_owned()))
        .set_redirect_uri(RedirectUrl::from_url(hub.client.redirect.clone()))
        .set_auth_type(AuthType::RequestBody)
}

/// Who it is that brings this code.
async fn identity(sources: &Sources, hub: &HubLogin, code: String, flow: &Flow) -> Result<Identity, Refusal> {
    let net = &sources.keeper.net;
    let at = |path: &str| hub.url.join(path).map_err(Refusal::provider);
    let tokens = known_as(hub)
        .set_token_uri(TokenUrl::from_url(at("hub/api/oauth2/token")?))
        .exchange_code(AuthorizationCode::new(code))
        .set_pkce_verifier(PkceCodeVerifier::new(flow.verifier.clone()))
        .request_async(&call::door(net))
        .await
        .map_err(Refusal::provider)?;
    let user: User = call::read(net, at("hub/api/user")?.as_str(), Some(tokens.access_token())).await?;
    Ok(Identity { name: user.name, groups: user.groups, admin: user.admin })
}
