//! A post office: takes every letter, or does with it what was ordered, by host; keeps a book of all attempts.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use launchwatch::clock::Clock;
use launchwatch_alerts::{Envelope, Letter, Post, Reply, Undelivered};

/// One letter that reached the post office.
#[derive(Debug, Clone, PartialEq)]
pub struct Posted {
    pub at: Timestamp,
    /// Host of the address, or the recipient of a mail.
    pub host: String,
    pub key: String,
    pub kind: String,
    pub body: String,
}

/// One attempt to hand a letter over.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    pub at: Timestamp,
    pub host: String,
    pub key: String,
    /// It was processed, whatever was answered.
    pub taken: bool,
}

/// What is to be done with a letter.
#[derive(Debug, Clone, Default)]
pub enum Order {
    /// Take it and say so.
    #[default]
    Take,
    /// Answer this and forget it: status, headers, body.
    Answer(u16, &'static [(&'static str, &'static str)], &'static str),
    /// The connection fails at this step.
    Fail(&'static str, &'static str),
    /// Never answer, and forget it.
    Hang,
    /// Take it, and never answer.
    TakeAndHang,
    /// Take it, and break the connection before the answer.
    TakeAndCut,
}

/// What was ordered for one host.
#[derive(Default)]
struct Host {
    /// For the next letters, one each.
    next: VecDeque<Order>,
    /// For all others.
    standing: Order,
    /// Every other address than one with this in it is refused with 401.
    wants: Option<&'static str>,
    /// A letter with this in it is refused with 400.
    dislikes: Option<&'static str>,
}

#[derive(Default)]
struct Book {
    letters: Vec<Posted>,
    attempts: Vec<Attempt>,
    hosts: BTreeMap<String, Host>,
    /// What a recipient is answered, one each.
    mail: BTreeMap<String, VecDeque<(u16, &'static str)>>,
    /// Events of Matrix, by transaction.
    events: BTreeSet<String>,
    closed: bool,
}

/// The post office.
#[derive(Clone)]
pub struct PostOffice {
    clock: Clock,
    book: Arc<Mutex<Book>>,
}

impl PostOffice {
    pub fn new(clock: Clock) -> Self {
        Self { clock, book: Arc::default() }
    }

    fn book<T>(&self, work: impl FnOnce(&mut Book) -> T) -> T {
        work(&mut self.book.lock().unwrap())
    }

    fn host<T>(&self, host: &str, work: impl FnOnce(&mut Host) -> T) -> T {
        self.book(|b| work(b.hosts.entry(host.to_owned()).or_default()))
    }

    /// What was taken, by all.
    pub fn letters(&self) -> Vec<Posted> {
        self.book(|b| b.letters.clone())
    }

    /// What was taken by one host, or for one recipient.
    pub fn letters_of(&self, host: &str) -> Vec<Posted> {
        self.letters().into_iter().filter(|l| l.host == host).collect()
    }

    /// The kinds of what was taken by one host.
    pub fn kinds_of(&self, host: &str) -> Vec<String> {
        self.letters_of(host).into_iter().map(|l| l.kind).collect()
    }

    /// When one host was called.
    pub fn attempts_of(&self, host: &str) -> Vec<Attempt> {
        self.book(|b| b.attempts.iter().filter(|a| a.host == host).cloned().collect())
    }

    /// Refuses every connection.
    pub fn close(&self, closed: bool) {
        self.book(|b| b.closed = closed);
    }

    /// From now on.
    pub fn always(&self, host: &str, order: Order) {
        self.host(host, |h| h.standing = order);
    }

    /// For the next letters.
    pub fn next(&self, host: &str, orders: impl IntoIterator<Item = Order>) {
        self.host(host, |h| h.next.extend(orders));
    }

    pub fn wants(&self, host: &str, part: &'static str) {
        self.host(host, |h| h.wants = Some(part));
    }

    pub fn dislikes(&self, host: &str, part: Option<&'static str>) {
        self.host(host, |h| h.dislikes = part);
    }

