//! What several processes write at once, or one that is cut off in the middle.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use launchwatch_alerts::{
    AlertState, Change, Deploy, DeployResult, Held, Hidden, IncidentState, NotificationKind,
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::server::{address, open};
use crate::store::subscribers::{ASKED_A_DAY, ASKED_AN_HOUR, Wish};
use crate::store::testing::*;
use crate::store::{Accounts, ApiToken, AuditQuery, AuditRow, Batch, Digest, Role, Store, Subscribers};

const ALL: Wish = Wish { targets: None };

fn row(second: i64, who: &str) -> AuditRow {
    let [via, what, about, came_to] = ["session", "acknowledge", "i", "done"].map(str::to_owned);
    AuditRow { at: at(second), who: who.into(), via, what, about, came_to }
}

#[tokio::test]
async fn replicas_that_are_asked_at_once_keep_to_the_limits_together() {
    let Some(address) = address().await else { return };
    let (a, b) = (open(&address).await, open(&address).await);
    let ask = async |store: &crate::store::PgStore, n: i64, who: &str| {
        usize::from(store.ask(who, ALL, at(n)).await.unwrap())
    };
    let one = futures::future::join_all(
        (0..8).flat_map(|n| [ask(&a, n, "eve@example.org"), ask(&b, n, "Eve@Example.org")]),
    );
    assert_eq!(one.await.into_iter().sum::<usize>(), ASKED_A_DAY as usize);
    assert_eq!(a.mails(at(20), 9).await.unwrap().len(), 1, "one mail is enough");
    let names: Vec<String> = (0..2 * ASKED_AN_HOUR).map(|n| format!("u{n}@example.org")).collect();
    let many = futures::future::join_all(
        names.iter().enumerate().map(|(n, who)| ask(if n % 2 == 0 { &a } else { &b }, 30, who)),
    );
    assert_eq!(many.await.into_iter().sum::<usize>(), (ASKED_AN_HOUR - ASKED_A_DAY) as usize);
}

#[tokio::test]
async fn who_leaves_while_news_of_them_are_written_is_owed_nothing() {
    let Some(address) = address().await else { return };
    let (leader, other) = (open(&address).await, open(&address).await);
    let mut links = Vec::new();
    for n in 0..40 {
        let who = format!("u{n}@example.org");
        assert!(leader.ask(&who, ALL, at(n)).await.unwrap());
        let mail = leader.mails(at(n), 1).await.unwrap().remove(0);
        leader.settle_mail(mail.id, crate::store::subscribers::Came::Delivered, at(n)).await.unwrap();
        leader.confirm(&mail.confirm.unwrap(), at(n)).await.unwrap().unwrap();
        links.push(mail.leave);
    }
    let tell = async {
        for n in 0..20 {
            let changes = vec![Change::Incident(incident(&format!("i{n}"), 100 + n, IncidentState::Open))];
            leader.record(Batch { changes, now: at(100 + n), ..Batch::default() }).await.unwrap();
        }
    };
    let leave = async {
        for link in &links {
            assert!(other.leave(link).await.unwrap());
        }
    };
    futures::join!(tell, leave);
    assert_eq!((leader.mails(at(200), 9).await.unwrap(), leader.next_mail().await.unwrap()), (vec![], None));
    assert_eq!(leader.subscriber_count().await.unwrap(), 0);
}

#[tokio::test]
async fn a_token_is_taken_back_once_however_many_try() {
    let Some(address) = address().await else { return };
    let (a, b) = (open(&address).await, open(&address).await);
    let token = ApiToken {
        id: "t".into(),
        name: "nightly".into(),
        role: Role::Viewer,
        created_by: "ada".into(),
        created_at: at(0),
        expires_at: None,
        last_used: None,
        revoked_at: None,
        revoked_by: None,
        location: None,
    };
    a.make_token(token, Digest::of("k"), row(0, "ada")).await.unwrap();
    let tries = (0..8).map(|n| {
        let (store, who) = (if n % 2 == 0 { &a } else { &b }, format!("p{n}"));
        async move { store.revoke_token("t", row(10 + n, &who)).await.unwrap().unwrap().revoked_by }
    });
    let said = futures::future::join_all(tries).await;
    assert!(said.iter().all(|who| *who == said[0] && who.is_some()), "{said:?}");
    let record = a.audited(&AuditQuery { limit: 99, ..AuditQuery::default() }).await.unwrap();
    assert_eq!(record.len(), 2, "{record:?}");
}

