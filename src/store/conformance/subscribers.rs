//! Promises about those who hear of trouble by e-mail.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use launchwatch_alerts::{Change, Incident, IncidentState, Severity};

use crate::news::Work;
use crate::store::subscribers::{ASKED_A_DAY, ASKED_AN_HOUR, Came, Link, Mail, Wish};
use crate::store::testing::*;
use crate::store::{Batch, Store};

const ALL: Wish = Wish { targets: None };
const DAY: i64 = 86_400;

fn of(names: &[&str]) -> Wish {
    Wish { targets: Some(names.iter().map(|n| (*n).to_owned()).collect::<BTreeSet<_>>()) }
}

async fn due(store: &impl Store, seconds: i64) -> Vec<Mail> {
    store.mails(at(seconds), 100).await.unwrap()
}

/// Takes all that is due: whom, and what for.
async fn told(store: &impl Store, seconds: i64) -> Vec<(String, &'static str)> {
    let mut told = Vec::new();
    for mail in due(store, seconds).await {
        assert!(store.begin_mail(mail.id, at(seconds)).await.unwrap());
        store.settle_mail(mail.id, Came::Delivered, at(seconds)).await.unwrap();
        told.push((mail.address.clone(), mail.told.reason.as_str()));
    }
    told
}

/// Somebody who asked and confirmed; answers how they leave.
async fn subscribed(store: &impl Store, address: &str, wish: Wish, seconds: i64) -> String {
    assert!(store.ask(address, wish, at(seconds)).await.unwrap());
    let mail = due(store, seconds).await.into_iter().find(|m| m.address == address).unwrap();
    store.settle_mail(mail.id, Came::Delivered, at(seconds)).await.unwrap();
    assert!(store.confirm(&mail.confirm.unwrap(), at(seconds)).await.unwrap().is_some());
    mail.leave
}

fn acute(id: &str, opened: i64, over: Option<i64>) -> Incident {
    let mut one = incident(id, opened, IncidentState::Open);
    if let Some(seconds) = over {
        (one.state, one.resolved_at) = (IncidentState::Resolved, Some(at(seconds)));
    }
    one
}

async fn record(store: &impl Store, incident: Incident, seconds: i64) {
    let changes = vec![Change::Incident(incident)];
    store.record(Batch { changes, now: at(seconds), ..Batch::default() }).await.unwrap();
}

fn pair(address: &str, reason: &'static str) -> (String, &'static str) {
    (address.to_owned(), reason)
}

pub(crate) async fn a_wish_is_asked_back_before_anything_is_told(store: impl Store) {
    assert!(store.ask("eve@example.org", ALL, at(0)).await.unwrap());
    record(&store, acute("i", 10, None), 10).await;
    let mails = due(&store, 20).await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(store.subscriber_count().await.unwrap(), 0);
    let token = mails[0].confirm.clone().unwrap();
    assert_eq!(store.wish_of(Link::Confirm, &token).await.unwrap(), Some(ALL));
    assert_eq!(store.confirm(&token, at(30)).await.unwrap(), Some(ALL));
    assert_eq!(store.confirm(&token, at(31)).await.unwrap(), Some(ALL), "a second click is no harm");
    assert_eq!(store.subscriber_count().await.unwrap(), 1);
    assert!(!format!("{mails:?}").contains("eve"), "addresses do not show");
}

pub(crate) async fn an_address_is_not_asked_again_and_again(store: impl Store) {
    for n in 0..ASKED_A_DAY {
        assert!(store.ask("eve@example.org", ALL, at(i64::from(n))).await.unwrap());
    }
    assert!(!store.ask("EVE@example.org", ALL, at(10)).await.unwrap(), "nor under another case");
    assert_eq!(due(&store, 20).await.len(), 1, "one mail is enough");
    let mut asked = 0;
    for n in 0..2 * ASKED_AN_HOUR {
        asked += u32::from(store.ask(&format!("u{n}@example.org"), ALL, at(30)).await.unwrap());
    }
    assert_eq!(asked, ASKED_AN_HOUR - ASKED_A_DAY);
    assert!(store.ask("late@example.org", ALL, at(3_700)).await.unwrap());
    assert!(store.ask("eve@example.org", ALL, at(DAY + 10)).await.unwrap());
}

pub(crate) async fn who_does_not_confirm_is_forgotten(store: impl Store) {
    store.ask("eve@example.org", ALL, at(0)).await.unwrap();
    let token = due(&store, 0).await.remove(0).confirm.unwrap();
    subscribed(&store, "ann@example.org", ALL, 5).await;
    store.prune(at(2 * DAY - 10)).await.unwrap();
    assert!(store.wish_of(Link::Confirm, &token).await.unwrap().is_some());
    store.prune(at(2 * DAY + 10)).await.unwrap();
    assert_eq!(store.confirm(&token, at(2 * DAY + 11)).await.unwrap(), None);
    assert_eq!(store.subscriber_count().await.unwrap(), 1);
}

