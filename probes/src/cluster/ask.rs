//! One question to a Kubernetes API: within the deadline of the run, bounded, its answer whole or not at all.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde::Deserialize;
use tokio::time::Instant;
use url::form_urlencoded;

use super::rights::{Right, Scope};
use super::trouble::Trouble;
use crate::net::{ClusterAccess, cluster_fault};
use crate::{Cx, Reason};

/// Kept back from the deadline of a run, to say what happened.
const MARGIN: Duration = Duration::from_millis(250);
/// What is read of an answer that only says why there is none.
const LONGEST_REFUSAL: usize = 64 << 10;

/// A Kubernetes API as one run may use it.
#[derive(Clone)]
pub(crate) struct Cluster {
    client: kube::Client,
    until: Instant,
    /// The date of an answer, and when it came.
    date: Arc<Mutex<Option<(Timestamp, Instant)>>>,
}

/// One question.
pub(super) struct Question {
    path: String,
    query: String,
    /// In words, for errors: `list pods in binder`.
    pub(super) what: String,
    /// Most bytes of an answer.
    pub(super) longest: usize,
}

impl Question {
    /// A question that this right allows.
    ///
    /// # Errors
    /// The namespace or the name cannot be one.
    pub(super) fn new(right: Right, namespace: &str, name: Option<&str>) -> Result<Self, Trouble> {
        let place = (right.scope == Scope::Namespace).then_some(namespace);
        for word in [place, name].into_iter().flatten() {
            if !is_name(word) {
                let shown: String = word.chars().take(40).collect();
                return Err(Trouble::new(
                    Reason::Garbled,
                    format!("`{shown}` cannot be a name in Kubernetes"),
                ));
            }
        }
        let mut what = format!("{} {}", right.verb.as_str(), right.resource);
        if !right.group.is_empty() {
            what = format!("{what} of {}", right.group);
        }
        if let Some(name) = name {
            what = format!("{what} {name}");
        }
        match right.scope {
            Scope::Namespace => what.push_str(&format!(" in {namespace}")),
            Scope::Default => what.push_str(" in default"),
            Scope::Cluster => {}
        }
        Ok(Self { path: right.path(namespace, name), query: String::new(), what, longest: 4 << 20 })
    }

    /// The same with a parameter.
    pub(super) fn with(mut self, key: &str, value: &str) -> Self {
        self.query.push(if self.query.is_empty() { '?' } else { '&' });
        self.query.push_str(key);
        self.query.push('=');
        self.query.extend(form_urlencoded::byte_serialize(value.as_bytes()));
        self
    }
}

/// What the API says with a status that is not 200.
#[derive(Deserialize, Default)]
struct Status {
    #[serde(default)]
    message: String,
}