/// A batch with something of everything.
fn everything(notifications: usize) -> Batch {
    let mut changes = Vec::new();
    for n in 0..notifications {
        let seconds = i64::try_from(n).unwrap();
        changes.push(Change::Alert(alert(&format!("p{n}"), AlertState::Firing)));
        changes.push(Change::Incident(incident(&format!("i{n}"), seconds, IncidentState::Open)));
        let one = notification(&format!("n{n}"), &format!("i{n}"), NotificationKind::Opened, seconds);
        changes.push(Change::Notify(one));
    }
    changes.push(Change::Deploy(Deploy {
        target: "hub".into(),
        what: "v2".into(),
        result: DeployResult::Failed,
        url: None,
        by: "ci".into(),
        at: at(0),
    }));
    changes.push(Change::Hidden(Hidden {
        at: at(0),
        series: "hub/launch".into(),
        rule: "success-zero".into(),
        by: Held::NextLook,
        summary: "no answer".into(),
    }));
    Batch { changes, audit: vec![row(0, "ada"), row(0, "ben")], now: at(0), ..Batch::default() }
}

/// How much of it there is.
async fn counts(store: &crate::store::PgStore) -> [usize; 6] {
    let memory = store.memory().await.unwrap();
    [
        memory.alerts.len(),
        memory.incidents.len(),
        store.deliveries(9_999).await.unwrap().len(),
        store.deploys(99).await.unwrap().len(),
        store.hidden(99).await.unwrap().len(),
        store.audited(&AuditQuery { limit: 99, ..AuditQuery::default() }).await.unwrap().len(),
    ]
}

#[tokio::test]
async fn a_batch_that_comes_again_changes_nothing() {
    // The connection may be lost between the database's doing and its word: nobody knows then whether it was done.
    let Some(address) = address().await else { return };
    let store = open(&address).await;
    for _ in 0..2 {
        store.record(everything(3)).await.unwrap();
        assert_eq!(counts(&store).await, [3, 3, 6, 1, 1, 2]);
    }
}

/// Passes bytes on to the server; counts how often the client has asked and then waited, and closes everything after so
/// many bytes from the client.
async fn between(base: &SecretString, cut: usize) -> (SecretString, Arc<AtomicUsize>) {
    let url = url::Url::parse(base.expose_secret()).unwrap();
    let to = format!("127.0.0.1:{}", url.port().expect("the server of the tests has a port"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut through = url.clone();
    through.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
    let trips = Arc::new(AtomicUsize::new(0));
    let (counted, left) = (Arc::clone(&trips), Arc::new(AtomicUsize::new(cut)));
    #[expect(clippy::disallowed_methods, reason = "a helper of this test")]
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&to).await.unwrap();
            let (counted, left) = (Arc::clone(&counted), Arc::clone(&left));
            tokio::spawn(pass(client, server, counted, left));
        }
    });
    (through.to_string().into(), trips)
}

async fn pass(mut client: TcpStream, mut server: TcpStream, trips: Arc<AtomicUsize>, left: Arc<AtomicUsize>) {
    let (mut up, mut down) = (vec![0; 65_536], vec![0; 65_536]);
    let mut asked = false;
    loop {
        tokio::select! {
            n = client.read(&mut up) => {
                let n = n.unwrap_or(0);
                let before = left.load(Ordering::SeqCst);
                left.store(before.saturating_sub(n), Ordering::SeqCst);
                if n == 0 || before <= n || server.write_all(&up[..n]).await.is_err() { return }
                trips.fetch_add(usize::from(!asked), Ordering::SeqCst);
                asked = true;
            }
            n = server.read(&mut down) => {
                let n = n.unwrap_or(0);
                if n == 0 || client.write_all(&down[..n]).await.is_err() { return }
                asked = false;
            }
        }
    }
}

#[tokio::test]
async fn a_storm_costs_as_many_round_trips_as_a_drizzle() {
    let Some(base) = address().await else { return };
    let (through, trips) = between(&base, usize::MAX).await;
    let store = open(&through).await;
    store.record(everything(1)).await.unwrap();
    let mut took = Vec::new();
    for size in [2, 400] {
        let before = trips.load(Ordering::SeqCst);
        let began = tokio::time::Instant::now();
        store.record(everything(size)).await.unwrap();
        took.push(trips.load(Ordering::SeqCst) - before);
        eprintln!("{size}: {} round trips, {:?}", took.last().unwrap(), began.elapsed());
    }
    // Large batches come in several pieces over the wire, of which each may count.
    assert!(took[0] <= 12 && took[1] <= took[0] + 20, "{took:?}");
}

