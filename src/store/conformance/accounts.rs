//! Sessions end, tokens are taken back, and what was done stays on record.

use super::super::testing::{at, batch};
use crate::store::{ApiToken, AuditQuery, AuditRow, Batch, Digest, Role, Session, Store};

fn session(cookie: &str, until: i64) -> Session {
    Session {
        digest: Digest::of(cookie),
        person: "ada".into(),
        role: Role::Operator,
        provider: "password".into(),
        created: at(0),
        expires: at(until),
    }
}

fn token(id: &str, seconds: i64, expires: Option<i64>) -> ApiToken {
    ApiToken {
        id: id.into(),
        name: "nightly".into(),
        role: Role::Viewer,
        location: (id == "t2").then(|| "frankfurt".to_owned()),
        created_by: "ada".into(),
        created_at: at(seconds),
        expires_at: expires.map(at),
        last_used: None,
        revoked_at: None,
        revoked_by: None,
    }
}

fn row(seconds: i64, who: &str, what: &str) -> AuditRow {
    let [via, about, came_to] = ["session", "i1", "done"].map(str::to_owned);
    AuditRow { at: at(seconds), who: who.into(), via, what: what.into(), about, came_to }
}

fn all() -> AuditQuery {
    AuditQuery { limit: 100, ..AuditQuery::default() }
}

pub(crate) async fn a_session_is_found_by_its_digest_until_it_ends(store: impl Store) {
    let (mine, other) = (session("one", 100), session("two", 200));
    store.open_session(mine.clone()).await.unwrap();
    store.open_session(other.clone()).await.unwrap();
    let found = async |cookie: &str, now| store.session(Digest::of(cookie), at(now)).await.unwrap();
    assert_eq!(found("one", 99).await, Some(mine));
    assert_eq!(found("one", 100).await, None, "it is over");
    assert_eq!(found("three", 0).await, None);
    assert!(store.close_session(Digest::of("two")).await.unwrap());
    assert!(!store.close_session(Digest::of("two")).await.unwrap());
    assert_eq!(found("two", 0).await, None);
}

pub(crate) async fn sessions_that_are_over_are_dropped(store: impl Store) {
    store.open_session(session("one", 100)).await.unwrap();
    store.open_session(session("two", 900)).await.unwrap();
    store.prune(at(500)).await.unwrap();
    // Asked as of before: only what is no longer there is not found.
    assert_eq!(store.session(Digest::of("one"), at(0)).await.unwrap(), None);
    assert!(store.session(Digest::of("two"), at(0)).await.unwrap().is_some());
}

pub(crate) async fn a_token_lives_from_its_making_to_its_end(store: impl Store) {
    let (first, second) = (token("t1", 0, Some(50)), token("t2", 10, None));
    store.make_token(first.clone(), Digest::of("k1"), row(0, "ada", "make token")).await.unwrap();
    store.make_token(second.clone(), Digest::of("k2"), row(10, "ada", "make token")).await.unwrap();
    assert_eq!(store.tokens(10).await.unwrap(), [second.clone(), first.clone()]);
    assert_eq!(store.tokens(1).await.unwrap(), std::slice::from_ref(&second));
    assert_eq!(store.token(Digest::of("k1")).await.unwrap(), Some(first.clone()));
    assert_eq!(store.token(Digest::of("k3")).await.unwrap(), None);
    assert!(first.is_good(at(49)) && !first.is_good(at(50)));
    store.token_used("t2", at(120)).await.unwrap();
    store.token_used("t2", at(60)).await.unwrap();
    let gone = store.revoke_token("t2", row(200, "ben", "revoke token")).await.unwrap().unwrap();
    assert_eq!(
        (gone.last_used, gone.revoked_at, gone.revoked_by.as_deref()),
        (Some(at(120)), Some(at(200)), Some("ben"))
    );
    assert!(!gone.is_good(at(201)));
    let again = store.revoke_token("t2", row(300, "eve", "revoke token")).await.unwrap();
    assert_eq!(again, Some(gone.clone()), "who took it back first stays on record");
    assert_eq!(store.token(Digest::of("k2")).await.unwrap(), Some(gone));
    assert_eq!(store.revoke_token("t9", row(300, "eve", "revoke token")).await.unwrap(), None);
    assert_eq!(store.audited(&all()).await.unwrap().len(), 3, "what changed nothing is not on record");
}

pub(crate) async fn the_record_is_newest_first_page_by_page_and_by_person(store: impl Store) {
    for (second, who) in [(1, "ada"), (2, "ben"), (2, "ada"), (3, "ben")] {
        store.audit(row(second, who, "sign in")).await.unwrap();
    }
    let rows = store.audited(&all()).await.unwrap();
    let seen: Vec<_> = rows.iter().map(|(_, r)| (r.at, r.who.as_str())).collect();
    assert_eq!(seen, [(at(3), "ben"), (at(2), "ada"), (at(2), "ben"), (at(1), "ada")]);
    let page = store.audited(&AuditQuery { before: Some(rows[1].0), limit: 1, who: None }).await.unwrap();
    assert_eq!(page, [rows[2].clone()]);
    let of_ada = AuditQuery { who: Some("ada".into()), ..all() };
    assert_eq!(store.audited(&of_ada).await.unwrap(), [rows[1].clone(), rows[3].clone()]);
}

pub(crate) async fn what_a_command_did_is_on_record_with_its_change(store: impl Store) {
    let audit = vec![row(5, "ada", "acknowledge"), row(5, "ben", "comment")];
    store.record(Batch { audit: audit.clone(), now: at(5), ..batch(Vec::new()) }).await.unwrap();
    let rows = store.audited(&all()).await.unwrap();
    assert_eq!(rows.into_iter().map(|(_, r)| r).rev().collect::<Vec<_>>(), audit);
}

pub(crate) async fn the_record_is_kept_as_long_as_hours_are(store: impl Store) {
    const DAY: i64 = 86_400;
    store.audit(row(0, "ada", "sign in")).await.unwrap();
    store.audit(row(300 * DAY, "ben", "sign in")).await.unwrap();
    store.prune(at(399 * DAY)).await.unwrap();
    assert_eq!(store.audited(&all()).await.unwrap().len(), 2);
    store.prune(at(401 * DAY)).await.unwrap();
    assert_eq!(store.audited(&all()).await.unwrap().len(), 1);
}
