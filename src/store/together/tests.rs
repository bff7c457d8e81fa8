//! What every implementation promises to replicas.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::memory::Shared;
use super::{Fate, Kind, Lease, Left, Together};
use crate::store::testing::{START, at, passed};
use crate::store::{Batch, Error, PgStore, Retention, SqliteStore};

const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(300);

fn letter(id: &str, kind: Kind) -> Left {
    Left { id: id.into(), kind, body: json!({ "says": id }) }
}

fn batch(second: i64) -> Batch {
    Batch { observations: vec![passed("site", second)], now: at(second), ..Batch::default() }
}

/// Two replicas by lines of their own.
async fn one_leads_and_its_epoch_fences(a: &dyn Together, b: &dyn Together) {
    let ours = |epoch| Lease::Ours { epoch };
    assert_eq!(a.lease("a", None, LONG).await.unwrap(), ours(1));
    assert_eq!(a.lease("a", Some(1), LONG).await.unwrap(), ours(1), "renewed");
    let Lease::Theirs { holder, left } = b.lease("b", None, LONG).await.unwrap() else { panic!("b too") };
    assert!(holder == "a" && left <= LONG && left > LONG / 2, "{holder} {left:?}");
    let (first, follower) = (a.store(Some(1)), b.store(None));
    first.record(batch(1)).await.unwrap();
    assert!(matches!(follower.record(batch(2)).await, Err(Error::Deposed)), "who follows writes nothing");
    assert_eq!(follower.last_slots().await.unwrap().len(), 1, "but reads");

    assert_eq!(a.lease("a", Some(1), SHORT).await.unwrap(), ours(1));
    tokio::time::sleep(SHORT * 2).await;
    assert_eq!(a.lease("a", Some(1), SHORT).await.unwrap(), ours(1), "over, and nobody took it: it goes on");
    tokio::time::sleep(SHORT * 2).await;
    assert_eq!(b.lease("b", None, LONG).await.unwrap(), ours(2));
    assert!(
        matches!(a.lease("a", Some(1), LONG).await.unwrap(), Lease::Theirs { holder, .. } if holder == "b")
    );
    assert!(matches!(first.record(batch(3)).await, Err(Error::Deposed)));
    b.store(Some(2)).record(batch(4)).await.unwrap();

    a.give_back("a", 1).await.unwrap();
    assert!(
        matches!(a.lease("a", None, LONG).await.unwrap(), Lease::Theirs { .. }),
        "only who has it gives it back"
    );
    b.give_back("b", 2).await.unwrap();
    assert_eq!(b.lease("b", Some(2), LONG).await.unwrap(), ours(2), "given back, and nobody took it");
    b.give_back("b", 2).await.unwrap();
    assert_eq!(a.lease("a", Some(1), LONG).await.unwrap(), ours(3), "what is had again after another is new");
}