impl Cluster {
    /// Reaches the API that the settings name, for the rest of this run.
    ///
    /// # Errors
    /// There are no settings or credentials that can be used, or it took until the deadline.
    pub(crate) fn open<'a>(
        cx: &Cx,
        access: &'a ClusterAccess,
    ) -> impl Future<Output = Result<Self, Trouble>> + Send + use<'a> {
        let until = cx.deadline().checked_sub(MARGIN).unwrap_or_else(|| cx.deadline());
        let net = cx.net();
        async move {
            match tokio::time::timeout_at(until, net.cluster(access)).await {
                Ok(client) => Ok(Self::of(client.map_err(|e| Trouble::unreachable(&e))?, until)),
                Err(_) => Err(late(&format!("connect to {}", access.name()))),
            }
        }
    }

    /// A client whose questions end at this moment.
    pub(crate) fn of(client: kube::Client, until: Instant) -> Self {
        Self { client, until, date: Arc::default() }
    }

    /// The namespace of the context or of our service account.
    pub(crate) fn namespace(&self) -> &str {
        self.client.default_namespace()
    }

    /// When the last question must have been answered.
    pub(crate) fn until(&self) -> Instant {
        self.until
    }

    /// What the date is for the API, which is what its objects' ages count from; ours where it did not say.
    pub(crate) fn now(&self, ours: Timestamp) -> Timestamp {
        let said = *self.date.lock().unwrap_or_else(PoisonError::into_inner);
        said.and_then(|(date, at)| date.checked_add(at.elapsed()).ok()).unwrap_or(ours)
    }

    fn note_date(&self, headers: &http::HeaderMap) {
        let date = headers.get(http::header::DATE).and_then(|v| v.to_str().ok());
        if let Some(date) = date.and_then(|d| jiff::fmt::rfc2822::parse(d).ok()) {
            let mut said = self.date.lock().unwrap_or_else(PoisonError::into_inner);
            *said = Some((date.timestamp(), Instant::now()));
        }
    }

    /// The whole answer.
    pub(super) async fn whole(&self, question: Question) -> Result<Bytes, Trouble> {
        let (what, longest) = (question.what.clone(), question.longest);
        let reading = async {
            let body = self.open_answer(question).await?;
            read(body, longest, &what).await
        };
        self.in_time(&what, reading).await
    }

    /// The answer as it comes; for watches.
    pub(super) async fn begun(&self, question: Question) -> Result<kube::client::Body, Trouble> {
        let what = question.what.clone();
        self.in_time(&what, self.open_answer(question)).await
    }

    async fn open_answer(&self, question: Question) -> Result<kube::client::Body, Trouble> {
        let what = &question.what.clone();
        let request = http::Request::get(format!("{}{}", question.path, question.query))
            .header(http::header::ACCEPT, "application/json")
            .body(kube::client::Body::empty())
            .map_err(|e| Trouble::new(Reason::Garbled, format!("{what}: cannot be asked: {e}")))?;
        let answer = self.client.send(request).await.map_err(|e| lost(what, &e))?;
        self.note_date(answer.headers());
        let status = answer.status().as_u16();
        if status == 200 {
            return Ok(answer.into_body());
        }
        let after = answer.headers().get(http::header::RETRY_AFTER).and_then(|v| v.to_str().ok());
        let after = after.and_then(|v| v.trim().parse().ok()).map(Duration::from_secs);
        let said = read(answer.into_body(), LONGEST_REFUSAL, what).await.unwrap_or_default();
        let said: Status = serde_json::from_slice(&said).unwrap_or_default();
        Err(Trouble::status(what, status, &said.message, after))
    }

    async fn in_time<T>(
        &self,
        what: &str,
        work: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Trouble> {
        tokio::time::timeout_at(self.until, work).await.unwrap_or_else(|_| Err(late(what)))
    }
}

/// Whether this can be the name of a namespace or of an object: nothing else gets into a path.
pub(crate) fn is_name(word: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    (1..=253).contains(&word.len()) && word.bytes().all(fits) && !word.starts_with('.')
}

async fn read(mut body: kube::client::Body, longest: usize, what: &str) -> Result<Bytes, Trouble> {
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| broken_off(what, &e))?;
        let Ok(chunk) = frame.into_data() else { continue };
        if whole.len() + chunk.len() > longest {
            return Err(Trouble::new(
                Reason::TooLarge,
                format!("{what}: the answer is larger than {longest} bytes"),
            ));
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

/// No head of an answer came.
fn lost(what: &str, error: &kube::Error) -> Trouble {
    let error = cluster_fault(what, error);
    match error.reason() {
        Reason::StreamCut => Trouble::half(error.detail),
        reason => Trouble::new(reason, error.detail),
    }
}

/// The body did not come to its end.
pub(super) fn broken_off(what: &str, error: &kube::Error) -> Trouble {
    Trouble::half(cluster_fault(what, error).detail)
}

fn late(what: &str) -> Trouble {
    Trouble::new(Reason::Timeout, format!("{what}: no answer in time"))
}
