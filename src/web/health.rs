//! For those who watch the process: is it alive, is it ready.

use axum::extract::State;
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};

use super::Sources;

/// A recorder that has not gone round its loop for this long is dead or stuck (it does every 5 s).
pub(super) const STALE: SignedDuration = SignedDuration::from_secs(30);

/// 200 while the recorder goes round its loop; 503 otherwise: restart us.
pub(super) async fn live(State(sources): State<Sources>) -> (StatusCode, String) {
    // A database that does not answer is no reason to restart: to go on looking is better.
    let stale = if sources.lead.name().is_some() { STALE * 4 } else { STALE };
    match silence(&sources) {
        Some(for_) if for_ <= stale => (StatusCode::OK, "ok\n".into()),
        Some(for_) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("the recorder has been silent for {for_:#}\n"))
        }
        None => (StatusCode::OK, "starting\n".into()),
    }
}

/// 200 when results can be written down; 503 while they cannot.
pub(super) async fn ready(State(sources): State<Sources>) -> (StatusCode, String) {
    if silence(&sources).is_none_or(|for_| for_ > STALE) {
        return (StatusCode::SERVICE_UNAVAILABLE, "the recorder does not run\n".into());
    }
    if let Some(why) = &sources.without_memory {
        return (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n"));
    }
    match sources.store.outbox().await {
        Ok(_) => (StatusCode::OK, stand(&sources)),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("the store does not answer: {error}\n")),
    }
}

/// Ready as what: who follows serves pages, and hands over what it is asked for.
fn stand(sources: &Sources) -> String {
    match (sources.lead.name(), sources.lead.standing()) {
        (Some(name), Some(standing)) if standing.leads => format!("ready: {name} leads\n"),
        (Some(name), Some(standing)) => match standing.leader {
            Some(leader) => format!("ready: {name} follows {leader}\n"),
            None => format!("ready: {name} follows, and nobody leads yet\n"),
        },
        _ => "ready\n".into(),
    }
}

/// How long the recorder has been silent; `None` before its first round.
pub(super) fn silence(sources: &Sources) -> Option<SignedDuration> {
    let alive: Option<Timestamp> = sources.board.read().alive_at;
    alive.map(|at| sources.clock.now().duration_since(at))
}
