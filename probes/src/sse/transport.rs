//! The transport that `eventsource-client` asks for, over the one door to the network.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use launchdarkly_sdk_transport::{ByteStream, HttpTransport, ResponseFuture, TransportError};

use super::bounds::Bounds;
use crate::net::Body;
use crate::{Net, NetError};

/// What the door had to say, carried through the library's error type.
#[derive(Debug, thiserror::Error)]
pub(super) enum Carried {
    #[error(transparent)]
    Net(NetError),
    #[error("{0}")]
    TooLarge(String),
    #[error("redirected")]
    Redirect(Option<String>),
}

/// Sends through [`Net`]; a redirect is an error here, so that the caller sees where it leads.
#[derive(Clone)]
pub(super) struct OverNet {
    net: Arc<dyn Net>,
}

impl OverNet {
    pub(super) fn new(net: Arc<dyn Net>) -> Self {
        Self { net }
    }
}

impl HttpTransport for OverNet {
    fn request(&self, request: http::Request<Option<Bytes>>) -> ResponseFuture {
        let net = Arc::clone(&self.net);
        let request = request.map(Option::unwrap_or_default);
        Box::pin(Shared::new(async move {
            let answer = net.send(request).await.map_err(|e| TransportError::new(Carried::Net(e)))?;
            if answer.status.is_redirection() && answer.status != StatusCode::NOT_MODIFIED {
                let to = answer.headers.get("location").and_then(|v| v.to_str().ok()).map(str::to_owned);
                return Err(TransportError::new(Carried::Redirect(to)));
            }
            let body: ByteStream = Box::pin(Lines::new(answer.body));
            let mut response = http::Response::new(body);
            *response.status_mut() = answer.status;
            // Only what is asked for later, as a copy: the headers hold on to the client's buffer, and a stream may be
            // open for half an hour.
            if let Some(Ok(kind)) =
                answer.headers.get(CONTENT_TYPE).map(|v| HeaderValue::from_bytes(v.as_bytes()))
            {
                response.headers_mut().insert(CONTENT_TYPE, kind);
            }
            Ok(response)
        }))
    }
}

/// Makes something shareable that is only sendable: the library asks for `Sync` and never uses it.
struct Shared<T: ?Sized>(Mutex<Pin<Box<T>>>);

impl<T> Shared<T> {
    fn new(inner: T) -> Self {
        Self(Mutex::new(Box::pin(inner)))
    }
}

impl<T: Future + ?Sized> Future for Shared<T> {
    type Output = T::Output;
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T::Output> {
        let this = Pin::into_inner(self);
        this.0.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut().poll(cx)
    }
}

/// A body handed on line by line: the parser reports an error before the events of the same piece, and bounds are
/// kept per line.
struct Lines {
    body: Mutex<Body>,
    rest: Bytes,
    bounds: Bounds,
}

impl Lines {
    fn new(body: Body) -> Self {
        Self { body: Mutex::new(body), rest: Bytes::new(), bounds: Bounds::default() }
    }
}

impl Stream for Lines {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = Pin::into_inner(self);
        loop {
            if !this.rest.is_empty() {
                let end = this.rest.iter().position(|b| *b == b'\n').map_or(this.rest.len(), |n| n + 1);
                let line = this.rest.split_to(end);
                let fits = this.bounds.take(&line).map_err(|e| TransportError::new(Carried::TooLarge(e)));
                return Poll::Ready(Some(fits.map(|()| line)));
            }
            let body = this.body.get_mut().unwrap_or_else(PoisonError::into_inner);
            match body.as_mut().poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Ok(chunk))) => this.rest = chunk,
                Poll::Ready(Some(Err(e))) => {
                    return Poll::Ready(Some(Err(TransportError::new(Carried::Net(e)))));
                }
            }
        }
    }
}
