//! Each export goes its rounds: what is due from the store, minute by minute, to whoever keeps it.
//!
//! # Why
//! A request never holds more than one minute. So when it is not known whether one arrived, it can be sent again: a
//! sample that is the newest of its series is taken twice without harm, and nothing newer has gone out yet. And a
//! request that is refused costs that minute, not what comes after it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use launchwatch_alerts::Post;

use super::progress::{Due, Progress, Settling};
use super::send::{Fate, Sender, pause};
use super::series::Outside;
use super::{Cell, Parcel, otlp, remote_write};
use crate::clock::Clock;
use crate::config::{Config, Export, ExportKind};
use crate::dice::Dice;
use crate::edges::Edges;
use crate::inbox::{Inbox, Letter, Ourselves};
use crate::store::{self, SeriesQuery, Store, Tier};
use crate::tasks::{OnExit, Tasks};
use crate::telemetry::Metrics;

/// Most samples in a request.
const MOST: usize = 2_000;
/// About how many buckets are in hand at once.
const IN_HAND: usize = 10_000;
/// Most minutes that are asked for at once: the store counts them from the runs.
const WINDOW: usize = 240;
/// A receiver may be away for so long before we call it trouble.
const AWAY: Duration = Duration::from_secs(300);
/// Pause after the store could not be read.
const AGAIN: Duration = Duration::from_secs(10);

/// What exports need of the house.
pub struct Desk<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The doors.
    pub edges: &'a Edges,
    /// Where the minutes come from.
    pub store: &'a Arc<dyn Store>,
    /// Counts.
    pub metrics: &'a Metrics,
    /// All tasks.
    pub tasks: &'a Tasks,
    /// Where trouble is told.
    pub inbox: &'a Inbox,
}

/// Starts every export.
pub fn start(desk: &Desk<'_>) {
    let config = desk.config;
    for export in &config.exports {
        let (location, labels) = (config.service.location.to_string(), export.labels.clone());
        let post: Arc<dyn Post> = Arc::clone(&desk.edges.post);
        desk.metrics.export(&export.name);
        let work = Work {
            outside: Outside { location, labels },
            settling: Settling::of(&config.probes),
            keeps: i64::try_from(config.service.retention.minutes.as_secs()).unwrap_or(i64::MAX),
            sender: Sender { export: export.clone(), post },
            clock: desk.edges.clock.clone(),
            dice: desk.edges.dice.clone(),
            store: Arc::clone(desk.store),
            metrics: desk.metrics.clone(),
            tasks: desk.tasks.clone(),
            inbox: desk.inbox.clone(),
            said: None,
        };
        desk.tasks.spawn(format!("export-{}", export.name), OnExit::Fine, work.run());
    }
}

/// Why a round ended early.
enum Cut {
    /// The service stops.
    Stop,
    /// The store cannot be read, or written to.
    Store(store::Error),
}

impl From<store::Error> for Cut {
    fn from(e: store::Error) -> Self {
        Self::Store(e)
    }
}

struct Work {
    outside: Outside,
    settling: Settling,
    /// How long minutes are kept, in seconds.
    keeps: i64,
    sender: Sender,
    clock: Clock,
    dice: Dice,
    store: Arc<dyn Store>,
    metrics: Metrics,
    tasks: Tasks,
    inbox: Inbox,
    /// What was said of it last: that it works, or why not.
    said: Option<Result<(), String>>,
}

impl Work {
    async fn run(mut self) {
        let mut progress = None;
        loop {
            let wait = match self.round(&mut progress).await {
                Ok(()) => self.export().every,
                Err(Cut::Stop) => return,
                Err(Cut::Store(error)) => {
                    tracing::warn!(export = self.export().name, %error, "an export cannot go on just now");
                    self.metrics.export_error(&self.export().name);
                    AGAIN
                }
            };
            if self.wait(wait).await.is_err() {
                return;
            }
        }
    }

    fn export(&self) -> &Export {
        &self.sender.export
    }

    fn now(&self) -> i64 {
        self.clock.now().as_second()
    }

    async fn wait(&self, time: Duration) -> Result<(), Cut> {
        tokio::select! {
            biased; // two replays must agree
            _ = self.tasks.stopped() => Err(Cut::Stop),
            () = tokio::time::sleep(time) => Ok(()),
        }
    }

    /// Sends everything that is due. The first round only finds out where the export stands: what the service noticed
    /// of the time it was away is written down by the next one.
    async fn round(&mut self, progress: &mut Option<Progress>) -> Result<(), Cut> {
        let Some(progress) = progress else {
            let name = format!("export {}", self.export().name);
            let kept = self.store.noted(&name).await?;
            let kept = kept.and_then(|text| serde_json::from_str(&text).ok());
            let begun = kept.unwrap_or_else(|| Progress::new(self.clock.now()));
            self.keep(&begun).await?;
            *progress = Some(begun);
            return Ok(());
        };
        let mut through = i64::MIN;
        // While a receiver was away more has become due: it is behind as long as that is not sent too.
        let (last, now) = loop {
            let (last, now) = (self.store.last_slots().await?, self.now());
            let mut due = progress.due(&last, &self.settling, now, Tier::Minute.floor(now - self.keeps));
            match due.iter().map(|d| d.to).max() {
                Some(to) if to > through => through = to,
                _ => break (last, now),
            }
            while let Some(from) = due.iter().map(|d| d.from).min() {
                self.window(from, &mut due, progress).await?;
            }
        };
        self.metrics.export_behind(&self.export().name, 0);
        progress.through(&last, now);
        self.keep(progress).await?;
        Ok(())
    }

