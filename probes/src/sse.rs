//! One event stream over [`Net`]: opened once, never reopened, bounded, redirects followed by us and written down.
//!
//! `eventsource-client` parses. Its reconnecting and redirecting are off: a reconnect is a second launch, and a
//! redirect names the member of a federation that does the work.

mod bounds;
mod transport;

use std::sync::Arc;

use bytes::Bytes;
use eventsource_client::{BoxStream, Client, ClientBuilder, Error, ReconnectOptions, SSE};
use futures::StreamExt;
use url::Url;

use crate::{Net, NetError};
use transport::{Carried, OverNet};

/// Events of one stream, keep-alives included: far above any honest build log, far below what fills memory.
const MOST_EVENTS: u32 = 20_000;
/// Redirects that are followed: a federation needs one.
const MOST_REDIRECTS: u8 = 2;
/// Bytes kept of the body of a refusal.
const SNIPPET: usize = 600;

/// What is asked for.
#[derive(Clone)]
pub(crate) struct Request {
    /// Absolute address, used byte for byte.
    pub(crate) url: String,
    /// Headers besides `Accept`.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// `Origin` that goes along when we are sent to another host.
    pub(crate) origin_elsewhere: Option<String>,
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// The stream is open.
    Open,
    /// The data of one event.
    Data(String),
    /// A comment line; only proves that the process is alive.
    Comment,
    /// We were sent to this host and went there.
    Redirected(String),
}

/// Why nothing more comes.
#[derive(Debug)]
pub(crate) enum End {
    /// The network did not carry it.
    Net(NetError),
    /// An HTTP status other than success, and the beginning of the body.
    Status(u16, String),
    /// Success, but not an event stream: the content type.
    NotEvents(String),
    /// Redirects in a circle, too many, or to nowhere.
    Redirects(String),
    /// More than the bounds allow.
    TooLarge(String),
    /// Bytes that are no event stream.
    Garbled(String),
    /// The other side closed.
    Closed,
}

/// A stream being read. Dropping it closes the connection.
pub(crate) struct Events {
    net: Arc<dyn Net>,
    request: Request,
    stream: BoxStream<Result<SSE, Error>>,
    seen: Vec<String>,
    events: u32,
}

impl Events {
    /// Prepares the stream; the request goes out at the first [`Events::next`].
    pub(crate) fn new(net: Arc<dyn Net>, request: Request) -> Result<Self, End> {
        let stream = open(&net, &request)?;
        Ok(Self { net, seen: vec![request.url.clone()], request, stream, events: 0 })
    }

    /// The next item. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> Result<Item, End> {
        let Some(item) = self.stream.next().await else { return Err(End::Closed) };
        match item {
            Ok(SSE::Connected(details)) => {
                let kind = details.response().get_header_value("content-type").ok().flatten().unwrap_or("");
                if kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream") {
                    Ok(Item::Open)
                } else {
                    Err(End::NotEvents(kind.to_owned()))
                }
            }
            Ok(SSE::Event(event)) => self.count().map(|()| Item::Data(event.data)),
            Ok(SSE::Comment(_)) => self.count().map(|()| Item::Comment),
            Err(error) => self.ended(error).await,
        }
    }

    fn count(&mut self) -> Result<(), End> {
        self.events += 1;
        if self.events > MOST_EVENTS {
            return Err(End::TooLarge(format!("more than {MOST_EVENTS} events")));
        }
        Ok(())
    }

    async fn ended(&mut self, error: Error) -> Result<Item, End> {
        match error {
            Error::Eof | Error::UnexpectedEof => Err(End::Closed),
            Error::Transport(e) => match e.inner().downcast_ref::<Carried>() {
                Some(Carried::Net(e)) => Err(End::Net(e.clone())),
                Some(Carried::TooLarge(what)) => Err(End::TooLarge(what.clone())),
                Some(Carried::Redirect(to)) => self.redirect(to.clone()),
                None => Err(End::Garbled(e.to_string())),
            },
            Error::UnexpectedResponse(response, body) => {
                Err(End::Status(response.status(), snippet(body.into_stream()).await))
            }
            other => Err(End::Garbled(other.to_string())),
        }
    }

    fn redirect(&mut self, location: Option<String>) -> Result<Item, End> {
        let location = location.ok_or_else(|| End::Redirects("redirected without a location".to_owned()))?;
        let next = absolute(&self.request.url, &location)
            .ok_or_else(|| End::Redirects("redirected to something that is no address".to_owned()))?;
        if self.seen.contains(&next) {
            return Err(End::Redirects("redirected in a circle".to_owned()));
        }
        if self.seen.len() > usize::from(MOST_REDIRECTS) {
            return Err(End::Redirects(format!("redirected more than {MOST_REDIRECTS} times")));
        }
        let (before, after) = (origin(&self.request.url), origin(&next));
        if before != after {
            // A credential is for the host it was given for; the origin is what a build token is checked against.
            self.request.headers.retain(|(name, _)| *name != "authorization" && *name != "origin");
            if let Some(origin) = &self.request.origin_elsewhere {
                self.request.headers.push(("origin", origin.clone()));
            }
        }
        self.seen.push(next.clone());
        self.request.url = next;
        self.stream = open(&self.net, &self.request)?;
        Ok(Item::Redirected(host(&self.request.url)))
    }
}

fn open(net: &Arc<dyn Net>, request: &Request) -> Result<BoxStream<Result<SSE, Error>>, End> {
    let refused = |e: Error| End::Garbled(format!("no request can be made: {e}"));
    let mut client = ClientBuilder::for_url(&request.url).map_err(refused)?;
    for (name, value) in &request.headers {
        client = client.header(name, value).map_err(refused)?;
    }
    let once = ReconnectOptions::reconnect(false).retry_initial(false).build();
    Ok(client.reconnect(once).redirect_limit(0).build_with_transport(OverNet::new(Arc::clone(net))).stream())
}

/// The address that a `Location` means, without touching what is already absolute.
fn absolute(base: &str, location: &str) -> Option<String> {
    if location.starts_with("http://") || location.starts_with("https://") {
        return Some(location.to_owned());
    }
    Url::parse(base).ok()?.join(location).ok().map(String::from)
}

fn origin(url: &str) -> Option<String> {
    Url::parse(url).ok().map(|u| u.origin().ascii_serialization())
}

fn host(url: &str) -> String {
    Url::parse(url).ok().and_then(|u| u.host_str().map(str::to_owned)).unwrap_or_default()
}

async fn snippet(mut body: launchdarkly_sdk_transport::ByteStream) -> String {
    let mut text = Vec::new();
    while let Some(Ok(chunk)) = body.next().await {
        let chunk: Bytes = chunk;
        text.extend_from_slice(chunk.get(..SNIPPET.min(chunk.len())).unwrap_or_default());
        if text.len() >= SNIPPET {
            break;
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}
