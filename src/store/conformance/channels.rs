//! Promises about channels: who tells in whose place, what may have come twice, how they stand.

use jiff::Timestamp;
use launchwatch_alerts::{Ear, NotificationId, NotificationKind as Kind, Settled};

use crate::store::testing::*;
use crate::store::{Backlog, DeliveryState, Report, Settlement, Stand, Store, Wanted};

async fn owed(store: &impl Store, channel: &str, seconds: i64) -> Vec<String> {
    let owed = store.owed(channel, at(seconds), 9, Wanted::Due).await.unwrap();
    owed.into_iter().map(|o| o.notification.id.0).collect()
}

async fn resume(store: &impl Store) -> std::collections::BTreeMap<String, Stand> {
    store.resume(vec!["slack".into(), "mail".into()]).await.unwrap().0
}

/// What `slack` owes, when it is broken since a second, or works.
fn report(broken: Option<i64>, seconds: i64) -> Option<Report> {
    let stand = Stand { broken: broken.map(at), ..Stand::default() };
    Some(Report { channel: "slack".into(), stand, fallback: Some("mail".into()), at: at(seconds) })
}

fn settled(id: &str, channel: &str, state: DeliveryState, refused: bool, seconds: i64) -> Vec<Settlement> {
    vec![Settlement {
        notification: NotificationId(id.into()),
        channel: channel.into(),
        state,
        refused,
        next: at(seconds),
        message: None,
        settled: Settled::default(),
        error: None,
        at: at(seconds),
    }]
}

async fn record(store: &impl Store, id: &str, incident: &str, kind: Kind, seconds: i64, to: &[&str]) {
    let mut n = notification(id, incident, kind, seconds);
    n.to = to.iter().copied().map(Ear::now).collect();
    store.record(owing(vec![n])).await.unwrap();
}

pub(crate) async fn what_may_wait_is_due_at_the_end_of_quiet_hours(store: impl Store) {
    let quiet = |id: &str, kind, seconds, until: Option<i64>| {
        let mut n = notification(id, "i", kind, seconds);
        n.to = vec![Ear { channel: "slack".into(), not_before: until.map(at) }];
        n
    };
    store.record(owing(vec![quiet("n1", Kind::Opened, 0, Some(900))])).await.unwrap();
    assert_eq!(store.next_owed("slack").await.unwrap(), Some(at(900)));
    assert_eq!(owed(&store, "slack", 899).await, [""; 0]);
    // Its end can wait as long; something new that cannot wait is told at once.
    store.record(owing(vec![quiet("n2", Kind::Resolved, 60, None)])).await.unwrap();
    assert_eq!(store.next_owed("slack").await.unwrap(), Some(at(900)));
    assert_eq!(store.outbox().await.unwrap().untold, Some(at(900)));
    store.record(owing(vec![quiet("n3", Kind::Update, 90, None)])).await.unwrap();
    assert_eq!(owed(&store, "slack", 90).await, ["n3"]);
}

pub(crate) async fn a_broken_channel_hands_over_what_it_owes_once(store: impl Store) {
    record(&store, "n1", "i", Kind::Opened, 0, &["slack"]).await;
    record(&store, "m1", "j", Kind::Opened, 0, &["slack", "mail"]).await;
    let refused = settled("n1", "slack", DeliveryState::Owed, true, 5);
    assert_eq!(store.settle(refused, report(Some(5), 5)).await.unwrap(), 1);
    // `m1` is owed by mail anyway.
    assert_eq!(owed(&store, "mail", 5).await, ["m1", "n1"]);
    let through_mail = store.owed("mail", at(5), 9, Wanted::Due).await.unwrap();
    let instead: Vec<_> = through_mail.iter().map(|o| o.instead_of.as_deref()).collect();
    assert_eq!(instead, [None, Some("slack")]);
    // What is new goes the same way, in the place of what mail has not told yet. Nothing goes twice.
    record(&store, "n2", "i", Kind::Update, 60, &["slack"]).await;
    assert_eq!(store.settle(Vec::new(), report(Some(5), 60)).await.unwrap(), 1);
    assert_eq!(store.settle(Vec::new(), report(Some(5), 61)).await.unwrap(), 0);
    assert_eq!(owed(&store, "mail", 61).await, ["m1", "n2"]);
    store.settle(settled("n2", "mail", DeliveryState::Delivered, false, 62), None).await.unwrap();
    assert_eq!(store.settle(Vec::new(), report(Some(5), 63)).await.unwrap(), 0);
    assert_eq!(owed(&store, "mail", 63).await, ["m1"]);
    // The queue is kept, each incident once.
    assert_eq!(owed(&store, "slack", 63).await, ["m1", "n2"]);
}

