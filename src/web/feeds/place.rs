//! Addresses for those who read us elsewhere: whole ones, as people reach the pages.

use axum::http::{HeaderMap, header};
use maud::{Markup, html};

use crate::web::Sources;

/// Longest name of a host that we repeat.
const HOST: usize = 255;

/// Where people reach the pages: by the configuration, or else as they have just reached them.
pub(super) struct Place {
    /// Without a slash at its end; empty if nothing is known.
    root: String,
    /// The host, for names that last.
    host: String,
}

impl Place {
    pub(super) fn of(sources: &Sources, headers: &HeaderMap) -> Self {
        if let Some(url) = &sources.public.url {
            let host = url.host_str().unwrap_or_default().to_owned();
            return Self { root: url.as_str().trim_end_matches('/').to_owned(), host };
        }
        let Some(host) = host(headers) else {
            return Self { root: sources.base.to_string(), host: "launchwatch.invalid".into() };
        };
        let secure = headers.get("x-forwarded-proto").is_some_and(|v| v == "https");
        let scheme = if secure { "https" } else { "http" };
        let bare = host.split(':').next().unwrap_or_default().to_owned();
        Self { root: format!("{scheme}://{host}{}", sources.base), host: bare }
    }

    /// The whole address of a path of ours (which begins with `/`).
    pub(super) fn to(&self, path: &str) -> String {
        format!("{}{path}", self.root)
    }

    /// A name for life (RFC 4151): the same whatever becomes of it.
    pub(super) fn tag(&self, what: &str) -> String {
        format!("tag:{},2018:launchwatch/{}", self.host, segment(what))
    }
}

/// What the client calls us, unless it is no name of a host.
fn host(headers: &HeaderMap) -> Option<&str> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    (!host.is_empty() && host.len() <= HOST && host.chars().all(plain)).then_some(host)
}

/// Foreign text as a part of a path.
pub(super) fn segment(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'/');
    text.bytes()
        .take(300)
        .map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// Where feed readers find the feeds: for the head of every page.
pub(in crate::web) fn autodiscovery(sources: &Sources) -> Markup {
    html! {
        link rel="alternate" type="application/atom+xml" title="Incidents and maintenance" href=(sources.to("/feed.atom"));
        link rel="alternate" type="application/feed+json" title="Incidents and maintenance" href=(sources.to("/feed.json"));
    }
}
