//! Tokens as programs and people make them, and the record.

use axum::http::{Method, StatusCode};
use serde_json::Value;

use super::{Caller, House, passwords};
use crate::web::access::Role;

async fn json(answer: super::Answer) -> Value {
    serde_json::from_str(&answer.text().await).unwrap()
}

#[tokio::test]
async fn a_token_is_shown_once_used_and_taken_back() {
    let house = House::new(passwords()).await;
    let machine = Caller::Machine.headers();
    let body = r#"{"name":"nightly","role":"operator","for":"30d"}"#;
    let made = house.ask(Method::POST, "/api/v1/tokens", &machine, body).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let made = json(made).await;
    let (secret, id) = (made["secret"].as_str().unwrap(), made["token"]["id"].as_str().unwrap());
    assert!(secret.starts_with("lw_") && secret.len() == 46, "{secret}");
    let bearer = [("authorization", format!("Bearer {secret}"))];
    assert_eq!(house.ask(Method::GET, "/api/v1/hidden", &bearer, "").await.status(), StatusCode::OK);
    assert_eq!(house.ask(Method::GET, "/api/v1/tokens", &bearer, "").await.status(), StatusCode::FORBIDDEN);
    let list = house.ask(Method::GET, "/api/v1/tokens", &machine, "").await.text().await;
    assert!(!list.contains(secret) && list.contains("2018-07-07T12:00:00Z"), "{list}");
    let gone = json(house.ask(Method::DELETE, &format!("/api/v1/tokens/{id}"), &machine, "").await).await;
    assert_eq!((gone["good"].as_bool(), gone["revoked_by"].as_str()), (Some(false), Some("command line")));
    assert_eq!(house.ask(Method::GET, "/", &bearer, "").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(
        house.ask(Method::DELETE, "/api/v1/tokens/x", &machine, "").await.status(),
        StatusCode::NOT_FOUND
    );
    let record = json(house.ask(Method::GET, "/api/v1/audit?limit=2", &machine, "").await).await;
    let what: Vec<_> =
        record["audit"].as_array().unwrap().iter().map(|r| r["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["revoke token", "make token"]);
    assert!(record["next"].is_i64() && !record.to_string().contains(secret));
}

#[tokio::test]
async fn a_token_lasts_neither_for_ever_nor_no_time_at_all() {
    let house = House::new(passwords()).await;
    for (lasts, status) in [("400d", 422), ("0s", 422), ("1h", 201)] {
        let body = format!(r#"{{"name":"x","role":"viewer","for":"{lasts}"}}"#);
        let answer = house.ask(Method::POST, "/api/v1/tokens", &Caller::Machine.headers(), &body).await;
        assert_eq!(answer.status().as_u16(), status, "{lasts}");
    }
}

#[tokio::test]
async fn people_make_tokens_and_take_them_back() {
    let house = House::new(passwords()).await;
    let caller = Caller::Session(Role::Admin);
    let csrf = house.csrf(caller).await;
    let form = format!("csrf={csrf}&name=%3Cb%3Enightly&role=viewer&for=90d");
    let page = house.ask(Method::POST, "/tokens", &caller.headers(), &form).await.text().await;
    assert!(page.contains("<code>lw_") && page.contains("&lt;b&gt;nightly"), "{page}");
    let token =
        house.sources.store.tokens(20).await.unwrap().into_iter().find(|t| t.name == "<b>nightly").unwrap();
    assert_eq!(token.created_by, "eve");
    let again = house.ask(Method::GET, "/tokens", &caller.headers(), "").await.text().await;
    assert!(!again.contains("<code>lw_") && again.contains(&token.id));
    let path = format!("/tokens/{}/revoke", token.id);
    let answer = house.ask(Method::POST, &path, &caller.headers(), &format!("csrf={csrf}")).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let token = house.sources.store.tokens(20).await.unwrap().into_iter().find(|t| t.id == token.id).unwrap();
    assert_eq!(token.revoked_by.as_deref(), Some("eve"));
}
