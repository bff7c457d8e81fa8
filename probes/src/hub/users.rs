//! The Hub's list of users and their servers, page by page: whole, or no list at all.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use tokio::time::Instant;
use url::Url;

use super::{Answer, AskError, Door, Trouble, tidy};
use crate::net::NetFault;
use crate::{Cx, Reason};

/// Without this the Hub cuts the list at 200 users and says so nowhere but in its log.
const PAGES: &str = "application/jupyterhub-pagination+json";
/// Users asked for at once; the Hub may give fewer.
const PAGE: u32 = 200;
/// Pages read at most.
const MOST_PAGES: u32 = 200;
/// Longest page: 200 users with what they chose take some 400 kB.
const LONGEST_PAGE: usize = 4 << 20;
/// Time kept for saying what was found.
const KEPT: Duration = Duration::from_millis(250);
const WHAT: &str = "the Hub's list of users";

/// What the Hub is doing with a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pending {
    /// Nothing.
    No,
    /// It starts.
    Spawn,
    /// It stops.
    Stop,
    /// Something else: it is looked at, or renamed.
    Other,
}

/// A server in the Hub's books. What its user chose (with the token in it) is never read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HubServer {
    /// Name of the user, as the Hub has it.
    pub(crate) user: String,
    /// Name of the server; empty for the default one.
    pub(crate) name: String,
    /// Users can reach it.
    pub(crate) ready: bool,
    /// What the Hub is doing with it.
    pub(crate) pending: Pending,
    /// When its start was asked for, by the Hub's clock.
    pub(crate) started: Option<Timestamp>,
}

/// The whole list.
#[derive(Debug)]
pub(crate) struct Listing {
    /// Every server that is active: ready, starting or stopping.
    pub(crate) servers: Vec<HubServer>,
    /// How long the slowest page took.
    pub(crate) slowest: Duration,
}

/// Reads the list of one Hub with one token.
pub(crate) struct Users {
    door: Door,
    list: Url,
    deadline: Instant,
}

impl Users {
    /// For the Hub whose API is at `api` (trailing slash). The token goes to that address and nowhere else.
    ///
    /// # Errors
    /// The address cannot be asked.
    pub(crate) fn new(cx: &Cx, api: &str, token: SecretString) -> Result<Self, Trouble> {
        let list = Url::parse(api).and_then(|api| api.join("users"));
        let list = list
            .map_err(|e| Trouble::unknown(Reason::Prober, format!("cannot ask {api} for its users: {e}")))?;
        let door = Door::new(cx.net(), cx.user_agent()).with_token(token).taking(PAGES, LONGEST_PAGE);
        Ok(Self { door, list, deadline: cx.deadline() })
    }

    /// All active servers.
    ///
    /// # Errors
    /// Failed: the Hub does not answer, or answers with an error. Unknown: it refuses the token, or the pages do not
    /// add up to a whole list.
    pub(crate) async fn servers(&self) -> Result<Listing, Trouble> {
        let mut read = Read::default();
        let mut slowest = Duration::ZERO;
        let mut offset = 0;
        for _ in 0..MOST_PAGES {
            let began = Instant::now();
            let page = self.page(&[("state", "active")], offset, PAGE).await?;
            slowest = slowest.max(began.elapsed());
            let next = page.pagination.next_offset();
            read.add(page)?;
            match next {
                None => return Ok(Listing { servers: read.whole()?, slowest }),
                Some(next) if next > offset => offset = next,
                Some(_) => return Err(half("its pages go in a circle")),
            }
        }
        Err(half(&format!("it has more than {MOST_PAGES} pages")))
    }

    /// How many users the Hub knows, with or without a server.
    ///
    /// # Errors
    /// As [`Users::servers`].
    pub(crate) async fn total(&self) -> Result<u64, Trouble> {
        self.page(&[], 0, 1).await.map(|page| page.pagination.total)
    }

    /// One page. Its address is always made here: what the Hub calls the next page may name another host.
    async fn page(&self, query: &[(&str, &str)], offset: u64, limit: u32) -> Result<Page, Trouble> {
        let mut url = self.list.clone();
        url.query_pairs_mut()
            .extend_pairs(query)
            .append_pair("offset", &offset.to_string())
            .append_pair("limit", &limit.to_string());
        let end = self.deadline.checked_sub(KEPT).unwrap_or(self.deadline);
        let patience = end.saturating_duration_since(Instant::now());
        let answer = self.door.ask(Method::GET, url.as_str(), None, patience).await;
        let answer = answer.map_err(|e| unanswered(&e))?;
        if !answer.ok() {
            return Err(refused(&answer));
        }
        answer.read().map_err(|place| match answer.first_letter() {
            Some('[') => half("it came as one plain list, which the Hub cuts without a word"),
            _ => half(&format!("it cannot be understood ({place})")),
        })
    }
}

