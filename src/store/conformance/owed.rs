//! Promises about what is owed: incidents, notifications and their deliveries, debts.

use jiff::Timestamp;
use launchwatch_alerts::{
    AlertState, Change, Ear, IncidentState, MessageRef, NotificationId, NotificationKind as Kind, Settled,
};
use launchwatch_probes::{CleanUp, DebtId};
use secrecy::ExposeSecret;

use crate::store::subscribers::Link;
use crate::store::testing::*;
use crate::store::{Batch, DebtState, DeliveryState, Owed, Settlement, Store, Wanted};

/// What is owed through both channels of these tests, in the order in which it became owed.
async fn all_owed(store: &impl Store, now: Timestamp, limit: usize) -> Vec<Owed> {
    let mut all = Vec::new();
    for channel in ["slack", "mail"] {
        all.extend(store.owed(channel, now, limit, Wanted::Due).await.unwrap());
    }
    all.sort_by_key(|o| o.notification.at);
    all
}

async fn next_owed(store: &impl Store) -> Option<Timestamp> {
    let slack = store.next_owed("slack").await.unwrap();
    slack.into_iter().chain(store.next_owed("mail").await.unwrap()).min()
}

fn ids(owed: &[Owed]) -> Vec<(&str, &str)> {
    owed.iter().map(|o| (o.notification.id.0.as_str(), o.channel.as_str())).collect()
}

pub(crate) fn settlement(id: &str, channel: &str, state: DeliveryState, seconds: i64) -> Settlement {
    Settlement {
        notification: NotificationId(id.into()),
        channel: channel.into(),
        state,
        refused: state == DeliveryState::Refused,
        next: at(seconds + 30),
        message: (state == DeliveryState::Delivered).then(|| MessageRef(format!("{id}@{channel}"))),
        settled: Settled::default(),
        error: (state != DeliveryState::Delivered).then(|| "HTTP 500".into()),
        at: at(seconds),
    }
}

pub(crate) async fn the_engine_finds_what_is_not_calm_and_not_resolved(store: impl Store) {
    let changes = |a, b, i, state| {
        vec![
            Change::Alert(alert("a", a)),
            Change::Alert(alert("b", b)),
            Change::Incident(incident(i, 0, state)),
        ]
    };
    let keep = |changes| Batch { changes, now: at(0), ..Batch::default() };
    store
        .record(keep(changes(AlertState::Pending, AlertState::Firing, "i", IncidentState::Open)))
        .await
        .unwrap();
    store
        .record(keep(changes(AlertState::Firing, AlertState::Calm, "j", IncidentState::Open)))
        .await
        .unwrap();
    store.record(keep(vec![Change::Incident(incident("i", 0, IncidentState::Resolved))])).await.unwrap();
    let memory = store.memory().await.unwrap();
    assert_eq!(memory.alerts, [alert("a", AlertState::Firing)]);
    assert_eq!(memory.incidents, [incident("j", 0, IncidentState::Open)]);
}

pub(crate) async fn incidents_are_newest_first(store: impl Store) {
    for (id, opened) in [("i", 0), ("k", 900), ("j", 300)] {
        let changes = vec![Change::Incident(incident(id, opened, IncidentState::Resolved))];
        store.record(Batch { changes, now: at(opened), ..Batch::default() }).await.unwrap();
    }
    let newest = store.incidents(2).await.unwrap();
    assert_eq!(newest.iter().map(|i| i.id.0.as_str()).collect::<Vec<_>>(), ["k", "j"]);
    assert_eq!(store.incidents(9).await.unwrap().len(), 3);
}

pub(crate) async fn a_notification_is_owed_once_to_every_channel(store: impl Store) {
    let opened = notification("n", "i", Kind::Opened, 0);
    store.record(owing(vec![opened.clone()])).await.unwrap();
    let owed = all_owed(&store, at(0), 9).await;
    assert_eq!(ids(&owed), [("n", "slack"), ("n", "mail")]);
    assert_eq!((&owed[0].notification, owed[0].attempts, &owed[0].thread), (&opened, 0, &None));
    store.settle(vec![settlement("n", "slack", DeliveryState::Delivered, 1)], None).await.unwrap();
    // The same id again, with other words and one channel more: nothing changes.
    let mut again = notification("n", "i", Kind::Update, 9);
    again.to = vec![Ear::now("slack"), Ear::now("matrix")];
    store.record(owing(vec![again])).await.unwrap();
    assert_eq!(ids(&all_owed(&store, at(99), 9).await), [("n", "mail")]);
    assert_eq!(all_owed(&store, at(99), 0).await, []);
}

