//! Signing in elsewhere, with providers that exist only here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Form, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Answer, House};
use crate::config::access::{Access, Client, HubLogin, Member, OidcLogin, Roles};
use crate::edges::memory::{self, MemoryNet};
use crate::tasks::Tasks;
use crate::web::access::Role;

/// A hub and an OpenID provider in one, which know one person.
#[derive(Clone, Default)]
struct Provider(Arc<Mutex<Books>>);

#[derive(Default)]
struct Books {
    /// By code: the challenge it was asked for with. Good once.
    codes: BTreeMap<String, String>,
    user: Value,
    claims: Value,
    info: Value,
}

impl Provider {
    fn router(self) -> Router {
        Router::new()
            .route("/hub/api/oauth2/token", post(token))
            .route("/hub/api/user", get(user))
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/token", post(token))
            .route("/info", get(info))
            .with_state(self)
    }
}

async fn token(
    State(books): State<Provider>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let said = |key: &str| form.get(key).map(String::as_str).unwrap_or_default();
    let basic = headers.get(header::AUTHORIZATION).is_some_and(|v| v == "Basic d2F0Y2g6czNjcjN0");
    assert!(basic || (said("client_id") == "service-watch" && said("client_secret") == "s3cr3t"), "{form:?}");
    assert!(said("redirect_uri").starts_with("https://watch.example/base/sign-in/"), "{form:?}");
    let mut books = books.0.lock().unwrap();
    let digest = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(said("code_verifier")));
    if books.codes.remove(said("code")) != Some(digest) {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    }
    let claims = BASE64_URL_SAFE_NO_PAD.encode(books.claims.to_string());
    let id_token = format!("e30.{claims}.c2ln");
    Json(json!({"access_token": "at", "token_type": "Bearer", "id_token": id_token})).into_response()
}

async fn user(State(books): State<Provider>, headers: HeaderMap) -> Json<Value> {
    assert_eq!(headers.get(header::AUTHORIZATION).unwrap(), "Bearer at");
    Json(books.0.lock().unwrap().user.clone())
}

async fn info(State(books): State<Provider>) -> Json<Value> {
    Json(books.0.lock().unwrap().info.clone())
}

async fn discovery() -> Json<Value> {
    let at = |path: &str| format!("https://id.example{path}");
    Json(json!({
        "issuer": "https://id.example", "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"),
        "userinfo_endpoint": at("/info"),
    }))
}

fn client(id: &str, name: &str) -> Client {
    let redirect = format!("https://watch.example/base/sign-in/{name}/callback").parse().unwrap();
    Client { id: id.into(), secret: "s3cr3t".to_owned().into(), redirect }
}

async fn house(provider: &Provider) -> House {
    let roles = Roles(vec![
        (Role::Admin, vec![Member::Admins]),
        (Role::Operator, vec![Member::Group("ops".into()), Member::Name("ada".into())]),
    ]);
    let hub = HubLogin {
        url: "https://hub.example/".parse().unwrap(),
        client: client("service-watch", "jupyterhub"),
        roles: roles.clone(),
    };
    let oidc = OidcLogin {
        issuer: "https://id.example".into(),
        client: client("watch", "oidc"),
        scopes: vec!["openid".into()],
        name_claim: "preferred_username".into(),
        groups_claim: "groups".into(),
        roles,
    };
    let access = Access { jupyterhub: Some(hub), oidc: Some(oidc), ..Access::default() };
    let net = MemoryNet::new(memory::spawner(&Tasks::new()))
        .with_host("hub.example:443", provider.clone().router())
        .with_host("id.example:443", provider.clone().router());
    House::with(access, Some("https://watch.example/base/"), Arc::new(net)).await
}

/// A sign-in that was begun.
struct Begun {
    cookie: String,
    asked: BTreeMap<String, String>,
}

async fn begin(house: &House, way: &str) -> Begun {
    let answer = house.ask(Method::GET, &format!("/base/sign-in/{way}?next=/incidents"), &[], "").await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let to: url::Url = answer.header(header::LOCATION).parse().unwrap();
    let cookie = answer.cookies()[0];
    assert!(
        cookie.starts_with("__Secure-launchwatch-flow=")
            && cookie.contains("; Path=/base; Max-Age=600; HttpOnly")
    );
    let pair = cookie.split("; ").next().unwrap().to_owned();
    Begun { cookie: pair, asked: to.query_pairs().into_owned().collect() }
}

