//! Who hears of trouble by e-mail, and what is owed to them.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use launchwatch_alerts::Incident;

use super::Error;
use crate::news::{Reason, Told, Work, name};

/// Confirmations that one address is asked for within a day at most.
pub const ASKED_A_DAY: u32 = 3;
/// Confirmations that all addresses together are asked for within an hour at most.
pub const ASKED_AN_HOUR: u32 = 100;
/// Who has not confirmed within this is forgotten.
pub const UNCONFIRMED: SignedDuration = SignedDuration::from_hours(48);
/// News that could not be told within this are none any more.
pub const OLD_NEWS: SignedDuration = SignedDuration::from_hours(12);

/// What somebody wishes to hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Names of targets; `None` for all, those to come as well.
    pub targets: Option<BTreeSet<String>>,
}

impl Wish {
    /// As it is kept: JSON. What cannot be read means nobody, not everybody.
    pub(super) fn read(text: Option<&str>) -> Self {
        let targets = text
            .map(|t| serde_json::from_str::<Option<BTreeSet<String>>>(t).unwrap_or(Some(BTreeSet::new())));
        Self { targets: targets.unwrap_or(Some(BTreeSet::new())) }
    }

    /// What the mail that asks says of it.
    pub(super) fn question(&self) -> Told {
        let names = self.targets.iter().flatten().take(20).map(|t| name(t)).collect::<Vec<_>>();
        let of = if self.targets.is_none() { "all services".to_owned() } else { names.join(", ") };
        Told {
            reason: Reason::Confirm,
            about: "subscription".into(),
            title: "Please confirm your subscription".into(),
            text: format!(
                "Somebody, probably you, asked that this address hears of outages and planned maintenance of {of}."
            ),
            path: "/subscribe".into(),
        }
    }

    /// Whether an incident is about it.
    pub(super) fn concerns(&self, incident: &Incident) -> bool {
        let own = |targets: &BTreeSet<String>| {
            targets.contains(&incident.target) || !targets.is_disjoint(&incident.targets)
        };
        self.targets.as_ref().is_none_or(own)
    }
}

/// Whether this is news to a subscriber: what they were last told of the incident was something else. What began before
/// they came they are only told the end of, and nothing of what was over before.
pub(super) fn is_news(
    last: Option<&str>,
    since: Timestamp,
    incident: &Incident,
    told: &Told,
    now: Timestamp,
) -> bool {
    let over = crate::news::over_at(incident).unwrap_or(now);
    match (last, told.reason) {
        (Some(last), reason) => last != reason.as_str() && now.duration_since(over) < OLD_NEWS,
        // What was split off was told of before.
        (None, Reason::Opened) => since <= incident.opened_at && incident.split_from.is_none(),
        (None, _) => since <= over && now.duration_since(over) < OLD_NEWS,
    }
}

/// What a link in a mail is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// To say that it was them who asked.
    Confirm,
    /// To hear no more.
    Leave,
}

/// A mail that is due.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// Its number.
    pub id: i64,
    /// To whom. Personal: never in a log.
    pub address: String,
    /// What it says.
    pub told: Told,
    /// Since when it is owed.
    pub at: Timestamp,
    /// Attempts so far.
    pub attempts: u32,
    /// Last part of the link that confirms; only for those that ask for it.
    pub confirm: Option<String>,
    /// Last part of the link that ends the subscription.
    pub leave: String,
    /// The first mail about the same, whose answer this is: its number.
    pub first: Option<i64>,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mail({}, {}, {:?})", self.id, self.told.reason.as_str(), self.told.about)
    }
}

/// What came of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    /// Taken.
    Delivered,
    /// Not now; not before this.
    Later(Timestamp, String),
    /// Never.
    Refused(String),
}

/// Who hears of trouble by e-mail. What they are owed for an incident is written with the change that caused it
/// ([`super::Store::record`]), once for each who has confirmed and whom it concerns: that people are without service, and
/// that they have it again. What is not told yet when it is over is told as one.
#[async_trait]
pub trait Subscribers: Send + Sync {
    /// From now on nobody is told of these targets: the public does not see them.
    fn hide(&self, targets: BTreeSet<String>);

    /// Somebody (who may be anybody) asks that this address hears of something: a mail that asks whether it was them is
    /// owed, unless they or all were asked too often lately. Answers whether; that is for tests and figures, never
    /// for who asks.
    async fn ask(&self, address: &str, wish: Wish, now: Timestamp) -> Result<bool, Error>;

    /// What the bearer of this link hears of, or would.
    async fn wish_of(&self, link: Link, token: &str) -> Result<Option<Wish>, Error>;

    /// They say that it was them. `None`: the link is not good, or no longer.
    async fn confirm(&self, token: &str, now: Timestamp) -> Result<Option<Wish>, Error>;

    /// They hear no more: address and mails are erased. False: the link is not good, or they left before.
    async fn leave(&self, token: &str) -> Result<bool, Error>;

    /// Planned work is told to those whom it concerns: once, however often this is called.
    async fn announce(&self, works: &[Work], now: Timestamp) -> Result<usize, Error>;

    /// To be called once at the start: what was under way when the process ended counts as a possible duplicate.
    async fn resume_mails(&self) -> Result<(), Error>;

    /// Mails that are due, confirmations first, then the oldest; of one subscriber about one thing only the oldest. Old
    /// news are given up here.
    async fn mails(&self, now: Timestamp, limit: usize) -> Result<Vec<Mail>, Error>;

    /// When the next mail is due.
    async fn next_mail(&self) -> Result<Option<Timestamp>, Error>;

    /// This mail is about to be handed over. False: it is owed no more, for its addressee has left or something later
    /// tells it.
    async fn begin_mail(&self, id: i64, now: Timestamp) -> Result<bool, Error>;

    /// What came of it.
    async fn settle_mail(&self, id: i64, came: Came, now: Timestamp) -> Result<(), Error>;

    /// How many have confirmed.
    async fn subscriber_count(&self) -> Result<u64, Error>;
}