pub(crate) async fn each_subscriber_is_told_once_of_an_outage_and_once_of_its_end(store: impl Store) {
    subscribed(&store, "ann@example.org", ALL, 0).await;
    subscribed(&store, "bob@example.org", ALL, 1).await;
    record(&store, acute("i", 10, None), 10).await;
    record(&store, acute("i", 10, None), 20).await;
    let both = |reason| vec![pair("ann@example.org", reason), pair("bob@example.org", reason)];
    assert_eq!(told(&store, 30).await, both("opened"));
    record(&store, acute("i", 10, None), 40).await;
    assert_eq!(told(&store, 50).await, []);
    record(&store, acute("i", 10, Some(60)), 60).await;
    let end = due(&store, 61).await;
    assert!(end.iter().all(|m| m.first.is_some()), "it answers the first one");
    assert_eq!(told(&store, 70).await, both("over"));
    // Somebody adds a remark days later.
    record(&store, acute("i", 10, Some(60)), 4 * DAY).await;
    assert_eq!(told(&store, 4 * DAY).await, []);
    // What does not keep people from working is not mailed.
    let mut quiet = acute("j", 5 * DAY, None);
    quiet.severity = Severity::Ticket;
    record(&store, quiet, 5 * DAY).await;
    let mut ours = acute("k", 5 * DAY, None);
    ours.target = launchwatch_alerts::OURSELVES.to_owned();
    record(&store, ours, 5 * DAY).await;
    assert_eq!(told(&store, 5 * DAY).await, []);
}

pub(crate) async fn what_came_and_went_is_told_as_one_mail(store: impl Store) {
    subscribed(&store, "ann@example.org", ALL, 0).await;
    record(&store, acute("i", 10, None), 10).await;
    let opened = due(&store, 11).await.remove(0);
    store.settle_mail(opened.id, Came::Later(at(300), "421".into()), at(11)).await.unwrap();
    record(&store, acute("i", 10, Some(60)), 60).await;
    assert_eq!(told(&store, 70).await, [pair("ann@example.org", "over")]);
    assert!(!store.begin_mail(opened.id, at(300)).await.unwrap());
    // It comes back: so do we.
    let mut back = acute("m", 400, None);
    record(&store, back.clone(), 400).await;
    back.recovered_at = Some(at(500));
    assert_eq!(told(&store, 410).await, [pair("ann@example.org", "opened")]);
    record(&store, back.clone(), 500).await;
    back.recovered_at = None;
    assert_eq!(told(&store, 510).await, [pair("ann@example.org", "over")]);
    record(&store, back, 600).await;
    assert_eq!(told(&store, 610).await, [pair("ann@example.org", "opened")]);
}

pub(crate) async fn who_came_during_an_outage_hears_of_its_end_only(store: impl Store) {
    record(&store, acute("i", 10, None), 10).await;
    subscribed(&store, "ann@example.org", ALL, 20).await;
    record(&store, acute("i", 10, None), 30).await;
    assert_eq!(told(&store, 40).await, []);
    record(&store, acute("i", 10, Some(60)), 60).await;
    subscribed(&store, "bob@example.org", ALL, 70).await;
    record(&store, acute("i", 10, Some(60)), 80).await;
    assert_eq!(told(&store, 90).await, [pair("ann@example.org", "over")]);
}

pub(crate) async fn only_those_concerned_are_told(store: impl Store) {
    subscribed(&store, "ann@example.org", of(&["hub", "other"]), 0).await;
    subscribed(&store, "bob@example.org", of(&["elsewhere"]), 1).await;
    record(&store, acute("i", 10, None), 10).await;
    assert_eq!(told(&store, 20).await, [pair("ann@example.org", "opened")]);
    // Many at once: those that are among them.
    let mut storm = acute("j", 30, None);
    (storm.storm, storm.target) = (true, "many targets".into());
    storm.targets = ["elsewhere".to_owned(), "third".to_owned()].into();
    record(&store, storm, 30).await;
    assert_eq!(told(&store, 40).await, [pair("bob@example.org", "opened")]);
}

pub(crate) async fn what_the_public_does_not_see_is_not_told(store: impl Store) {
    subscribed(&store, "ann@example.org", ALL, 0).await;
    store.hide(["hub".to_owned()].into());
    record(&store, acute("i", 10, None), 10).await;
    assert_eq!(told(&store, 20).await, []);
    let mut both = acute("j", 30, None);
    both.targets = ["hub".to_owned(), "site".to_owned()].into();
    record(&store, both, 30).await;
    let mail = due(&store, 40).await.remove(0);
    assert_eq!(mail.told.title, "site: out of service");
}

