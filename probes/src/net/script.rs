//! A network for tests that plays one part: an answer, or one of the many ways not to give one.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, StreamExt};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::StreamBody;
use hyper::body::Frame;
use tokio::time::Instant;

use super::{
    Body, Chain, ClusterAccess, Connected, Lookup, Net, NetError, NetFault, Request, Response, Socket, Timing,
};
use crate::{CleanUp, Cx, CxParts, DebtId, Ledger, LedgerError, Outcome, Probe, Progress};

/// The date at the start of every scripted run.
pub(crate) const NOW: &str = "2025-03-01T12:00:00Z";

/// What the network does.
#[derive(Clone)]
pub(crate) enum Play {
    /// Answers requests in this order; the last one for ever.
    Answer(Vec<Reply>),
    /// Shows these certificates.
    Chain(Chain),
    /// Answers name questions with these records.
    Records(Vec<String>),
    /// No connection.
    Refuse,
    /// Names do not resolve.
    NoName,
    /// We have no file descriptors left.
    Ours,
    /// Nothing ever happens.
    Silent,
    /// A head, then one byte a second.
    Drip,
    /// Lines without end.
    Flood,
    /// One line of 100 MB, then the end.
    LongLine,
    /// Bytes that are no protocol.
    Garbage,
    /// Half an answer, then the connection breaks.
    Half,
    /// Every page redirects to one of two others.
    Circle,
    /// The connection is closed at once.
    Close,
}

/// One scripted answer.
#[derive(Clone, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn new(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), body: body.to_owned() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// The scripted network, and what it was asked.
pub(crate) struct Script {
    play: Play,
    /// Requests, in order.
    pub(crate) asked: Mutex<Vec<Request>>,
    /// Bytes of bodies handed out, to see that a flood is not swallowed.
    pub(crate) given: Arc<Mutex<u64>>,
    /// Whether anything but a name question was asked.
    pub(crate) connected: Mutex<bool>,
}

impl Script {
    pub(crate) fn new(play: Play) -> Self {
        Self { play, asked: Mutex::default(), given: Arc::default(), connected: Mutex::default() }
    }

    async fn obstacle(&self) -> Result<(), NetError> {
        *self.connected.lock().unwrap() = true;
        let (fault, what) = match self.play {
            Play::Refuse => (NetFault::Connect, "connect to host: connection refused"),
            Play::NoName => (NetFault::Dns, "the name host does not exist"),
            Play::Ours => (NetFault::Local, "out of resources on our side"),
            Play::Garbage => (NetFault::Garbled, "the answer is not HTTP"),
            Play::Close => (NetFault::Cut, "the connection was closed before the answer was complete"),
            Play::Silent => std::future::pending().await,
            _ => return Ok(()),
        };
        Err(NetError::new(fault, what))
    }

    fn reply(&self) -> Reply {
        let asked = self.asked.lock().unwrap();
        match &self.play {
            Play::Answer(replies) => replies
                .get(asked.len() - 1)
                .or_else(|| replies.last())
                .cloned()
                .unwrap_or(Reply::new(200, "")),
            Play::Circle => {
                let to = if asked.len().is_multiple_of(2) { "/a" } else { "/b" };
                Reply::new(302, "").with("location", to)
            }
            _ => Reply::new(200, "").with("content-type", "text/event-stream"),
        }
    }

    fn body(&self, reply: &Reply) -> Body {
        let chunk = |text: &'static [u8]| Ok(Bytes::from_static(text));
        let given = Arc::clone(&self.given);
        let body: Body = match self.play {
            Play::Drip => Box::pin(stream::unfold((), move |()| async move {
                tokio::time::sleep(Duration::from_secs(1)).await;
                Some((chunk(b"x"), ()))
            })),
            Play::Flood => Box::pin(stream::repeat_with(move || chunk(FLOOD.as_bytes()))),
            Play::LongLine => {
                let block = Bytes::from(vec![b'x'; 1 << 20]);
                Box::pin(stream::iter((0..100).map(move |_| Ok(block.clone()))))
            }
            Play::Half => {
                let cut =
                    NetError::new(NetFault::Cut, "the connection was closed before the answer was complete");
                Box::pin(stream::iter([chunk(b"{\"ok\": tr"), Err(cut)]))
            }
            _ => Box::pin(stream::iter([Ok(Bytes::from(reply.body.clone()))])),
        };
        Box::pin(body.then(move |chunk| {
            *given.lock().unwrap() += chunk.as_ref().map_or(0, |c| c.len() as u64);
            // A real network lets other tasks, timers among them, have their turn.
            async move {
                tokio::time::sleep(Duration::from_micros(20)).await;
                chunk
            }
        }))
    }
}

