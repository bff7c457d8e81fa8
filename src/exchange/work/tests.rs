//! An export against a receiver that is as strict as Prometheus, and often away.

use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use launchwatch_alerts::{Reply, Undelivered};
use tokio::sync::mpsc::Receiver as Letters;

use super::*;
use crate::config::{self, Registries};
use crate::exchange::remote_write::opened;
use crate::exchange::testing::nowhere;
use crate::observation::ProbeId;
use crate::store::testing::{START, at, batch, failed, passed, probe};
use crate::store::{Retention, SqliteStore};

/// How the receiver takes what it gets.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mood {
    Fine,
    Status(u16),
    /// It takes everything, and nobody hears that it did.
    Mute,
    Hangs,
}

/// Keeps what it gets as Prometheus does: the samples of a series in their order, a whole request or nothing of it.
struct Receiver(Mutex<(Mood, Kept)>);

/// Values by series and time.
type Kept = BTreeMap<String, BTreeMap<i64, f64>>;

impl Receiver {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new((Mood::Fine, BTreeMap::new()))))
    }

    fn becomes(&self, mood: Mood) {
        self.0.lock().unwrap().0 = mood;
    }

    fn take(&self, body: &[u8]) -> u16 {
        let there = &mut self.0.lock().unwrap().1;
        let samples = opened(body);
        assert!(samples.len() <= MOST);
        let fits = |(series, time, value): &(String, i64, f64)| {
            there.get(series).and_then(|of| of.last_key_value()).is_none_or(|(newest, kept)| {
                time > newest || (time == newest && kept.to_bits() == value.to_bits())
            })
        };
        if !samples.iter().all(fits) {
            return 400;
        }
        for (series, time, value) in samples {
            there.entry(series).or_default().insert(time, value);
        }
        204
    }

    fn has(&self) -> Kept {
        self.0.lock().unwrap().1.clone()
    }
}

#[async_trait]
impl Post for Receiver {
    async fn deliver(&self, envelope: launchwatch_alerts::Envelope) -> Result<Reply, Undelivered> {
        let launchwatch_alerts::Envelope::Http(request) = envelope else { panic!("no request") };
        assert_eq!(request.headers()["authorization"], "Bearer let-me-in");
        assert_eq!(request.headers()["content-encoding"], "snappy");
        let mood = self.0.lock().unwrap().0;
        let status = match mood {
            Mood::Fine => self.take(request.body()),
            Mood::Status(status) => status,
            Mood::Mute => {
                self.take(request.body());
                return Err(Undelivered { step: "answer", detail: "the connection is gone".into() });
            }
            Mood::Hangs => std::future::pending().await,
        };
        Ok(Reply::Http { status, headers: http::HeaderMap::new(), body: Bytes::from_static(b"no") })
    }
}

const CONFIG: &str = r"version: 1
service: { witnesses: [] }
targets:
  - name: hub
    url: http://hub.example/
    probes: [{ type: http, name: site, every: 20s }, { type: http, name: other, every: 1m }]
