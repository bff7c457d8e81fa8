//! What the public takes away from the pages: badges, feeds, a widget for other pages, and news by e-mail.

pub(super) mod atom;
pub(super) mod badge;
pub(super) mod json_feed;
mod kept;
pub(super) mod links;
mod place;
mod stand;
pub(super) mod subscribe;
mod svg;
#[cfg(test)]
mod tests;
pub(super) mod widget;

use jiff::Timestamp;
use launchwatch_alerts::Incident;

use super::Sources;
use crate::news::{self, Shown, Work};
use crate::store;

pub(super) use self::place::autodiscovery;

/// Incidents in a feed.
const SHOWN: usize = 50;

/// What the public may hear of, at a moment.
struct Known {
    /// The newest first.
    incidents: Vec<Incident>,
    /// The next first.
    works: Vec<Work>,
    title: String,
    at: Timestamp,
}

impl Known {
    async fn now(sources: &Sources) -> Result<Self, store::Error> {
        let at = sources.clock.now();
        let shows = |target: &str| sources.status.shows(target);
        let incidents = sources.store.incidents(SHOWN * 2).await?;
        let incidents = incidents.iter().filter_map(|i| news::public(i, shows)).take(SHOWN).collect();
        let silences = sources.store.silences(SHOWN).await?;
        let shown = {
            let board = sources.board.read();
            let probes = board.probes.keys().map(|p| (p.target(), p.probe()));
            Shown::new(probes.filter(|(target, _)| shows(target)))
        };
        let title = format!("{}: incidents and maintenance", news::name(&sources.status.pages().title));
        Ok(Self { incidents, works: news::works(&shown, &sources.planned, &silences, at), title, at })
    }

    /// When the last thing became known; without any, the beginning of the day.
    fn updated(&self) -> Timestamp {
        let incidents = self.incidents.iter().map(news::updated);
        let works = self.works.iter().map(|w| w.updated(self.at));
        let day = Timestamp::from_second(self.at.as_second().div_euclid(86_400) * 86_400);
        incidents.chain(works).max().unwrap_or_else(|| day.unwrap_or(self.at))
    }
}
