//! Events of BinderHub's build stream and of the Hub's progress stream, as they come.

use secrecy::SecretString;
use serde_json::{Map, Value};

/// The phases that matter; the words of old and fake builders are folded in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Waiting,
    Fetching,
    Building,
    Pushing,
    Built,
    Launching,
    Ready,
    Failed,
    /// Absent or not known: old and new repo2docker both send lines without a phase.
    Other,
}

/// One event of `GET /build/…`. The client's address (`binder_client_ip`) is not even read.
pub(crate) struct BinderEvent {
    phase: String,
    message: String,
    /// Stands in for the HTTP status, which is always 200.
    pub(crate) status_code: Option<u16>,
    image: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) token: Option<SecretString>,
}

impl BinderEvent {
    /// Reads the data of one event. A key of an unexpected type counts as absent: builders put anything there.
    pub(crate) fn read(data: &str) -> Result<Self, String> {
        let event = object(data)?;
        let text = |key: &str| event.get(key).and_then(Value::as_str).filter(|t| !t.is_empty());
        Ok(Self {
            phase: text("phase").unwrap_or_default().to_ascii_lowercase(),
            message: text("message").unwrap_or_default().trim().to_owned(),
            status_code: event.get("status_code").and_then(Value::as_u64).and_then(|n| u16::try_from(n).ok()),
            image: text("imageName").or(text("image")).map(str::to_owned),
            url: text("url").map(str::to_owned),
            token: text("token").map(SecretString::from),
        })
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.as_str() {
            "waiting" => Phase::Waiting,
            "fetching" => Phase::Fetching,
            "building" | "running" | "pending" => Phase::Building,
            "pushing" => Phase::Pushing,
            "built" => Phase::Built,
            "launching" => Phase::Launching,
            "ready" => Phase::Ready,
            "failed" | "failure" => Phase::Failed,
            _ => Phase::Other,
        }
    }

    /// The text, without the line ends it comes with.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn image(&self) -> Option<&str> {
        self.image.as_deref()
    }
}

/// One event of the Hub's own progress stream.
pub(crate) struct HubEvent {
    pub(crate) ready: bool,
    pub(crate) failed: bool,
    message: String,
    pub(crate) url: Option<String>,
}

impl HubEvent {
    /// Reads the data of one event.
    pub(crate) fn read(data: &str) -> Result<Self, String> {
        let event = object(data)?;
        let holds = |key: &str| event.get(key).and_then(Value::as_bool).unwrap_or(false);
        let text = |key: &str| event.get(key).and_then(Value::as_str).map(str::to_owned);
        Ok(Self {
            ready: holds("ready"),
            failed: holds("failed"),
            message: text("message").unwrap_or_default().trim().to_owned(),
            url: text("url").filter(|u| !u.is_empty()),
        })
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }
}

/// Without the parser's own words: those quote the value, which may be a token.
fn object(data: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(data).map_err(|e| format!("an event is not a JSON object (column {})", e.column()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_read_in_any_case_and_may_be_missing() {
        let phase = |data: &str| BinderEvent::read(data).map(|e| e.phase());
        assert_eq!(phase(r#"{"phase":"Failed","message":"x"}"#), Ok(Phase::Failed));
        assert_eq!(phase(r#"{"phase":"failure"}"#), Ok(Phase::Failed));
        assert_eq!(phase(r#"{"message":"Picked Git content provider.\n"}"#), Ok(Phase::Other));
        assert!(phase("[1]").is_err());
    }
}
