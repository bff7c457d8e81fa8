//! The public pages: what still works, since when what does not, and how it has been. They work without scripts.
//!
//! # Why
//! They are read when everything else is down, and by everybody at once. So what comes from the store is read in the background
//! and kept; a page is made from that and from the board at most once a second, and handed out as bytes. A store that does not
//! answer, or a recorder that is silent, changes what the page says of itself, not whether there is one.

mod cards;
mod clock;
mod days;
mod face;
mod history;
mod latency;
mod now;
mod past;
mod planned;
mod shelf;
mod site;
mod story;
mod target;
#[cfg(test)]
mod tests;
mod works;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use maud::html;
use serde::Deserialize;

use super::Sources;
use super::access::Who;
use super::shell::Page;
use crate::config::{Config, Pages};
use latency::Latency;
use now::Now;
use past::Past;
use shelf::Shelf;
use site::Site;

pub(in crate::web) use shelf::{packed, takes_packed};

/// Up to so many targets all are shown in full.
const FEW: usize = 8;
/// How old what was read from the store may be at most, while the store answers.
const FRESH: SignedDuration = SignedDuration::from_secs(60);
/// How often it is asked whether an incident moved.
const LOOK: Duration = Duration::from_secs(2);
/// After so many readings of what is new, everything is read again: people may have said something of what is long over.
const WHOLE: u64 = 60;

/// What the public pages are made from beside the board. Cheap to clone.
#[derive(Clone, Default)]
pub struct Status(Arc<Inner>);

#[derive(Default)]
struct Inner {
    site: Site,
    known: RwLock<Known>,
    shelf: Shelf,
}

/// What was read from the store.
#[derive(Clone, Default)]
struct Known {
    past: Arc<Past>,
    latency: Arc<BTreeMap<String, Vec<Latency>>>,
    /// How often it was read: pages made before that are old.
    number: u64,
    /// What of the open incidents was known then.
    moved: Arc<Vec<(String, bool)>>,
    /// Since when the store has not answered.
    failing: Option<Timestamp>,
    /// Somebody reads it in the background.
    kept: bool,
}

/// One page and all that it is made from.
struct Scene<'a> {
    sources: &'a Sources,
    site: &'a Site,
    known: &'a Known,
    now: &'a Now,
}

impl Status {
    /// For a service of this configuration; nothing is read yet.
    pub fn new(config: &Config) -> Self {
        Self(Arc::new(Inner { site: Site::new(config), ..Inner::default() }))
    }

    /// How the pages are called, look and are arranged.
    pub(in crate::web) fn pages(&self) -> &Pages {
        &self.0.site.pages
    }

    /// Whether the public pages show this target.
    pub(in crate::web) fn shows(&self, target: &str) -> bool {
        !self.pages().hide.contains(target)
    }

