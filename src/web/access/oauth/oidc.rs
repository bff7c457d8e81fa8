//! An OpenID Connect provider of accounts.
//!
//! # Why
//! The ID token comes straight from the provider's token endpoint over TLS, which then stands for the signature
//! (OpenID Connect Core 3.1.3.7, point 6); whom it is from, for whom, for which sign-in and until when, is checked.

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, Scope, TokenResponse as _, TokenUrl,
};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::Value;

use super::call::{self, Client};
use super::flow::Flow;
use super::{Back, Identity, Refusal, begun, off, refused, welcome};
use crate::config::access::OidcLogin;
use crate::web::Sources;
use crate::web::access::session::secret;
use crate::web::access::sign_in::{Afterwards, ClientOf, own};
use crate::web::access::token::same;
use crate::web::problem::Problem;

const PROVIDER: &str = "oidc";
/// Clocks may differ by this, in seconds.
const LEEWAY: i64 = 60;

/// What a provider says of itself.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    #[serde(default)]
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

fn not_configured() -> Response {
    Problem::not_found(
        "signing in with OpenID Connect is not configured",
        "`access.oidc` in the configuration",
    )
    .into_response()
}

/// Off to the provider.
pub(in crate::web) async fn start(
    State(sources): State<Sources>,
    client: ClientOf,
    Query(asked): Query<Afterwards>,
) -> Response {
    let Some(oidc) = sources.keeper.oidc.clone() else { return not_configured() };
    let nonce = match secret() {
        Ok(nonce) => nonce,
        Err(problem) => return problem.into_response(),
    };
    let authorize = match discover(&sources, &oidc).await {
        Ok(found) => AuthUrl::new(found.authorization_endpoint).map_err(Refusal::provider),
        Err(refusal) => Err(refusal),
    };
    let authorize = match authorize {
        Ok(authorize) => authorize,
        Err(refusal) => return refused(&sources, &client, refusal),
    };
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state) = known_as(&oidc, AuthType::BasicAuth)
        .set_auth_uri(authorize)
        .authorize_url(CsrfToken::new_random)
        .add_scopes(oidc.scopes.iter().cloned().map(Scope::new))
        .add_extra_param("nonce", &nonce)
        .set_pkce_challenge(challenge)
        .url();
    let secrets = (verifier.secret().as_str(), nonce.as_str());
    let flow = Flow::new(PROVIDER, state.secret(), secrets, own(&asked.next), sources.clock.now());
    off(&sources, &client, &url, &flow)
}

/// Back from the provider.
pub(in crate::web) async fn back(
    State(sources): State<Sources>,
    client: ClientOf,
    Query(back): Query<Back>,
) -> Response {
    let Some(oidc) = sources.keeper.oidc.clone() else { return not_configured() };
    let flow = match begun(&sources, &client, PROVIDER, &back) {
        Ok(flow) => flow,
        Err(refusal) => return refused(&sources, &client, refusal),
    };
    match identity(&sources, &oidc, back.code, &flow).await {
        Ok(identity) => welcome(&sources, &client, PROVIDER, (&oidc.roles, &flow.next), &identity).await,
        Err(refusal) => refused(&sources, &client, refusal),
    }
}

fn known_as(oidc: &OidcLogin, auth: AuthType) -> Client {
    Client::new(ClientId::new(oidc.client.id.clone()))
        .set_client_secret(ClientSecret::new(oidc.client.secret.expose_secret().to_owned()))
        .set_redirect_uri(RedirectUrl::from_url(oidc.client.redirect.clone()))
        .set_auth_type(auth)
}

async fn discover(sources: &Sources, oidc: &OidcLogin) -> Result<Discovery, Refusal> {
    let url = format!("{}/.well-known/openid-configuration", oidc.issuer.trim_end_matches('/'));
    let found: Discovery = call::read(&sources.keeper.net, &url, None).await?;
    if found.issuer != oidc.issuer {
        let why = "the provider calls itself otherwise than `access.oidc.issuer` does";
        return Err(Refusal::provider(why));
    }
    // TLS stands for the signature: it may not end before the token endpoint.
    if oidc.issuer.starts_with("https://") && !found.token_endpoint.starts_with("https://") {
        return Err(Refusal::provider("the provider's token endpoint is not encrypted"));
    }
    Ok(found)
}

