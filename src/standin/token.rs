//! Token: build tokens, shaped like the real ones and bound to spec, origin and five minutes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Seconds a build token is good for.
const LIFE: i64 = 300;

#[derive(Serialize, Deserialize)]
struct Claims {
    exp: i64,
    aud: String,
    origin: String,
}

/// The origin that a token is bound to: host of `Origin`, else `Host`.
pub(crate) fn origin(headers: &HeaderMap) -> String {
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let origin = text(header::ORIGIN);
    match origin.split_once("://") {
        Some((_, host)) => host.split('/').next().unwrap_or_default().to_owned(),
        None => text(header::HOST).to_owned(),
    }
}

/// A token for launching exactly `spec` from `origin`.
pub(crate) fn issue(secret: &str, spec: &str, origin: &str, now: jiff::Timestamp) -> String {
    let claims = Claims { exp: now.as_second() + LIFE, aud: spec.to_owned(), origin: origin.to_owned() };
    let claims = serde_json::to_vec(&claims).unwrap_or_default();
    let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let payload = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims));
    let seal = seal(secret, &payload);
    format!("{payload}.{seal}")
}

/// Whether `token` opens `spec` for `origin` now.
pub(crate) fn good(secret: &str, token: &str, spec: &str, origin: &str, now: jiff::Timestamp) -> bool {
    let Some((payload, mark)) = token.rsplit_once('.') else {
        return false;
    };
    if seal(secret, payload) != mark {
        return false;
    }
    let claims = payload.split_once('.').and_then(|(_, claims)| URL_SAFE_NO_PAD.decode(claims).ok());
    let Some(claims) = claims.and_then(|c| serde_json::from_slice::<Claims>(&c).ok()) else {
        return false;
    };
    claims.exp > now.as_second() && claims.aud == spec && claims.origin == origin
}

/// Not an HMAC: nothing is protected here but the shape of the protocol.
fn seal(secret: &str, payload: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{secret}\n{payload}\n{secret}")))
}