    /// What a recipient is answered next.
    pub fn answer_mail(&self, to: &str, answers: impl IntoIterator<Item = (u16, &'static str)>) {
        self.book(|b| b.mail.entry(to.to_owned()).or_default().extend(answers));
    }

    async fn http(&self, request: http::Request<Bytes>) -> Result<Reply, Undelivered> {
        let host = request.uri().host().unwrap().to_owned();
        // Not all of it is text: exports are squeezed.
        let body = String::from_utf8_lossy(request.body()).into_owned();
        let path = request.uri().path().to_owned();
        let header = request.headers().get("idempotency-key").map(|v| v.to_str().unwrap().to_owned());
        let key = header.or_else(|| path.split("m.room.message/").nth(1).map(Into::into)).unwrap_or_default();
        let order = self.host(&host, |h| {
            let disliked = h.dislikes.is_some_and(|part| body.contains(part));
            match h.wants {
                Some(part) if !path.contains(part) => Order::Answer(401, &[], "who are you?"),
                _ if disliked => Order::Answer(400, &[], "what is this?"),
                _ => h.next.pop_front().unwrap_or_else(|| h.standing.clone()),
            }
        });
        let taken = matches!(order, Order::Take | Order::TakeAndHang | Order::TakeAndCut);
        let at = self.clock.now();
        self.book(|b| b.attempts.push(Attempt { at, host: host.clone(), key: key.clone(), taken }));
        let answer = if taken { self.take(host, key, &path, body) } else { String::new() };
        let reply = |status, headers: &[(&'static str, &'static str)], body: String| {
            let headers = headers.iter().map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap())).collect();
            Reply::Http { status, headers, body: body.into() }
        };
        match order {
            Order::Take => Ok(reply(200, &[], answer)),
            Order::Answer(status, headers, body) => Ok(reply(status, headers, body.to_owned())),
            Order::Fail(step, detail) => Err(Undelivered { step, detail: detail.into() }),
            Order::Hang | Order::TakeAndHang => std::future::pending().await,
            Order::TakeAndCut => Err(Undelivered { step: "answer", detail: "connection reset".into() }),
        }
    }

    /// Keeps a letter, and says what the service would.
    fn take(&self, host: String, key: String, path: &str, body: String) -> String {
        let at = self.clock.now();
        if path.contains("/join/") {
            return r#"{"room_id":"!ops:example"}"#.to_owned();
        }
        let json: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
        let kind = json["kind"].as_str().unwrap_or_default().to_owned();
        self.book(|b| {
            // A homeserver takes the same transaction once.
            if !path.contains("/send/") || b.events.insert(path.to_owned()) {
                b.letters.push(Posted { at, host, key: key.clone(), kind, body });
            }
        });
        format!(r#"{{"event_id":"${key}"}}"#)
    }

    fn mail(&self, letter: &Letter) -> Reply {
        let at = self.clock.now();
        let body = String::from_utf8_lossy(&letter.message).into_owned();
        let id = body.lines().find_map(|l| l.strip_prefix("Message-ID: ")).unwrap_or_default().to_owned();
        let subject = body.lines().find_map(|l| l.strip_prefix("Subject: ")).unwrap_or_default().to_owned();
        let answers = letter.to.iter().map(|to| {
            self.book(|b| {
                let order = b.mail.get_mut(to).and_then(VecDeque::pop_front);
                let (code, said) = order.unwrap_or((250, "kept"));
                let taken = code < 300;
                b.attempts.push(Attempt { at, host: to.clone(), key: id.clone(), taken });
                if taken {
                    let (host, key) = (to.clone(), id.clone());
                    b.letters.push(Posted { at, host, key, kind: subject.clone(), body: body.clone() });
                }
                (to.clone(), code, said.to_owned())
            })
        });
        Reply::Mail(answers.collect())
    }
}

#[async_trait]
impl Post for PostOffice {
    async fn deliver(&self, envelope: Envelope) -> Result<Reply, Undelivered> {
        tokio::time::sleep(Duration::from_millis(120)).await;
        if self.book(|b| b.closed) {
            return Err(Undelivered { step: "connect", detail: "refused".into() });
        }
        match envelope {
            Envelope::Http(request) => self.http(request).await,
            Envelope::Mail(letter) => Ok(self.mail(&letter)),
            Envelope::Command(order) => panic!("no channel of these tests runs {order:?}"),
        }
    }
}