pub(crate) async fn only_the_oldest_of_an_incident_is_due(store: impl Store) {
    store
        .record(owing(vec![
            notification("n1", "i", Kind::Opened, 0),
            notification("m1", "j", Kind::Opened, 5),
        ]))
        .await
        .unwrap();
    // Not a kind that folds, so that two of one incident are owed at once.
    store.record(owing(vec![notification("n2", "i", Kind::Test, 10)])).await.unwrap();
    let slack = |owed: &[Owed]| -> Vec<String> {
        owed.iter().filter(|o| o.channel == "slack").map(|o| o.notification.id.0.clone()).collect()
    };
    assert_eq!(slack(&all_owed(&store, at(60), 9).await), ["n1", "m1"]);
    // The first one is to be tried again later: the second one waits behind it.
    store.settle(vec![settlement("n1", "slack", DeliveryState::Owed, 60)], None).await.unwrap();
    assert_eq!(slack(&all_owed(&store, at(60), 9).await), ["m1"]);
    store.settle(vec![settlement("n1", "slack", DeliveryState::Refused, 90)], None).await.unwrap();
    assert_eq!(slack(&all_owed(&store, at(90), 9).await), ["m1", "n2"]);
}

pub(crate) async fn a_failed_delivery_is_due_again_when_it_says(store: impl Store) {
    assert_eq!((next_owed(&store).await, store.outbox().await.unwrap().oldest), (None, None));
    let mut one = notification("n", "i", Kind::Opened, 3);
    one.to = vec![Ear::now("slack")];
    store.record(owing(vec![one])).await.unwrap();
    assert_eq!(next_owed(&store).await, Some(at(3)));
    store.settle(vec![settlement("n", "slack", DeliveryState::Owed, 10)], None).await.unwrap();
    assert_eq!(next_owed(&store).await, Some(at(40)));
    assert_eq!(store.outbox().await.unwrap().oldest, Some(at(3)));
    assert_eq!(all_owed(&store, at(39), 9).await, []);
    assert_eq!(all_owed(&store, at(40), 9).await[0].attempts, 1);
    store.settle(vec![settlement("n", "slack", DeliveryState::Delivered, 41)], None).await.unwrap();
    assert_eq!((next_owed(&store).await, store.outbox().await.unwrap().oldest), (None, None));
}

pub(crate) async fn later_messages_know_what_the_channel_last_called_its_thread(store: impl Store) {
    store.record(owing(vec![notification("n1", "i", Kind::Opened, 0)])).await.unwrap();
    store.settle(vec![settlement("n1", "slack", DeliveryState::Delivered, 1)], None).await.unwrap();
    store.record(owing(vec![notification("n2", "i", Kind::Update, 60)])).await.unwrap();
    store.settle(vec![settlement("n2", "slack", DeliveryState::Delivered, 61)], None).await.unwrap();
    store.record(owing(vec![notification("n3", "i", Kind::Resolved, 90)])).await.unwrap();
    let owed = all_owed(&store, at(90), 9).await;
    let threads: Vec<_> =
        owed.iter().map(|o| (o.channel.as_str(), o.thread.as_ref().map(|t| t.0.as_str()))).collect();
    assert_eq!(threads, [("slack", Some("n2@slack")), ("mail", None)]);
}