exports:
  - { type: remote_write, name: far, url: https://prometheus.example/api/v1/write, bearer: env:TOKEN, labels: { env: test } }
";

/// A service that is nothing but its store and its exports.
struct House {
    config: Config,
    edges: Edges,
    store: Arc<dyn Store>,
    metrics: Metrics,
    tasks: Tasks,
    inbox: Inbox,
    letters: Letters<Letter>,
    receiver: Arc<Receiver>,
    /// Seconds since the beginning that have passed.
    passed: i64,
}

impl House {
    fn new() -> Self {
        let env = |_: &str| Some("let-me-in".to_owned());
        let loaded = config::load_text("t.yaml", CONFIG, Registries::BUILT_IN, &env);
        let config = loaded.unwrap_or_else(|p| panic!("{}", config::told(&p))).0;
        let receiver = Receiver::new();
        let edges = nowhere(Clock::simulated(at(0)), Arc::clone(&receiver) as Arc<dyn Post>);
        let store = SqliteStore::in_memory(Retention::default()).unwrap().at_once();
        let metrics = Metrics::new(&config.probes).unwrap();
        let (inbox, letters) = crate::inbox::inbox();
        let (store, tasks) = (Arc::new(store), Tasks::new());
        let house = Self { config, edges, store, metrics, tasks, inbox, letters, receiver, passed: 0 };
        house.start();
        house
    }

    fn start(&self) {
        let Self { config, edges, store, metrics, tasks, inbox, .. } = self;
        start(&Desk { config, edges, store, metrics, tasks, inbox });
    }

    /// Kills the exports, and starts them anew from what is in the store.
    async fn again(&mut self) {
        self.tasks.stop();
        self.tasks.drain(Duration::ZERO).await;
        self.tasks = Tasks::new();
        self.start();
    }

    /// Lets time pass, in which the probes go on.
    async fn goes_on(&mut self, minutes: i64) {
        for second in self.passed..self.passed + 60 * minutes {
            let mut seen = Vec::new();
            if second % 20 == 7 {
                seen.push(if second % 300 == 7 { failed("site", second) } else { passed("site", second) });
            }
            if second % 60 == 31 {
                seen.push(passed("other", second));
                let mut there = passed("other", second);
                there.probe = probe("other").at("there");
                seen.push(there);
            }
            if !seen.is_empty() {
                self.store.record(batch(seen)).await.unwrap();
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        self.passed += 60 * minutes;
    }

    /// What the store has of the minutes that end between these seconds.
    async fn kept(&self, from: i64, to: i64) -> Kept {
        let outside = Outside { location: "here".into(), labels: self.config.exports[0].labels.clone() };
        let query =
            SeriesQuery { probes: Vec::new(), tier: Tier::Minute, from: START + from, to: START + to };
        let mut all: Kept = BTreeMap::new();
        for (probe, buckets) in self.store.series(&query).await.unwrap() {
            for bucket in buckets {
                let cell = Cell { probe: probe.clone(), bucket };
                for parcel in remote_write::parcels(std::slice::from_ref(&cell), &outside, MOST) {
                    for (series, time, value) in opened(&parcel.body) {
                        all.entry(series).or_default().insert(time, value);
                    }
                }
            }
        }
        all
    }

    /// Holds what the receiver has against what the store has, up to what need not be there yet.
    async fn arrived_whole(&self) {
        let has = self.receiver.has();
        let kept = self.kept(0, self.passed).await;
        assert!(kept.len() > 100 && kept.values().all(|of| !of.is_empty()));
        for (series, samples) in &kept {
            let there = has.get(series).unwrap_or_else(|| panic!("{series} is not there"));
            // What is looked at from elsewhere is in no configuration here: it settles late.
            let settled = if series.contains("location=here") { 180 } else { 1_200 };
            for (time, value) in samples.range(..START + self.passed - settled) {
                assert_eq!(there.get(time), Some(value), "{series} at {}", time - START);
            }
        }
        let all = self.kept(-600, self.passed).await;
        for (series, there) in &has {
            for (time, value) in there {
                assert_eq!(all.get(series).and_then(|of| of.get(time)), Some(value), "{series} at {time}");
            }
        }
    }

    fn figure(&self, name: &str) -> f64 {
        let text = self.metrics.text().unwrap();
        let line = text.lines().find(|l| l.starts_with(&format!("{name}{{export=\"far\"}}"))).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }

    /// What was said of the export so far.
    fn said(&mut self) -> Vec<(bool, String)> {
        let mut said = Vec::new();
        while let Ok(Letter::Ourselves(word)) = self.letters.try_recv() {
            assert_eq!(word.probe, "export-far");
            said.push((word.good, word.summary));
        }
        said
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_receiver_missed_in_hours_arrives_whole_and_once() {
    let mut house = House::new();
    house.goes_on(30).await;
    house.arrived_whole().await;
    assert_eq!(house.said(), [(true, "the export far works".to_owned())]);
    house.receiver.becomes(Mood::Status(503));
    house.goes_on(300).await;
    assert!(house.figure("launchwatch_export_behind_seconds") > 17_000.0);
    let said = house.said();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(!said[0].0 && said[0].1.contains("HTTP 503") && said[0].1.contains("sent later"), "{said:?}");
    house.receiver.becomes(Mood::Fine);
    house.goes_on(10).await;
    house.arrived_whole().await;
    assert_eq!(house.said(), [(true, "the export far works".to_owned())]);
    assert_eq!(house.figure("launchwatch_export_behind_seconds"), 0.0);
    assert_eq!(house.figure("launchwatch_export_refused_samples_total"), 0.0);
    let sent: usize = house.receiver.has().values().map(BTreeMap::len).sum();
    assert_eq!(house.figure("launchwatch_export_samples_total"), sent as f64, "nothing went twice");
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_lost_and_restarts_leave_no_hole() {
    let mut house = House::new();
    for mood in [Mood::Mute, Mood::Fine, Mood::Hangs, Mood::Status(429), Mood::Mute, Mood::Status(500)] {
        house.receiver.becomes(mood);
        house.goes_on(17).await;
        house.again().await;
    }
    house.receiver.becomes(Mood::Fine);
    house.goes_on(10).await;
    house.arrived_whole().await;
    assert_eq!(house.figure("launchwatch_export_refused_samples_total"), 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_door_that_is_shut_is_told_at_once_and_nothing_is_given_up() {
    let mut house = House::new();
    house.receiver.becomes(Mood::Status(401));
    house.goes_on(60).await;
    let said = house.said();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(!said[0].0 && said[0].1.contains("HTTP 401") && said[0].1.contains("token"), "{said:?}");
    house.receiver.becomes(Mood::Fine);
    house.goes_on(10).await;
    house.arrived_whole().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_what_it_holds_is_given_up_and_told_and_costs_no_more() {
    let mut house = House::new();
    house.goes_on(20).await;
    house.said();
    house.receiver.becomes(Mood::Status(400));
    house.goes_on(5).await;
    let said = house.said();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(!said[0].0 && said[0].1.contains("given up"), "{said:?}");
    let refused = house.figure("launchwatch_export_refused_samples_total");
    assert!(refused > 100.0, "{refused}");
    house.receiver.becomes(Mood::Fine);
    house.goes_on(5).await;
    assert_eq!(house.figure("launchwatch_export_refused_samples_total"), refused);
    assert_eq!(house.said(), [(true, "the export far works".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn what_an_agent_kept_for_hours_goes_when_it_comes() {
    let mut house = House::new();
    house.goes_on(30).await;
    let late = |second| {
        let mut seen = passed("site", second);
        seen.probe = ProbeId::new("hub", "site@away");
        seen
    };
    house.store.record(batch(vec![late(600)])).await.unwrap();
    house.goes_on(240).await;
    // Partitioned for four hours, it hands in what it kept, some at a time.
    for second in (660..house.passed).step_by(40) {
        house.store.record(batch(vec![late(second)])).await.unwrap();
        if second % 4_000 == 60 {
            house.goes_on(2).await;
        }
    }
    house.store.record(batch(vec![late(house.passed + 60)])).await.unwrap();
    house.goes_on(4).await;
    house.arrived_whole().await;
    assert_eq!(house.figure("launchwatch_export_refused_samples_total"), 0.0);
}
