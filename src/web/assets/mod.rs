//! Style, script and sign of the pages, under names that change with what is in them, so that they may be kept for ever.

use std::sync::LazyLock;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use sha2::{Digest, Sha256};

use super::Sources;
use super::status::{packed, takes_packed};
use crate::config::Pages;

/// A file that pages need.
pub(super) struct Asset {
    /// `style-0a1b2c3d.css`
    pub(super) name: String,
    kind: &'static str,
    plain: Bytes,
    packed: Bytes,
}

/// How the pages look.
pub(super) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("style", "css", "text/css; charset=utf-8", include_str!("style.css")));
/// Keeps an open page fresh where scripts run.
pub(super) static LIVE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("live", "js", "text/javascript; charset=utf-8", include_str!("live.js")));
/// Our sign, for the tabs of browsers.
pub(super) static MARK: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("mark", "svg", "image/svg+xml", include_str!("mark.svg")));

/// How the line in other people's pages looks.
pub(super) static WIDGET: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("widget", "css", "text/css; charset=utf-8", include_str!("widget.css")));

const FOR_EVER: (header::HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
/// A picture somebody gave us is a picture: nothing in it runs, wherever it is opened.
const ONLY_A_PICTURE: (header::HeaderName, HeaderValue) = (
    header::CONTENT_SECURITY_POLICY,
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox"),
);

impl Asset {
    fn new(stem: &str, end: &str, kind: &'static str, text: &'static str) -> Self {
        let name = named(stem, end, text.as_bytes());
        let packed = packed(text.as_bytes(), Compression::best());
        Self { name, kind, plain: Bytes::from_static(text.as_bytes()), packed }
    }
}

fn named(stem: &str, end: &str, bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let short: String = digest.iter().take(4).map(|b| format!("{b:02x}")).collect();
    format!("{stem}-{short}.{end}")
}

/// What the operator's logo is called here.
pub(super) fn logo_name(pages: &Pages) -> Option<String> {
    pages.logo.as_ref().map(|logo| named("logo", if logo.svg { "svg" } else { "png" }, &logo.bytes))
}

/// One of them.
pub(super) async fn one(
    State(sources): State<Sources>,
    Path(name): Path<String>,
    asked: HeaderMap,
) -> Response {
    if let Some(asset) = [&*STYLE, &*LIVE, &*MARK, &*WIDGET].into_iter().find(|asset| asset.name == name) {
        let kind = (header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
        let vary = (header::VARY, HeaderValue::from_static("accept-encoding"));
        if takes_packed(&asked) {
            let coded = (header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            return ([FOR_EVER, kind, vary, coded], asset.packed.clone()).into_response();
        }
        return ([FOR_EVER, kind, vary], asset.plain.clone()).into_response();
    }
    let pages = sources.status.pages();
    match pages.logo.as_ref().filter(|_| logo_name(pages).as_ref() == Some(&name)) {
        Some(logo) => {
            let kind = if logo.svg { "image/svg+xml" } else { "image/png" };
            let kind = (header::CONTENT_TYPE, HeaderValue::from_static(kind));
            ([FOR_EVER, ONLY_A_PICTURE, kind], logo.bytes.clone()).into_response()
        }
        None => (StatusCode::NOT_FOUND, "not found\n").into_response(),
    }
}
