//! Asks the witnesses: addresses that answer as long as our own network works.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use launchwatch_probes::Net;
use tokio::sync::Notify;
use url::Url;

use crate::inbox::{Inbox, Letter};
use crate::tasks::Tasks;
use crate::telemetry::Metrics;

/// Longest that a witness may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// They are asked again so soon at the earliest: also while none of them answers, until one does.
const EVERY: Duration = Duration::from_secs(5);
/// After so many questions without an answer they are asked more rarely: a network without them stays so.
const OFTEN: u32 = 120;
const RARELY: Duration = Duration::from_secs(30);

/// Asks for the witnesses to be heard. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Question(Arc<Notify>);

impl Question {
    /// Asks, or asks again once the answer under way is there.
    pub fn ask(&self) {
        self.0.notify_one();
    }
}

/// Those who are asked.
pub struct Witnesses {
    /// The way to them.
    pub net: Arc<dyn Net>,
    /// Where they are.
    pub urls: Vec<Url>,
    /// How we introduce ourselves.
    pub user_agent: Arc<str>,
    /// When to ask.
    pub question: Question,
    /// Where the answer goes.
    pub inbox: Inbox,
    /// Counts letters that were dropped.
    pub metrics: Metrics,
}

impl Witnesses {
    /// Asks once at the start, to know whether they can be reached at all, and then whenever somebody wants to know,
    /// until the service stops.
    pub async fn run(self, tasks: Tasks) {
        if self.urls.is_empty() {
            return;
        }
        let mut unanswered = 0_u32;
        loop {
            let asked = tokio::time::Instant::now();
            let answered = tokio::select! {
                biased; // two replays must agree
                _ = tasks.stopped() => return,
                answered = self.any() => answered,
            };
            unanswered = if answered { 0 } else { unanswered.saturating_add(1) };
            if !self.inbox.put(Letter::Witnesses(answered)) {
                self.metrics.letter_dropped();
            }
            tokio::select! {
                biased;
                _ = tasks.stopped() => return,
                () = self.wait(unanswered, asked) => {}
            }
        }
    }

    /// Waits until they are to be asked again.
    async fn wait(&self, unanswered: u32, asked: tokio::time::Instant) {
        if unanswered == 0 {
            self.question.0.notified().await;
        }
        let pause = if unanswered < OFTEN { EVERY } else { RARELY };
        tokio::time::sleep_until(asked + pause).await;
    }

    /// Whether any of them answers, whatever it says.
    async fn any(&self) -> bool {
        let mut all: FuturesUnordered<_> = self.urls.iter().map(|url| self.answers(url)).collect();
        while let Some(answered) = all.next().await {
            if answered {
                return true;
            }
        }
        false
    }

    async fn answers(&self, url: &Url) -> bool {
        let request = http::Request::head(url.as_str())
            .header(http::header::USER_AGENT, self.user_agent.as_ref())
            .body(bytes::Bytes::new());
        let Ok(request) = request else { return false };
        matches!(tokio::time::timeout(PATIENCE, self.net.send(request)).await, Ok(Ok(_)))
    }
}