async fn a_letter_is_taken_once_and_its_fate_is_known(a: &dyn Together, b: &dyn Together) {
    assert_eq!(a.lease("a", None, SHORT).await.unwrap(), Lease::Ours { epoch: 1 });
    for (id, kind) in
        [("c1", Kind::Command), ("r1", Kind::Report), ("c2", Kind::Command), ("gone", Kind::Command)]
    {
        b.leave(&letter(id, kind)).await.unwrap();
        b.leave(&letter(id, kind)).await.unwrap();
    }
    assert!(b.withdraw("gone").await.unwrap());
    assert_eq!(b.fate("gone").await.unwrap(), Fate::Gone);
    assert_eq!(b.fate("c1").await.unwrap(), Fate::Waiting);
    let taken = a.collect(1, 1).await.unwrap();
    assert_eq!(taken, [letter("c1", Kind::Command)]);
    let ids: Vec<_> = a.collect(1, 9).await.unwrap().into_iter().map(|l| l.id).collect();
    assert_eq!(ids, ["r1", "c2"], "in order");
    assert_eq!(a.collect(1, 9).await.unwrap(), []);
    assert_eq!(b.fate("c1").await.unwrap(), Fate::Taken);
    assert!(!b.withdraw("c1").await.unwrap(), "too late");
    a.answer(1, "c1", &json!({ "Ok": null })).await.unwrap();
    assert_eq!(b.fate("c1").await.unwrap(), Fate::Answered(json!({ "Ok": null })));

    tokio::time::sleep(SHORT * 2).await;
    assert_eq!(b.lease("b", None, LONG).await.unwrap(), Lease::Ours { epoch: 2 });
    assert_eq!(b.fate("c2").await.unwrap(), Fate::Lost, "taken, and not answered by one who leads no more");
    assert!(matches!(a.answer(1, "c2", &json!(1)).await, Err(Error::Deposed)));
    assert!(matches!(a.collect(1, 9).await, Err(Error::Deposed) | Ok(_)));
    let again: Vec<_> = b.collect(2, 9).await.unwrap().into_iter().map(|l| l.id).collect();
    assert_eq!(again, ["r1"], "a report may come twice, a command must not");
    b.tidy(2).await.unwrap();
}

async fn what_was_recorded_since_is_read_once(a: &dyn Together, b: &dyn Together) {
    assert_eq!(a.lease("a", None, LONG).await.unwrap(), Lease::Ours { epoch: 1 });
    let leading = a.store(Some(1));
    leading.record(batch(60)).await.unwrap();
    let start = b.since(None, 10).await.unwrap();
    assert!(start.observations.is_empty());
    for second in [120, 180, 240] {
        leading.record(batch(second)).await.unwrap();
    }
    let slots = |since: &super::Since| {
        since.observations.iter().map(|s| s.slot.as_second() - START).collect::<Vec<_>>()
    };
    let all = b.since(Some(start.cursor), 10).await.unwrap();
    assert_eq!(slots(&all), [120, 180, 240]);
    assert_eq!(slots(&b.since(Some(all.cursor), 10).await.unwrap()), [0_i64; 0]);
}

fn shared() -> Shared {
    Shared::new(Arc::new(SqliteStore::in_memory(Retention::default()).unwrap()))
}

macro_rules! promises {
    ($($name:ident),*) => {
        mod in_memory {
            $(#[tokio::test(start_paused = true)] async fn $name() {
                let shared = super::shared();
                super::$name(&shared.line(), &shared.line()).await;
            })*
        }
        mod in_postgres {
            $(#[tokio::test] async fn $name() {
                let Some((a, b)) = super::two().await else { return };
                super::$name(&a, &b).await;
            })*
        }
    };
}

promises!(
    one_leads_and_its_epoch_fences,
    a_letter_is_taken_once_and_its_fate_is_known,
    what_was_recorded_since_is_read_once
);

async fn two() -> Option<(PgStore, PgStore)> {
    use crate::store::pg::tests::server::{address, open};
    let address = address().await?;
    Some((open(&address).await, open(&address).await))
}

/// A leader that is stopped in the middle of a write must not keep others from leading.
#[tokio::test]
async fn a_write_that_stands_still_does_not_hold_up_the_next_leader() {
    let Some(address) = crate::store::pg::tests::server::address().await else { return };
    let (a, b) = (
        crate::store::pg::tests::server::open(&address).await,
        crate::store::pg::tests::server::open(&address).await,
    );
    assert_eq!(a.lease("a", None, SHORT).await.unwrap(), Lease::Ours { epoch: 1 });
    let stands_still = crate::store::pg::together::stand_still(&a, 1).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let length = Duration::from_secs(2);
    let mut tries = 0;
    while b.lease("b", None, length).await.ok() != Some(Lease::Ours { epoch: 2 }) {
        tries += 1;
        assert!(tries < 5, "the lead is not to be had");
    }
    assert!(tries > 0, "nothing stood in the way: this proves nothing");
    drop(stands_still);
}
