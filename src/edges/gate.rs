//! The gate before the post: nothing leaves when the right to tell has ended.

use std::sync::Arc;

use async_trait::async_trait;
use launchwatch_alerts::{Envelope, Post, Reply, Undelivered};

use crate::lead::Right;

/// A post behind a gate. What is under way when the right ends is cut off: it may have arrived.
pub struct Gated {
    post: Arc<dyn Post>,
    right: Right,
}

impl Gated {
    /// Only while the right holds, anything leaves by `post`.
    pub fn new(post: Arc<dyn Post>, right: Right) -> Self {
        Self { post, right }
    }
}

#[async_trait]
impl Post for Gated {
    async fn deliver(&self, envelope: Envelope) -> Result<Reply, Undelivered> {
        if !self.right.is_shared() {
            return self.post.deliver(envelope).await;
        }
        tokio::select! {
            biased; // whoever was stopped and goes on finds the gate closed before anything else
            () = self.right.ended() => Err(Undelivered {
                step: "lead",
                detail: "this replica does not lead now; who leads tells".into(),
            }),
            reply = self.post.deliver(envelope) => reply,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use bytes::Bytes;
    use tokio::time::Instant;

    use super::*;

    /// Takes everything, after a second.
    #[derive(Default)]
    struct Slow(AtomicUsize, AtomicUsize);

    #[async_trait]
    impl Post for Slow {
        async fn deliver(&self, _: Envelope) -> Result<Reply, Undelivered> {
            self.0.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_secs(1)).await;
            self.1.fetch_add(1, Ordering::Relaxed);
            Err(Undelivered { step: "answer", detail: "taken".into() })
        }
    }

    async fn step(gate: &Gated) -> &'static str {
        let envelope = Envelope::Http(http::Request::get("http://chat.example/").body(Bytes::new()).unwrap());
        gate.deliver(envelope).await.unwrap_err().step
    }

    #[tokio::test(start_paused = true)]
    async fn after_its_end_nothing_leaves_and_what_is_under_way_is_cut_off() {
        let (until, right) = Right::lease(Instant::now() + Duration::from_millis(1_500));
        let slow = Arc::new(Slow::default());
        let gate = Gated::new(Arc::clone(&slow) as Arc<dyn Post>, right);
        assert_eq!(step(&gate).await, "answer");
        assert_eq!(step(&gate).await, "lead", "it ends under way");
        assert_eq!(step(&gate).await, "lead", "it has ended");
        assert_eq!((slow.0.load(Ordering::Relaxed), slow.1.load(Ordering::Relaxed)), (2, 1));
        until.send_replace(Instant::now() + Duration::from_secs(9));
        assert_eq!(step(&gate).await, "answer");
    }
}
