//! Who was deposed writes nothing any more.

use launchwatch_alerts::NotificationId;
use launchwatch_probes::{DebtId, Ledger};

use super::server::{address, beside, open};
use crate::store::testing::*;
use crate::store::{Error, RunQuery, SeriesQuery, Store, Tier};

const LEAD: &str =
    "INSERT INTO lease (name, holder, epoch, until) VALUES ('leader', 'x', 1, now() + interval '1 day')
    ON CONFLICT (name) DO UPDATE SET epoch = lease.epoch + 1";

fn deposed<T: std::fmt::Debug>(result: Result<T, Error>) {
    assert!(matches!(result, Err(Error::Deposed)), "{result:?}");
}

#[tokio::test]
async fn a_deposed_leader_writes_nothing() {
    let Some(address) = address().await else { return };
    let (old, new) = (open(&address).await, open(&address).await);
    let db = beside(&address).await;
    db.execute(LEAD, &[]).await.unwrap();
    old.fence(1);
    old.record(batch(vec![passed("a", 0)])).await.unwrap();
    db.execute(LEAD, &[]).await.unwrap();
    new.fence(2);
    deposed(old.record(batch(vec![passed("a", 60)])).await);
    deposed(old.begin("mail", vec![NotificationId("n".into())], at(0)).await);
    deposed(old.settle(Vec::new(), None).await);
    deposed(old.resume(vec!["mail".into()]).await);
    deposed(old.prune(at(0)).await);
    deposed(old.compact().await);
    let told = old.begun(&DebtId("d".into()), "x").await.unwrap_err();
    assert!(told.0.contains("another launchwatch"), "{}", told.0);
    assert!(old.debts().await.unwrap().is_empty(), "whoever was deposed may read");
    // The new one begins with what is there, and both read the same.
    new.record(batch(vec![passed("a", 0), passed("a", 90), failed("b", 90)])).await.unwrap();
    let all = RunQuery { limit: 9, ..RunQuery::default() };
    assert_eq!(old.runs(&all).await.unwrap().len(), 3);
    let hours = SeriesQuery { probes: Vec::new(), tier: Tier::Hour, from: START, to: START + 7_200 };
    assert_eq!(old.series(&hours).await.unwrap(), new.series(&hours).await.unwrap());
}

#[tokio::test]
async fn who_takes_the_lead_waits_for_a_write_that_has_begun() {
    let Some(address) = address().await else { return };
    let store = open(&address).await;
    let db = beside(&address).await;
    db.execute(LEAD, &[]).await.unwrap();
    store.fence(1);
    let mut lane = store.writer().await.unwrap();
    let tx = lane.begin(1).await.unwrap();
    db.batch_execute("SET lock_timeout = '200ms'").await.unwrap();
    let refused = db.execute(LEAD, &[]).await.unwrap_err();
    assert_eq!(refused.code(), Some(&tokio_postgres::error::SqlState::LOCK_NOT_AVAILABLE));
    tx.commit().await.unwrap();
    assert_eq!(db.execute(LEAD, &[]).await.unwrap(), 1);
}

#[tokio::test]
async fn two_that_write_in_turn_without_a_lease_count_nothing_twice() {
    let Some(address) = address().await else { return };
    let (a, b) = (open(&address).await, open(&address).await);
    for n in 0..6 {
        let seen = vec![passed("a", n * 60), passed("a", (n - 1) * 60), failed("b", n * 60)];
        let store = if n % 2 == 0 { &a } else { &b };
        store.record(batch(seen)).await.unwrap();
        let hours =
            SeriesQuery { probes: Vec::new(), tier: Tier::Day, from: START - 86_400, to: START + 7_200 };
        assert_eq!(a.series(&hours).await.unwrap(), b.series(&hours).await.unwrap());
    }
    let slots = b.last_slots().await.unwrap();
    assert_eq!(slots, [(probe("a"), at(300)), (probe("b"), at(300))].into());
    assert_eq!(a.runs(&RunQuery { limit: 99, ..RunQuery::default() }).await.unwrap().len(), 13);
}
