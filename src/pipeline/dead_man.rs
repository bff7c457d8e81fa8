//! Tells an address again and again that we live and can tell: when it hears nothing, somebody else is alarmed.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::SignedDuration;
use launchwatch_alerts::{Envelope, Post, Reply};
use secrecy::ExposeSecret;

use super::board::SharedBoard;
use super::deliveries::Stuck;
use crate::clock::Clock;
use crate::config::DeadMan;
use crate::tasks::Tasks;
use crate::telemetry::Metrics;

/// A recorder that has not gone round its loop for this long does not live: it also waits while it cannot write.
const SILENT: SignedDuration = SignedDuration::from_secs(60);
/// The first call comes no later than this: whoever was alarmed by a restart hears soon that it is over.
const FIRST: Duration = Duration::from_secs(30);
/// Longest that a call may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Who calls.
pub struct Caller {
    /// What is called, and how often.
    pub dead_man: DeadMan,
    /// The date.
    pub clock: Clock,
    /// How the call leaves.
    pub post: Arc<dyn Post>,
    /// Where it stands that the recorder lives.
    pub board: SharedBoard,
    /// Whether nobody can be told of anything.
    pub stuck: Stuck,
    /// Counts.
    pub metrics: Metrics,
    /// All tasks.
    pub tasks: Tasks,
}

impl Caller {
    /// Calls until the service stops.
    pub async fn run(self) {
        let mut said = String::new();
        let mut pause = self.dead_man.every.min(FIRST);
        loop {
            tokio::select! {
                biased; // two replays must agree
                _ = self.tasks.stopped() => return,
                () = tokio::time::sleep(pause) => {}
            }
            pause = self.dead_man.every;
            let (result, why) = match self.trouble() {
                Some(why) => ("withheld", why),
                None => match self.call().await {
                    Ok(()) => ("answered", String::new()),
                    Err(why) => ("failed", why),
                },
            };
            self.metrics.dead_man(result);
            if why != said {
                match result {
                    "answered" => tracing::info!("the dead man's switch hears of us again"),
                    "withheld" => tracing::error!("the dead man's switch is not told that we live: {why}"),
                    _ => tracing::warn!("the dead man's switch cannot be reached: {why}"),
                }
                said = why;
            }
        }
    }

    /// Why we cannot say that all is well with us.
    fn trouble(&self) -> Option<String> {
        if self.stuck.is() {
            return Some("no channel works".into());
        }
        let alive = self.board.read().alive_at;
        match alive.map(|at| self.clock.now().duration_since(at)) {
            Some(silent) if silent <= SILENT => None,
            _ => Some("the recorder does not go round".into()),
        }
    }

    async fn call(&self) -> Result<(), String> {
        let request = http::Request::get(self.dead_man.url.expose_secret())
            .body(Bytes::new())
            .map_err(|_| "the address is not one".to_owned())?;
        let call = self.post.deliver(Envelope::Http(request));
        match tokio::time::timeout(PATIENCE, call).await {
            Ok(Ok(Reply::Http { status: 200..=299, .. })) => Ok(()),
            Ok(Ok(Reply::Http { status, .. })) => Err(format!("HTTP {status}")),
            Ok(Ok(_)) => Err("the reply does not belong to the request".into()),
            Ok(Err(undelivered)) => Err(undelivered.to_string()),
            Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
        }
    }
}