/// Who it is that brings this code.
async fn identity(
    sources: &Sources,
    oidc: &OidcLogin,
    code: String,
    flow: &Flow,
) -> Result<Identity, Refusal> {
    let (net, found) = (&sources.keeper.net, discover(sources, oidc).await?);
    // Without a word on it, the header is what all of them know.
    let methods = found.token_endpoint_auth_methods_supported.unwrap_or_default();
    let basic = methods.is_empty() || methods.iter().any(|method| method == "client_secret_basic");
    let auth = if basic { AuthType::BasicAuth } else { AuthType::RequestBody };
    let tokens = known_as(oidc, auth)
        .set_token_uri(TokenUrl::new(found.token_endpoint).map_err(Refusal::provider)?)
        .exchange_code(AuthorizationCode::new(code))
        .set_pkce_verifier(PkceCodeVerifier::new(flow.verifier.clone()))
        .request_async(&call::door(net))
        .await
        .map_err(Refusal::provider)?;
    let token = tokens.extra_fields().id_token.as_deref();
    let claims =
        claims(token.unwrap_or_default()).ok_or_else(|| Refusal::provider("no readable ID token"))?;
    check(&claims, oidc, &flow.nonce, sources.clock.now()).map_err(Refusal::provider)?;
    let lacking = claims.get(&oidc.name_claim).is_none() || claims.get(&oidc.groups_claim).is_none();
    let more = match found.userinfo_endpoint.filter(|_| lacking) {
        Some(url) => call::read::<Value>(net, &url, Some(tokens.access_token())).await?,
        None => Value::Null,
    };
    if !more.is_null() && more.get("sub") != claims.get("sub") {
        return Err(Refusal::provider("the user info is about somebody else"));
    }
    let claim = |name: &str| claims.get(name).or_else(|| more.get(name));
    if oidc.name_claim == "email" && claim("email_verified") == Some(&Value::Bool(false)) {
        return Err(Refusal::provider("the provider has not verified the address of this person"));
    }
    let name = claim(&oidc.name_claim).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Identity { name, groups: texts(claim(&oidc.groups_claim)), admin: false })
}

/// The claims of an ID token.
fn claims(token: &str) -> Option<Value> {
    let payload = token.split('.').nth(1)?;
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

/// A text, or a list of texts.
fn texts(claim: Option<&Value>) -> Vec<String> {
    match claim {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Whether an ID token is from whom, for whom and for what it must be.
fn check(claims: &Value, oidc: &OidcLogin, nonce: &str, now: Timestamp) -> Result<(), &'static str> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let seconds = |name: &str| claims.get(name).and_then(Value::as_f64).map(|at| at as i64);
    let audience = texts(claims.get("aud"));
    if text("iss") != Some(oidc.issuer.as_str()) {
        return Err("the ID token is from another issuer");
    }
    if !audience.contains(&oidc.client.id) {
        return Err("the ID token is for somebody else");
    }
    let party = text("azp");
    if party.is_some_and(|party| party != oidc.client.id) || (audience.len() > 1 && party.is_none()) {
        return Err("the ID token was asked for by somebody else");
    }
    if seconds("exp").is_none_or(|end| end.saturating_add(LEEWAY) <= now.as_second()) {
        return Err("the ID token is no longer good");
    }
    if seconds("iat").is_some_and(|made| made.saturating_sub(LEEWAY) > now.as_second()) {
        return Err("the ID token is from the future");
    }
    if nonce.is_empty() || !text("nonce").is_some_and(|theirs| same(theirs.as_bytes(), nonce.as_bytes())) {
        return Err("the ID token is for another sign-in");
    }
    if text("sub").is_none_or(str::is_empty) {
        return Err("the ID token is about nobody");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::access::{Client, Roles};

    #[test]
    fn an_id_token_is_from_whom_for_whom_and_for_what_it_must_be() {
        let client = Client {
            id: "watch".into(),
            secret: "s".to_owned().into(),
            redirect: "https://watch.example/sign-in/oidc/callback".parse().unwrap(),
        };
        let [issuer, name_claim, groups_claim] = ["https://id.example", "name", "groups"].map(str::to_owned);
        let (scopes, roles) = (Vec::new(), Roles::default());
        let oidc = OidcLogin { issuer, client, scopes, name_claim, groups_claim, roles };
        let now = Timestamp::from_second(1_000_000).unwrap();
        let good = json!({
            "iss": "https://id.example", "aud": "watch", "sub": "7", "exp": 1_000_010, "iat": 999_990, "nonce": "n",
        });
        let with = |key: &str, value: Value| {
            let mut claims = good.clone();
            claims[key] = value;
            claims
        };
        let mut several = with("aud", json!(["watch", "other"]));
        several["azp"] = json!("watch");
        for (claims, expected) in [
            (good.clone(), Ok(())),
            (several, Ok(())),
            (with("exp", json!(999_950)), Ok(())),
            (with("iss", json!("https://id.example/")), Err("the ID token is from another issuer")),
            (with("aud", json!("other")), Err("the ID token is for somebody else")),
            (with("aud", Value::Null), Err("the ID token is for somebody else")),
            (with("aud", json!(["watch", "other"])), Err("the ID token was asked for by somebody else")),
            (with("azp", json!("other")), Err("the ID token was asked for by somebody else")),
            (with("exp", json!(999_940)), Err("the ID token is no longer good")),
            (with("exp", Value::Null), Err("the ID token is no longer good")),
            (with("iat", json!(1_000_100)), Err("the ID token is from the future")),
            (with("nonce", json!("m")), Err("the ID token is for another sign-in")),
            (with("nonce", Value::Null), Err("the ID token is for another sign-in")),
            (with("sub", json!("")), Err("the ID token is about nobody")),
        ] {
            assert_eq!(check(&claims, &oidc, "n", now), expected, "{claims}");
        }
        assert!(check(&with("nonce", json!("")), &oidc, "", now).is_err());
    }
}