const FLOOD: &str =
    concat!("data: {\"phase\": \"building\", \"message\": \"", "flood flood flood flood", "\"}\n\n");

#[async_trait]
impl Net for Script {
    async fn send(&self, request: Request) -> Result<Response, NetError> {
        self.asked.lock().unwrap().push(request);
        self.obstacle().await?;
        let reply = self.reply();
        let mut headers = HeaderMap::new();
        for (name, value) in &reply.headers {
            headers.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        Ok(Response {
            status: StatusCode::from_u16(reply.status).unwrap(),
            headers,
            timing: Timing::default(),
            remote: None,
            body: self.body(&reply),
        })
    }

    async fn websocket(&self, request: Request) -> Result<Socket, NetError> {
        self.asked.lock().unwrap().push(request);
        self.obstacle().await?;
        Err(NetError::new(NetFault::Garbled, "no websocket here"))
    }

    async fn resolve(&self, _: &Lookup) -> Result<Vec<String>, NetError> {
        match &self.play {
            Play::Records(records) => Ok(records.clone()),
            Play::Answer(_) => Ok(vec!["192.0.2.10".to_owned()]),
            Play::Silent | Play::Drip => std::future::pending().await,
            Play::Ours => Err(NetError::new(NetFault::Local, "out of resources on our side")),
            Play::Flood | Play::LongLine => Ok(vec!["flood ".repeat(10_000); 1000]),
            _ => Err(NetError::new(NetFault::Dns, "no name server answered the question for host")),
        }
    }

    async fn certificate(&self, _: &str, _: u16) -> Result<Chain, NetError> {
        self.obstacle().await?;
        match &self.play {
            Play::Chain(chain) => Ok(chain.clone()),
            Play::Drip => std::future::pending().await,
            _ => Err(NetError::new(NetFault::Tls, "TLS handshake failed: the answer is not TLS")),
        }
    }

    async fn cluster(&self, _: &ClusterAccess) -> Result<kube::Client, NetError> {
        *self.connected.lock().unwrap() = true;
        let behind = Arc::new(Self::new(self.play.clone()));
        let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
            let behind = Arc::clone(&behind);
            async move {
                let (head, _) = request.into_parts();
                let answer = behind.send(Request::from_parts(head, Bytes::new())).await?;
                let body = StreamBody::new(answer.body.map(|chunk| chunk.map(Frame::data)));
                let mut whole = http::Response::new(body);
                (*whole.status_mut(), *whole.headers_mut()) = (answer.status, answer.headers);
                Ok::<_, NetError>(whole)
            }
        });
        Ok(kube::Client::new(service, "default"))
    }

    async fn connect(&self, _: &str, _: u16) -> Result<Connected, NetError> {
        self.obstacle().await?;
        Ok(Connected { remote: None, timing: Timing::default() })
    }
}

/// A ledger that forgets.
pub(crate) struct NoLedger;

#[async_trait]
impl Ledger for NoLedger {
    async fn begun(&self, _: &DebtId, _: &str) -> Result<(), LedgerError> {
        Ok(())
    }

    async fn told(&self, _: &DebtId, _: &CleanUp) -> Result<(), LedgerError> {
        Ok(())
    }

    async fn settled(&self, _: &DebtId) -> Result<(), LedgerError> {
        Ok(())
    }
}

/// Everything that a run told while it lasted.
pub(crate) type Told = Arc<Mutex<Vec<Progress>>>;

/// What a run over this network is given.
pub(crate) fn parts(net: Arc<dyn Net>, deadline: Duration, told: &Told) -> CxParts {
    let told = Arc::clone(told);
    CxParts {
        net,
        ledger: Arc::new(NoLedger),
        run: "run-1".to_owned(),
        nonce: "abcdefgh12345678".to_owned(),
        deadline: Instant::now() + deadline,
        now: NOW.parse().unwrap(),
        user_agent: "launchwatch/test".into(),
        watcher: Some(Arc::new(move |p| told.lock().unwrap().push(p.clone()))),
    }
}

/// Runs a probe as the service does: to its end or to its deadline.
pub(crate) async fn run_over(
    net: Arc<Script>,
    probe: &dyn Probe,
    deadline: Duration,
    told: &Told,
) -> Outcome {
    let mut cx = Cx::new(parts(net, deadline, told));
    let end = cx.deadline();
    match tokio::time::timeout_at(end, probe.run(&mut cx)).await {
        Ok(outcome) => outcome,
        Err(_) => cx.timed_out(),
    }
}

/// Runs a probe with 10 s to go.
pub(crate) async fn run(probe: &dyn Probe, play: Play) -> Outcome {
    run_over(Arc::new(Script::new(play)), probe, Duration::from_secs(10), &Told::default()).await
}