pub(crate) async fn deliveries_tell_what_came_of_them(store: impl Store) {
    store.record(owing(vec![notification("n1", "i", Kind::Opened, 0)])).await.unwrap();
    store.record(owing(vec![notification("m1", "j", Kind::Opened, 60)])).await.unwrap();
    store.settle(vec![settlement("n1", "slack", DeliveryState::Owed, 1)], None).await.unwrap();
    store
        .settle(
            vec![
                settlement("n1", "slack", DeliveryState::Delivered, 31),
                settlement("n1", "mail", DeliveryState::Refused, 2),
                settlement("nobody", "mail", DeliveryState::Refused, 2),
            ],
            None,
        )
        .await
        .unwrap();
    let told = store.deliveries(9).await.unwrap();
    let line = |d: &crate::store::Delivery| {
        (d.notification.0.clone(), d.channel.clone(), d.state, d.attempts, d.delivered_at, d.error.clone())
    };
    let row = |n: &str, c: &str, s, a, at, e: Option<&str>| {
        (n.to_owned(), c.to_owned(), s, a, at, e.map(str::to_owned))
    };
    assert_eq!(
        told.iter().map(line).collect::<Vec<_>>(),
        [
            row("m1", "mail", DeliveryState::Owed, 0, None, None),
            row("m1", "slack", DeliveryState::Owed, 0, None, None),
            row("n1", "mail", DeliveryState::Refused, 1, None, Some("HTTP 500")),
            row("n1", "slack", DeliveryState::Delivered, 2, Some(at(31)), None),
        ]
    );
    assert_eq!((told[3].kind.as_str(), told[3].incident.0.as_str(), told[3].at), ("opened", "i", at(0)));
    assert_eq!(store.deliveries(1).await.unwrap().len(), 1);
}

pub(crate) async fn a_resolved_incident_is_told_as_one_message(store: impl Store) {
    store
        .record(owing(vec![
            notification("n1", "i", Kind::Opened, 0),
            notification("m1", "j", Kind::Opened, 0),
        ]))
        .await
        .unwrap();
    store
        .settle(
            vec![
                settlement("n1", "slack", DeliveryState::Owed, 1),
                settlement("n1", "mail", DeliveryState::Delivered, 1),
            ],
            None,
        )
        .await
        .unwrap();
    store
        .record(owing(vec![
            notification("n2", "i", Kind::Update, 60),
            notification("n3", "i", Kind::Resolved, 90),
        ]))
        .await
        .unwrap();
    let owed = all_owed(&store, at(99), 9).await;
    assert_eq!(ids(&owed), [("m1", "slack"), ("m1", "mail"), ("n3", "slack"), ("n3", "mail")]);
    let states: Vec<_> = store
        .deliveries(9)
        .await
        .unwrap()
        .into_iter()
        .map(|d| (d.notification.0, d.channel, d.state))
        .collect();
    for (id, channel, state) in [
        ("n1", "slack", DeliveryState::Superseded),
        ("n1", "mail", DeliveryState::Delivered),
        ("n2", "slack", DeliveryState::Superseded),
        ("n2", "mail", DeliveryState::Superseded),
    ] {
        assert!(states.contains(&(id.into(), channel.into(), state)), "{id} {channel}: {states:?}");
    }
}

pub(crate) async fn an_update_takes_the_place_of_what_was_not_told(store: impl Store) {
    store.record(owing(vec![notification("n1", "i", Kind::Opened, 0)])).await.unwrap();
    store.record(owing(vec![notification("n2", "i", Kind::Update, 60)])).await.unwrap();
    assert_eq!(ids(&all_owed(&store, at(60), 9).await), [("n2", "slack"), ("n2", "mail")]);
}

pub(crate) async fn what_was_under_way_when_superseded_still_counts_as_delivered(store: impl Store) {
    store.record(owing(vec![notification("n1", "i", Kind::Opened, 0)])).await.unwrap();
    store.record(owing(vec![notification("n2", "i", Kind::Resolved, 60)])).await.unwrap();
    store
        .settle(
            vec![
                settlement("n1", "slack", DeliveryState::Delivered, 61),
                settlement("n1", "mail", DeliveryState::Owed, 61),
            ],
            None,
        )
        .await
        .unwrap();
    let owed = all_owed(&store, at(999), 9).await;
    assert_eq!(ids(&owed), [("n2", "slack"), ("n2", "mail")]);
    assert_eq!(owed[0].thread, Some(MessageRef("n1@slack".into())));
}

