//! A simulated day with an outage in it, twice: the same bytes, in seconds.

use std::time::Duration;

use launchwatch::standin::Fault;
use launchwatch::store::{RunQuery, Store};

use crate::world::{THREE_PROBES, World, configuration};

const HOUR: Duration = Duration::from_secs(3_600);

async fn a_day(seed: u64) -> String {
    let world = World::start(configuration(THREE_PROBES), seed).await;
    world.run_for(6 * HOUR + HOUR / 2).await;
    world.break_hub(Fault::HubDown);
    world.run_for(4 * HOUR + HOUR / 4).await;
    world.break_hub(Fault::None);
    world.run_for(13 * HOUR + HOUR / 4).await;
    let hub = world.hub.snapshot();
    let (_, post, store) = world.stop().await;
    let letters = post.letters();
    let kinds: Vec<&str> = letters.iter().map(|l| l.kind.as_str()).collect();
    assert_eq!(kinds.first(), Some(&"opened"));
    assert_eq!(kinds.last(), Some(&"resolved"));
    assert_eq!(kinds.iter().filter(|k| **k == "opened").count(), 1, "{kinds:?}");
    assert_eq!(kinds.iter().filter(|k| **k == "resolved").count(), 1, "{kinds:?}");
    let runs = store.runs(&RunQuery { limit: 100_000, ..RunQuery::default() }).await.unwrap();
    assert!(runs.len() > 4_000, "{}", runs.len());
    let incidents = store.incidents(10).await.unwrap();
    format!("{letters:#?}\n{runs:?}\n{incidents:?}\n{hub:?}")
}

#[tokio::test(start_paused = true)]
async fn a_day_with_an_outage_replays_to_the_same_bytes() {
    let first = a_day(7).await;
    let second = a_day(7).await;
    if first != second {
        let differs = first.lines().zip(second.lines()).find(|(a, b)| a != b);
        panic!("two replays differ: {:.2000?}", differs);
    }
}