pub(crate) async fn what_a_fallback_told_of_is_told_there_to_be_over(store: impl Store) {
    record(&store, "n1", "i", Kind::Opened, 0, &["slack"]).await;
    store.settle(Vec::new(), report(Some(1), 1)).await.unwrap();
    store.settle(settled("n1", "mail", DeliveryState::Delivered, false, 2), None).await.unwrap();
    store.settle(settled("n1", "slack", DeliveryState::Delivered, false, 3), report(None, 3)).await.unwrap();
    record(&store, "n2", "i", Kind::Update, 60, &["slack"]).await;
    assert_eq!(owed(&store, "mail", 60).await, [""; 0]);
    record(&store, "n3", "i", Kind::Resolved, 90, &["slack"]).await;
    assert_eq!(
        (owed(&store, "slack", 90).await, owed(&store, "mail", 90).await),
        (vec!["n3".into()], vec!["n3".into()])
    );
}

pub(crate) async fn who_stood_in_for_two_channels_tells_the_end_once(store: impl Store) {
    let broken = |channel: &str, seconds| {
        Some(Report { channel: channel.into(), ..report(Some(seconds), seconds).unwrap() })
    };
    record(&store, "n1", "i", Kind::Opened, 0, &["slack"]).await;
    store.settle(Vec::new(), broken("slack", 1)).await.unwrap();
    store.settle(settled("n1", "mail", DeliveryState::Delivered, false, 2), None).await.unwrap();
    record(&store, "n2", "i", Kind::Update, 60, &["matrix"]).await;
    store.settle(Vec::new(), broken("matrix", 61)).await.unwrap();
    store.settle(settled("n2", "mail", DeliveryState::Delivered, false, 62), None).await.unwrap();
    record(&store, "n3", "i", Kind::Resolved, 90, &["slack", "matrix"]).await;
    assert_eq!(owed(&store, "mail", 90).await, ["n3"]);
    // Both are broken still: it is told there already.
    assert_eq!(store.settle(Vec::new(), broken("slack", 91)).await.unwrap(), 0);
    assert_eq!(store.settle(Vec::new(), broken("matrix", 91)).await.unwrap(), 0);
    assert_eq!(owed(&store, "mail", 91).await, ["n3"]);
}

pub(crate) async fn what_is_handed_over_at_once_folds_as_if_one_by_one(store: impl Store) {
    let mut refused = Vec::new();
    for (id, incident, kind, seconds) in [
        ("n1", "i", Kind::Opened, 0),
        ("m1", "j", Kind::Opened, 1),
        ("n2", "i", Kind::Test, 2),
        ("k1", "k", Kind::Opened, 3),
    ] {
        record(&store, id, incident, kind, seconds, &["slack"]).await;
        refused.extend(settled(id, "slack", DeliveryState::Owed, true, 4));
    }
    // What mail tells later of `k` tells it as well.
    record(&store, "k2", "k", Kind::Update, 9, &["mail"]).await;
    assert_eq!(store.settle(refused, report(Some(10), 10)).await.unwrap(), 3);
    let mut told = Vec::new();
    for _ in 0..2 {
        let now = owed(&store, "mail", 20).await;
        for id in &now {
            store.settle(settled(id, "mail", DeliveryState::Delivered, false, 20), None).await.unwrap();
        }
        told.push(now);
    }
    assert_eq!(told, [vec!["k2".to_owned(), "m1".to_owned(), "n2".to_owned()], Vec::new()]);
}

pub(crate) async fn a_batch_of_changes_is_kept_as_if_one_by_one(store: impl Store) {
    record(&store, "n1", "i", Kind::Opened, 0, &["slack"]).await;
    let to = |mut n: launchwatch_alerts::Notification, to: &[&str]| {
        n.to = to.iter().copied().map(Ear::now).collect();
        n
    };
    let both = ["slack", "mail"];
    store
        .record(owing(vec![
            to(notification("n2", "i", Kind::Update, 60), &both),
            to(notification("m1", "j", Kind::Opened, 60), &both),
            to(notification("n2", "j", Kind::Opened, 61), &both),
            to(notification("m2", "j", Kind::Test, 61), &["mail"]),
            to(notification("n3", "i", Kind::Resolved, 62), &["slack"]),
        ]))
        .await
        .unwrap();
    assert_eq!(owed(&store, "slack", 99).await, ["m1", "n3"]);
    assert_eq!(owed(&store, "mail", 99).await, ["n2", "m1"]);
    let states = store.deliveries(9).await.unwrap();
    let states: Vec<_> = states.iter().map(|d| (&*d.notification.0, &*d.channel, d.state)).collect();
    use DeliveryState::{Owed, Superseded};
    assert_eq!(
        states,
        [
            ("n3", "slack", Owed),
            ("m2", "mail", Owed),
            ("m1", "mail", Owed),
            ("m1", "slack", Owed),
            ("n2", "mail", Owed),
            ("n2", "slack", Superseded),
            ("n1", "slack", Superseded),
        ]
    );
    // The age of what was not told goes on to what tells it.
    assert_eq!(store.outbox().await.unwrap().channels["slack"].due, Some(at(0)));
}

