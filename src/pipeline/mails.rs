//! Mails to people outside: those who asked for them, one mail each, on a way of their own beside the channels of operators.
//!
//! # What holds
//! * What is owed to somebody was written with the change that caused it (`store::Subscribers`); here it is only sent.
//! * Before a mail is handed over the store notes that it is, and afterwards what came of it: after a crash at most the one
//!   mail that was under way comes twice, under the same Message-ID.
//! * While the relay does not answer, all wait, longer each time; nobody's turn is lost.
//! * No address is ever in a log.

use std::sync::Arc;
use std::time::Duration;

use launchwatch_alerts::courier::Backoff;
use launchwatch_alerts::{Envelope, Maintenance, Reply};
use tokio::sync::Notify;
use url::Url;

use super::deliveries::Current;
use super::deliveries::pace::Pace;
use crate::config::{Config, Subscriptions};
use crate::edges::Edges;
use crate::news::{self, Reason, Shown};
use crate::store::subscribers::{Came, Mail};
use crate::store::{Error, Store};
use crate::tasks::{OnExit, Tasks};
use crate::telemetry::Metrics;

/// What they are called in figures.
const NAME: &str = "subscribers";
/// Without any other sign, what is owed is looked at this often.
const LOOK: Duration = Duration::from_secs(30);
/// While nothing may be sent, it is looked this often whether it may.
const WITHOUT_RIGHT: Duration = Duration::from_millis(500);
/// Longest pause while the relay does not answer.
const PAUSE: Duration = Duration::from_secs(60);
/// Longest time one mail may take.
const LIMIT: Duration = Duration::from_secs(60);
/// A relay that does not know us yet takes a mail at the second try, if that comes minutes later.
const GREYLISTING: Duration = Duration::from_secs(300);
/// Mails taken up at once.
const AT_ONCE: usize = 16;
/// Maintenances of people that are looked at for what to announce.
const SILENCES: usize = 100;

/// Sends mails, if the configuration says so. `owed` is rung when there may be something new.
pub fn start(config: &Config, owed: Arc<Notify>, current: Current) {
    let (Some(settings), Some(url)) = (config.subscriptions.clone(), config.service.public_url.clone())
    else {
        return;
    };
    let (tasks, edges, store, metrics) = current.doors();
    let probes = config.probes.iter().map(|p| (p.id.target(), p.id.bare()));
    let shown = Shown::new(probes.filter(|(target, _)| !config.pages.hide.contains(*target)));
    let planned = config.policy.maintenance.as_slice().into();
    let ends = tasks.clone();
    let mails = Mails { tasks, edges, store, metrics, owed, shown, planned, settings, url, current };
    ends.spawn("mails", OnExit::Fine, mails.run());
}

struct Mails {
    tasks: Tasks,
    edges: Edges,
    store: Arc<dyn Store>,
    metrics: Metrics,
    owed: Arc<Notify>,
    /// What the public sees.
    shown: Shown,
    /// What the configuration plans.
    planned: Arc<[Maintenance]>,
    settings: Subscriptions,
    /// Where people reach the pages.
    url: Url,
    current: Current,
}

