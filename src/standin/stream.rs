//! Stream: an answer that is written as it happens. The writer lives inside the body, so it ends when the client leaves.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures::Stream;
use futures::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

/// Pieces that wait for a slow client before the writer must wait too.
const ROOM: usize = 16;

/// The writer's end of a streamed answer.
#[derive(Debug, Clone)]
pub(crate) struct Out(mpsc::Sender<io::Result<Bytes>>);

impl Out {
    /// Sends bytes as they are.
    pub(crate) async fn bytes(&self, bytes: impl Into<Bytes>) {
        // Cannot fail while the writer lives: writer and reader are dropped together.
        let _ = self.0.send(Ok(bytes.into())).await;
    }

    /// Sends one event: `data: <json>` and an empty line.
    pub(crate) async fn event(&self, json: &str) {
        self.bytes(format!("data: {json}\n\n")).await;
    }

    /// Sends a line of a build log, which ends with one more newline than other events.
    pub(crate) async fn log(&self, json: &str) {
        self.bytes(format!("data: {json}\n\n\n")).await;
    }

    /// Cuts the connection: the body ends without its end mark.
    pub(crate) async fn cut(&self) {
        let _ = self.0.send(Err(io::Error::from(io::ErrorKind::ConnectionReset))).await;
    }
}

/// A comment or blank line that is sent every so often whatever else happens.
pub(crate) struct KeepAlive {
    pub(crate) every: Duration,
    pub(crate) line: &'static str,
}

/// A body written by `writer`; it ends when the writer does.
pub(crate) fn body<F, W>(keep_alive: Option<KeepAlive>, writer: F) -> Body
where
    F: FnOnce(Out) -> W,
    W: Future<Output = ()> + Send + 'static,
{
    let (sender, pieces) = mpsc::channel(ROOM);
    let beat = keep_alive.map(|k| {
        let mut beat = interval_at(Instant::now() + k.every, k.every);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        (beat, k.line)
    });
    let writer: BoxFuture<'static, ()> = Box::pin(writer(Out(sender)));
    Body::from_stream(Written { writer: Some(writer), pieces, beat })
}

struct Written {
    writer: Option<BoxFuture<'static, ()>>,
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    beat: Option<(Interval, &'static str)>,
}

impl Stream for Written {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Poll::Ready(piece) = self.pieces.poll_recv(cx) {
            return Poll::Ready(piece);
        }
        if let Some(writer) = self.writer.as_mut()
            && writer.as_mut().poll(cx).is_ready()
        {
            // Drops the sender, so the next look at `pieces` sees what is left and then the end.
            self.writer = None;
        }
        if let Poll::Ready(piece) = self.pieces.poll_recv(cx) {
            return Poll::Ready(piece);
        }
        if let Some((beat, line)) = self.beat.as_mut()
            && beat.poll_tick(cx).is_ready()
        {
            return Poll::Ready(Some(Ok(Bytes::from_static(line.as_bytes()))));
        }
        Poll::Pending
    }
}
