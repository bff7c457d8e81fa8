use serde_json::{Value, json};

use super::*;
use crate::conformance::fixture::{
    acknowledged, body, built, done, example, http_reply, opened, reminder, resolved, update,
};
use crate::{Receipt, Settled, Severity, Undelivered};

const ONE: &str = "http://am-1.example:9093";
const TWO: &str = "http://am-2.example:9093/am";

fn alerts(n: &Notification) -> Vec<Value> {
    body(example("alertmanager").compose(n, &[], None)).as_array().unwrap().clone()
}

#[test]
fn the_labels_name_an_incident_for_life_and_reminders_move_its_end_on() {
    let labels = json!({"alertname": "LaunchwatchIncident", "target": "mybinder", "severity": "page",
        "incident": "mybinder-20240503", "team": "hub"});
    for (n, ends) in [
        (opened(), "2024-05-05T18:29:10Z"),
        (update(), "2024-05-05T18:41:00Z"),
        (reminder(), "2024-05-05T18:59:10Z"),
        // Reminders rest until 23:02.
        (acknowledged(), "2024-05-05T23:02:00Z"),
        (resolved(), "2024-05-03T19:09:00Z"),
    ] {
        let alert = &alerts(&n)[0];
        assert_eq!(alert["labels"], labels, "{:?}", n.kind);
        assert_eq!(alert["startsAt"], "2024-05-03T18:27:00Z");
        assert_eq!(alert["endsAt"], ends, "{:?}", n.kind);
    }
}

#[test]
fn the_end_also_ends_the_alert_that_it_was_before_its_severity_rose() {
    assert_eq!((alerts(&opened()).len(), alerts(&update()).len()), (1, 1));
    let all = alerts(&resolved());
    assert_eq!(all[1]["labels"]["severity"], "ticket");
    assert_eq!((&all[0]["endsAt"], &all[1]["endsAt"]), (&json!("2024-05-03T19:09:00Z"), &all[0]["endsAt"]));
    let ticket = Notification { severity: Severity::Ticket, ..resolved() };
    assert_eq!(alerts(&ticket).len(), 1, "it never falls");
}

#[test]
fn a_test_is_over_soon() {
    let alert = &alerts(&Notification::test(opened().at, "x"))[0];
    assert_eq!(alert["labels"]["alertname"], "LaunchwatchTest");
    assert_eq!(alert["endsAt"], "2024-05-03T18:34:10Z");
}

fn lost() -> Reply {
    Reply::Lost(Undelivered { step: "connect", detail: "refused".into() })
}

/// What a cluster of two answers, after `settled`, in the order asked.
fn cluster(settled: &[(&str, u16)], answers: &[Reply]) -> Receipt {
    let cluster = built("alertmanager", json!({"urls": [ONE, format!("{TWO}/")]}));
    let settled: Vec<_> = settled.iter().map(|(m, c)| ((*m).to_owned(), *c, String::new())).collect();
    let mut replies: Vec<Reply> = (!settled.is_empty()).then_some(Reply::Mail(settled)).into_iter().collect();
    for answer in answers {
        assert!(matches!(cluster.compose(&opened(), &replies, None), Next::Send(_)), "{replies:?}");
        replies.push(answer.clone());
    }
    done(cluster.compose(&opened(), &replies, None))
}

#[test]
fn every_member_of_a_cluster_is_told_once_and_none_is_waited_for() {
    let ok = || http_reply(200, &[], "");
    let busy = || http_reply(503, &[("retry-after", "7")], "");
    let no = || http_reply(400, &[], "bad");
    let settled = |m: &str, code, said: &str| Settled(vec![(m.to_owned(), code, said.to_owned())]);
    let seven = Some(Duration::from_secs(7));
    assert_eq!(cluster(&[], &[ok(), ok()]), Receipt::Delivered(None));
    assert_eq!(
        cluster(&[], &[lost(), ok()]),
        Receipt::Partly {
            after: None,
            why: format!("{ONE}: connect: refused"),
            settled: settled(TWO, 200, "")
        }
    );
    assert_eq!(
        cluster(&[], &[no(), busy()]),
        Receipt::Partly {
            after: seven,
            why: format!("{TWO}: HTTP 503"),
            settled: settled(ONE, 400, "HTTP 400 bad")
        }
    );
    assert_eq!(
        cluster(&[], &[lost(), busy()]),
        Receipt::Retry { after: seven, why: format!("{ONE}: connect: refused; {TWO}: HTTP 503") }
    );
    assert_eq!(
        cluster(&[], &[no(), no()]),
        Receipt::Refused { why: format!("{ONE}: HTTP 400 bad; {TWO}: HTTP 400 bad") }
    );
    assert_eq!(
        cluster(&[], &[ok(), no()]),
        Receipt::Remarked { message: None, remark: format!("{TWO}: HTTP 400 bad") }
    );
    // The next attempt tells only who is not settled.
    assert_eq!(cluster(&[(TWO, 200)], &[ok()]), Receipt::Delivered(None));
    assert_eq!(cluster(&[(ONE, 200), (TWO, 200)], &[]), Receipt::Delivered(None));
    assert_eq!(cluster(&[("http://gone.example", 200)], &[ok(), ok()]), Receipt::Delivered(None));
}

#[test]
fn they_are_asked_as_who_we_are() {
    for (more, expected) in [
        (json!({}), None),
        (json!({"username": "lw", "password": "pw"}), Some("Basic bHc6cHc=")),
        (json!({"token": "t0k3n"}), Some("Bearer t0k3n")),
    ] {
        let mut settings = more;
        settings["urls"] = json!([TWO]);
        let Next::Send(e) = built("alertmanager", settings).compose(&opened(), &[], None) else { panic!() };
        let crate::Envelope::Http(request) = *e else { panic!() };
        assert_eq!(request.uri().to_string(), format!("{TWO}/api/v2/alerts"));
        assert_eq!(request.headers().get("authorization").map(|v| v.to_str().unwrap()), expected);
    }
}

#[test]
fn settings_that_cannot_work_are_refused() {
    for (settings, path) in [
        (json!({"urls": []}), "urls"),
        (json!({"urls": vec![ONE; 7]}), "urls"),
        (json!({"urls": ["http://u:p@x.example"]}), "urls[0]"),
        (json!({"urls": [ONE, "ftp://x.example"]}), "urls[1]"),
        (json!({"urls": [ONE], "labels": {"1a": "x"}}), "labels.1a"),
        (json!({"urls": [ONE], "labels": {"severity": "x"}}), "labels.severity"),
        (json!({"urls": [ONE], "keep_hours": 0}), "keep_hours"),
        (json!({"urls": [ONE], "username": "x"}), "password"),
        (json!({"urls": [ONE], "password": "x"}), "username"),
        (json!({"urls": [ONE], "username": "x", "password": "y", "token": "z"}), "token"),
    ] {
        assert_eq!(KIND.build(settings.clone()).err().unwrap()[0].path, path, "{settings}");
    }
}
