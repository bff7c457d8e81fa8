//! Carries envelopes for a channel: step by step, within its time limit, to a receipt.

use std::time::Duration;

use secrecy::ExposeSecret;

use crate::{Channel, Envelope, MessageRef, Next, Notification, Post, Receipt, Reply, Settled, Undelivered};

/// Most envelopes of one delivery.
const MOST_STEPS: usize = 8;
/// Longest time for an ornament.
const ORNAMENT: Duration = Duration::from_secs(5);
/// Longest wait that a service may ask for.
const MOST_ASKED: Duration = Duration::from_secs(3600);

/// Delivers one notification by one channel: one attempt, whatever becomes of it. `thread` is the reference of the
/// incident's first message in this channel.
pub async fn deliver(
    channel: &dyn Channel,
    notification: &Notification,
    thread: Option<&MessageRef>,
    post: &dyn Post,
) -> Receipt {
    deliver_rest(channel, notification, thread, &Settled::default(), post).await
}

/// As [`deliver`], after an attempt that ended in [`Receipt::Partly`]: only those who are not settled are told.
pub async fn deliver_rest(
    channel: &dyn Channel,
    notification: &Notification,
    thread: Option<&MessageRef>,
    settled: &Settled,
    post: &dyn Post,
) -> Receipt {
    let limit = channel.time_limit();
    // What was settled before speaks as the first reply, so a channel needs no memory of its own.
    let before = (!settled.0.is_empty()).then(|| Reply::Mail(settled.0.clone()));
    let walk = walk(channel, notification, thread, before, post);
    let receipt = tokio::time::timeout(limit, walk).await.unwrap_or_else(|_| Receipt::Retry {
        after: None,
        why: format!("time limit: not done within {} s", limit.as_secs()),
    });
    receipt.reworded(|words| blotted(channel, words))
}

async fn walk(
    channel: &dyn Channel,
    notification: &Notification,
    thread: Option<&MessageRef>,
    before: Option<Reply>,
    post: &dyn Post,
) -> Receipt {
    let mut replies: Vec<Reply> = before.into_iter().collect();
    for _ in 0..MOST_STEPS {
        let envelope = match channel.compose(notification, &replies, thread) {
            Next::Done(receipt) => return receipt,
            Next::Send(envelope) => *envelope,
        };
        let ornament = channel.is_ornament(notification, &replies, thread).then_some(ORNAMENT);
        match step(envelope, ornament.or(channel.step_limit()), post).await {
            Ok(reply) => replies.push(reply),
            Err(broken) => return Receipt::Retry { after: None, why: broken.to_string() },
        }
    }
    match channel.compose(notification, &replies, thread) {
        Next::Done(receipt) => receipt,
        Next::Send(_) => Receipt::Refused { why: format!("not done after {MOST_STEPS} steps") },
    }
}

/// One envelope and what came back within `limit`; where there is one, a failure is a reply too.
async fn step(envelope: Envelope, limit: Option<Duration>, post: &dyn Post) -> Result<Reply, Undelivered> {
    let Some(limit) = limit else { return post.deliver(envelope).await };
    let slow = |_| {
        let detail = format!("no answer within {} s", limit.as_secs());
        Err(Undelivered { step: "answer", detail })
    };
    let reply = tokio::time::timeout(limit, post.deliver(envelope)).await.unwrap_or_else(slow);
    Ok(reply.unwrap_or_else(Reply::Lost))
}

/// A service may echo what it was sent: the channel's secrets become stars.
fn blotted(channel: &dyn Channel, words: &str) -> String {
    channel.secrets().into_iter().fold(words.to_owned(), |words, secret| match secret.expose_secret() {
        // A very short secret would tear holes into innocent words, and protects nothing.
        secret if secret.len() < 4 => words,
        secret => words.replace(secret, "***"),
    })
}

/// How long to wait before the next attempt: doubles from `first` to `most`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    most: Duration,
}

impl Default for Backoff {
    /// One second, doubling to five minutes.
    fn default() -> Self {
        Self { first: Duration::from_secs(1), most: Duration::from_secs(300) }
    }
}

impl Backoff {
    /// The wait after failed attempt number `attempt` (the first is 1). `chance` from 0 to 1 spreads it by a fifth
    /// either way. Never before what the service `asked` for, of which at most an hour is granted.
    pub fn next(&self, attempt: u32, asked: Option<Duration>, chance: f64) -> Duration {
        let doublings = attempt.saturating_sub(1).min(30);
        let base = self.first.saturating_mul(1 << doublings).min(self.most);
        let spread = if chance.is_finite() { chance.clamp(0.0, 1.0) } else { 0.5 };
        let wait = base.mul_f64(0.8 + 0.4 * spread);
        wait.max(asked.unwrap_or_default().min(MOST_ASKED))
    }
}

#[cfg(test)]
mod tests;
