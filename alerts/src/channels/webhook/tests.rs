use serde_json::json;

use super::*;
use crate::Receipt;
use crate::conformance::fixture::{built, done, http_reply, opened};

fn request(settings: serde_json::Value) -> http::Request<bytes::Bytes> {
    match built("webhook", settings).compose(&opened(), &[], None) {
        Next::Send(e) => match *e {
            crate::Envelope::Http(r) => r,
            other => panic!("{other:?}"),
        },
        Next::Done(r) => panic!("{r:?}"),
    }
}

/// Computed elsewhere: RFC 4231, test case 2, by way of our own signing.
#[test]
fn the_signature_is_hmac_sha256() {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"Jefe").unwrap();
    mac.update(b"what do ya want for nothing?");
    let hex: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");

    let signed = request(json!({"url": "https://x.example/", "secret": "k3y"}));
    let timestamp = signed.headers()["x-launchwatch-timestamp"].to_str().unwrap();
    assert_eq!(timestamp, "1714760950");
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"k3y").unwrap();
    mac.update([timestamp.as_bytes(), b".", signed.body()].concat().as_slice());
    let said = signed.headers()["x-launchwatch-signature"].to_str().unwrap();
    let bytes: Vec<u8> = said.as_bytes()[7..]
        .chunks(2)
        .map(|hex| u8::from_str_radix(std::str::from_utf8(hex).unwrap(), 16).unwrap())
        .collect();
    assert!(said.starts_with("sha256=") && mac.verify_slice(&bytes).is_ok());
}

#[test]
fn the_receiver_gets_a_key_against_doubles_and_our_own_headers() {
    let r = request(json!({"url": "https://x.example/h?t=1", "headers": {"Authorization": "Bearer abc"}}));
    assert_eq!(r.headers()["idempotency-key"], "mybinder-20240503-1");
    assert_eq!(r.headers()["authorization"], "Bearer abc");
    assert!(r.headers()["authorization"].is_sensitive());
    assert!(!r.headers().contains_key("x-launchwatch-signature"));
    assert_eq!(r.uri(), "https://x.example/h?t=1");
}

#[test]
fn the_body_holds_what_it_promises() {
    let r = request(json!({"url": "https://x.example/"}));
    let body: serde_json::Value = serde_json::from_slice(r.body()).unwrap();
    for (key, value) in [
        ("version", json!(1)),
        ("id", json!("mybinder-20240503-1")),
        ("incident", json!("mybinder-20240503")),
        ("kind", json!("opened")),
        ("severity", json!("page")),
        ("at", json!("2024-05-03T18:29:10Z")),
        ("title", json!("mybinder: nobody can launch since 18:27 UTC (2 min)")),
    ] {
        assert_eq!(body[key], value);
    }
    let facts: crate::Facts = serde_json::from_value(body["facts"].clone()).unwrap();
    assert_eq!(facts, opened().facts, "what is small enough goes as it is");
}

#[test]
fn a_redirect_is_not_a_delivery() {
    let channel = built("webhook", json!({"url": "https://x.example/"}));
    let receipt = done(channel.compose(&opened(), &[http_reply(301, &[], "")], None));
    assert_eq!(receipt, Receipt::Refused { why: "HTTP 301".into() });
    let receipt = done(channel.compose(&opened(), &[http_reply(204, &[], "")], None));
    assert_eq!(receipt, Receipt::Delivered(None));
}

#[test]
fn settings_that_cannot_work_are_refused() {
    for (settings, path) in [
        (json!({"url": "x.example"}), "url"),
        (json!({"url": "ftp://x.example"}), "url"),
        (json!({"url": "https://x.example/a b"}), "url"),
        (json!({"url": "https://x.example/", "headers": {"a b": "c"}}), "headers.a b"),
        (json!({"url": "https://x.example/", "headers": {"a": "b\nc"}}), "headers.a"),
    ] {
        assert_eq!(KIND.build(settings.clone()).err().unwrap()[0].path, path, "{settings}");
    }
}

#[test]
fn a_body_of_ones_own_is_sent_as_it_is_and_signed() {
    let settings = json!({
        "url": "https://x.example/", "secret": "k3y", "method": "PUT", "secret_headers": {"Authorization": "Key abc"},
        "body": "{\"text\": {{ (title ~ '\n' ~ lasted)|tojson }}, \"n\": {{ failing|length }}}",
    });
    let r = request(settings);
    assert_eq!(r.method(), "PUT");
    assert_eq!(r.headers()["content-type"], "application/json");
    assert!(r.headers()["authorization"].is_sensitive());
    assert_eq!(
        r.body(),
        "{\"text\": \"mybinder: nobody can launch since 18:27 UTC (2 min)\\n2 min\", \"n\": 1}"
    );
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"k3y").unwrap();
    mac.update(&[b"1714760950.", &r.body()[..]].concat());
    let hex: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(r.headers()["x-launchwatch-signature"], format!("sha256={hex}"));

    let plain =
        json!({"url": "https://x.example/", "body": "{{ word }}: {{ title }}", "content_type": "text/plain"});
    let r = request(plain);
    assert_eq!(r.headers()["content-type"], "text/plain");
    assert!(r.body().starts_with(b"DOWN: mybinder"));
}

#[test]
fn a_body_that_fails_when_it_is_sent_is_replaced_and_told() {
    let fails = "{% for f in failing %}{% if f.evidence|length == 4 %}{{ nowhere }}{% endif %}{% endfor %}{}";
    let channel = built("webhook", json!({"url": "https://x.example/", "body": fails}));
    let sent = crate::conformance::fixture::body(channel.compose(&opened(), &[], None));
    assert_eq!(sent["version"], 1, "the built-in body: {sent}");
    let receipt = done(channel.compose(&opened(), &[http_reply(200, &[], "")], None));
    assert!(
        matches!(&receipt, Receipt::Remarked { remark, .. } if remark.starts_with("template error: body, line 1")),
        "{receipt:?}"
    );
}

#[test]
fn a_body_that_cannot_work_is_refused_with_its_line() {
    for (more, path, words) in [
        (json!({"body": "{\n\"text\": \"{{ title }}\"}"}), "body", "not JSON"),
        (json!({"body": "{\n{{ titel }}}"}), "body", "line 2: undefined value"),
        (json!({"body": " "}), "body", "makes nothing"),
        (json!({"body": "{}", "content_type": "a\nb"}), "content_type", "type"),
        (json!({"content_type": "text/plain"}), "content_type", "no body"),
        (json!({"secret_headers": {"a b": "c"}}), "secret_headers.a b", "header"),
        (json!({"method": "GET"}), "method", "GET"),
    ] {
        let mut settings = more;
        settings["url"] = "https://x.example/".into();
        let refused = KIND.build(settings.clone()).err().unwrap().remove(0);
        assert!(refused.path == path && refused.what.contains(words), "{settings}: {refused:?}");
    }
}