    fn known(&self) -> Known {
        self.0.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn write(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.0.known.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Reads what the store knows that is new. What it does not tell stays as it was, with its age.
    async fn read(&self, sources: &Sources) {
        let (before, now, moved) = (self.known(), sources.clock.now(), moved(sources));
        let again = before.past.read_at.is_some() && !before.number.is_multiple_of(WHOLE);
        let past = Past::read(sources.store.as_ref(), &self.0.site, now, again.then_some(&before.past)).await;
        // Whoever waits for a page of many targets need not wait for what that page does not show.
        let stages = before.kept || self.0.site.targets.len() <= cards::CHARTS;
        let latency = match stages {
            true => latency::read(sources.store.as_ref(), &self.0.site, now).await.map(Arc::new),
            false => Ok(before.latency),
        };
        match past.and_then(|past| Ok((past, latency?))) {
            Ok((past, latency)) => self.write(|known| {
                (known.past, known.latency) = (Arc::new(past), latency);
                (known.moved, known.failing) = (Arc::new(moved), None);
                known.number += 1;
            }),
            Err(error) => {
                if before.failing.is_none() {
                    tracing::warn!(%error, "the status page shows an old history: the store does not answer");
                }
                self.write(|known| known.failing = known.failing.or(Some(now)));
            }
        }
    }

    /// Reads again what is old, or what an incident has changed.
    async fn refresh(&self, sources: &Sources) {
        let known = self.known();
        let age = known.past.read_at.map(|at| sources.clock.now().duration_since(at));
        if age.is_none_or(|age| age >= FRESH) || *known.moved != moved(sources) {
            self.read(sources).await;
        }
    }

    /// A page for somebody unknown, from the shelf; for others, made for them.
    fn answer(
        &self,
        sources: &Sources,
        who: &Who,
        (name, asked): (&str, &HeaderMap),
        make: impl FnOnce(&Scene<'_>) -> (StatusCode, String),
    ) -> Response {
        let (known, at) = (self.known(), sources.clock.now());
        let mut status = StatusCode::OK;
        let text = || {
            let now = Now::of(&sources.board.read(), &self.0.site, &known.past.medians, at);
            let scene = Scene { sources, site: &self.0.site, known: &known, now: &now };
            let (made, text) = make(&scene);
            status = made;
            text
        };
        let kept = match who.role {
            None => self.0.shelf.page(name, (at.as_second(), known.number), text),
            Some(_) => shelf::Kept::new((0, 0), text()),
        };
        let mut response = kept.answer(asked);
        if status != StatusCode::OK {
            *response.status_mut() = status;
        }
        response
    }
}

/// What of the open incidents is on the board: which there are, and whether somebody sees to them.
fn moved(sources: &Sources) -> Vec<(String, bool)> {
    let board = sources.board.read();
    board.open.iter().map(|(target, i)| (format!("{target} {}", i.id), i.ack.is_some())).collect()
}

/// Reads in the background what pages show of the past: every minute, and when an incident moved.
pub async fn keep(sources: Sources) {
    sources.status.write(|known| known.kept = true);
    loop {
        sources.status.refresh(&sources).await;
        tokio::time::sleep(LOOK).await;
    }
}

/// Where nobody reads in the background, it is read when somebody asks.
async fn ready(sources: &Sources) -> Status {
    let status = sources.status.clone();
    let known = status.known();
    if !known.kept || known.past.read_at.is_none() {
        status.refresh(sources).await;
    }
    status
}

/// The status page.
pub(super) async fn front(State(sources): State<Sources>, who: Who, asked: HeaderMap) -> Response {
    let status = ready(&sources).await;
    status.answer(&sources, &who, ("/", &asked), |scene| (StatusCode::OK, scene.front(&who)))
}

/// One target.
pub(super) async fn target(
    State(sources): State<Sources>,
    who: Who,
    Path(target): Path<String>,
    asked: HeaderMap,
) -> Response {
    let status = ready(&sources).await;
    if !status.0.site.shows(&target) {
        return nothing(&sources, &who, "There is no such target.");
    }
    status.answer(&sources, &who, (&format!("target {target}"), &asked), |scene| {
        (StatusCode::OK, scene.target(&target, &who))
    })
}

#[derive(Deserialize)]
pub(super) struct Which {
    month: Option<String>,
    page: Option<usize>,
}

/// The incidents of a month.
pub(super) async fn past(
    State(sources): State<Sources>,
    who: Who,
    Query(which): Query<Which>,
    asked: HeaderMap,
) -> Response {
    let status = ready(&sources).await;
    let today = sources.clock.now().to_zoned(status.pages().time_zone.clone()).date();
    let month = match which.month.as_deref() {
        None => Some(today.first_of_month()),
        Some(text) => history::month(text).filter(|m| *m <= today),
    };
    let Some(month) = month else { return nothing(&sources, &who, "There is no such month.") };
    let page = which.page.unwrap_or(1).clamp(1, history::MOST_PAGES);
    let name = format!("history {month} {page}");
    status.answer(&sources, &who, (&name, &asked), |scene| (StatusCode::OK, scene.history(month, page, &who)))
}

fn nothing(sources: &Sources, who: &Who, words: &str) -> Response {
    let body = html! { p { (words) " " a href=(sources.to("/")) { "How things stand" } "." } };
    let page = Page { title: "Not found", here: "/", who, fresh: html! {}, body, live: false };
    sources.page_with(StatusCode::NOT_FOUND, page)
}