    /// Sends what is due of some minutes from this one on, and takes it off what is due.
    async fn window(&mut self, from: i64, due: &mut Vec<Due>, progress: &mut Progress) -> Result<(), Cut> {
        let minutes = (IN_HAND / due.len().max(1)).clamp(1, WINDOW);
        let to = from.saturating_add(60 * i64::try_from(minutes).unwrap_or(1));
        let within: BTreeMap<_, _> =
            due.iter().filter(|d| d.from < to).map(|d| (d.probe.clone(), (d.from, d.to))).collect();
        let probes = within.keys().cloned().collect();
        let series = self.store.series(&SeriesQuery { probes, tier: Tier::Minute, from, to }).await?;
        let mut cells: BTreeMap<i64, Vec<Cell>> = BTreeMap::new();
        for (probe, buckets) in series {
            let Some(&(from, to)) = within.get(&probe) else { continue };
            for bucket in buckets.into_iter().filter(|b| (from..to).contains(&b.start)) {
                cells.entry(bucket.start).or_default().push(Cell { probe: probe.clone(), bucket });
            }
        }
        for (minute, cells) in cells {
            for parcel in self.parcels(&cells) {
                self.hand_over(&parcel, self.ripe(minute, &cells)).await?;
            }
            cells.iter().for_each(|cell| progress.sent(&cell.probe, cell.ends()));
            self.keep(progress).await?;
        }
        due.iter_mut().filter(|d| d.from < to).for_each(|d| d.from = to);
        due.retain(|d| d.from < d.to);
        Ok(())
    }

    fn parcels(&self, cells: &[Cell]) -> Vec<Parcel> {
        match self.export().kind {
            ExportKind::RemoteWrite => remote_write::parcels(cells, &self.outside, MOST),
            ExportKind::Otlp => otlp::parcels(cells, &self.outside, self.export().deltas, MOST),
        }
    }

    /// The second from which on a minute could have been sent.
    fn ripe(&self, minute: i64, cells: &[Cell]) -> i64 {
        let after = cells.iter().map(|c| self.settling.after(&c.probe)).min().unwrap_or_default();
        minute + Tier::Minute.seconds() + after
    }

    async fn keep(&self, progress: &Progress) -> Result<(), Cut> {
        let text = serde_json::to_string(progress).unwrap_or_default();
        Ok(self.store.note(&format!("export {}", self.export().name), text).await?)
    }

    /// Hands a request over, however long it takes; what is refused for what it holds is given up, and told.
    async fn hand_over(&mut self, parcel: &Parcel, ripe: i64) -> Result<(), Cut> {
        let name = self.export().name.clone();
        let began = tokio::time::Instant::now();
        for tries in 1.. {
            self.metrics.export_behind(&name, self.now() - ripe);
            let fate = self.sender.attempt(parcel).await;
            match &fate {
                Fate::Taken(but) => {
                    let refused = but.as_ref().map_or(0, |(count, _)| *count);
                    self.metrics.export_sent(&name, parcel.samples - refused.min(parcel.samples), refused);
                    self.say(but.as_ref().map_or(Ok(()), |(_, why)| Err(why.clone())));
                    break;
                }
                Fate::Refused(why) => {
                    self.metrics.export_error(&name);
                    self.metrics.export_sent(&name, 0, parcel.samples);
                    let samples = parcel.samples;
                    self.say(Err(format!(
                        "it refuses what it is sent, and {samples} samples are given up: {why}"
                    )));
                    break;
                }
                Fate::Shut(why) => {
                    self.metrics.export_error(&name);
                    self.say(Err(format!(
                        "it lets nobody in (address, token or a setting of it is wrong): {why}"
                    )));
                }
                Fate::Later(_, why) => {
                    self.metrics.export_error(&name);
                    if began.elapsed() >= AWAY {
                        self.say(Err(format!(
                            "it does not take anything; what it missed is sent later: {why}"
                        )));
                    }
                }
            }
            self.wait(pause(&fate, tries, self.dice.chance())).await?;
        }
        Ok(())
    }

    /// Says how the export stands, if that has changed.
    fn say(&mut self, stands: Result<(), String>) {
        if self.said.as_ref().is_some_and(|said| said.is_ok() == stands.is_ok()) {
            return;
        }
        let (name, good) = (self.export().name.clone(), stands.is_ok());
        let summary = match &stands {
            Ok(()) => format!("the export {name} works"),
            Err(why) => format!("the export {name}: {why}"),
        };
        // The recorder writes it into the log.
        let word = Ourselves { probe: format!("export-{name}"), good, summary };
        // If the inbox is full, it is said the next time.
        if self.inbox.put(Letter::Ourselves(word)) {
            self.said = Some(stands);
        }
    }
}

#[cfg(test)]
mod tests;
