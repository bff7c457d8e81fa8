//! Everything from a file to a database and back is the same everything.

use jiff::Timestamp;
use launchwatch_alerts::{
    AlertState, Change, Deploy, DeployResult, IncidentId, IncidentState, MessageRef, NotificationKind,
    Settled, Silence,
};
use launchwatch_probes::{CleanUp, DebtId};

use super::server::{address, key, open};
use crate::store::subscribers::{Came, Link, Subscribers, Wish};
use crate::store::testing::*;
use crate::store::{
    ApiToken, AuditQuery, AuditRow, Batch, DeliveryState, Digest, Either, Error, IncidentQuery, Report,
    Retention, Role, RunQuery, SeriesQuery, Session, Settlement, SqliteStore, Stand, Store, Tier, Wanted,
    copy,
};

fn audit() -> AuditRow {
    let [who, via, what, about, came_to] = ["ada", "session", "acknowledge", "i1", "done"].map(str::to_owned);
    AuditRow { at: at(3), who, via, what, about, came_to }
}

/// Something of everything.
async fn fill(store: &dyn Store) -> (String, String) {
    for hour in 0..40 {
        let seen = (0..4).flat_map(|n| {
            let second = hour * 3_600 + n * 600;
            [
                passed("a", second),
                passed("b", second),
                if n == 1 { failed("a", second + 1) } else { missed("c", second) },
            ]
        });
        store.record(batch(seen.collect())).await.unwrap();
    }
    let now = at(40 * 3_600);
    let silence = serde_json::json!({ "id": "s1", "of": {}, "by": "ada", "from": at(0), "until": at(90) });
    let silence: Silence = serde_json::from_value(silence).unwrap();
    let [target, what, by] = ["hub", "chart", "ci"].map(str::to_owned);
    let deploy = Deploy { at: at(9), target, what, by, url: None, result: DeployResult::Ok };
    let changes = vec![
        Change::Alert(alert("launch", AlertState::Firing)),
        Change::Incident(incident("i2", 100, IncidentState::Open)),
        Change::Incident(incident("i1", 100, IncidentState::Resolved)),
        Change::Silence(silence),
        Change::Deploy(deploy),
        Change::Notify(notification("n1", "i1", NotificationKind::Opened, 100)),
        Change::Notify(notification("n2", "i2", NotificationKind::Opened, 100)),
    ];
    store.record(Batch { changes, audit: vec![audit()], now, ..Batch::default() }).await.unwrap();
    let settlement = Settlement {
        notification: launchwatch_alerts::NotificationId("n1".into()),
        channel: "slack".into(),
        state: DeliveryState::Delivered,
        refused: true,
        next: now,
        message: Some(MessageRef("m1".into())),
        settled: Settled::default(),
        error: Some("first no".into()),
        at: now,
    };
    let stand = Stand { worked: Some(now), failures: 2, ..Stand::default() };
    let report = Report { channel: "slack".into(), stand, fallback: None, at: now };
    store.settle(vec![settlement], Some(report)).await.unwrap();
    let cleanup = CleanUp::Server { url: "https://hub/user/x/".into(), token: "sesame".to_owned().into() };
    store.told(&DebtId("d1".into()), &cleanup).await.unwrap();
    store.begun(&DebtId("d2".into()), "gh/x").await.unwrap();
    accounts(store).await;
    store.ask("ada@example.org", Wish { targets: None }, at(1)).await.unwrap();
    let mail = store.mails(at(2), 9).await.unwrap().remove(0);
    store.settle_mail(mail.id, Came::Delivered, at(3)).await.unwrap();
    store.confirm(&mail.confirm.clone().unwrap(), at(4)).await.unwrap().unwrap();
    store.ask("bob@example.org", Wish { targets: Some(["hub".to_owned()].into()) }, at(5)).await.unwrap();
    (mail.leave, mail.confirm.unwrap())
}

async fn accounts(store: &dyn Store) {
    let (created, expires) = (at(0), at(999_999_999));
    let session = Session {
        digest: Digest::of("session"),
        person: "ada".into(),
        role: Role::Admin,
        provider: "oidc".into(),
        created,
        expires,
    };
    store.open_session(session).await.unwrap();
    let token: ApiToken = ApiToken {
        id: "t1".into(),
        name: "ci".into(),
        role: Role::Operator,
        created_by: "ada".into(),
        created_at: created,
        expires_at: Some(expires),
        last_used: None,
        revoked_at: None,
        revoked_by: None,
        location: Some("frankfurt".into()),
    };
    store.make_token(token, Digest::of("token"), audit()).await.unwrap();
    store.token_used("t1", at(60)).await.unwrap();
}

