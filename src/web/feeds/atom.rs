//! The feed as Atom (RFC 4287): one entry an incident or a planned work, with a name for life.

use atom_syndication::{Content, Entry, Feed, FixedDateTime, Generator, Link, Person, Text};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use launchwatch_alerts::Incident;

use super::place::{Place, segment};
use super::{Known, kept};
use crate::news::{self, Work};
use crate::web::Sources;

/// `/feed.atom`
pub(in crate::web) async fn feed(State(sources): State<Sources>, headers: HeaderMap) -> Response {
    match Known::now(&sources).await {
        Ok(known) => {
            let text = written(&known, &Place::of(&sources, &headers)).to_string();
            kept::answer(&headers, StatusCode::OK, "application/atom+xml; charset=utf-8", text)
        }
        Err(_) => kept::not_now(),
    }
}

/// The whole feed.
pub(super) fn written(known: &Known, place: &Place) -> Feed {
    let works = known.works.iter().map(|w| (w.updated(known.at), work(w, known.at, place)));
    let incidents = known.incidents.iter().map(|i| (news::updated(i), incident(i, place)));
    let mut entries: Vec<_> = works.chain(incidents).collect();
    entries.sort_by_key(|(updated, _)| std::cmp::Reverse(*updated));
    Feed {
        title: Text::plain(known.title.clone()),
        id: place.tag("feed"),
        updated: date(known.updated()),
        authors: vec![Person { name: "launchwatch".into(), ..Person::default() }],
        generator: Some(Generator {
            value: "launchwatch".into(),
            version: Some(env!("CARGO_PKG_VERSION").into()),
            ..Generator::default()
        }),
        links: vec![
            link("self", "application/atom+xml", place.to("/feed.atom")),
            link("alternate", "text/html", place.to("/")),
        ],
        entries: entries.into_iter().map(|(_, entry)| entry).collect(),
        ..Feed::default()
    }
}

fn incident(incident: &Incident, place: &Place) -> Entry {
    Entry {
        title: Text::plain(news::headline(incident)),
        id: place.tag(&format!("incident/{}", incident.id)),
        updated: date(news::updated(incident)),
        published: Some(date(incident.opened_at)),
        links: vec![link("alternate", "text/html", place.to(&path(incident)))],
        content: Some(plain(lines(incident))),
        ..Entry::default()
    }
}

fn work(work: &Work, now: Timestamp, place: &Place) -> Entry {
    Entry {
        title: Text::plain(work.headline()),
        id: place.tag(&format!("maintenance/{}", work.id)),
        updated: date(work.updated(now)),
        links: vec![link("alternate", "text/html", place.to("/"))],
        content: Some(plain(work.span())),
        ..Entry::default()
    }
}

/// The page of an incident.
pub(super) fn path(incident: &Incident) -> String {
    format!("/incidents/{}", segment(&incident.id.0))
}

/// What happened when, a line each.
pub(super) fn lines(incident: &Incident) -> String {
    let steps = news::steps(incident);
    steps.iter().map(|(at, what)| format!("{}: {what}", news::moment(*at))).collect::<Vec<_>>().join("\n")
}

fn plain(text: String) -> Content {
    Content { value: Some(text), content_type: Some("text".into()), ..Content::default() }
}

fn link(rel: &str, kind: &str, href: String) -> Link {
    Link { rel: rel.into(), mime_type: Some(kind.into()), href, ..Link::default() }
}

fn date(at: Timestamp) -> FixedDateTime {
    let utc = chrono::DateTime::from_timestamp(at.as_second(), 0).unwrap_or_default();
    utc.fixed_offset()
}
