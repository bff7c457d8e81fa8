//! Speaks to the service: fetches the plan, hands reports over, and says what an answer means.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER, USER_AGENT,
};
use http::{Method, StatusCode};
use launchwatch_probes::Net;
use launchwatch_probes::net::Response;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use url::Url;

use super::offset::Offset;
use crate::clock::Clock;
use crate::wire::{Plan, Report, Taken};

/// Longest that the service may take for an answer: it answers when it has written down what it was told.
const PATIENCE: Duration = Duration::from_secs(15);
/// Longest pause that a service can wish for.
const LONGEST: Duration = Duration::from_secs(600);
/// Most bytes of an answer.
const MOST: usize = 16 << 20;
/// Bodies shorter than this are not packed.
const SHORT: usize = 1_000;

/// Where the token is.
#[derive(Debug, Clone)]
pub enum Bearer {
    /// In a file, read each time: it may be replaced while we run.
    File(PathBuf),
    /// Here.
    Given(SecretString),
}

impl Bearer {
    fn token(&self) -> Result<SecretString, Trouble> {
        match self {
            Self::Given(token) => Ok(token.clone()),
            Self::File(file) => match std::fs::read_to_string(file) {
                Ok(text) => Ok(text.trim().to_owned().into()),
                Err(e) => Err(Trouble::Token(format!("the token in {} cannot be read: {e}", file.display()))),
            },
        }
    }
}

/// Why something did not come about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// No answer, or none that a service gives.
    #[error("{0}")]
    Unreachable(String),
    /// The service is there and cannot take it now.
    #[error("{why}")]
    Later {
        /// What it said.
        why: String,
        /// When to come again.
        after: Option<Duration>,
    },
    /// The token opens nothing.
    #[error("{0}")]
    Token(String),
    /// It is too much at once.
    #[error("the report is too large")]
    TooLarge,
    /// It is there, understood, and makes no sense.
    #[error("{0}")]
    Senseless(String),
}

/// The service, within reach.
#[derive(Clone)]
pub struct Client {
    net: Arc<dyn Net>,
    root: Url,
    bearer: Bearer,
    clock: Clock,
    user_agent: Arc<str>,
    /// How far our clock is ahead of the service's.
    pub offset: Offset,
}

impl Client {
    /// A client of the service at this address.
    pub fn new(net: Arc<dyn Net>, root: Url, bearer: Bearer, clock: Clock) -> Self {
        let mut root = root;
        if !root.path().ends_with('/') {
            root.set_path(&format!("{}/", root.path()));
        }
        let user_agent = format!("launchwatch-agent/{}", env!("CARGO_PKG_VERSION")).into();
        Self { net, root, bearer, clock, user_agent, offset: Offset::default() }
    }

    /// Where the service is.
    pub fn root(&self) -> &Url {
        &self.root
    }

