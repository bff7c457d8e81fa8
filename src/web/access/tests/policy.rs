//! THE TABLE is what holds: every route, asked by everybody.

use axum::http::{Method, StatusCode, header};

use super::{Caller, House, passwords};
use crate::config::access::Access;
use crate::web::access::{Need, Role};
use crate::web::routes;

/// A path that the row is about.
pub(super) fn path(pattern: &str) -> String {
    let fill = |part: &str| if part.starts_with('{') { "x".to_owned() } else { part.to_owned() };
    pattern.split('/').map(fill).collect::<Vec<_>>().join("/")
}

fn role(caller: Caller) -> Option<Role> {
    match caller {
        Caller::Session(role) | Caller::Token(role) => Some(role),
        Caller::Machine => Some(Role::Admin),
        _ => None,
    }
}

async fn everybody_asks_for_everything(public: bool) {
    let house = House::new(Access { public, ..passwords() }).await;
    let mut forms = Vec::new();
    for caller in Caller::ALL {
        forms.push((caller, format!("csrf={}", house.csrf(caller).await)));
    }
    for row in routes::all() {
        let path = path(row.path);
        for (caller, form) in &forms {
            let caller = *caller;
            let answer = house.ask(row.method.clone(), &path, &caller.headers(), form).await;
            if path == "/sign-out" {
                house.again(caller).await;
            }
            let (status, what) = (answer.status(), format!("{caller:?}: {} {}", row.method, row.path));
            // A token that is no longer good is refused everywhere: its bearer should hear of it.
            let wrong = matches!(caller, Caller::RevokedToken | Caller::ExpiredToken);
            let agent = caller == Caller::Agent;
            let need = match row.need {
                Need::Anybody => None,
                Need::Public => (!public).then_some(Role::Viewer),
                Need::Viewer => Some(Role::Viewer),
                Need::Operator | Need::Sender => Some(Role::Operator),
                // Nobody but an agent.
                Need::Agent => Some(Role::Admin),
                Need::Admin => Some(Role::Admin),
            };
            let may = match row.need {
                Need::Agent => agent,
                Need::Sender if agent => true,
                _ => need.is_none() || role(caller) >= need,
            };
            let own_answer = row.path == "/sign-in" && row.method == Method::POST;
            if !wrong && (may || own_answer) {
                assert!(may && (!answer.is_refused() || own_answer), "{what}: {status}");
                continue;
            }
            let machine = row.path.starts_with("/api/") || row.path == "/live";
            match (wrong, machine, role(caller)) {
                _ if agent => assert_eq!(status, StatusCode::FORBIDDEN, "{what}"),
                (true, ..) | (false, true, None) => assert_eq!(status, StatusCode::UNAUTHORIZED, "{what}"),
                (false, _, Some(_)) => assert_eq!(status, StatusCode::FORBIDDEN, "{what}"),
                (false, false, None) => assert!(answer.leads_to_sign_in(), "{what}: {status}"),
            }
        }
    }
}

#[tokio::test]
async fn every_route_does_what_the_table_says_for_everybody() {
    everybody_asks_for_everything(true).await;
}

#[tokio::test]
async fn pages_for_members_only_are_for_members_only() {
    everybody_asks_for_everything(false).await;
}

#[tokio::test]
async fn every_answer_says_what_browsers_may_do_with_it() {
    let house = House::new(passwords()).await;
    for row in routes::all() {
        let answer = house.ask(row.method.clone(), &path(row.path), &Caller::Nobody.headers(), "").await;
        let policy = answer.header(header::CONTENT_SECURITY_POLICY).to_owned();
        assert!(
            policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
            "{}: {policy}",
            row.path
        );
        let framed = row.path == "/widget" || row.path.starts_with("/badge");
        assert_eq!(policy.ends_with("frame-ancestors 'none'"), !framed, "{}: {policy}", row.path);
        assert_eq!(answer.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{}", row.path);
        assert_eq!(answer.header(header::STRICT_TRANSPORT_SECURITY), "", "only over https");
    }
    let nowhere = house.ask(Method::GET, "/no/such/page", &[], "").await;
    assert_eq!(
        (nowhere.status(), nowhere.header(header::X_CONTENT_TYPE_OPTIONS)),
        (StatusCode::NOT_FOUND, "nosniff")
    );
    let seen = Caller::Session(Role::Viewer).headers();
    let page = house.ask(Method::GET, "/", &seen, "").await;
    assert_eq!(page.header(header::CACHE_CONTROL), "no-store", "who has signed in sees more");
    let page = house.ask(Method::GET, "/", &[], "").await;
    let vary = page.header(header::VARY);
    assert!(vary.contains("cookie") && vary.contains("authorization"), "{vary}");
}

#[tokio::test]
async fn who_is_sent_to_sign_in_comes_back_to_where_they_wanted_to_go() {
    let house = House::new(passwords()).await;
    let answer = house.ask(Method::GET, "/audit?who=ada", &[], "").await;
    assert_eq!(answer.header(header::LOCATION), "/sign-in?next=%2Faudit%3Fwho%3Dada");
    let page = house.ask(Method::GET, "/sign-in?next=%2Faudit%3Fwho%3Dada", &[], "").await.text().await;
    assert!(page.contains(r#"name="next" value="/audit?who=ada""#), "{page}");
}