/// What was read so far.
#[derive(Default)]
struct Read {
    users: BTreeSet<String>,
    servers: BTreeMap<(String, String), HubServer>,
    pages: u64,
    items: u64,
    /// What the first page says.
    total: u64,
}

impl Read {
    fn add(&mut self, page: Page) -> Result<(), Trouble> {
        if self.pages == 0 {
            self.total = page.pagination.total;
        }
        self.pages += 1;
        self.items += page.items.len() as u64;
        let (before, some) = (self.users.len(), !page.items.is_empty());
        for user in page.items {
            let Some(servers) = user.servers else {
                let text = format!("{WHAT} has no servers in it: the token lacks the scope read:servers");
                return Err(Trouble::unknown(Reason::ProbeAuth, text));
            };
            for (name, server) in servers.into_iter().filter(|(_, s)| !s.stopped) {
                let key = (user.name.clone(), name.clone());
                self.servers.insert(key, server.known_as(user.name.clone(), name));
            }
            self.users.insert(user.name);
        }
        if some && self.users.len() == before {
            return Err(half("a page came twice"));
        }
        Ok(())
    }

    /// One page is one moment and must be exact; between pages users come, go and move up.
    fn whole(self) -> Result<Vec<HubServer>, Trouble> {
        let may_change = if self.pages > 1 { 5 + self.total / 50 } else { 0 };
        let users = self.users.len() as u64;
        let twice = self.items.saturating_sub(users);
        if users.abs_diff(self.total) > may_change || twice > may_change {
            return Err(half(&format!("{users} users came, but it speaks of {}", self.total)));
        }
        Ok(self.servers.into_values().collect())
    }
}

/// The list is not whole: nothing follows from it.
fn half(what: &str) -> Trouble {
    Trouble::unknown(Reason::HalfAnswer, format!("{WHAT} is not whole: {what}"))
}

fn unanswered(error: &AskError) -> Trouble {
    match error {
        AskError::Net(e) if matches!(e.fault, NetFault::Cut | NetFault::Garbled | NetFault::TooLarge) => {
            half(&e.detail)
        }
        _ => Trouble::unanswered(WHAT, error),
    }
}

fn refused(answer: &Answer) -> Trouble {
    let (status, message) = (answer.status, tidy(&answer.message()));
    match status {
        401 | 403 => {
            let scopes = "the scopes list:users and read:servers";
            let text = format!("{WHAT}: the Hub refuses; the token is unknown or its role lacks {scopes}");
            Trouble::unknown(Reason::ProbeAuth, text)
        }
        429 => Trouble::unknown(Reason::RateLimited, format!("{WHAT}: too many requests")),
        500..=599 => {
            Trouble::failed(Reason::HubUnavailable, format!("{WHAT} was answered {status} {message}"))
        }
        _ => Trouble::failed(Reason::HttpStatus, format!("{WHAT} was answered {status} {message}")),
    }
}

#[derive(Deserialize)]
struct Page {
    items: Vec<User>,
    #[serde(rename = "_pagination")]
    pagination: Pagination,
}

#[derive(Deserialize)]
struct Pagination {
    total: u64,
    next: Option<Next>,
}

#[derive(Deserialize)]
struct Next {
    offset: u64,
}

impl Pagination {
    fn next_offset(&self) -> Option<u64> {
        self.next.as_ref().map(|next| next.offset)
    }
}

/// Of a user, no more than this.
#[derive(Deserialize)]
struct User {
    name: String,
    /// Left out by the Hub where we may not see servers.
    servers: Option<BTreeMap<String, Server>>,
}

#[derive(Deserialize)]
struct Server {
    #[serde(default)]
    ready: bool,
    #[serde(default)]
    stopped: bool,
    pending: Option<String>,
    started: Option<String>,
}

impl Server {
    fn known_as(self, user: String, name: String) -> HubServer {
        HubServer {
            user,
            name,
            ready: self.ready,
            pending: match self.pending.as_deref() {
                None | Some("") => Pending::No,
                Some("spawn") => Pending::Spawn,
                Some("stop") => Pending::Stop,
                Some(_) => Pending::Other,
            },
            started: self.started.and_then(|text| text.parse().ok()),
        }
    }
}
