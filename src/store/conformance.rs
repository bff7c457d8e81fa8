//! What every store promises, one test each: run for every implementation by [`conformance`].

use std::time::Duration;

use jiff::Timestamp;
use launchwatch_alerts::{
    AlertState, Change, IncidentState, MessageRef, NotificationId, NotificationKind as Kind,
};
use launchwatch_probes::{CleanUp, DebtId, Ledger, Verdict};
use secrecy::ExposeSecret;

use super::testing::*;
use super::{Batch, DebtState, DeliveryState, Owed, RunQuery, SeriesQuery, Settlement, Store, Tier};
use crate::observation::Observation;

/// Every promise as a test of the store that an expression makes.
macro_rules! conformance {
    ($store:expr) => {
        $crate::store::conformance::conformance! { $store;
            a_run_that_failed_comes_back_to_the_letter
            a_run_that_passed_comes_back_within_one_per_cent
            the_same_slot_is_kept_once_and_as_it_was
            buckets_of_every_width_count_every_run
            a_late_run_is_counted_where_it_was_due
            series_are_by_probe_and_oldest_first_within_their_range
            runs_are_newest_first_within_limit_and_range
            bad_runs_are_told_alone
            the_last_slot_of_every_probe_is_known
            the_engine_finds_what_is_not_calm_and_not_resolved
            incidents_are_newest_first
            a_notification_is_owed_once_to_every_channel
            only_the_oldest_of_an_incident_is_due
            a_failed_delivery_is_due_again_when_it_says
            later_messages_know_the_first_one
            deliveries_tell_what_came_of_them
            a_resolved_incident_is_told_as_one_message
            an_update_takes_the_place_of_what_was_not_told
            what_was_under_way_when_superseded_still_counts_as_delivered
            a_debt_lives_from_launch_to_payment
            a_debt_that_is_given_up_is_counted
            pruning_drops_what_is_old_and_keeps_the_rest
            nothing_at_all_is_a_batch_too
        }
    };
    ($store:expr; $($name:ident)*) => { $(
        #[tokio::test(start_paused = true)]
        async fn $name() {
            $crate::store::conformance::$name($store).await;
        }
    )* };
}
pub(crate) use conformance;

fn all() -> RunQuery {
    RunQuery { limit: 1_000_000, ..RunQuery::default() }
}

fn tier(tier: Tier) -> SeriesQuery {
    SeriesQuery { probes: Vec::new(), tier, from: i64::MIN / 4_000_000, to: i64::MAX / 4_000_000 }
}

fn slots(runs: &[Observation]) -> Vec<i64> {
    runs.iter().map(|r| r.slot.as_second() - START).collect()
}