/// The person agrees: the provider knows the code.
fn agree(provider: &Provider, begun: &Begun, code: &str) {
    let challenge = begun.asked["code_challenge"].clone();
    assert_eq!(begun.asked["code_challenge_method"], "S256");
    provider.0.lock().unwrap().codes.insert(code.to_owned(), challenge);
}

async fn come_back(house: &House, way: &str, cookie: &str, query: &str) -> Answer {
    let lines = [("cookie", cookie.to_owned()), ("sec-fetch-site", "cross-site".to_owned())];
    house.ask(Method::GET, &format!("/base/sign-in/{way}/callback?{query}"), &lines, "").await
}

fn session(answer: &Answer) -> Option<String> {
    let cookies = answer.cookies();
    let found = cookies.iter().find(|cookie| cookie.starts_with("__Secure-launchwatch="));
    found.map(|cookie| cookie.split("; ").next().unwrap().to_owned())
}

#[tokio::test]
async fn an_account_of_the_hub_opens_the_door_as_its_role() {
    for (user, expected) in [
        (json!({"name": "ada", "groups": [], "admin": false}), Some(Role::Operator)),
        (json!({"name": "ben", "groups": ["ops"], "admin": false}), Some(Role::Operator)),
        (json!({"name": "ben", "groups": [], "admin": true}), Some(Role::Admin)),
        (json!({"name": "ben", "groups": ["users"], "admin": false}), None),
        (json!({"name": "ada\u{202e}"}), None),
    ] {
        let provider = Provider::default();
        provider.0.lock().unwrap().user = user.clone();
        let house = house(&provider).await;
        let begun = begin(&house, "jupyterhub").await;
        assert_eq!(begun.asked["client_id"], "service-watch");
        agree(&provider, &begun, "c1");
        let query = format!("code=c1&state={}", begun.asked["state"]);
        let answer = come_back(&house, "jupyterhub", &begun.cookie, &query).await;
        let Some(role) = expected else {
            assert_eq!((answer.status(), session(&answer)), (StatusCode::FORBIDDEN, None), "{user}");
            continue;
        };
        assert_eq!(
            (answer.status(), answer.header(header::LOCATION)),
            (StatusCode::SEE_OTHER, "/base/incidents")
        );
        let mine = [("cookie", session(&answer).unwrap())];
        for (path, least) in [("/base/api/v1/hidden", Role::Viewer), ("/base/audit", Role::Admin)] {
            let status = house.ask(Method::GET, path, &mine, "").await.status();
            assert_eq!(status == StatusCode::OK, role >= least, "{user} {path}: {status}");
        }
    }
}

