//! Listens to what people answer in chats, and hands it to the recorder as commands.
//!
//! # Why
//! A channel says what has to be listened to as data ([`Hearing`]); here is one file for each kind of it. Everything
//! goes through the network door, so that it can be heard in simulated time. An ear that breaks is put on again, later
//! each time; nothing else depends on it.

mod ask;
mod matrix_sync;
mod slack_socket;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use launchwatch_alerts::text::one_line;
use launchwatch_alerts::{Command, Hearing};
use secrecy::ExposeSecret;
use tokio::time::Instant;

use crate::config::ChannelConfig;
use crate::edges::Edges;
use crate::inbox::{NotDone, Orders};
use crate::store::Store;
use crate::tasks::{OnExit, Tasks};

/// First and longest pause before somebody who could not be heard is listened to again.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(300));
/// Who was heard for this long is listened to again at once.
const LONG: Duration = Duration::from_secs(30);
/// Longest wait for a command to be durable.
const PATIENCE: Duration = Duration::from_secs(10);

/// What listening needs.
#[derive(Clone)]
pub struct Desk {
    /// The doors to the outside.
    pub edges: Edges,
    /// Which incident a message was about.
    pub store: Arc<dyn Store>,
    /// Where commands go.
    pub orders: Orders,
    /// All tasks.
    pub tasks: Tasks,
}

/// Starts to listen in every channel that can be listened to.
pub fn start(desk: &Desk, channels: &[ChannelConfig]) {
    let mut sockets = Vec::new();
    for channel in channels {
        let ear: Box<dyn Ear> = match channel.channel.ears() {
            None => continue,
            Some(Hearing::SlackSocket { api, app_token }) => {
                // One app has one stream of clicks, however many channels it writes to.
                let same = format!("{api} {}", app_token.expose_secret());
                if sockets.contains(&same) {
                    continue;
                }
                sockets.push(same);
                Box::new(slack_socket::SlackSocket::new(api, app_token))
            }
            Some(Hearing::MatrixSync { homeserver, access_token, room }) => {
                let channel = channel.name.clone();
                Box::new(matrix_sync::MatrixSync::new(channel, homeserver, access_token, room))
            }
        };
        let (name, mine) = (channel.name.clone(), desk.clone());
        desk.tasks.spawn(format!("hearing/{name}"), OnExit::Fine, listen(mine, name, ear));
    }
}

/// One kind of listening.
#[async_trait]
trait Ear: Send {
    /// Listens until the connection ends, in good order (`Ok`) or not: why, without secrets.
    async fn listen(&mut self, desk: &Desk) -> Result<(), String>;
}

async fn listen(desk: Desk, name: String, mut ear: Box<dyn Ear>) {
    let mut pause = PAUSE.0;
    loop {
        let began = Instant::now();
        let ended = tokio::select! {
            biased; // two replays must agree
            _ = desk.tasks.stopped() => return,
            ended = ear.listen(&desk) => ended,
        };
        if began.elapsed() >= LONG {
            pause = PAUSE.0;
        }
        if let Err(why) = ended {
            let why = one_line(&why, 300);
            tracing::warn!(channel.name = name, "cannot hear what people answer (again in {pause:?}): {why}");
        }
        // Many that were cut off at once do not come back at once.
        let wait = pause.mul_f64(0.5 + desk.edges.dice.chance() / 2.0);
        tokio::select! {
            biased;
            _ = desk.tasks.stopped() => return,
            () = tokio::time::sleep(wait) => {}
        }
        pause = (pause * 2).min(PAUSE.1);
    }
}

impl Desk {
    /// Has a command obeyed, and says in words why it was not.
    async fn obey(&self, command: Command) -> Result<(), Unheard> {
        match tokio::time::timeout(PATIENCE, self.orders.give(command, "chat")).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(NotDone::TryAgain)) => Err(Unheard::Again),
            Ok(Err(other)) => Err(Unheard::No(other.to_string())),
            Err(_) => Err(Unheard::No("it is taken in, but not yet written down".into())),
        }
    }
}

/// Why a command was not obeyed.
#[derive(Debug, PartialEq, Eq)]
enum Unheard {
    /// Nobody took it: whoever sent it should send it again.
    Again,
    /// It cannot be done, in words for whoever wanted it.
    No(String),
}
