//! Style and script of the pages, under names that change with what is in them, so that they may be kept for ever.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

/// A file that pages need.
pub(super) struct Asset {
    /// `style-0a1b2c3d.css`
    pub(super) name: String,
    kind: &'static str,
    text: &'static str,
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

impl Asset {
    fn new(stem: &str, end: &str, kind: &'static str, text: &'static str) -> Self {
        let digest = Sha256::digest(text);
        let short: String = digest.iter().take(4).map(|b| format!("{b:02x}")).collect();
        Self { name: format!("{stem}-{short}.{end}"), kind, text }
    }
}

/// One of them.
pub(super) async fn one(Path(name): Path<String>) -> Response {
    match [&*STYLE, &*LIVE, &*MARK].into_iter().find(|asset| asset.name == name) {
        Some(asset) => {
            let headers = [
                (header::CONTENT_TYPE, asset.kind),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            (headers, asset.text).into_response()
        }
        None => (StatusCode::NOT_FOUND, "not found\n").into_response(),
    }
}