/// All that can be read.
async fn told(store: &dyn Store, (leave, confirm): &(String, String)) -> Vec<String> {
    let now = at(40 * 3_600);
    let mut told = Vec::new();
    let mut tell = |what: &str, thing: &dyn std::fmt::Debug| told.push(format!("{what}: {thing:#?}"));
    let mut runs = store.runs(&RunQuery { limit: 99_999, ..RunQuery::default() }).await.unwrap();
    assert_eq!(runs.len(), 482);
    runs.sort_by_key(|r| (r.slot, r.probe.clone()));
    tell("runs", &runs);
    for tier in Tier::ALL {
        let query = SeriesQuery { probes: Vec::new(), tier, from: START, to: START + 999_999 };
        tell("series", &store.series(&query).await.unwrap());
        tell("totals", &store.totals(&query).await.unwrap());
    }
    tell("noted", &store.noted("export").await.unwrap());
    tell("slots", &store.last_slots().await.unwrap());
    let memory = store.memory().await.unwrap();
    tell("memory", &(memory.alerts, memory.incidents, memory.silences, memory.deploys));
    tell("incidents", &store.incidents(9).await.unwrap());
    let first = IncidentQuery { before: Some(IncidentId("i1".into())), limit: 9, open: None };
    tell("the page after", &store.find_incidents(&first).await.unwrap());
    tell("message", &store.incident_of_message("slack", &MessageRef("m1".into())).await.unwrap());
    for channel in ["slack", "mail"] {
        tell("owed", &store.owed(channel, now, 9, Wanted::Due).await.unwrap());
        tell("through", &store.deliveries_through(channel, 9).await.unwrap());
    }
    tell("outbox", &store.outbox().await.unwrap());
    tell("deliveries", &store.deliveries(9).await.unwrap());
    tell("stands", &store.stands().await.unwrap());
    tell("silences", &store.silences(9).await.unwrap());
    tell("hidden", &store.hidden(9).await.unwrap());
    tell("deploys", &store.deploys(9).await.unwrap());
    tell("debts", &store.debts().await.unwrap());
    tell("session", &store.session(Digest::of("session"), at(5)).await.unwrap());
    tell("token", &store.token(Digest::of("token")).await.unwrap());
    tell("audit", &store.audited(&AuditQuery { limit: 99, ..AuditQuery::default() }).await.unwrap());
    let mails = store.mails(at(9), 9).await.unwrap();
    tell(
        "mails",
        &mails.iter().map(|m| (m.id, m.address.clone(), m.at, m.leave.clone())).collect::<Vec<_>>(),
    );
    tell("subscribers", &store.subscriber_count().await.unwrap());
    tell(
        "links",
        &(
            store.wish_of(Link::Leave, leave).await.unwrap(),
            store.wish_of(Link::Confirm, confirm).await.unwrap(),
        ),
    );
    told
}

fn folder(dir: &tempfile::TempDir) -> SqliteStore {
    SqliteStore::open_with_key(dir.path(), Retention::default(), &key()).unwrap()
}

#[tokio::test]
async fn everything_goes_from_a_file_to_a_database_and_back() {
    let Some(address) = address().await else { return };
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = folder(&first);
    let links = fill(&file).await;
    file.compact().await.unwrap();
    let later = vec![passed("a", 40 * 3_600 - 1_799), failed("c", 40 * 3_600 - 1_798)];
    file.record(batch(later)).await.unwrap();
    file.note("export", "as far as 7".into()).await.unwrap();
    let before = told(&file, &links).await;
    let pg = open(&address).await;
    let (from, to) = (Either::Sqlite(file), Either::Pg(pg.clone()));
    let copied = copy(&from, &to).await.unwrap();
    assert!(copied.iter().all(|(table, n)| *n > 0 || ["damaged", "hidden"].contains(table)), "{copied:?}");
    assert!(matches!(copy(&from, &to).await, Err(Error::NotEmpty)));
    assert_eq!(told(&open(&address).await, &links).await, before, "in the database");
    // What is written there gets numbers of its own, and is kept once.
    let back = Either::Sqlite(folder(&second));
    assert_eq!(copy(&to, &back).await.unwrap(), copied);
    drop(back);
    assert_eq!(told(&folder(&second), &links).await, before, "in a file again");
    let pg = open(&address).await;
    pg.record(batch(vec![passed("a", 0), passed("new", 50 * 3_600), failed("new", 50 * 3_600 + 1)]))
        .await
        .unwrap();
    assert_eq!(pg.last_slots().await.unwrap().len(), 4);
    pg.ask("eve@example.org", Wish { targets: None }, at(9)).await.unwrap();
    pg.record(Batch { audit: vec![audit()], now: Timestamp::UNIX_EPOCH, ..Batch::default() }).await.unwrap();
}

#[tokio::test]
async fn a_copy_that_was_interrupted_begins_anew_and_nothing_is_served_before() {
    let Some(address) = address().await else { return };
    let dir = tempfile::tempdir().unwrap();
    let file = folder(&dir);
    file.record(batch(vec![passed("a", 0), failed("b", 0)])).await.unwrap();
    let pg = open(&address).await;
    pg.record(batch(vec![passed("x", 0), failed("y", 0)])).await.unwrap();
    super::super::load::set_meta(&*pg.reader().await.unwrap().client().unwrap(), "copying", 1).await.unwrap();
    let (from, to) = (Either::Sqlite(file), Either::Pg(pg));
    assert!(matches!(to.whole().await, Err(Error::HalfCopied)));
    assert!(matches!(copy(&to, &from).await, Err(Error::HalfCopied)));
    copy(&from, &to).await.unwrap();
    to.whole().await.unwrap();
    let slots = open(&address).await.last_slots().await.unwrap();
    assert_eq!(slots.into_keys().collect::<Vec<_>>(), [probe("a"), probe("b")]);
}

#[tokio::test]
async fn no_table_is_forgotten() {
    use crate::store::copy::TABLES;
    let mut known: Vec<&str> = TABLES.iter().map(|(table, _)| *table).chain(["meta"]).collect();
    known.sort_unstable();
    let dir = tempfile::tempdir().unwrap();
    drop(folder(&dir));
    let db = rusqlite::Connection::open(dir.path().join("launchwatch.db")).unwrap();
    let all =
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let mut all = db.prepare(all).unwrap();
    let all: Vec<String> = all.query_map([], |r| r.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(all, known, "in the file");
    let Some(address) = address().await else { return };
    drop(open(&address).await);
    let all = "SELECT relname::text FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition";
    let rows = super::server::beside(&address).await.query(all, &[]).await.unwrap();
    let mut all: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    all.sort_unstable();
    known.extend(["last", "lease", "letter_box", "note", "schema_version"]);
    known.sort_unstable();
    assert_eq!(all, known, "in the database");
}
