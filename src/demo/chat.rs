//! A chat room of the demo: keeps the last messages a webhook posted.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::Value;

use crate::clock::Clock;

const KEPT: usize = 12;

/// The last messages, newest first.
#[derive(Clone)]
pub struct Chat {
    clock: Clock,
    messages: Arc<Mutex<VecDeque<(Timestamp, String, String)>>>,
}

impl Chat {
    /// An empty room.
    pub fn new(clock: Clock) -> Self {
        Self { clock, messages: Arc::default() }
    }

    /// Takes what a webhook posted.
    pub fn post(&self, message: &Value) {
        let word = |key: &str| message.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        messages.push_front((self.clock.now(), word("kind"), word("text")));
        messages.truncate(KEPT);
    }

    /// The messages: when, kind, text.
    pub fn messages(&self) -> Vec<(Timestamp, String, String)> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
