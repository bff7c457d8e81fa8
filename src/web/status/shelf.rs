//! Pages that are ready: made at most once a second, kept as they go over the wire.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// More pages than there are; what would be more is thrown away and made again.
const MOST: usize = 512;
/// Nobody keeps a page without asking whether it is still so.
const CACHE: HeaderValue = HeaderValue::from_static("no-cache");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const VARY: HeaderValue = HeaderValue::from_static("accept-encoding, authorization, cookie");

/// The pages, by what they are.
#[derive(Debug, Default)]
pub(super) struct Shelf(Mutex<BTreeMap<String, Kept>>);

/// One of them.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    /// The second it was made in, and the number of the history it was made from.
    made: (i64, u64),
    plain: Bytes,
    packed: Bytes,
    tag: HeaderValue,
}

impl Shelf {
    /// The page of this second; made where it is not there yet.
    pub(super) fn page(&self, name: &str, made: (i64, u64), make: impl FnOnce() -> String) -> Kept {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = pages.get(name).filter(|kept| kept.made == made) {
            return kept.clone();
        }
        let kept = Kept::new(made, make());
        if pages.len() >= MOST {
            pages.clear();
        }
        pages.insert(name.to_owned(), kept.clone());
        kept
    }
}

impl Kept {
    pub(super) fn new(made: (i64, u64), text: String) -> Self {
        let packed = packed(text.as_bytes(), Compression::new(4));
        let tag = format!("W/\"{:08x}-{:x}\"", crc32fast::hash(text.as_bytes()), text.len());
        let tag = HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("W/\"\""));
        Self { made, plain: text.into(), packed, tag }
    }

    /// The answer to somebody who can read packed pages or not, and may have this one already.
    pub(super) fn answer(&self, asked: &HeaderMap) -> Response {
        let common: [(HeaderName, HeaderValue); 3] =
            [(header::CACHE_CONTROL, CACHE), (header::VARY, VARY), (header::ETAG, self.tag.clone())];
        let has = asked.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let tag = self.tag.to_str().unwrap_or_default();
        if has.split(',').any(|one| one.trim() == tag) {
            return (StatusCode::NOT_MODIFIED, common).into_response();
        }
        let kind = [(header::CONTENT_TYPE, HTML)];
        if takes_packed(asked) {
            let coded = [(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))];
            return (common, kind, coded, self.packed.clone()).into_response();
        }
        (common, kind, self.plain.clone()).into_response()
    }
}

/// Whether gzip is welcome.
pub(in crate::web) fn takes_packed(asked: &HeaderMap) -> bool {
    let said = asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|v| v.to_str().ok());
    said.flat_map(|v| v.split(',')).any(|one| {
        let (name, quality) = one.split_once(';').unwrap_or((one, ""));
        let refused = quality.trim().strip_prefix("q=").is_some_and(|q| q.trim().parse() == Ok(0.0_f32));
        matches!(name.trim(), "gzip" | "*") && !refused
    })
}

/// The bytes as gzip.
pub(in crate::web) fn packed(bytes: &[u8], how: Compression) -> Bytes {
    let mut packer = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), how);
    // Writing to memory does not fail; were it so, nothing would be sent rather than half of it.
    match packer.write_all(bytes).and_then(|()| packer.finish()) {
        Ok(packed) => packed.into(),
        Err(_) => Bytes::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn a_page_is_made_once_a_second_and_anew_when_there_is_news() {
        let shelf = Shelf::default();
        let mut count = 0;
        for (made, expected) in [((1, 1), 1), ((1, 1), 1), ((2, 1), 2), ((2, 2), 3)] {
            let _page = shelf.page("/", made, || {
                count += 1;
                format!("page {count}")
            });
            assert_eq!(count, expected);
        }
    }

    #[test]
    fn who_has_it_gets_nothing_and_who_takes_packed_gets_packed() {
        let kept = Kept::new((0, 0), "<p>hello</p>".repeat(100));
        let plain = kept.answer(&HeaderMap::new());
        assert!(!plain.headers().contains_key(header::CONTENT_ENCODING));
        let tag = plain.headers()[header::ETAG].to_str().unwrap().to_owned();
        assert_eq!(kept.answer(&asked(header::IF_NONE_MATCH, &tag)).status(), StatusCode::NOT_MODIFIED);
        assert_eq!(kept.answer(&asked(header::IF_NONE_MATCH, "W/\"other\"")).status(), StatusCode::OK);
        for (says, takes) in [
            ("gzip, br", true),
            ("br;q=1, GZIP", false),
            ("gzip;q=0", false),
            ("gzip;q=0.5", true),
            ("*", true),
            ("identity", false),
        ] {
            assert_eq!(takes_packed(&asked(header::ACCEPT_ENCODING, says)), takes, "{says}");
        }
    }
}
