//! Ten thousand owed: what is asked for often must not read them all.

use launchwatch_alerts::{NotificationId, NotificationKind, Settled};
use tokio::time::Instant;

use super::*;
use crate::store::testing::*;
use crate::store::{DeliveryState, Report, Settlement, Stand, Store, Wanted};

#[tokio::test]
async fn with_ten_thousand_owed_a_round_costs_milliseconds() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    for chunk in 0..100 {
        let all = (0..100).map(|i| {
            let n = chunk * 100 + i;
            notification(&format!("n{n:05}"), &format!("i{n:05}"), NotificationKind::Opened, n)
        });
        store.record(owing(all.collect())).await.unwrap();
    }
    let now = at(20_000);
    let began = Instant::now();
    for round in 0..20 {
        let owed = store.owed("slack", now, 32, Wanted::Due).await.unwrap();
        assert_eq!(owed.len(), 32);
        let ids: Vec<NotificationId> = owed.iter().map(|o| o.notification.id.clone()).collect();
        assert_eq!(ids[0].0, format!("n{:05}", round * 32));
        store.begin("slack", ids.clone(), now).await.unwrap();
        let settled = |notification| Settlement {
            notification,
            channel: "slack".into(),
            state: DeliveryState::Delivered,
            refused: false,
            next: now,
            message: None,
            settled: Settled::default(),
            error: None,
            at: now,
        };
        let stand = Stand { worked: Some(now), ..Stand::default() };
        let report = Report { channel: "slack".into(), stand, fallback: Some("mail".into()), at: now };
        store.settle(ids.into_iter().map(settled).collect(), Some(report)).await.unwrap();
        store.next_owed("slack").await.unwrap();
    }
    let round = began.elapsed() / 20;
    let began = Instant::now();
    let outbox = store.outbox().await.unwrap();
    let whole = began.elapsed();
    eprintln!("a round of 32: {round:?}; how the outbox stands: {whole:?}");
    assert_eq!((outbox.channels["slack"].owed, outbox.channels["mail"].owed), (9_360, 10_000));
    // Without the indices it is a hundred times as much.
    assert!(round.as_millis() < 250 && whole.as_millis() < 1_000, "{round:?} {whole:?}");

    let began = Instant::now();
    let stand = Stand { broken: Some(now), ..Stand::default() };
    let report = Report { channel: "slack".into(), stand, fallback: Some("spare".into()), at: now };
    assert_eq!(store.settle(Vec::new(), Some(report.clone())).await.unwrap(), 9_360);
    let all = began.elapsed();
    let began = Instant::now();
    assert_eq!(store.settle(Vec::new(), Some(report)).await.unwrap(), 0);
    eprintln!("handing all over: {all:?}; finding nothing to hand over: {:?}", began.elapsed());
}
