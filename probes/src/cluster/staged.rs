//! (test) A Kubernetes API in memory: a client whose every request a function answers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use http_body_util::StreamBody;
use hyper::body::Frame;
use tokio::time::Instant;

use super::Cluster;

/// An answer: status, headers, and what comes of the body, piece by piece.
#[derive(Clone)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    pieces: Vec<Piece>,
}

#[derive(Clone)]
enum Piece {
    Text(String),
    Wait(Duration),
    Cut,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::text(status, &body.to_string())
    }

    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), pieces: vec![Piece::Text(body.to_owned())] }
    }

    /// A refusal in the API's own form.
    pub(crate) fn refusal(status: u16, message: &str) -> Self {
        Self::json(status, &serde_json::json!({"kind": "Status", "code": status, "message": message}))
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn then(mut self, text: &str) -> Self {
        self.pieces.push(Piece::Text(text.to_owned()));
        self
    }

    pub(crate) fn wait(mut self, seconds: u64) -> Self {
        self.pieces.push(Piece::Wait(Duration::from_secs(seconds)));
        self
    }

    /// From here on nothing comes: the connection breaks.
    pub(crate) fn cut(mut self) -> Self {
        self.pieces.push(Piece::Cut);
        self
    }
}

/// Every request so far, as path and query.
pub(crate) type Asked = Arc<Mutex<Vec<String>>>;

/// A client of an API that answers so; the function gets path and query, decoded, and the number of requests before.
pub(crate) fn client(
    answer: impl Fn(&str, usize) -> Answer + Send + Sync + 'static,
) -> (kube::Client, Asked) {
    let asked = Asked::default();
    let (heard, answer) = (Arc::clone(&asked), Arc::new(answer));
    let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
        let (heard, answer) = (Arc::clone(&heard), Arc::clone(&answer));
        async move {
            let said = plain(&request.uri().to_string());
            let before = {
                let mut heard = heard.lock().unwrap();
                heard.push(said.clone());
                heard.len() - 1
            };
            let answer = answer(&said, before);
            let mut response = http::Response::builder().status(answer.status);
            for (name, value) in &answer.headers {
                response = response.header(*name, value);
            }
            let body = stream::iter(answer.pieces).then(|piece| async move {
                match piece {
                    Piece::Text(text) => Some(Ok(Frame::data(Bytes::from(text)))),
                    Piece::Cut => Some(Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))),
                    Piece::Wait(time) => {
                        tokio::time::sleep(time).await;
                        None
                    }
                }
            });
            let body = StreamBody::new(body.filter_map(|frame| async { frame }).boxed());
            Ok::<_, std::io::Error>(response.body(body).unwrap())
        }
    });
    (kube::Client::new(service, "binder"), asked)
}

/// The same as a cluster that may be asked for so many seconds.
pub(crate) fn cluster(
    seconds: u64,
    answer: impl Fn(&str, usize) -> Answer + Send + Sync + 'static,
) -> (Cluster, Asked) {
    let (client, asked) = client(answer);
    (Cluster::of(client, Instant::now() + Duration::from_secs(seconds)), asked)
}

fn plain(uri: &str) -> String {
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let pairs: Vec<String> =
        url::form_urlencoded::parse(query.as_bytes()).map(|(k, v)| format!("{k}={v}")).collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}
