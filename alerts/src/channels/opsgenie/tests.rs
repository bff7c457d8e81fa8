use serde_json::json;

use super::*;
use crate::Envelope;
use crate::conformance::fixture::{
    acknowledged, body, built, done, example, http_reply, opened, reminder, resolved, update,
};

/// The requests of one delivery to a service that takes everything.
fn calls(n: &Notification) -> Vec<String> {
    let (opsgenie, mut replies, mut calls) = (example("opsgenie"), Vec::new(), Vec::new());
    while let Next::Send(e) = opsgenie.compose(n, &replies, None) {
        let Envelope::Http(r) = *e else { panic!() };
        assert_eq!(r.headers()["authorization"], "GenieKey 00000000-0000-0000-0000-000000000000");
        calls.push(r.uri().path_and_query().unwrap().to_string());
        replies.push(http_reply(202, &[], r#"{"result":"Request will be processed"}"#));
    }
    calls
}

#[test]
fn an_incident_is_one_alert_for_life() {
    let act = |action| format!("/v2/alerts/mybinder-20240503/{action}?identifierType=alias");
    let open = || "/v2/alerts".to_owned();
    for (n, expected) in [
        (opened(), vec![open()]),
        (update(), vec![open(), act("notes")]),
        (reminder(), vec![open(), act("notes")]),
        (acknowledged(), vec![act("acknowledge")]),
        (resolved(), vec![act("close")]),
        (Notification::test(opened().at, "x"), vec![open()]),
    ] {
        assert_eq!(calls(&n), expected, "{:?}", n.kind);
    }
    assert_eq!(body(example("opsgenie").compose(&opened(), &[], None))["alias"], "mybinder-20240503");
    assert_eq!(body(example("opsgenie").compose(&acknowledged(), &[], None))["user"], "ada");
}

#[test]
fn a_slash_in_an_id_stays_within_its_place_in_the_address() {
    let mut n = resolved();
    n.incident.0 = "a/b ?c".into();
    assert_eq!(calls(&n), ["/v2/alerts/a%2Fb=20=3fc/close?identifierType=alias"]);
}

#[test]
fn answers_are_read_by_their_status() {
    let said = r#"{"message":"Could not authenticate"}"#;
    for (status, again) in [(401, false), (403, false), (422, false), (429, true), (503, true)] {
        let receipt = done(example("opsgenie").compose(&update(), &[http_reply(status, &[], said)], None));
        assert_eq!(matches!(receipt, Receipt::Retry { .. }), again, "{status}: {receipt:?}");
        assert!(receipt.why().unwrap().contains("Could not authenticate"));
    }
}

#[test]
fn priority_teams_and_tags_route_it() {
    let settings = json!({"api_key": "k", "region": "eu", "teams": ["hub"], "tags": ["binder"]});
    let next = built("opsgenie", settings.clone()).compose(&opened(), &[], None);
    let alert = body(next);
    assert_eq!(alert["priority"], "P1");
    assert_eq!(alert["responders"], json!([{"name": "hub", "type": "team"}]));
    assert_eq!(alert["tags"], json!(["binder"]));
    let ticket = Notification { severity: Severity::Ticket, ..opened() };
    assert_eq!(body(built("opsgenie", settings).compose(&ticket, &[], None))["priority"], "P3");
}

#[test]
fn settings_that_cannot_work_are_refused() {
    for (settings, path) in [
        (json!({"api_key": "a b"}), "api_key"),
        (json!({"api_key": "k", "tags": ["x".repeat(51)]}), "tags"),
        (json!({"api_key": "k", "teams": vec!["x"; 51]}), "teams"),
        (json!({"api_key": "k", "api_url": "https://x.example/?a"}), "api_url"),
    ] {
        assert_eq!(KIND.build(settings.clone()).err().unwrap()[0].path, path, "{settings}");
    }
}
