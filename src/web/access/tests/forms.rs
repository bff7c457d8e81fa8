//! Signing in and out with a password, and forms that others made.

use std::net::SocketAddr;

use axum::http::{Method, StatusCode, header};

use super::{Caller, House, passwords};
use crate::config::access::Access;
use crate::store::AuditQuery;
use crate::web::access::Role;
use crate::web::routes;

const GOOD: &str = "name=ada&password=demo&next=/audit";

#[tokio::test]
async fn every_form_is_refused_unless_a_page_of_ours_made_it() {
    let house = House::new(passwords()).await;
    let caller = Caller::Session(Role::Admin);
    let good = format!("csrf={}", house.csrf(caller).await);
    let forms =
        routes::all().into_iter().filter(|r| r.method == Method::POST && !r.path.starts_with("/api/"));
    // Those of mails prove themselves by the token in their path: a mail program posts there by itself.
    let forms = forms.filter(|r| !r.path.ends_with("{token}"));
    // So do jobs and alerts of others, by the key in theirs: no browser sends them.
    let forms = forms.filter(|r| !r.path.contains("{key}"));
    for row in forms {
        let path = super::policy::path(row.path);
        for (site, form, refused) in [
            ("same-origin", "", true),
            ("same-origin", "csrf=", true),
            ("same-origin", "csrf=wrong", true),
            ("cross-site", good.as_str(), true),
            ("same-site", good.as_str(), true),
            ("same-origin", good.as_str(), false),
        ] {
            let mut headers = caller.headers();
            headers[1] = ("sec-fetch-site", site.to_owned());
            let status = house.ask(Method::POST, &path, &headers, form).await.status();
            assert_eq!(
                status == StatusCode::FORBIDDEN,
                refused,
                "{path} from {site} with `{form}`: {status}"
            );
            // Signing out has ended it.
            if path == "/sign-out" && !refused {
                house.again(caller).await;
            }
        }
        let foreign = [("origin", "https://evil.example".to_owned())];
        let answer = house.ask(Method::POST, &path, &foreign, GOOD).await;
        assert!(answer.is_refused(), "{path} by nobody, from another site: {}", answer.status());
    }
}

#[tokio::test]
async fn a_session_commands_the_api_only_from_a_page_of_ours() {
    let house = House::new(passwords()).await;
    let cookie = Caller::Session(Role::Admin).headers().swap_remove(0);
    let body = r#"{"name":"nightly","role":"viewer"}"#;
    for (lines, expected) in [
        (vec![], StatusCode::FORBIDDEN),
        (vec![("sec-fetch-site", "cross-site".to_owned())], StatusCode::FORBIDDEN),
        (vec![("origin", "null".to_owned())], StatusCode::FORBIDDEN),
        (vec![("sec-fetch-site", "same-origin".to_owned())], StatusCode::CREATED),
    ] {
        let headers = [vec![cookie.clone()], lines.clone()].concat();
        assert_eq!(
            house.ask(Method::POST, "/api/v1/tokens", &headers, body).await.status(),
            expected,
            "{lines:?}"
        );
    }
}