/// What is owed through both channels of these tests, in the order in which it became owed.
async fn owed(store: &impl Store, now: Timestamp, limit: usize) -> Vec<Owed> {
    let mut all = Vec::new();
    for channel in ["slack", "mail"] {
        all.extend(store.owed(channel, now, limit).await.unwrap());
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

fn settlement(id: &str, channel: &str, state: DeliveryState, seconds: i64) -> Settlement {
    Settlement {
        notification: NotificationId(id.into()),
        channel: channel.into(),
        state,
        next: at(seconds + 30),
        message: (state == DeliveryState::Delivered).then(|| MessageRef(format!("{id}@{channel}"))),
        error: (state != DeliveryState::Delivered).then(|| "HTTP 500".into()),
        at: at(seconds),
    }
}

pub(super) async fn a_run_that_failed_comes_back_to_the_letter(store: impl Store) {
    store.record(batch(vec![failed("http", 7)])).await.unwrap();
    assert_eq!(store.runs(&all()).await.unwrap(), [failed("http", 7)]);
}

pub(super) async fn a_run_that_passed_comes_back_within_one_per_cent(store: impl Store) {
    store.record(batch(vec![passed("http", 7), missed("http", 8)])).await.unwrap();
    let runs = store.runs(&all()).await.unwrap();
    assert_eq!(runs[0], Observation { lag: runs[0].lag, ..missed("http", 8) });
    let (told, truth) = (&runs[1], passed("http", 7));
    let close = |a: Duration, b: Duration| (a.as_secs_f64() / b.as_secs_f64() - 1.0).abs() < 0.01;
    assert!(close(told.lag, truth.lag) && close(told.outcome.took(), truth.outcome.took()));
    for (a, b) in told.outcome.stages.iter().zip(&truth.outcome.stages) {
        assert!(a.stage == b.stage && close(a.took, b.took), "{a:?} for {b:?}");
    }
    assert_eq!(told.outcome.stages.len(), truth.outcome.stages.len());
    assert_eq!(told.outcome.measurements, truth.outcome.measurements);
    assert_eq!((told.slot, &told.probe, told.run()), (truth.slot, &truth.probe, truth.run()));
}

pub(super) async fn the_same_slot_is_kept_once_and_as_it_was(store: impl Store) {
    store.record(batch(vec![passed("http", 60), passed("http", 60), failed("http", 0), passed("http", 0)])).await.unwrap();
    store.record(batch(vec![failed("http", 60), passed("http", 0), passed("http", 30), passed("http", 30)])).await.unwrap();
    let runs = store.runs(&all()).await.unwrap();
    assert_eq!(slots(&runs), [60, 30, 0]);
    let verdicts: Vec<_> = runs.iter().map(|r| r.outcome.verdict).collect();
    assert_eq!(verdicts, [Verdict::Passed, Verdict::Passed, Verdict::Failed]);
    assert_eq!(store.series(&tier(Tier::Hour)).await.unwrap()[0].1[0].runs(), 3);
}

pub(super) async fn buckets_of_every_width_count_every_run(store: impl Store) {
    let seen = vec![passed("http", 0), failed("http", 59), passed("http", 60), missed("http", 3_600), passed("http", 90_000)];
    store.record(batch(seen)).await.unwrap();
    for (width, starts) in [
        (Tier::Minute, vec![(0, 2), (60, 1), (3_600, 1), (90_000, 1)]),
        (Tier::Hour, vec![(0, 3), (3_600, 1), (90_000, 1)]),
        (Tier::Day, vec![(0, 4), (86_400, 1)]),
    ] {
        let series = store.series(&tier(width)).await.unwrap();
        let [(name, buckets)] = &series[..] else { panic!("one probe, not {series:?}") };
        assert_eq!(*name, probe("http"));
        let told: Vec<_> = buckets.iter().map(|b| (b.start - START, b.runs())).collect();
        assert_eq!(told, starts, "{width:?}");
        let first = &buckets[0];
        assert_eq!((first.verdicts[&Verdict::Failed], first.reasons.len()), (1, 1 + usize::from(width == Tier::Day)));
        // The failed run did not come to the end of its last stage, and its duration is none of a run that works.
        let (connect, body) = (&first.stages[&launchwatch_probes::Stage::Connect], &first.stages[&launchwatch_probes::Stage::Body]);
        assert_eq!((connect.count(), body.count()), (body.count() + 1, first.took.count()));
    }
}

pub(super) async fn a_late_run_is_counted_where_it_was_due(store: impl Store) {
    store.record(batch(vec![passed("http", 0)])).await.unwrap();
    store.record(Batch { now: at(200_000), ..batch(vec![passed("http", 200_000)]) }).await.unwrap();
    let late = Batch { now: at(200_001), ..batch(vec![failed("http", 60), passed("new", 60), passed("http", 90_000)]) };
    store.record(late.clone()).await.unwrap();
    store.record(late).await.unwrap();
    for (width, expected) in [
        (Tier::Hour, vec![(0, 2), (90_000, 1), (198_000, 1)]),
        (Tier::Day, vec![(0, 2), (86_400, 1), (172_800, 1)]),
    ] {
        let series = store.series(&tier(width)).await.unwrap();
        let told: Vec<_> = series[0].1.iter().map(|b| (b.start - START, b.runs())).collect();
        assert_eq!(told, expected, "{width:?}");
        assert_eq!(series[1].1[0].runs(), 1);
    }
}

pub(super) async fn series_are_by_probe_and_oldest_first_within_their_range(store: impl Store) {
    let seen = (0..5).flat_map(|hour| ["a", "b", "c"].map(|p| passed(p, hour * 3_600))).collect();
    store.record(batch(seen)).await.unwrap();
    let query = SeriesQuery {
        probes: vec![probe("c"), probe("a"), probe("none")],
        tier: Tier::Hour,
        from: START + 3_600,
        to: START + 3 * 3_600,
    };
    let series = store.series(&query).await.unwrap();
    let names: Vec<_> = series.iter().map(|(p, _)| p.probe()).collect();
    assert_eq!(names, ["a", "c"]);
    for (_, buckets) in &series {
        let starts: Vec<_> = buckets.iter().map(|b| b.start - START).collect();
        assert_eq!(starts, [3_600, 7_200]);
    }
}

pub(super) async fn runs_are_newest_first_within_limit_and_range(store: impl Store) {
    for minute in [0, 3, 1, 2, 4] {
        let of = |p| if minute % 2 == 0 { passed(p, minute * 60) } else { failed(p, minute * 60) };
        store.record(batch(vec![of("a"), of("b")])).await.unwrap();
    }
    let query = |probe, from: Option<i64>, to: Option<i64>, limit| RunQuery {
        probe,
        from: from.map(at),
        to: to.map(at),
        only_bad: false,
        limit,
    };
    for (query, expected) in [
        (query(None, None, None, 3), vec![240, 240, 180]),
        (query(Some(probe("a")), None, None, 9), vec![240, 180, 120, 60, 0]),
        (query(Some(probe("b")), Some(60), Some(180), 9), vec![120, 60]),
        (query(Some(probe("b")), Some(0), Some(240), 2), vec![180, 120]),
        (query(None, None, None, 0), vec![]),
        (query(Some(probe("none")), None, None, 9), vec![]),
    ] {
        assert_eq!(slots(&store.runs(&query).await.unwrap()), expected, "{query:?}");
    }
}

pub(super) async fn bad_runs_are_told_alone(store: impl Store) {
    // Twice the same missed run: however it is kept, it is bad.
    store.record(batch(vec![passed("a", 0), missed("a", 60), missed("a", 120), missed("a", 180), failed("a", 240), passed("a", 300)])).await.unwrap();
    let bad = RunQuery { only_bad: true, ..all() };
    assert_eq!(slots(&store.runs(&bad).await.unwrap()), [240, 180, 120, 60]);
}

pub(super) async fn the_last_slot_of_every_probe_is_known(store: impl Store) {
    store.record(batch(vec![passed("a", 60), failed("b", 90), passed("a", 0)])).await.unwrap();
    let expected = [(probe("a"), at(60)), (probe("b"), at(90))];
    assert_eq!(store.last_slots().await.unwrap(), expected.into());
}

pub(super) async fn the_engine_finds_what_is_not_calm_and_not_resolved(store: impl Store) {
    let changes = |a, b, i, state| {
        vec![Change::Alert(alert("a", a)), Change::Alert(alert("b", b)), Change::Incident(incident(i, 0, state))]
    };
    let keep = |changes| Batch { changes, now: at(0), ..Batch::default() };
    store.record(keep(changes(AlertState::Pending, AlertState::Firing, "i", IncidentState::Open))).await.unwrap();
    store.record(keep(changes(AlertState::Firing, AlertState::Calm, "j", IncidentState::Open))).await.unwrap();
    store.record(keep(vec![Change::Incident(incident("i", 0, IncidentState::Resolved))])).await.unwrap();
    let memory = store.memory().await.unwrap();
    assert_eq!(memory.alerts, [alert("a", AlertState::Firing)]);
    assert_eq!(memory.incidents, [incident("j", 0, IncidentState::Open)]);
}

pub(super) async fn incidents_are_newest_first(store: impl Store) {
    for (id, opened) in [("i", 0), ("k", 900), ("j", 300)] {
        let changes = vec![Change::Incident(incident(id, opened, IncidentState::Resolved))];
        store.record(Batch { changes, now: at(opened), ..Batch::default() }).await.unwrap();
    }
    let newest = store.incidents(2).await.unwrap();
    assert_eq!(newest.iter().map(|i| i.id.0.as_str()).collect::<Vec<_>>(), ["k", "j"]);
    assert_eq!(store.incidents(9).await.unwrap().len(), 3);
}

pub(super) async fn a_notification_is_owed_once_to_every_channel(store: impl Store) {
    let opened = notification("n", "i", Kind::Opened, 0);
    store.record(owing(vec![opened.clone()])).await.unwrap();
    let owed = owed(&store, at(0), 9).await;
    assert_eq!(ids(&owed), [("n", "slack"), ("n", "mail")]);
    assert_eq!((&owed[0].notification, owed[0].attempts, &owed[0].thread), (&opened, 0, &None));
    store.settle(vec![settlement("n", "slack", DeliveryState::Delivered, 1)]).await.unwrap();
    // The same id again, with other words and one channel more: nothing changes.
    let again = Batch { channels: vec!["slack".into(), "matrix".into()], ..owing(vec![notification("n", "i", Kind::Update, 9)]) };
    store.record(again).await.unwrap();
    assert_eq!(ids(&owed(&store, at(99), 9).await), [("n", "mail")]);
    assert_eq!(owed(&store, at(99), 0).await, []);
}

pub(super) async fn only_the_oldest_of_an_incident_is_due(store: impl Store) {
    store.record(owing(vec![notification("n1", "i", Kind::Opened, 0), notification("m1", "j", Kind::Opened, 5)])).await.unwrap();
    // Not a kind that folds, so that two of one incident are owed at once.
    store.record(owing(vec![notification("n2", "i", Kind::Opened, 10)])).await.unwrap();
    let slack = |owed: &[Owed]| -> Vec<String> {
        owed.iter().filter(|o| o.channel == "slack").map(|o| o.notification.id.0.clone()).collect()
    };
    assert_eq!(slack(&owed(&store, at(60), 9).await), ["n1", "m1"]);
    // The first one is to be tried again later: the second one waits behind it.
    store.settle(vec![settlement("n1", "slack", DeliveryState::Owed, 60)]).await.unwrap();
    assert_eq!(slack(&owed(&store, at(60), 9).await), ["m1"]);
    store.settle(vec![settlement("n1", "slack", DeliveryState::Refused, 90)]).await.unwrap();
    assert_eq!(slack(&owed(&store, at(90), 9).await), ["m1", "n2"]);
}

pub(super) async fn a_failed_delivery_is_due_again_when_it_says(store: impl Store) {
    assert_eq!((next_owed(&store).await, store.outbox().await.unwrap().oldest), (None, None));
    store.record(Batch { channels: vec!["slack".into()], ..owing(vec![notification("n", "i", Kind::Opened, 3)]) }).await.unwrap();
    assert_eq!(next_owed(&store).await, Some(at(3)));
    store.settle(vec![settlement("n", "slack", DeliveryState::Owed, 10)]).await.unwrap();
    assert_eq!(next_owed(&store).await, Some(at(40)));
    assert_eq!(store.outbox().await.unwrap().oldest, Some(at(3)));
    assert_eq!(owed(&store, at(39), 9).await, []);
    assert_eq!(owed(&store, at(40), 9).await[0].attempts, 1);
    store.settle(vec![settlement("n", "slack", DeliveryState::Delivered, 41)]).await.unwrap();
    assert_eq!((next_owed(&store).await, store.outbox().await.unwrap().oldest), (None, None));
}

pub(super) async fn later_messages_know_the_first_one(store: impl Store) {
    store.record(owing(vec![notification("n1", "i", Kind::Opened, 0)])).await.unwrap();
    store.settle(vec![settlement("n1", "slack", DeliveryState::Delivered, 1)]).await.unwrap();
    store.record(owing(vec![notification("n2", "i", Kind::Update, 60)])).await.unwrap();
    store.settle(vec![settlement("n2", "slack", DeliveryState::Delivered, 61)]).await.unwrap();
    store.record(owing(vec![notification("n3", "i", Kind::Resolved, 90)])).await.unwrap();
    let owed = owed(&store, at(90), 9).await;
    let threads: Vec<_> = owed.iter().map(|o| (o.channel.as_str(), o.thread.as_ref().map(|t| t.0.as_str()))).collect();
    assert_eq!(threads, [("slack", Some("n1@slack")), ("mail", None)]);
}

pub(super) async fn deliveries_tell_what_came_of_them(store: impl Store) {
    store.record(owing(vec![notification("n1", "i", Kind::Opened, 0)])).await.unwrap();
    store.record(owing(vec![notification("m1", "j", Kind::Opened, 60)])).await.unwrap();
    store.settle(vec![settlement("n1", "slack", DeliveryState::Owed, 1)]).await.unwrap();
    store
        .settle(vec![
            settlement("n1", "slack", DeliveryState::Delivered, 31),
            settlement("n1", "mail", DeliveryState::Refused, 2),
            settlement("nobody", "mail", DeliveryState::Refused, 2),
        ])
        .await
        .unwrap();
    let told = store.deliveries(9).await.unwrap();
    let line = |d: &super::Delivery| (d.notification.0.clone(), d.channel.clone(), d.state, d.attempts, d.delivered_at, d.error.clone());
    let row = |n: &str, c: &str, s, a, at, e: Option<&str>| (n.to_owned(), c.to_owned(), s, a, at, e.map(str::to_owned));
    assert_eq!(told.iter().map(line).collect::<Vec<_>>(), [
        row("m1", "mail", DeliveryState::Owed, 0, None, None),
        row("m1", "slack", DeliveryState::Owed, 0, None, None),
        row("n1", "mail", DeliveryState::Refused, 1, None, Some("HTTP 500")),
        row("n1", "slack", DeliveryState::Delivered, 2, Some(at(31)), None),
    ]);
    assert_eq!((told[3].kind.as_str(), told[3].incident.0.as_str(), told[3].at), ("opened", "i", at(0)));
    assert_eq!(store.deliveries(1).await.unwrap().len(), 1);
}

pub(super) async fn a_resolved_incident_is_told_as_one_message(store: impl Store) {
    store.record(owing(vec![notification("n1", "i", Kind::Opened, 0), notification("m1", "j", Kind::Opened, 0)])).await.unwrap();
    store.settle(vec![settlement("n1", "slack", DeliveryState::Owed, 1), settlement("n1", "mail", DeliveryState::Delivered, 1)]).await.unwrap();
    store.record(owing(vec![notification("n2", "i", Kind::Update, 60), notification("n3", "i", Kind::Resolved, 90)])).await.unwrap();
    let owed = owed(&store, at(99), 9).await;
    assert_eq!(ids(&owed), [("m1", "slack"), ("m1", "mail"), ("n3", "slack"), ("n3", "mail")]);
    let states: Vec<_> = store.deliveries(9).await.unwrap().into_iter().map(|d| (d.notification.0, d.channel, d.state)).collect();
    for (id, channel, state) in [
        ("n1", "slack", DeliveryState::Superseded),
        ("n1", "mail", DeliveryState::Delivered),
        ("n2", "slack", DeliveryState::Superseded),
        ("n2", "mail", DeliveryState::Superseded),
    ] {
        assert!(states.contains(&(id.into(), channel.into(), state)), "{id} {channel}: {states:?}");
    }
}

pub(super) async fn an_update_takes_the_place_of_what_was_not_told(store: impl Store) {
    store.record(owing(vec![notification("n1", "i", Kind::Opened, 0)])).await.unwrap();
    store.record(owing(vec![notification("n2", "i", Kind::Update, 60)])).await.unwrap();
    assert_eq!(ids(&owed(&store, at(60), 9).await), [("n2", "slack"), ("n2", "mail")]);
}

pub(super) async fn what_was_under_way_when_superseded_still_counts_as_delivered(store: impl Store) {
    store.record(owing(vec![notification("n1", "i", Kind::Opened, 0)])).await.unwrap();
    store.record(owing(vec![notification("n2", "i", Kind::Resolved, 60)])).await.unwrap();
    store.settle(vec![settlement("n1", "slack", DeliveryState::Delivered, 61), settlement("n1", "mail", DeliveryState::Owed, 61)]).await.unwrap();
    let owed = owed(&store, at(999), 9).await;
    assert_eq!(ids(&owed), [("n2", "slack"), ("n2", "mail")]);
    assert_eq!(owed[0].thread, Some(MessageRef("n1@slack".into())));
}

pub(super) async fn a_debt_lives_from_launch_to_payment(store: impl Store + Ledger) {
    owed(&store, at(7), 1).await;
    let (a, b) = (DebtId("a".into()), DebtId("b".into()));
    store.begun(&a, "launch of gh/x").await.unwrap();
    store.begun(&b, "launch of gh/y").await.unwrap();
    let token = "sesame".to_owned();
    store.told(&a, &CleanUp::Server { url: "https://h/user/u/".into(), token: token.into() }).await.unwrap();
    let debts = store.debts().await.unwrap();
    let [first, second] = &debts[..] else { panic!("two debts, not {debts:?}") };
    assert_eq!((&first.id, first.what.as_str()), (&a, "launch of gh/x"));
    assert!(matches!(&first.state, DebtState::Told(CleanUp::Server { token, .. }) if token.expose_secret() == "sesame"));
    assert!(matches!(second.state, DebtState::Begun));
    store.settled(&a).await.unwrap();
    store.settled(&b).await.unwrap();
    assert!(store.debts().await.unwrap().is_empty());
    assert_eq!(store.abandoned_count().await.unwrap(), 0);
}

pub(super) async fn a_debt_that_is_given_up_is_counted(store: impl Store + Ledger) {
    for id in ["a", "b", "c"] {
        store.begun(&DebtId(id.into()), "launch").await.unwrap();
    }
    store.abandon(vec![DebtId("a".into()), DebtId("c".into()), DebtId("nobody".into())]).await.unwrap();
    assert_eq!(store.debts().await.unwrap().iter().map(|d| d.id.0.as_str()).collect::<Vec<_>>(), ["b"]);
    assert_eq!(store.abandoned_count().await.unwrap(), 2);
}

pub(super) async fn pruning_drops_what_is_old_and_keeps_the_rest(store: impl Store) {
    const DAY: i64 = 86_400;
    for day in [0, 1, 2, 40, 500] {
        store.record(Batch { now: at(day * DAY), ..batch(vec![passed("a", day * DAY), failed("b", day * DAY)]) }).await.unwrap();
    }
    let pruned = store.prune(at(500 * DAY)).await.unwrap();
    assert_eq!((pruned.runs, pruned.buckets), (8, 8));
    assert_eq!(slots(&store.runs(&all()).await.unwrap()), [500 * DAY, 500 * DAY]);
    assert_eq!(store.series(&tier(Tier::Minute)).await.unwrap()[0].1.len(), 1);
    assert_eq!(store.series(&tier(Tier::Hour)).await.unwrap()[0].1.len(), 1);
    assert_eq!(store.series(&tier(Tier::Day)).await.unwrap()[1].1.len(), 5);
    // What comes after its retention is not taken in: nobody could say any more whether it was there.
    store.record(Batch { now: at(500 * DAY), ..batch(vec![passed("a", 40 * DAY)]) }).await.unwrap();
    assert_eq!(store.runs(&all()).await.unwrap().len(), 2);
    assert_eq!(store.prune(at(500 * DAY)).await.unwrap(), super::Pruned::default());
}

pub(super) async fn nothing_at_all_is_a_batch_too(store: impl Store) {
    store.record(Batch { now: Timestamp::UNIX_EPOCH, ..Batch::default() }).await.unwrap();
    assert_eq!(store.runs(&all()).await.unwrap(), []);
    assert_eq!(store.series(&tier(Tier::Day)).await.unwrap(), []);
    assert_eq!(store.prune(at(0)).await.unwrap(), super::Pruned::default());
}
