//! One question over HTTP with our name on it and a limit, and its whole answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::net::Request;
use crate::{Net, NetError, Reason};

/// Longest answer that is read: API answers are small, BinderHub's page is some 20 kB.
const LONGEST: usize = 1 << 20;

/// Why there is no answer.
#[derive(Debug, Clone)]
pub(crate) enum AskError {
    /// The network did not carry it.
    Net(NetError),
    /// Nothing came within the limit.
    Silent(Duration),
    /// It cannot be asked: the address or a header is not valid.
    Invalid(String),
}

impl AskError {
    /// The reason that an outcome gets.
    pub(crate) fn reason(&self) -> Reason {
        match self {
            Self::Net(e) => e.reason(),
            Self::Silent(_) => Reason::Timeout,
            Self::Invalid(_) => Reason::Garbled,
        }
    }
}

impl std::fmt::Display for AskError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Net(e) => e.fmt(f),
            Self::Silent(limit) => write!(f, "no answer within {:.0} s", limit.as_secs_f64()),
            Self::Invalid(what) => f.write_str(what),
        }
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    /// Whether the status is 2xx.
    pub(crate) fn ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Where a redirect leads.
    pub(crate) fn location(&self) -> Option<&str> {
        self.headers.get(LOCATION).and_then(|v| v.to_str().ok())
    }

    /// Whether the answer says when to come again.
    pub(crate) fn says_when_to_retry(&self) -> bool {
        self.headers.contains_key(RETRY_AFTER)
    }

    /// The body as JSON; `Null` if it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The body as a type of ours, which need not keep all that is in it. The error says where, never what stands there.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_slice(&self.body).map_err(|e| format!("line {} column {}", e.line(), e.column()))
    }

    /// The first letter of the body that is no blank.
    pub(crate) fn first_letter(&self) -> Option<char> {
        self.body.iter().find(|b| !b.is_ascii_whitespace()).map(|b| char::from(*b))
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The message of a JSON error, else nothing: HTML pages say nothing worth keeping.
    pub(crate) fn message(&self) -> String {
        self.json().get("message").and_then(Value::as_str).unwrap_or_default().trim().to_owned()
    }
}

/// Asks one service with one token.
#[derive(Clone)]
pub(crate) struct Door {
    net: Arc<dyn Net>,
    user_agent: String,
    token: Option<SecretString>,
    origin: Option<String>,
    accept: &'static str,
    longest: usize,
}

/// What most questions take as an answer.
const ACCEPTED: &str = "application/json, */*;q=0.5";

impl Door {
    /// Without a token.
    pub(crate) fn new(net: Arc<dyn Net>, user_agent: &str) -> Self {
        Self {
            net,
            user_agent: user_agent.to_owned(),
            token: None,
            origin: None,
            accept: ACCEPTED,
            longest: LONGEST,
        }
    }

    /// With `Authorization: token …` on each request.
    pub(crate) fn with_token(mut self, token: SecretString) -> Self {
        self.token = Some(token);
        self
    }

    /// With an `Origin`.
    pub(crate) fn with_origin(mut self, origin: Option<String>) -> Self {
        self.origin = origin;
        self
    }

    /// Asks for this media type, and reads answers of up to `longest` bytes.
    pub(crate) fn taking(mut self, accept: &'static str, longest: usize) -> Self {
        self.accept = accept;
        self.longest = longest;
        self
    }

    /// The network behind it.
    pub(crate) fn net(&self) -> &dyn Net {
        self.net.as_ref()
    }

    /// A request of this door.
    pub(crate) fn request(
        &self,
        method: Method,
        url: &str,
        body: Option<&Value>,
    ) -> Result<Request, AskError> {
        let invalid = |what: &dyn std::fmt::Display| AskError::Invalid(format!("cannot ask: {what}"));
        let bytes = match body {
            Some(value) => Bytes::from(serde_json::to_vec(value).map_err(|e| invalid(&e))?),
            None => Bytes::new(),
        };
        let mut request = http::Request::builder()
            .method(method)
            .uri(url)
            .header(USER_AGENT, &self.user_agent)
            .header(ACCEPT, self.accept)
            .body(bytes)
            .map_err(|e| invalid(&e))?;
        let headers = request.headers_mut();
        if body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some(origin) = &self.origin {
            headers.insert("origin", HeaderValue::from_str(origin).map_err(|e| invalid(&e))?);
        }
        if let Some(token) = &self.token {
            let mut value =
                HeaderValue::from_str(&format!("token {}", token.expose_secret())).map_err(|_| {
                    AskError::Invalid("the token holds characters that no header may hold".into())
                })?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Ok(request)
    }

    /// Asks and reads the whole answer within `limit`.
    pub(crate) async fn ask(
        &self,
        method: Method,
        url: &str,
        body: Option<&Value>,
        limit: Duration,
    ) -> Result<Answer, AskError> {
        let request = self.request(method, url, body)?;
        let exchange = async {
            let response = self.net.send(request).await?;
            let (status, headers) = (response.status.as_u16(), response.headers.clone());
            Ok(Answer { status, headers, body: response.read(self.longest).await? })
        };
        match tokio::time::timeout(limit, exchange).await {
            Ok(answer) => answer.map_err(AskError::Net),
            Err(_) => Err(AskError::Silent(limit)),
        }
    }
}