impl Mails {
    /// Sends until the service stops.
    async fn run(self) {
        let (mut pace, mut failures) = (Pace::new(self.settings.per_minute), 0);
        let mut begun = false;
        loop {
            let pause = match self.rounds(&mut begun, &mut pace, &mut failures).await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::error!(%error, "mails to subscribers stand still; the one under way may be repeated");
                    begun = false;
                    LOOK
                }
            };
            tokio::select! {
                biased; // two replays must agree
                _ = self.tasks.stopped() => return,
                () = self.owed.notified(), if failures == 0 => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Sends what is due and says how long to wait for more.
    async fn rounds(&self, begun: &mut bool, pace: &mut Pace, failures: &mut u32) -> Result<Duration, Error> {
        if !std::mem::replace(begun, true) {
            self.store.resume_mails().await?;
        }
        let now = self.edges.clock.now();
        let silences = self.store.silences(SILENCES).await?;
        self.store.announce(&news::works(&self.shown, &self.planned, &silences, now), now).await?;
        loop {
            let now = self.edges.clock.now();
            let wait = pace.wait();
            if !self.current.may_send() {
                return Ok(WITHOUT_RIGHT);
            }
            if !wait.is_zero() {
                return Ok(wait);
            }
            let due = self.store.mails(now, pace.tokens().clamp(1, AT_ONCE)).await?;
            if due.is_empty() {
                let next = self.store.next_mail().await?;
                let left = next.map(|at| Duration::try_from(at.duration_since(now)).unwrap_or_default());
                return Ok(left.unwrap_or(LOOK).min(LOOK));
            }
            for mail in due {
                let now = self.edges.clock.now();
                if !self.current.may_send() {
                    return Ok(WITHOUT_RIGHT);
                }
                if !self.store.begin_mail(mail.id, now).await? {
                    continue;
                }
                pace.take();
                let (came, answers) = self.send(&mail).await;
                self.note(&mail, &came);
                self.store.settle_mail(mail.id, came, self.edges.clock.now()).await?;
                *failures = if answers { 0 } else { *failures + 1 };
                if !answers {
                    return Ok(Backoff::default().next(*failures, None, self.edges.dice.chance()).min(PAUSE));
                }
            }
        }
    }

    /// One attempt; and whether the relay answered at all.
    async fn send(&self, mail: &Mail) -> (Came, bool) {
        let Some(relay) = self.current.relay(&self.settings.channel) else {
            return (self.later(mail, None, "the channel is gone".into()), false);
        };
        let (text, leave) = (self.text(mail), self.to(&format!("/unsubscribe/{}", mail.leave)));
        let first = mail.first.map(name);
        let letter = relay.letter(&launchwatch_alerts::Mail {
            to: &mail.address,
            subject: &mail.told.title,
            text: &text,
            id: &name(mail.id),
            at: mail.at,
            first: first.as_deref(),
            leave: Some(&leave),
        });
        let letter = match letter {
            Ok(letter) => letter,
            Err(why) => return (Came::Refused(why), true),
        };
        let answer = tokio::time::timeout(LIMIT, self.edges.post.deliver(Envelope::Mail(letter))).await;
        match answer {
            Ok(Ok(Reply::Mail(answers))) => (self.read(mail, answers.first()), true),
            Ok(Ok(_)) => (Came::Refused("the answer is not one of a relay".into()), true),
            Ok(Err(broken)) => (self.later(mail, None, broken.step.into()), false),
            Err(_) => (self.later(mail, None, "no answer in time".into()), false),
        }
    }

    /// What the relay's answer means. Its text may hold the address: only the code is kept.
    fn read(&self, mail: &Mail, answer: Option<&(String, u16, String)>) -> Came {
        match answer {
            Some((_, 200..=299, _)) => Came::Delivered,
            Some((_, code @ 500..=599, _)) => Came::Refused(format!("SMTP {code}")),
            Some((_, code @ (450 | 451), said)) if said.to_ascii_lowercase().contains("listed") => {
                self.later(mail, Some(GREYLISTING), format!("SMTP {code}"))
            }
            Some((_, code, _)) => self.later(mail, None, format!("SMTP {code}")),
            None => self.later(mail, None, "no answer for the address".into()),
        }
    }

    fn later(&self, mail: &Mail, asked: Option<Duration>, why: String) -> Came {
        let pause = Backoff::default().next(mail.attempts + 1, asked, self.edges.dice.chance());
        Came::Later(self.edges.clock.now() + pause, why)
    }

    fn note(&self, mail: &Mail, came: &Came) {
        let (id, about) = (mail.id, mail.told.about.as_str());
        let result = match came {
            Came::Delivered => {
                tracing::info!(mail.id = id, about, "mail to a subscriber delivered");
                "delivered"
            }
            Came::Later(at, why) => {
                tracing::warn!(mail.id = id, about, again_at = %at, "mail to a subscriber not delivered yet: {why}");
                "retry"
            }
            Came::Refused(why) => {
                tracing::warn!(mail.id = id, about, "mail to a subscriber given up: {why}");
                "refused"
            }
        };
        self.metrics.delivery(NAME, result);
    }

    /// The whole address of a path of ours.
    fn to(&self, path: &str) -> String {
        format!("{}{path}", self.url.as_str().trim_end_matches('/'))
    }

    fn text(&self, mail: &Mail) -> String {
        let told = &mail.told;
        let leave = self.to(&format!("/unsubscribe/{}", mail.leave));
        match (told.reason, &mail.confirm) {
            (Reason::Confirm, Some(token)) => format!(
                "{}\n\nIf it was you, open this page and press the button:\n{}\n\n\
                 If it was not, do nothing: within two days the address is forgotten. To have it forgotten at once:\n{leave}\n",
                told.text,
                self.to(&format!("/subscribe/confirm/{token}")),
            ),
            _ => format!(
                "{}\n\nHow it stands now: {}\n\n-- \nYou asked for these mails at {}\nTo hear no more: {leave}\n",
                told.text,
                self.to(&told.path),
                self.to("/subscribe"),
            ),
        }
    }
}

/// The name of a mail, for life.
fn name(id: i64) -> String {
    format!("news-{id}")
}
