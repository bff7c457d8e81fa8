//! Headers of every answer: what a browser may do with our pages, which is little.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::client::Client;

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors ";
const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Whether other sites may show what is at a path.
fn is_for_others(path: &str) -> bool {
    path == "/widget" || path.starts_with("/widget/") || path.starts_with("/badge/")
}

/// Adds them; what a handler has set itself stays.
pub(super) fn add(headers: &mut HeaderMap, path: &str, client: &Client) {
    let others = is_for_others(path);
    let policy = format!("{POLICY}{}", if others { "*" } else { "'none'" });
    let mut set = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    // Not `no-referrer`: with it, browsers say of our own forms that they come from `null`.
    set(header::REFERRER_POLICY, "same-origin");
    set(OPENER, "same-origin");
    set(RESOURCE, if others { "cross-origin" } else { "same-origin" });
    if !others {
        set(header::X_FRAME_OPTIONS, "DENY");
    }
    if client.https {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(policy);
    }
}