pub(crate) async fn a_message_that_is_refused_is_handed_over_alone(store: impl Store) {
    record(&store, "n1", "i", Kind::Opened, 0, &["slack"]).await;
    record(&store, "m1", "j", Kind::Opened, 1, &["slack"]).await;
    let refused = settled("n1", "slack", DeliveryState::Owed, true, 5);
    assert_eq!(store.settle(refused, report(None, 5)).await.unwrap(), 1);
    assert_eq!(owed(&store, "mail", 5).await, ["n1"]);
    let fresh = store.owed("slack", at(5), 9, Wanted::NeverRefused).await.unwrap();
    assert_eq!(fresh.iter().map(|o| o.notification.id.0.as_str()).collect::<Vec<_>>(), ["m1"]);
    let all = store.owed("slack", at(5), 9, Wanted::Due).await.unwrap();
    let refusals: Vec<_> = all.iter().map(|o| (o.refusals, o.refused_since)).collect();
    assert_eq!(refusals, [(0, None), (1, Some(at(5)))]);
}

pub(crate) async fn what_was_under_way_at_the_end_is_a_possible_duplicate(store: impl Store) {
    for (id, incident) in [("n1", "i"), ("m1", "j"), ("k1", "k")] {
        record(&store, id, incident, Kind::Opened, 0, &["slack"]).await;
    }
    let ids = |all: &[&str]| all.iter().map(|id| NotificationId((*id).into())).collect::<Vec<_>>();
    store.begin("slack", ids(&["n1", "m1"]), at(1)).await.unwrap();
    store.settle(settled("n1", "slack", DeliveryState::Delivered, false, 2), None).await.unwrap();
    resume(&store).await;
    store.begin("slack", ids(&["m1", "k1"]), at(10)).await.unwrap();
    store
        .settle(settled("m1", "slack", DeliveryState::Delivered, false, 11), report(None, 11))
        .await
        .unwrap();
    // `k1` was begun, but never sent: the settlement says that the round is over.
    resume(&store).await;
    let mut told = store.deliveries(9).await.unwrap();
    told.sort_by(|a, b| a.notification.cmp(&b.notification));
    let doubtful: Vec<_> = told.iter().map(|d| (d.notification.0.as_str(), d.possible_duplicate)).collect();
    assert_eq!(doubtful, [("k1", false), ("m1", true), ("n1", false)]);
}

pub(crate) async fn how_channels_stand_is_remembered(store: impl Store) {
    assert!(resume(&store).await.is_empty());
    let stand = Stand {
        broken: Some(at(1)),
        failures: 3,
        not_before: Some(at(900)),
        worked: Some(at(0)),
        why: Some("HTTP 403".into()),
    };
    let report = Report { channel: "slack".into(), stand: stand.clone(), fallback: None, at: at(5) };
    store.settle(Vec::new(), Some(report)).await.unwrap();
    let stands = resume(&store).await;
    assert_eq!(stands.into_iter().collect::<Vec<_>>(), [("slack".to_owned(), stand)]);
}

pub(crate) async fn what_nobody_has_told_is_counted_from_when_it_could_have_been(store: impl Store) {
    record(&store, "n1", "i", Kind::Opened, 0, &["slack", "mail"]).await;
    record(&store, "m1", "j", Kind::Opened, 30, &["slack"]).await;
    let outbox = store.outbox().await.unwrap();
    let slack = Backlog { owed: 2, due: Some(at(0)) };
    assert_eq!((outbox.owed, outbox.channels["slack"], outbox.untold), (3, slack, Some(at(0))));
    // A later message takes the place of the first one, and its age.
    record(&store, "n2", "i", Kind::Update, 200, &["slack", "mail"]).await;
    let due: Option<Timestamp> = store.outbox().await.unwrap().channels["slack"].due;
    assert_eq!(due, Some(at(0)));
    store.settle(settled("n2", "mail", DeliveryState::Delivered, false, 201), None).await.unwrap();
    let outbox = store.outbox().await.unwrap();
    assert_eq!((outbox.untold, outbox.channels.contains_key("mail")), (Some(at(30)), false));
}

pub(crate) async fn what_is_owed_through_a_channel_that_is_gone_is_given_up_on_record(store: impl Store) {
    record(&store, "n1", "i", Kind::Opened, 0, &["slack", "mail", "gone"]).await;
    let given_up = store.resume(vec!["slack".into(), "mail".into()]).await.unwrap().1;
    assert_eq!((given_up, store.outbox().await.unwrap().owed), (1, 2));
    let told = store.deliveries(9).await.unwrap();
    let gone = told.iter().find(|d| d.channel == "gone").unwrap();
    assert_eq!(gone.state, DeliveryState::Refused);
    assert_eq!(gone.error.as_deref(), Some("the channel is no longer configured"));
}
