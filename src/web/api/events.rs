//! What happens, as it happens: server-sent events from the tape, each reader at its own pace.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event as Sent, KeepAlive, Sse};
use futures::Stream;
use futures::stream::unfold;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::watch;

use super::letter::Asked;
use crate::pipeline::tape::{Event, Tape};
use crate::web::Sources;
use crate::web::problem::Problem;

/// Events that are taken from the tape at once: so many are held for one reader.
const AT_ONCE: usize = 64;

/// Which events.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct EventsAsked {
    /// Only these kinds, with commas between: `observation`, `alert`, `incident`, `notification`, `delivery`.
    types: Option<String>,
    /// Go on after the event of this id; for readers that cannot send `Last-Event-ID`.
    after: Option<String>,
}

/// The stream. An event `lagged` says how many were lost to a slow or long absent reader.
pub(in crate::web) async fn stream(
    State(sources): State<Sources>,
    headers: HeaderMap,
    Asked(asked): Asked<EventsAsked>,
) -> Result<Sse<impl Stream<Item = Result<Sent, Infallible>> + use<>>, Problem> {
    let types = asked.types.as_deref().map(types).transpose()?;
    let tape = sources.board.tape().clone();
    let next = tape.next();
    let boot = format!("{:x}", sources.setup.started.as_millisecond());
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let at = match last.or(asked.after) {
        None => *next.borrow(),
        Some(last) => resumed(&last, &boot),
    };
    let reader = Reader { tape, next, boot, at, types, ready: VecDeque::new() };
    let events = unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        Some((Ok(event), reader))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

/// Where to go on; what is of another life of the service goes on at the beginning of this one.
fn resumed(last: &str, boot: &str) -> u64 {
    let of_this_life = last.split_once('-').filter(|(life, _)| *life == boot);
    of_this_life.and_then(|(_, n)| n.parse::<u64>().ok()).map_or(0, |n| n.saturating_add(1))
}

fn types(text: &str) -> Result<Vec<&'static str>, Problem> {
    let known = Event::KINDS;
    let find = |name: &str| known.into_iter().find(|kind| *kind == name.trim());
    let no_such = |name: &str| {
        let name = launchwatch_alerts::text::one_line(name, 40);
        Problem::nonsense(format!("there are no events `{name}`"), &format!("types: {}", known.join(", ")))
    };
    text.split(',').map(|name| find(name).ok_or_else(|| no_such(name))).collect()
}

/// Somebody who follows along.
struct Reader {
    tape: Tape,
    next: watch::Receiver<u64>,
    /// Names this life of the service.
    boot: String,
    /// The number of the event to be read next.
    at: u64,
    types: Option<Vec<&'static str>>,
    ready: VecDeque<Sent>,
}

impl Reader {
    async fn next(&mut self) -> Option<Sent> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            // A number of the future is of somebody who guesses: nothing is held back for them.
            let end = *self.next.borrow_and_update();
            self.at = self.at.min(end);
            if self.at == end {
                self.next.changed().await.ok()?;
                continue;
            }
            self.fill();
        }
    }

    fn fill(&mut self) {
        let read = self.tape.read(self.at, AT_ONCE);
        if read.lost > 0 {
            let lost = format!("{{\"type\":\"lagged\",\"lost\":{}}}", read.lost);
            self.ready.push_back(Sent::default().event("lagged").data(lost));
        }
        for (number, event) in (read.first..).zip(&read.events) {
            self.at = number + 1;
            if self.types.as_ref().is_none_or(|types| types.contains(&event.kind())) {
                self.ready.extend(self.sent(number, event));
            }
        }
    }

    fn sent(&self, number: u64, event: &Arc<Event>) -> Option<Sent> {
        let data = serde_json::to_string(event.as_ref()).ok()?;
        Some(Sent::default().event(event.kind()).id(format!("{}-{number}", self.boot)).data(data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_comes_back_goes_on_where_they_were() {
        assert_eq!(resumed("abc-7", "abc"), 8);
        assert_eq!(resumed("xyz-7", "abc"), 0, "another life of the service");
        assert_eq!(resumed("nonsense", "abc"), 0);
    }

    #[test]
    fn kinds_of_events_are_named_or_refused() {
        assert_eq!(types("incident, alert").ok(), Some(vec!["incident", "alert"]));
        assert!(types("incidents").is_err());
        assert!(types("").is_err());
    }
}