pub(crate) async fn who_has_left_is_owed_nothing(store: impl Store) {
    let leave = subscribed(&store, "ann@example.org", ALL, 0).await;
    record(&store, acute("i", 10, None), 10).await;
    let mail = due(&store, 20).await.remove(0);
    assert_eq!(mail.leave, leave, "the link stays the same");
    assert!(store.leave(&leave).await.unwrap());
    assert!(!store.begin_mail(mail.id, at(20)).await.unwrap(), "also what was taken up already");
    assert!(!store.leave(&leave).await.unwrap());
    record(&store, acute("i", 10, Some(60)), 60).await;
    assert_eq!((due(&store, 70).await, store.subscriber_count().await.unwrap()), (Vec::new(), 0));
}

pub(crate) async fn links_are_good_for_one_thing_and_one_person(store: impl Store) {
    store.ask("ann@example.org", ALL, at(0)).await.unwrap();
    store.ask("bob@example.org", ALL, at(0)).await.unwrap();
    let mails = due(&store, 0).await;
    let confirm = |n: usize| mails[n].confirm.clone().unwrap();
    assert!(store.wish_of(Link::Leave, &confirm(0)).await.unwrap().is_none());
    assert!(store.confirm(&mails[0].leave, at(1)).await.unwrap().is_none());
    let (ann, bob) = (confirm(0), confirm(1));
    let ((a, _), (_, b)) = (ann.split_once('-').unwrap(), bob.split_once('-').unwrap());
    for bad in [
        format!("{a}-{b}"),
        format!("{ann}0"),
        ann.to_uppercase() + "x",
        String::new(),
        "-".into(),
        "é-x".into(),
    ] {
        assert!(store.confirm(&bad, at(1)).await.unwrap().is_none(), "{bad}");
        assert!(!store.leave(&bad).await.unwrap(), "{bad}");
    }
    let rest = ann.get(..ann.len() - 1).unwrap();
    assert!(store.confirm(rest, at(1)).await.unwrap().is_none());
    assert_eq!(store.subscriber_count().await.unwrap(), 0);
}

pub(crate) async fn a_changed_wish_holds_when_it_is_confirmed(store: impl Store) {
    subscribed(&store, "ann@example.org", of(&["hub"]), 0).await;
    // Anybody may ask; only she can confirm.
    store.ask("ann@example.org", of(&["elsewhere"]), at(10)).await.unwrap();
    record(&store, acute("i", 20, None), 20).await;
    let mails = due(&store, 30).await;
    let reasons: Vec<_> = mails.iter().map(|m| m.told.reason.as_str()).collect();
    assert_eq!(reasons, ["confirm", "opened"]);
    store.confirm(mails[0].confirm.as_deref().unwrap(), at(40)).await.unwrap();
    assert_eq!(store.wish_of(Link::Leave, &mails[0].leave).await.unwrap(), Some(of(&["elsewhere"])));
}

pub(crate) async fn planned_work_is_announced_once(store: impl Store) {
    subscribed(&store, "ann@example.org", of(&["hub"]), 0).await;
    subscribed(&store, "bob@example.org", of(&["elsewhere"]), 1).await;
    let work = |id: &str, targets: &[&str], from: i64| Work {
        id: id.into(),
        targets: targets.iter().map(|t| (*t).to_owned()).collect(),
        from: at(from),
        until: at(from) + SignedDuration::from_hours(1),
        all: false,
    };
    let works = [work("disks", &["hub"], 7_200), work("over", &["hub"], -7_200)];
    assert_eq!(store.announce(&works, at(10)).await.unwrap(), 1);
    assert_eq!(store.announce(&works, at(20)).await.unwrap(), 0);
    assert_eq!(told(&store, 30).await, [pair("ann@example.org", "planned")]);
    assert_eq!(store.announce(&works, at(40)).await.unwrap(), 0);
}

pub(crate) async fn mails_are_due_again_when_they_say_and_old_news_are_given_up(store: impl Store) {
    subscribed(&store, "ann@example.org", ALL, 0).await;
    assert_eq!(store.next_mail().await.unwrap(), None);
    record(&store, acute("i", 10, None), 10).await;
    assert_eq!(store.next_mail().await.unwrap(), Some(at(10)));
    let mail = due(&store, 10).await.remove(0);
    store.begin_mail(mail.id, at(10)).await.unwrap();
    store.resume_mails().await.unwrap();
    store.settle_mail(mail.id, Came::Later(at(100), "421".into()), at(11)).await.unwrap();
    assert_eq!((due(&store, 99).await, store.next_mail().await.unwrap()), (Vec::new(), Some(at(100))));
    let again = due(&store, 100).await.remove(0);
    assert_eq!((again.id, again.attempts), (mail.id, 1));
    store.settle_mail(again.id, Came::Refused("550".into()), at(101)).await.unwrap();
    assert_eq!(due(&store, 200).await, []);
    record(&store, acute("j", 300, None), 300).await;
    assert_eq!(due(&store, 300 + DAY).await, []);
}
