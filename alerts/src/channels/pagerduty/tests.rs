use serde_json::json;

use super::*;
use crate::conformance::fixture::{
    acknowledged, body, built, done, example, http_reply, opened, reminder, resolved, update,
};

#[test]
fn an_incident_is_one_alert_for_life() {
    let pagerduty = example("pagerduty");
    for (n, action, severity) in [
        (opened(), "trigger", "critical"),
        (update(), "trigger", "critical"),
        (reminder(), "trigger", "critical"),
        (acknowledged(), "acknowledge", "critical"),
        (resolved(), "resolve", "critical"),
        (Notification::test(opened().at, "x"), "trigger", "info"),
        (Notification { severity: Severity::Ticket, ..opened() }, "trigger", "warning"),
    ] {
        let event = body(pagerduty.compose(&n, &[], None));
        assert_eq!(event["event_action"], action, "{:?}", n.kind);
        assert_eq!(event["payload"]["severity"], severity, "{:?}", n.kind);
        assert_eq!(
            event["dedup_key"],
            n.incident.0.as_str(),
            "the same for every event, and for every attempt"
        );
    }
}

#[test]
fn answers_are_read_as_the_documentation_says() {
    let retry = |after: Option<u64>, why: &str| Receipt::Retry {
        after: after.map(Duration::from_secs),
        why: why.into(),
    };
    for (status, headers, said, expected) in [
        (202, &[][..], r#"{"status":"success"}"#, Receipt::Delivered(None)),
        (400, &[], "invalid event", Receipt::Refused { why: "HTTP 400 invalid event".into() }),
        (403, &[], "", Receipt::Refused { why: "HTTP 403".into() }),
        (429, &[], "", retry(Some(60), "HTTP 429")),
        (429, &[("retry-after", "9")], "", retry(Some(9), "HTTP 429")),
        (500, &[], "oops", retry(None, "HTTP 500 oops")),
    ] {
        let receipt =
            done(example("pagerduty").compose(&opened(), &[http_reply(status, headers, said)], None));
        assert_eq!(receipt, expected);
    }
}

#[test]
fn the_region_and_a_stand_in_have_addresses_of_their_own() {
    let key = "0123456789abcdef0123456789abcdef";
    for (more, url) in [
        (json!({}), "https://events.pagerduty.com/v2/enqueue"),
        (json!({"region": "eu"}), "https://events.eu.pagerduty.com/v2/enqueue"),
        (json!({"api_url": "http://127.0.0.1:9/pd/"}), "http://127.0.0.1:9/pd/v2/enqueue"),
    ] {
        let mut settings = more;
        settings["routing_key"] = key.into();
        let Next::Send(e) = built("pagerduty", settings).compose(&opened(), &[], None) else { panic!() };
        let crate::Envelope::Http(request) = *e else { panic!() };
        assert_eq!(request.uri(), url);
    }
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let key = "0123456789abcdef0123456789abcdef";
    for (settings, path) in [
        (json!({"routing_key": ""}), "routing_key"),
        (json!({"routing_key": "0123456789abcdef 123456789abcdef"}), "routing_key"),
        (json!({"routing_key": key, "api_url": "ftp://x.example"}), "api_url"),
        (json!({"routing_key": key, "region": "moon"}), "region"),
    ] {
        assert_eq!(KIND.build(settings.clone()).err().unwrap()[0].path, path, "{settings}");
    }
}
