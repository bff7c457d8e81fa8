use serde_json::json;

use super::*;
use crate::Receipt;
use crate::conformance::fixture::{
    acknowledged, body, built, done, example, http_reply, opened, resolved, update,
};

#[test]
fn an_incident_is_one_alert_for_life() {
    for (n, status) in
        [(opened(), "firing"), (update(), "firing"), (acknowledged(), "firing"), (resolved(), "resolved")]
    {
        let event = body(example("incident_io").compose(&n, &[], None));
        assert_eq!(event["status"], status, "{:?}", n.kind);
        assert_eq!(event["deduplication_key"], "mybinder-20240503");
        assert_eq!(event["metadata"]["target"], "mybinder");
    }
    let event = body(example("incident_io").compose(&acknowledged(), &[], None));
    assert_eq!(event["metadata"]["acknowledged_by"], "ada");
}

#[test]
fn the_source_is_in_the_address_and_the_token_in_a_header() {
    let settings = json!({"source": "S1", "token": "t0k3n", "api_url": "http://127.0.0.1:9"});
    let Next::Send(e) = built("incident_io", settings).compose(&opened(), &[], None) else { panic!() };
    let crate::Envelope::Http(request) = *e else { panic!() };
    assert_eq!(request.uri(), "http://127.0.0.1:9/v2/alert_events/http/S1");
    assert_eq!(request.headers()["authorization"], "Bearer t0k3n");
}

#[test]
fn answers_are_read_by_their_status() {
    let read = |status| done(example("incident_io").compose(&opened(), &[http_reply(status, &[], "")], None));
    assert_eq!(read(202), Receipt::Delivered(None));
    assert_eq!(read(404), Receipt::Refused { why: "HTTP 404".into() });
    assert_eq!(read(429), Receipt::Retry { after: None, why: "HTTP 429".into() });
}

#[test]
fn settings_that_cannot_work_are_refused() {
    for (settings, path) in [
        (json!({"source": "https://api.incident.io/x", "token": "t"}), "source"),
        (json!({"source": "", "token": "t"}), "source"),
        (json!({"source": "S1", "token": ""}), "token"),
    ] {
        assert_eq!(KIND.build(settings.clone()).err().unwrap()[0].path, path, "{settings}");
    }
}
