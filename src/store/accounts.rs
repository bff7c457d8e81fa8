//! Who may come in, and what they did: sessions, tokens of programs, and the record of what was done.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use launchwatch_alerts::text::one_line;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::Error;

/// What somebody may do; each may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look at everything, evidence and people's words included.
    Viewer,
    /// Acknowledge, comment, silence, test channels.
    Operator,
    /// Give and take away access.
    Admin,
}

impl Role {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The role of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Viewer, Self::Operator, Self::Admin].into_iter().find(|role| role.as_str() == name)
    }
}

/// What is kept of a secret: its SHA-256. Whoever reads the store cannot come in with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of a secret. The secret must be random and long: it is not slow to guess.
    pub fn of(secret: &str) -> Self {
        Self(<Sha256 as sha2::Digest>::digest(secret).into())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest")
    }
}

/// Somebody has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Of what their browser keeps.
    pub digest: Digest,
    /// What they are called in records.
    pub person: String,
    /// What they may do, as of when they signed in.
    pub role: Role,
    /// Who says that it is they: `jupyterhub`, `oidc` or `password`.
    pub provider: String,
    /// When they signed in.
    pub created: Timestamp,
    /// Until when it lasts.
    pub expires: Timestamp,
}

/// A key for a program, without the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ApiToken {
    /// A name that no other has.
    pub id: String,
    /// What it is for, in somebody's words.
    pub name: String,
    /// What its bearer may do; of no meaning if it has a location.
    pub role: Role,
    /// The location of an agent: its bearer may report what is seen from there, and nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Who made it.
    pub created_by: String,
    /// When.
    #[schemars(with = "String")]
    pub created_at: Timestamp,
    /// When it ceases to be good; `None` if it does not by itself.
    #[schemars(with = "Option<String>")]
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    #[schemars(with = "Option<String>")]
    pub last_used: Option<Timestamp>,
    /// When it was taken back.
    #[schemars(with = "Option<String>")]
    pub revoked_at: Option<Timestamp>,
    /// Who took it back.
    pub revoked_by: Option<String>,
}

impl ApiToken {
    /// Whether it opens anything at this moment.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// Something that somebody did or tried: a line of the record. Never a secret, never an address of a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AuditRow {
    /// When.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// Who; empty if that is not known.
    pub who: String,
    /// How we know: `session`, `token`, `service token`, `chat`, or the way they came in.
    pub via: String,
    /// What they did: `acknowledge`, `sign in`, …
    pub what: String,
    /// What it was about: the id of an incident, a silence, a token.
    pub about: String,
    /// What it came to: `done`, or why not.
    pub came_to: String,
}

/// Longest texts of the record, in bytes.
const SHORT: usize = 120;
const LONG: usize = 300;

impl AuditRow {
    /// The row with harmless texts of bounded length.
    #[must_use]
    pub fn bounded(self) -> Self {
        Self {
            at: self.at,
            who: one_line(&self.who, SHORT),
            via: one_line(&self.via, SHORT),
            what: one_line(&self.what, SHORT),
            about: one_line(&self.about, SHORT),
            came_to: one_line(&self.came_to, LONG),
        }
    }
}

/// Which rows of the record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Only those with a number less than this: the next page.
    pub before: Option<i64>,
    /// Only what this one did.
    pub who: Option<String>,
    /// Most rows.
    pub limit: usize,
}

/// Who may come in, and what they did. Every implementation passes the same conformance suite.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Keeps a session.
    async fn open_session(&self, session: Session) -> Result<(), Error>;

    /// The session of this digest, unless it is over.
    async fn session(&self, digest: Digest, now: Timestamp) -> Result<Option<Session>, Error>;

    /// Ends a session. True if there was one.
    async fn close_session(&self, digest: Digest) -> Result<bool, Error>;

    /// Keeps a token, and who made it in the record.
    async fn make_token(&self, token: ApiToken, digest: Digest, row: AuditRow) -> Result<(), Error>;

    /// The token of this digest, whether it is still good or not.
    async fn token(&self, digest: Digest) -> Result<Option<ApiToken>, Error>;

    /// Tokens, newest first; those that are no longer good too.
    async fn tokens(&self, limit: usize) -> Result<Vec<ApiToken>, Error>;

    /// Notes that a token was used in this minute.
    async fn token_used(&self, id: &str, minute: Timestamp) -> Result<(), Error>;

    /// Takes a token back, on record. `None` if there is none of this id; one that was taken back stays as it was.
    async fn revoke_token(&self, id: &str, row: AuditRow) -> Result<Option<ApiToken>, Error>;

    /// Writes down what was done. Rows of commands come with [`super::Batch`].
    async fn audit(&self, row: AuditRow) -> Result<(), Error>;

    /// The record, newest first, each with its number.
    async fn audited(&self, query: &AuditQuery) -> Result<Vec<(i64, AuditRow)>, Error>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_have_their_names_and_their_order() {
        for role in [Role::Viewer, Role::Operator, Role::Admin] {
            assert_eq!(Role::named(role.as_str()), Some(role));
        }
        assert_eq!(Role::named("root"), None);
        assert!(Role::Viewer < Role::Operator && Role::Operator < Role::Admin);
    }

    #[test]
    fn a_row_is_short_harmless_and_in_one_line() {
        let long = "x\n\u{202e}".repeat(5_000);
        let at = Timestamp::UNIX_EPOCH;
        let [who, via, what, about, came_to] = std::array::from_fn(|_| long.clone());
        let row = AuditRow { at, who, via, what, about, came_to }.bounded();
        assert!(row.who.len() <= SHORT && row.came_to.len() <= LONG);
        assert!(!format!("{row:?}").contains('\u{202e}') && !row.about.contains('\n'));
        assert_eq!(format!("{:?}", Digest::of("secret")), "Digest");
    }
}
