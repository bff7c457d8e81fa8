//! How people can answer in a channel, as data: who listens has a network, a channel has none.

use std::fmt;

use secrecy::SecretString;
use url::Url;

/// What somebody must listen to, to hear what people say in a channel.
#[derive(Clone)]
pub enum Hearing {
    /// Slack's Socket Mode: clicks on the buttons of our messages.
    SlackSocket {
        /// Root of the Web API, without a slash at its end.
        api: String,
        /// App-level token with the scope `connections:write`.
        app_token: SecretString,
    },
    /// Matrix: reactions to our messages.
    MatrixSync {
        /// Address of the account's server.
        homeserver: Url,
        /// Access token of the account.
        access_token: SecretString,
        /// Alias or id of the room.
        room: String,
    },
}

impl Hearing {
    /// The button that acknowledges; its value is the incident.
    pub const ACKNOWLEDGE: &'static str = "launchwatch_acknowledge";
    /// The button that silences the incident's targets for an hour; its value is the incident.
    pub const SILENCE_HOUR: &'static str = "launchwatch_silence_hour";
}

impl fmt::Debug for Hearing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SlackSocket { api, .. } => write!(f, "SlackSocket({api})"),
            Self::MatrixSync { homeserver, room, .. } => write!(f, "MatrixSync({room} on {homeserver})"),
        }
    }
}
