//! A cluster that is full and grows: launches are slow, and nobody is woken.

use std::time::Duration;

use launchwatch::standin::Fault;
use launchwatch::store::{RunQuery, Store};
use launchwatch_probes::{Reason, Verdict};

use crate::world::{THREE_PROBES, World, configuration};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn a_launch_that_waits_for_a_node_is_slow_and_pages_nobody() {
    let mut config = configuration(&THREE_PROBES.replace("failures: 2", "failures: 1"));
    for probe in config.probes.iter_mut().filter(|p| p.launches) {
        probe.patience = Some(1.5);
    }
    let world = World::start(config, 1).await;
    // Long enough to know what launches usually take.
    world.run_for(60 * MINUTE).await;
    let grows_from = world.clock.now();
    world.break_hub(Fault::NodeComing);
    world.run_for(30 * MINUTE).await;
    world.break_hub(Fault::None);
    world.run_for(10 * MINUTE).await;
    assert!(world.post.letters().is_empty(), "{:#?}", world.post.letters());
    let since = RunQuery { limit: 1_000, from: Some(grows_from), ..RunQuery::default() };
    let runs = world.store.runs(&since).await.unwrap();
    let waited: Vec<_> = runs.iter().filter(|r| r.outcome.reason == Some(Reason::WaitsForNode)).collect();
    assert!(waited.len() >= 5, "only {} runs waited", waited.len());
    assert!(waited.iter().all(|r| r.outcome.verdict == Verdict::Degraded));
    assert!(runs.iter().all(|r| r.outcome.verdict != Verdict::Failed), "a run failed");
    // Each server that came late was shut down.
    assert_eq!(world.hub.snapshot().servers_running, 0);
    world.stop().await;
}
