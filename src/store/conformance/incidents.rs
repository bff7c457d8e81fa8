//! Promises about incidents: how people and chats find them again.

use launchwatch_alerts::{Change, Ear, IncidentId, IncidentState, MessageRef, NotificationKind as Kind};

use super::owed::settlement;
use crate::store::testing::*;
use crate::store::{Batch, DeliveryState, IncidentQuery, Store};

async fn keep(store: &impl Store, id: &str, opened: i64, state: IncidentState) {
    let changes = vec![Change::Incident(incident(id, opened, state))];
    store.record(Batch { changes, now: at(opened), ..Batch::default() }).await.unwrap();
}

pub(crate) async fn an_incident_is_found_by_its_id_open_or_over(store: impl Store) {
    keep(&store, "i", 0, IncidentState::Open).await;
    keep(&store, "j", 60, IncidentState::Resolved).await;
    for (id, expected) in [
        ("i", Some(incident("i", 0, IncidentState::Open))),
        ("j", Some(incident("j", 60, IncidentState::Resolved))),
        ("k", None),
    ] {
        assert_eq!(store.incident(&IncidentId(id.into())).await.unwrap(), expected);
    }
    // What is said of it afterwards is kept.
    let mut labelled = incident("j", 60, IncidentState::Resolved);
    labelled.label = Some(launchwatch_alerts::Label::FalseAlarm);
    let changes = vec![Change::Incident(labelled.clone())];
    store.record(Batch { changes, now: at(90), ..Batch::default() }).await.unwrap();
    assert_eq!(store.incident(&IncidentId("j".into())).await.unwrap(), Some(labelled));
}

pub(crate) async fn incidents_come_page_by_page_even_if_they_opened_at_once(store: impl Store) {
    for (id, opened, state) in [
        ("a", 0, IncidentState::Resolved),
        ("b", 60, IncidentState::Resolved),
        ("c", 60, IncidentState::Open),
        ("d", 60, IncidentState::Resolved),
        ("e", 90, IncidentState::Open),
    ] {
        keep(&store, id, opened, state).await;
    }
    let page = async |open, before: Option<&str>, limit| -> String {
        let before = before.map(|id| IncidentId(id.into()));
        let found = store.find_incidents(&IncidentQuery { open, before, limit }).await.unwrap();
        found.into_iter().map(|i| i.id.0).collect()
    };
    for (open, before, limit, expected) in [
        (None, None, 9, "edcba"),
        (None, None, 2, "ed"),
        (None, Some("d"), 2, "cb"),
        (None, Some("a"), 2, ""),
        (Some(true), None, 9, "ec"),
        (Some(false), None, 9, "dba"),
        (Some(false), Some("d"), 9, "ba"),
        (Some(true), Some("e"), 9, "c"),
        (None, Some("nobody"), 9, ""),
    ] {
        assert_eq!(page(open, before, limit).await, expected, "{open:?} {before:?} {limit}");
    }
}

pub(crate) async fn a_message_leads_to_its_incident_in_its_channel_only(store: impl Store) {
    for (id, of, seconds) in [("n1", "i", 0), ("n2", "i", 60), ("m1", "j", 90)] {
        let mut one = notification(id, of, Kind::Test, seconds);
        one.to = vec![Ear::now("slack"), Ear::now("mail")];
        store.record(owing(vec![one])).await.unwrap();
    }
    let settled = [("n1", "slack"), ("n2", "slack"), ("m1", "slack"), ("n1", "mail")];
    store
        .settle(
            settled.map(|(id, channel)| settlement(id, channel, DeliveryState::Delivered, 100)).to_vec(),
            None,
        )
        .await
        .unwrap();
    for (channel, message, expected) in [
        ("slack", "n1@slack", Some("i")),
        ("slack", "n2@slack", Some("i")),
        ("slack", "m1@slack", Some("j")),
        ("mail", "n1@mail", Some("i")),
        ("mail", "n1@slack", None),
        ("slack", "", None),
    ] {
        let found = store.incident_of_message(channel, &MessageRef(message.into())).await.unwrap();
        assert_eq!(found.as_ref().map(|i| i.0.as_str()), expected, "{channel} {message}");
    }
}

pub(crate) async fn what_was_told_of_one_incident_or_through_one_channel_is_found_by_it(store: impl Store) {
    for (id, of, seconds) in [("n1", "i", 0), ("m1", "j", 30), ("n2", "i", 60)] {
        let mut one = notification(id, of, Kind::Test, seconds);
        one.to = vec![Ear::now("slack"), Ear::now("mail")];
        store.record(owing(vec![one])).await.unwrap();
    }
    let names = |all: Vec<crate::store::Delivery>| -> Vec<String> {
        all.into_iter().map(|d| format!("{}@{}", d.notification, d.channel)).collect()
    };
    let of = async |id: &str, limit| names(store.deliveries_of(&IncidentId(id.into()), limit).await.unwrap());
    assert_eq!(of("i", 9).await, ["n1@slack", "n1@mail", "n2@slack", "n2@mail"]);
    assert_eq!((of("i", 1).await, of("k", 9).await), (vec!["n1@slack".to_owned()], vec![]));
    let through = async |channel: &str| names(store.deliveries_through(channel, 2).await.unwrap());
    assert_eq!(through("mail").await, ["n2@mail", "m1@mail"]);
    assert_eq!(through("gitter").await, [""; 0]);
}

pub(crate) async fn deployments_are_remembered_and_listed_newest_first(store: impl Store) {
    let deploy = |what: &str, second| launchwatch_alerts::Deploy {
        target: "hub".into(),
        what: what.into(),
        result: launchwatch_alerts::DeployResult::Failed,
        url: None,
        by: "ci".into(),
        at: at(second),
    };
    let (one, two) = (deploy("one", 0), deploy("two", 60));
    let changes = vec![Change::Deploy(one.clone()), Change::Deploy(two.clone())];
    store.record(Batch { changes, now: at(60), ..Batch::default() }).await.unwrap();
    assert_eq!(store.deploys(9).await.unwrap(), [two.clone(), one.clone()]);
    assert_eq!(store.deploys(1).await.unwrap(), std::slice::from_ref(&two));
    assert_eq!(store.memory().await.unwrap().deploys, [one, two]);
}