pub(crate) async fn a_debt_lives_from_launch_to_payment(store: impl Store) {
    all_owed(&store, at(7), 1).await;
    let (a, b) = (DebtId("a".into()), DebtId("b".into()));
    store.begun(&a, "launch of gh/x").await.unwrap();
    store.begun(&b, "launch of gh/y").await.unwrap();
    let token = "sesame".to_owned();
    store.told(&a, &CleanUp::Server { url: "https://h/user/u/".into(), token: token.into() }).await.unwrap();
    let debts = store.debts().await.unwrap();
    let [first, second] = &debts[..] else { panic!("two debts, not {debts:?}") };
    assert_eq!((&first.id, first.what.as_str()), (&a, "launch of gh/x"));
    assert!(
        matches!(&first.state, DebtState::Told(CleanUp::Server { token, .. }) if token.expose_secret() == "sesame")
    );
    assert!(matches!(second.state, DebtState::Begun));
    store.settled(&a).await.unwrap();
    store.settled(&b).await.unwrap();
    assert!(store.debts().await.unwrap().is_empty());
    assert_eq!(store.abandoned_count().await.unwrap(), 0);
}

pub(crate) async fn a_debt_that_is_given_up_is_counted(store: impl Store) {
    for id in ["a", "b", "c"] {
        store.begun(&DebtId(id.into()), "launch").await.unwrap();
    }
    store.abandon(vec![DebtId("a".into()), DebtId("c".into()), DebtId("nobody".into())]).await.unwrap();
    assert_eq!(store.debts().await.unwrap().iter().map(|d| d.id.0.as_str()).collect::<Vec<_>>(), ["b"]);
    assert_eq!(store.abandoned_count().await.unwrap(), 2);
}

pub(crate) async fn what_was_told_long_ago_is_dropped(store: impl Store) {
    const DAY: i64 = 86_400;
    let hidden = launchwatch_alerts::Hidden {
        at: at(0),
        series: "hub/launch".into(),
        rule: "success-zero".into(),
        by: launchwatch_alerts::Held::NextLook,
        summary: "no answer".into(),
    };
    let told = [notification("n", "i", Kind::Opened, 0), notification("m", "j", Kind::Opened, 0)];
    let mut changes: Vec<Change> = told.into_iter().map(Change::Notify).collect();
    changes.push(Change::Hidden(hidden));
    store.record(Batch { changes, now: at(0), ..Batch::default() }).await.unwrap();
    for channel in ["slack", "mail"] {
        store.settle(vec![settlement("n", channel, DeliveryState::Delivered, 1)], None).await.unwrap();
    }
    store.prune(at(399 * DAY)).await.unwrap();
    assert_eq!((store.deliveries(9).await.unwrap().len(), store.hidden(9).await.unwrap().len()), (4, 1));
    store.prune(at(401 * DAY)).await.unwrap();
    // What is owed still is not forgotten.
    let left = store.deliveries(9).await.unwrap();
    assert!(left.iter().all(|d| d.notification.0 == "m") && left.len() == 2, "{left:?}");
    assert_eq!(store.hidden(9).await.unwrap(), []);
}

pub(crate) async fn a_zero_byte_does_no_harm(store: impl Store) {
    let mut one = notification("n", "i", Kind::Opened, 0);
    one.to = vec![Ear::now("slack")];
    store.record(owing(vec![one])).await.unwrap();
    let mut taken = settlement("n", "slack", DeliveryState::Delivered, 1);
    (taken.message, taken.error) = (Some(MessageRef("a\0b".into())), Some("c\0d".into()));
    store.settle(vec![taken], None).await.unwrap();
    let found = store.incident_of_message("slack", &MessageRef("a\0b".into())).await.unwrap();
    assert_eq!(found.unwrap().0, "i");
    assert!(store.incident(&launchwatch_alerts::IncidentId("i\0".into())).await.unwrap().is_none());
    assert_eq!(store.deliveries_through("slack\0", 9).await.unwrap(), []);
    assert_eq!(store.wish_of(Link::Leave, "\0-0").await.unwrap(), None);
    assert!(!store.leave("\0-\0").await.unwrap());
}