#[tokio::test]
async fn what_another_browser_began_or_came_before_is_refused() {
    let provider = Provider::default();
    provider.0.lock().unwrap().user = json!({"name": "ada"});
    let house = house(&provider).await;
    let begun = begin(&house, "jupyterhub").await;
    agree(&provider, &begun, "c1");
    let good = format!("code=c1&state={}", begun.asked["state"]);
    let other = begin(&house, "jupyterhub").await;
    for (way, cookie, query) in [
        ("jupyterhub", "", good.as_str()),
        ("jupyterhub", "__Secure-launchwatch-flow=bm9uc2Vuc2U", good.as_str()),
        ("jupyterhub", other.cookie.as_str(), good.as_str()),
        ("jupyterhub", begun.cookie.as_str(), "code=c1&state=wrong"),
        ("jupyterhub", begun.cookie.as_str(), "code=c1"),
        ("oidc", begun.cookie.as_str(), good.as_str()),
    ] {
        let answer = come_back(&house, way, cookie, query).await;
        assert_eq!((answer.status(), session(&answer)), (StatusCode::BAD_REQUEST, None), "{way} {query}");
    }
    let no = format!("error=access_denied&state={}", begun.asked["state"]);
    let answer = come_back(&house, "jupyterhub", &begun.cookie, &no).await;
    assert_eq!((answer.status(), session(&answer)), (StatusCode::FORBIDDEN, None));
    let answer = come_back(&house, "jupyterhub", &begun.cookie, &good).await;
    assert!(session(&answer).is_some());
    assert!(
        answer
            .cookies()
            .iter()
            .any(|c| c.starts_with("__Secure-launchwatch-flow=; ") && c.contains("Max-Age=0"))
    );
    let again = come_back(&house, "jupyterhub", &begun.cookie, &good).await;
    assert_eq!((again.status(), session(&again)), (StatusCode::BAD_GATEWAY, None), "a code is good once");
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_that_takes_too_long_is_refused() {
    let provider = Provider::default();
    let house = house(&provider).await;
    let begun = begin(&house, "jupyterhub").await;
    agree(&provider, &begun, "c1");
    tokio::time::advance(std::time::Duration::from_secs(601)).await;
    let query = format!("code=c1&state={}", begun.asked["state"]);
    let answer = come_back(&house, "jupyterhub", &begun.cookie, &query).await;
    assert_eq!((answer.status(), session(&answer)), (StatusCode::BAD_REQUEST, None));
}

#[tokio::test]
async fn an_open_id_token_must_be_for_us_and_for_this_sign_in() {
    let now: jiff::Timestamp = crate::web::testing::NOW.parse().unwrap();
    let good = json!({
        "iss": "https://id.example", "aud": "watch", "sub": "7", "exp": now.as_second() + 60,
        "preferred_username": "ben", "groups": ["ops"],
    });
    for (change, info, expected) in [
        (json!({}), json!(null), StatusCode::SEE_OTHER),
        (json!({"groups": null}), json!({"sub": "7", "groups": "ops"}), StatusCode::FORBIDDEN),
        (json!({"nonce": "wrong"}), json!(null), StatusCode::BAD_GATEWAY),
        (json!({"aud": "other"}), json!(null), StatusCode::BAD_GATEWAY),
        (json!({"iss": "https://evil.example"}), json!(null), StatusCode::BAD_GATEWAY),
        (json!({"exp": now.as_second() - 61}), json!(null), StatusCode::BAD_GATEWAY),
    ] {
        let provider = Provider::default();
        let house = house(&provider).await;
        let begun = begin(&house, "oidc").await;
        assert_eq!(begun.asked["scope"], "openid");
        let mut claims = good.clone();
        claims["nonce"] = json!(begun.asked["nonce"]);
        for (key, value) in change.as_object().unwrap() {
            claims[key] = value.clone();
        }
        (provider.0.lock().unwrap().claims, provider.0.lock().unwrap().info) = (claims, info);
        agree(&provider, &begun, "c1");
        let query = format!("code=c1&state={}", begun.asked["state"]);
        let answer = come_back(&house, "oidc", &begun.cookie, &query).await;
        assert_eq!(answer.status(), expected, "{change}");
        assert_eq!(session(&answer).is_some(), expected == StatusCode::SEE_OTHER, "{change}");
    }
}

#[tokio::test]
async fn groups_come_from_the_user_info_where_the_token_has_none_and_only_about_the_same_person() {
    let now: jiff::Timestamp = crate::web::testing::NOW.parse().unwrap();
    for (info, expected) in [
        (json!({"sub": "7", "groups": ["ops"]}), StatusCode::SEE_OTHER),
        (json!({"sub": "8", "groups": ["ops"]}), StatusCode::BAD_GATEWAY),
        (json!({"sub": "7"}), StatusCode::FORBIDDEN),
    ] {
        let provider = Provider::default();
        let house = house(&provider).await;
        let begun = begin(&house, "oidc").await;
        let claims = json!({
            "iss": "https://id.example", "aud": ["watch"], "sub": "7", "exp": now.as_second() + 60,
            "nonce": begun.asked["nonce"], "preferred_username": "ben",
        });
        (provider.0.lock().unwrap().claims, provider.0.lock().unwrap().info) = (claims, info.clone());
        agree(&provider, &begun, "c1");
        let query = format!("code=c1&state={}", begun.asked["state"]);
        assert_eq!(come_back(&house, "oidc", &begun.cookie, &query).await.status(), expected, "{info}");
    }
}
