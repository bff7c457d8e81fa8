//! (test) Runs a probe of the registry in the staged world.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::{Entry, Memory, SERVER_TOKEN, Stage, World};
use crate::{Cx, CxParts, Follow, Outcome};

/// What must never be seen in anything that a run leaves behind.
pub(crate) const SECRETS: &[&str] =
    &[SERVER_TOKEN, "build-t0ken.of.today", "hub-t0ken-of-ours", "user-t0ken-of-today", "203.0.113.9"];

/// A run and what it left behind.
pub(crate) struct Ran {
    pub(crate) outcome: Option<Outcome>,
    pub(crate) world: Arc<World>,
    pub(crate) ledger: Arc<Memory>,
    pub(crate) follow: Option<Follow>,
    pub(crate) progress: Vec<String>,
    pub(crate) took: Duration,
}

impl Ran {
    /// The outcome of a run that was not cut off.
    pub(crate) fn outcome(&self) -> &Outcome {
        self.outcome.as_ref().expect("the run was cut off")
    }

    /// The only entry of the ledger.
    pub(crate) fn entry(&self) -> Entry {
        let entries = self.ledger.entries();
        assert_eq!(entries.len(), 1, "{entries:?}");
        entries[0].clone()
    }

    /// Everything a person or a store may see, for looking for secrets.
    pub(crate) fn leavings(&self) -> String {
        let outcome = self.outcome.as_ref().map(|o| serde_json::to_string(o).unwrap()).unwrap_or_default();
        format!("{outcome}\n{}\n{:?}", self.progress.join("\n"), self.ledger.told())
    }
}

/// Runs to the outcome; a run that does not end itself before its deadline panics.
pub(crate) async fn run(kind: &str, settings: Value, stage: Stage, deadline: u64) -> Ran {
    let world = Arc::new(World::new(stage));
    let ran = run_until(kind, settings, world, &Arc::default(), deadline, None).await;
    assert!(ran.outcome.is_some(), "the run did not end itself before its deadline");
    ran
}

/// Runs with a deadline of so many seconds; `cut` drops the run after that time.
pub(crate) async fn run_until(
    kind: &str,
    settings: Value,
    world: Arc<World>,
    ledger: &Arc<Memory>,
    deadline: u64,
    cut: Option<Duration>,
) -> Ran {
    let target = Url::parse("https://hub.example.org/").unwrap();
    let probe =
        crate::kinds::kind(kind).expect("no such kind").build(settings, &target).expect("settings refused");
    let progress = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&progress);
    let started = Instant::now();
    let until = started + Duration::from_secs(deadline);
    let mut cx = Cx::new(CxParts {
        net: Arc::clone(&world) as Arc<dyn crate::Net>,
        ledger: Arc::clone(ledger) as Arc<dyn crate::Ledger>,
        run: "run-1".into(),
        nonce: "abcdefgh12345678".into(),
        deadline: until,
        user_agent: "launchwatch/test".into(),
        watcher: Some(Arc::new(move |p| told.lock().unwrap().push(format!("{p:?}")))),
        now: jiff::Timestamp::UNIX_EPOCH,
    });
    let stop = cut.map_or(until, |c| started + c);
    let outcome = tokio::time::timeout_at(stop, probe.run(&mut cx)).await.ok();
    let follow = cx.take_follow();
    let progress = progress.lock().unwrap().clone();
    Ran { outcome, world, ledger: Arc::clone(ledger), follow, progress, took: started.elapsed() }
}