#[tokio::test]
async fn name_and_password_open_a_new_session_and_signing_out_ends_it() {
    let house = House::new(passwords()).await;
    let before = Caller::Session(Role::Viewer).headers().swap_remove(0);
    let csrf = house.csrf(Caller::Session(Role::Viewer)).await;
    let form = format!("{GOOD}&csrf={csrf}");
    let answer = house.ask(Method::POST, "/sign-in", std::slice::from_ref(&before), &form).await;
    assert_eq!((answer.status(), answer.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/audit"));
    let [cookie] = answer.cookies()[..] else { panic!("{:?}", answer.cookies()) };
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; Max-Age=43200; HttpOnly; SameSite=Lax");
    assert_ne!(pair, before.1, "a session begins under a new name");
    assert!(house.ask(Method::GET, "/audit", &[before], "").await.leads_to_sign_in(), "the old one is over");
    let mine = [("cookie", pair.to_owned())];
    let page = house.ask(Method::GET, "/audit", &mine, "").await.text().await;
    assert!(page.contains("sign in") && page.contains("Sign out"), "{page}");
    let secret = pair.split_once('=').unwrap().1;
    assert!(!page.contains(secret), "what opens the door is on no page");
    let csrf = page.split(r#"name="csrf" value=""#).nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let answer = house.ask(Method::POST, "/sign-out", &mine, &format!("csrf={csrf}")).await;
    assert_eq!(answer.cookies(), ["launchwatch=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"]);
    assert!(house.ask(Method::GET, "/audit", &mine, "").await.leads_to_sign_in());
    let rows = house.sources.store.audited(&AuditQuery { limit: 2, ..AuditQuery::default() }).await.unwrap();
    let said: Vec<_> =
        rows.iter().map(|(_, r)| (r.who.as_str(), r.what.as_str(), r.came_to.as_str())).collect();
    assert_eq!(said, [("ada", "sign out", "done"), ("ada", "sign in", "done")]);
}

#[tokio::test]
async fn who_is_wrong_hears_the_same_whatever_is_wrong() {
    let house = House::new(passwords()).await;
    let mut pages = Vec::new();
    for form in ["name=ada&password=wrong", "name=nobody&password=demo", "name=&password="] {
        let answer = house.ask(Method::POST, "/sign-in", &[], form).await;
        assert_eq!((answer.status(), answer.cookies().len()), (StatusCode::UNAUTHORIZED, 0), "{form}");
        pages.push(answer.text().await);
    }
    assert!(pages.iter().all(|page| *page == pages[0]) && pages[0].contains("do not belong together"));
    let rows = house.sources.store.audited(&AuditQuery { limit: 1, ..AuditQuery::default() }).await.unwrap();
    assert_eq!((rows[0].1.who.as_str(), rows[0].1.came_to.as_str()), ("", "wrong name or password"));
}

#[tokio::test(start_paused = true)]
async fn who_tries_too_often_waits() {
    let house = House::new(passwords()).await;
    let peer: SocketAddr = "192.0.2.1:9".parse().unwrap();
    let try_it =
        async |peer| house.ask_from(peer, (Method::POST, "/sign-in"), &[], "name=ada&password=wrong").await;
    for _ in 0..10 {
        assert_eq!(try_it(peer).await.status(), StatusCode::UNAUTHORIZED);
    }
    let answer = try_it(peer).await;
    assert_eq!((answer.status(), answer.header(header::RETRY_AFTER)), (StatusCode::TOO_MANY_REQUESTS, "6"));
    assert_eq!(try_it("192.0.2.2:9".parse().unwrap()).await.status(), StatusCode::UNAUTHORIZED);
    for _ in 0..200 {
        let page = house.ask_from(peer, (Method::GET, "/"), &[], "").await;
        assert_eq!(page.status(), StatusCode::OK, "who looks is not counted");
    }
    tokio::time::advance(std::time::Duration::from_secs(6)).await;
    let answer = house.ask_from(peer, (Method::POST, "/sign-in"), &[], GOOD).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn behind_a_proxy_that_encrypts_the_cookie_says_so() {
    for (public, proto, expected) in [
        (None, "https", "__Host-launchwatch; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax; Secure"),
        (None, "http", "launchwatch; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax"),
        (
            Some("https://hub.example/services/watch/"),
            "http",
            "__Secure-launchwatch; Path=/services/watch; Max-Age=43200; HttpOnly; SameSite=Lax; Secure",
        ),
        (
            Some("http://hub.example/watch/"),
            "http",
            "launchwatch; Path=/watch; Max-Age=43200; HttpOnly; SameSite=Lax",
        ),
    ] {
        let access = Access { trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()], ..passwords() };
        let house = House::with(access, public, super::testing::no_net()).await;
        let said = [("x-forwarded-proto", proto.to_owned())];
        let answer = house.ask(Method::POST, "/sign-in", &said, GOOD).await;
        let cookie = answer.cookies()[0].to_owned();
        let (pair, attributes) = cookie.split_once("; ").unwrap();
        let (name, _) = pair.split_once('=').unwrap();
        assert_eq!(format!("{name}; {attributes}"), expected, "{public:?} {proto}");
        let strict = answer.header(header::STRICT_TRANSPORT_SECURITY);
        assert_eq!(strict.is_empty(), !expected.ends_with("Secure"), "{public:?} {proto}");
        let lines = [said[0].clone(), ("cookie", pair.to_owned())];
        let page = house.ask(Method::GET, "/audit", &lines, "").await;
        assert_eq!(page.status(), StatusCode::OK, "{public:?} {proto}");
    }
}

#[tokio::test]
async fn nobody_is_led_to_another_site_after_signing_in() {
    let house = House::new(passwords()).await;
    for next in [
        "//evil.example",
        "https://evil.example",
        "%2F%2Fevil.example",
        "/%5Cevil.example",
        "/%09/evil.example",
    ] {
        let form = format!("name=ada&password=demo&next={next}");
        let answer = house.ask(Method::POST, "/sign-in", &[], &form).await;
        assert_eq!(
            (answer.status(), answer.header(header::LOCATION)),
            (StatusCode::SEE_OTHER, "/"),
            "{next}"
        );
    }
}
