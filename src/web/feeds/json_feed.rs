//! The same feed as JSON Feed 1.1.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::place::Place;
use super::{Known, atom, kept};
use crate::news;
use crate::web::Sources;

/// `/feed.json`
pub(in crate::web) async fn feed(State(sources): State<Sources>, headers: HeaderMap) -> Response {
    match Known::now(&sources).await {
        Ok(known) => {
            let text = written(&known, &Place::of(&sources, &headers)).to_string();
            kept::answer(&headers, StatusCode::OK, "application/feed+json; charset=utf-8", text)
        }
        Err(_) => kept::not_now(),
    }
}

/// The whole feed.
pub(super) fn written(known: &Known, place: &Place) -> Value {
    let incidents = known.incidents.iter().map(|i| {
        let item = json!({
            "id": place.tag(&format!("incident/{}", i.id)),
            "url": place.to(&atom::path(i)),
            "title": news::headline(i),
            "content_text": atom::lines(i),
            "date_published": date(i.opened_at),
            "date_modified": date(news::updated(i)),
        });
        (news::updated(i), item)
    });
    let works = known.works.iter().map(|w| {
        let updated = w.updated(known.at);
        let item = json!({
            "id": place.tag(&format!("maintenance/{}", w.id)),
            "url": place.to("/"),
            "title": w.headline(),
            "content_text": w.span(),
            "date_modified": date(updated),
        });
        (updated, item)
    });
    let mut items: Vec<_> = works.chain(incidents).collect();
    items.sort_by_key(|(updated, _)| std::cmp::Reverse(*updated));
    json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": known.title,
        "home_page_url": place.to("/"),
        "feed_url": place.to("/feed.json"),
        "authors": [{ "name": "launchwatch" }],
        "language": "en",
        "items": items.into_iter().map(|(_, item)| item).collect::<Vec<_>>(),
    })
}

fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
