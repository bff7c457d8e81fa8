//! The line between one replica and its database: it can be cut, frozen, and mended.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::kit::stage::spawn;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Whole,
    /// Bytes wait, and so do new connections: nobody is told.
    Frozen,
    /// Connections break, new ones are broken off.
    Cut,
}

/// The line.
pub(super) struct Cable {
    state: Arc<watch::Sender<State>>,
    pub(super) port: u16,
}

impl Cable {
    /// To the server at this address.
    pub(super) async fn to(server: &str) -> Self {
        let state = Arc::new(watch::Sender::new(State::Whole));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (server, ours) = (server.to_owned(), Arc::clone(&state));
        spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (server, state) = (server.clone(), ours.subscribe());
                spawn(async move { carry(near, &server, state).await });
            }
        });
        Self { state, port }
    }

    pub(super) fn cut(&self) {
        self.state.send_replace(State::Cut);
    }

    pub(super) fn freeze(&self) {
        self.state.send_replace(State::Frozen);
    }

    pub(super) fn mend(&self) {
        self.state.send_replace(State::Whole);
    }
}

async fn carry(near: TcpStream, server: &str, mut state: watch::Receiver<State>) {
    if !whole(&mut state).await {
        return;
    }
    let Ok(far) = TcpStream::connect(server).await else { return };
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    let other = state.clone();
    tokio::join!(copy(near_in, far_out, state), copy(far_in, near_out, other));
}

/// Waits while it is frozen; false when it is cut.
async fn whole(state: &mut watch::Receiver<State>) -> bool {
    let seen = state.wait_for(|s| *s != State::Frozen).await;
    seen.is_ok_and(|s| *s == State::Whole)
}

async fn copy(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut state: watch::Receiver<State>,
) {
    let mut bytes = vec![0; 65_536];
    loop {
        let mut watching = state.clone();
        let read = tokio::select! {
            read = from.read(&mut bytes) => read.unwrap_or(0),
            _ = watching.wait_for(|s| *s == State::Cut) => 0,
        };
        if read == 0 || !whole(&mut state).await {
            let _ = tokio::time::timeout(Duration::from_secs(1), to.shutdown()).await;
            return;
        }
        if to.write_all(bytes.get(..read).unwrap_or_default()).await.is_err() {
            return;
        }
    }
}