#[tokio::test]
async fn a_batch_is_there_whole_or_not_at_all_wherever_it_is_cut() {
    let Some(base) = address().await else { return };
    let direct = open(&base).await;
    let (mut whole, mut none) = (0, 0);
    for cut in (0..40).map(|n| 3_000 + n * 3_000) {
        // Statements are known after the first batch, so that what is cut is the work and not its preparation.
        let (through, _) = between(&base, cut).await;
        let kept = async {
            let options = crate::store::PgOptions {
                retention: crate::store::Retention::default(),
                key: super::server::key(),
                ca_file: None,
            };
            crate::store::PgStore::open(&through, options).await?.record(everything(30)).await
        };
        let said = kept.await.is_ok();
        let found = counts(&direct).await;
        match found {
            [0, 0, 0, 0, 0, 0] => none += 1,
            [30, 30, 60, 1, 1, 2] => whole += 1,
            _ => panic!("half a batch, cut after {cut} bytes: {found:?}"),
        }
        assert!(!said || found[0] > 0, "what is said to be kept is kept");
        empty(&base).await;
    }
    eprintln!("{whole} whole, {none} not at all");
    assert!(whole > 0 && none > 0, "{whole} {none}");
}

async fn empty(base: &SecretString) {
    let (client, connection) =
        tokio_postgres::connect(base.expose_secret(), tokio_postgres::NoTls).await.unwrap();
    #[expect(clippy::disallowed_methods, reason = "the library wants a task for its connection")]
    tokio::spawn(connection);
    let all = "TRUNCATE alert, incident, notification, delivery, deploy, hidden, audit";
    client.batch_execute(all).await.unwrap();
}

#[tokio::test]
async fn what_piled_up_while_the_database_was_gone_is_kept_whole() {
    let Some(base) = address().await else { return };
    let store = open(&base).await;
    let size = std::env::var("LAUNCHWATCH_PILE").ok().and_then(|n| n.parse().ok()).unwrap_or(20_000);
    // A tenth failed, with all their details.
    let seen = (0..size).map(|n| {
        let (name, second) = (format!("p{}", n % 100), n / 100);
        if n % 10 == 9 { failed(&name, second) } else { passed(&name, second) }
    });
    let pile = Batch { changes: everything(3).changes, ..batch(seen.collect()) };
    let began = tokio::time::Instant::now();
    for _ in 0..2 {
        store.record(pile.clone()).await.unwrap();
        eprintln!("{size} results: {:?}", began.elapsed());
    }
    let all = crate::store::RunQuery { limit: usize::MAX >> 1, ..Default::default() };
    assert_eq!(store.runs(&all).await.unwrap().len(), usize::try_from(size).unwrap());
    assert_eq!(store.memory().await.unwrap().incidents.len(), 3);
}

#[tokio::test]
#[ignore = "prints figures: run it by name"]
async fn figures_of_a_storm() {
    let Some(base) = address().await else { return };
    let (through, trips) = between(&base, usize::MAX).await;
    for (name, address) in [("direct", &base), ("counted", &through)] {
        let store = open(address).await;
        for round in 0..5 {
            let mut changes = Vec::new();
            for n in 0..1_000 {
                changes.push(Change::Alert(alert(&format!("p{n}"), AlertState::Firing)));
            }
            for n in 0..200 {
                let id = format!("{name}{round}i{n}");
                changes.push(Change::Incident(incident(&id, n, IncidentState::Open)));
                for (m, kind) in [NotificationKind::Opened, NotificationKind::Update].into_iter().enumerate()
                {
                    changes.push(Change::Notify(notification(&format!("{id}n{m}"), &id, kind, n)));
                }
            }
            let before = trips.load(Ordering::SeqCst);
            let began = tokio::time::Instant::now();
            store.record(Batch { changes, now: at(round), ..Batch::default() }).await.unwrap();
            let trips = trips.load(Ordering::SeqCst) - before;
            eprintln!("{name} {round}: {:?}, {trips} round trips", began.elapsed());
        }
        let began = tokio::time::Instant::now();
        let owed = store.owed("slack", at(999), 100, crate::store::Wanted::Due).await.unwrap();
        eprintln!("{name}: {} owed in {:?}", owed.len(), began.elapsed());
        let which: Vec<_> = owed.iter().map(|o| o.notification.id.clone()).collect();
        let began = tokio::time::Instant::now();
        store.begin("slack", which, at(999)).await.unwrap();
        eprintln!("{name}: begun in {:?}", began.elapsed());
        let stand = crate::store::Stand { broken: Some(at(999)), ..Default::default() };
        let fallback = Some("matrix".to_owned());
        let report = crate::store::Report { channel: "slack".into(), stand, fallback, at: at(999) };
        let began = tokio::time::Instant::now();
        let handed = store.settle(Vec::new(), Some(report)).await.unwrap();
        eprintln!("{name}: {handed} handed over in {:?}", began.elapsed());
    }
}