    /// The plan and its tag; `None` if it is still the one with this tag.
    ///
    /// # Errors
    /// There is no plan to be had.
    pub async fn plan(&self, tag: Option<&str>) -> Result<Option<(Plan, Option<String>)>, Trouble> {
        let mut request = self.request(Method::GET, "api/v1/agent/plan")?.header(ACCEPT, "application/json");
        if let Some(tag) = tag {
            request = request.header(IF_NONE_MATCH, tag);
        }
        let (asked, began) = (self.clock.now(), Instant::now());
        let answer = self.ask(request, Vec::new()).await?;
        if answer.status == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        let tag = answer.headers.get(ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        let round_trip = began.elapsed();
        let plan: Plan = self.read(answer).await?;
        self.offset.heard(asked, round_trip, plan.now);
        Ok(Some((plan, tag)))
    }

    /// Hands a report over.
    ///
    /// # Errors
    /// The service does not say that it has it: it may have it all the same.
    pub async fn report(&self, report: &Report) -> Result<Taken, Trouble> {
        let text = serde_json::to_vec(report)
            .map_err(|e| Trouble::Senseless(format!("the report cannot be written: {e}")))?;
        let mut request =
            self.request(Method::POST, "api/v1/agent/report")?.header(CONTENT_TYPE, "application/json");
        let packed = if text.len() > SHORT { pack(&text) } else { None };
        if packed.is_some() {
            request = request.header(CONTENT_ENCODING, "gzip");
        }
        let (asked, began) = (self.clock.now(), Instant::now());
        let answer = self.ask(request, packed.unwrap_or(text)).await?;
        let round_trip = began.elapsed();
        let taken: Taken = self.read(answer).await?;
        if let Some(now) = taken.now {
            self.offset.heard(asked, round_trip, now);
        }
        Ok(taken)
    }

    fn request(&self, method: Method, path: &str) -> Result<http::request::Builder, Trouble> {
        let url = self.root.join(path).map_err(|e| Trouble::Unreachable(format!("{}: {e}", self.root)))?;
        let token = self.bearer.token()?;
        let mut value = http::HeaderValue::try_from(format!("Bearer {}", token.expose_secret()))
            .map_err(|_| Trouble::Token("the token has characters that no token has".to_owned()))?;
        value.set_sensitive(true);
        Ok(http::Request::builder()
            .method(method)
            .uri(url.as_str())
            .header(AUTHORIZATION, value)
            .header(USER_AGENT, self.user_agent.as_ref()))
    }

    /// Sends, and sorts out what is no answer to work with.
    async fn ask(&self, request: http::request::Builder, body: Vec<u8>) -> Result<Response, Trouble> {
        let request = request
            .body(body.into())
            .map_err(|e| Trouble::Unreachable(format!("the request cannot be made: {e}")))?;
        let late = |_| {
            Trouble::Unreachable(format!("{} does not answer within {} s", self.root, PATIENCE.as_secs()))
        };
        let sent = tokio::time::timeout(PATIENCE, self.net.send(request)).await.map_err(late)?;
        let answer = sent.map_err(|e| Trouble::Unreachable(format!("{}: {e}", self.root)))?;
        if answer.status.is_success() || answer.status == StatusCode::NOT_MODIFIED {
            return Ok(answer);
        }
        Err(self.refused(answer).await)
    }

    async fn refused(&self, answer: Response) -> Trouble {
        let status = answer.status;
        let after = answer.headers.get(RETRY_AFTER).and_then(|v| v.to_str().ok()?.trim().parse().ok());
        let after = after.map(|seconds| Duration::from_secs(seconds).min(LONGEST));
        let said = tokio::time::timeout(PATIENCE, answer.read(64 << 10)).await;
        let said = said.ok().and_then(Result::ok).unwrap_or_default();
        let problem: serde_json::Value = serde_json::from_slice(&said).unwrap_or_default();
        let detail = problem.get("detail").and_then(serde_json::Value::as_str).unwrap_or_default();
        let why = format!("{} answers {status}: {}", self.root, detail.chars().take(300).collect::<String>());
        let why = why.trim_end_matches([':', ' ']).to_owned();
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Trouble::Token(why),
            StatusCode::PAYLOAD_TOO_LARGE => Trouble::TooLarge,
            StatusCode::UNPROCESSABLE_ENTITY => Trouble::Senseless(why),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Trouble::Later { why, after },
            _ => Trouble::Unreachable(why),
        }
    }

    async fn read<T: serde::de::DeserializeOwned>(&self, answer: Response) -> Result<T, Trouble> {
        let body = tokio::time::timeout(PATIENCE, answer.read(MOST)).await;
        let body = body
            .map_err(|_| Trouble::Unreachable(format!("the answer of {} does not end", self.root)))?
            .map_err(|e| Trouble::Unreachable(format!("{}: {e}", self.root)))?;
        serde_json::from_slice(&body).map_err(|e| {
            Trouble::Unreachable(format!("{} does not answer as launchwatch does: {e}", self.root))
        })
    }
}

fn pack(text: &[u8]) -> Option<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::with_capacity(text.len() / 4), Compression::fast());
    packer.write_all(text).ok()?;
    packer.finish().ok()
}
