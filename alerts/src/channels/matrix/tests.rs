use std::time::Duration;

use super::*;
use crate::conformance::fixture::{
    body, built, done, example, good, http_reply, opened, resolved, thread, update,
};

fn path(next: Next) -> String {
    match next {
        Next::Send(e) => match *e {
            crate::Envelope::Http(r) => r.uri().path().to_owned(),
            other => panic!("{other:?}"),
        },
        Next::Done(r) => panic!("done: {r:?}"),
    }
}

#[test]
fn the_room_is_joined_and_the_same_notification_is_the_same_transaction() {
    let matrix = example("matrix");
    assert_eq!(path(matrix.compose(&opened(), &[], None)), "/_matrix/client/v3/join/%23ops:example.org");
    let sent = path(matrix.compose(&opened(), &[good()], None));
    assert_eq!(
        sent,
        "/_matrix/client/v3/rooms/!room:example.org/send/m.room.message/launchwatch-mybinder-20240503-1"
    );
    assert_eq!(sent, path(example("matrix").compose(&opened(), &[good()], None)));
    assert_ne!(sent, path(matrix.compose(&update(), &[good()], None)));
}

#[test]
fn a_base_path_of_the_homeserver_is_kept() {
    let settings =
        json!({"homeserver": "https://example.org/chat/", "access_token": "x", "room": "!a b:example.org"});
    let next = built("matrix", settings).compose(&opened(), &[], None);
    assert_eq!(path(next), "/chat/_matrix/client/v3/join/!a%20b:example.org");
}

#[test]
fn a_limit_is_waited_out_as_the_server_says() {
    let matrix = example("matrix");
    let limited = r#"{"errcode":"M_LIMIT_EXCEEDED","error":"Too Many Requests","retry_after_ms":4500}"#;
    for (headers, expected) in
        [(&[][..], 4500), (&[("retry-after", "5")][..], 5000), (&[("retry-after", "2")], 4500)]
    {
        for before in [vec![], vec![good()]] {
            let replies = [before, vec![http_reply(429, headers, limited)]].concat();
            let why = "HTTP 429 M_LIMIT_EXCEEDED Too Many Requests".to_owned();
            let after = Some(Duration::from_millis(expected));
            assert_eq!(done(matrix.compose(&opened(), &replies, None)), Receipt::Retry { after, why });
        }
    }
}

#[test]
fn a_closed_room_or_a_dead_token_is_refused_with_a_hint() {
    let matrix = example("matrix");
    for (status, errcode, words) in [
        (403, "M_FORBIDDEN", "invite it"),
        (401, "M_UNKNOWN_TOKEN", "access token"),
        (404, "M_NOT_FOUND", "no such room"),
    ] {
        let fault = json!({"errcode": errcode, "error": "no"}).to_string();
        match done(matrix.compose(&opened(), &[http_reply(status, &[], &fault)], None)) {
            Receipt::Refused { why } => assert!(why.contains(words) && why.contains(errcode), "{why}"),
            other => panic!("{other:?}"),
        }
    }
    let proxy = done(matrix.compose(&opened(), &[http_reply(200, &[], "<html>")], None));
    assert!(matches!(proxy, Receipt::Retry { .. }), "{proxy:?}");
}

#[test]
fn the_end_is_told_in_the_thread_and_shown_in_the_room() {
    let (matrix, root, n) = (example("matrix"), thread("matrix"), resolved());
    let compose = |steps: usize| matrix.compose(&n, &vec![good(); steps], root.as_ref());
    assert_eq!(body(compose(1))["m.relates_to"]["rel_type"], "m.thread");
    assert_eq!(body(compose(1))["m.relates_to"]["event_id"], "$first");
    assert!(path(compose(2)).ends_with("launchwatch-mybinder-20240503-3-edit"));
    assert_eq!(body(compose(2))["m.relates_to"], json!({"rel_type": "m.replace", "event_id": "$first"}));
    assert!(body(compose(2))["m.new_content"]["body"].as_str().unwrap().contains("works again"));
    assert_eq!(done(compose(3)), Receipt::Delivered(root.clone()));

    let forbidden = http_reply(403, &[], r#"{"errcode":"M_FORBIDDEN","error":"no edits"}"#);
    match done(matrix.compose(&n, &[good(), good(), forbidden], root.as_ref())) {
        Receipt::Remarked { message, remark } => {
            assert!(message == root && remark.contains("no edits"), "{remark}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_thread_of_another_room_is_not_continued() {
    let matrix = example("matrix");
    let elsewhere = MessageRef("!other:example.org $x".into());
    assert!(body(matrix.compose(&resolved(), &[good()], Some(&elsewhere))).get("m.relates_to").is_none());
    let receipt = done(matrix.compose(&resolved(), &[good(), good()], Some(&elsewhere)));
    assert_eq!(receipt, Receipt::Delivered(Some(MessageRef("!room:example.org $first".into()))));
}

#[test]
fn a_room_name_of_the_old_gitter_is_refused_with_the_new_form() {
    let settings =
        json!({"homeserver": "https://gitter.ems.host", "access_token": "x", "room": "jupyterhub/binder"});
    let problems = KIND.build(settings).err().unwrap();
    assert_eq!(problems[0].path, "room");
    assert!(problems[0].hint.contains("#org_room:gitter.im"));
}

#[test]
fn a_room_is_listened_to_unless_that_is_not_wanted() {
    let settings = |acknowledge: &str| json!({"homeserver": "https://matrix.example.org", "access_token": "syt_1", "room": "#ops:example.org", "acknowledge": acknowledge});
    let ears = |channel: &dyn Channel| channel.ears().map(|e| format!("{e:?}"));
    let listens = Some("MatrixSync(#ops:example.org on https://matrix.example.org/)".to_owned());
    assert_eq!(ears(&*example("matrix")), listens);
    assert_eq!(ears(&*built("matrix", settings("reactions"))), listens);
    assert_eq!(ears(&*built("matrix", settings("none"))), None);
    assert!(KIND.build(settings("loudly")).is_err());
}
