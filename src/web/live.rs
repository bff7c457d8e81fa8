//! Tells open pages that something changed; they fetch what they show again.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use futures::stream::unfold;

use super::Sources;

/// Changes closer together than this are told once.
const PAUSE: Duration = Duration::from_millis(500);

/// `changed` with the number of the change, whenever there is one.
pub(super) async fn stream(
    State(sources): State<Sources>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
    let changes = unfold((sources.board.changes(), true), |(mut changes, first)| async move {
        if !first {
            tokio::time::sleep(PAUSE).await;
        }
        changes.changed().await.ok()?;
        let number = *changes.borrow_and_update();
        Some((Ok(Event::default().event("changed").data(number.to_string())), (changes, false)))
    });
    Sse::new(changes).keep_alive(KeepAlive::default())
}
