use serde_json::{Value, json};

use super::*;
use crate::conformance::fixture::{built, done, example, opened};

fn order(n: &Notification) -> Order {
    let Next::Send(e) = example("command").compose(n, &[], None) else { panic!("done") };
    match *e {
        Envelope::Command(order) => order,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_program_reads_the_notification_and_finds_the_rest_in_its_environment() {
    let order = order(&opened());
    assert_eq!(order.argv, ["/usr/local/bin/page-the-team", "--quietly"]);
    let read: Value = serde_json::from_slice(&order.stdin).unwrap();
    assert_eq!((&read["version"], &read["kind"]), (&json!(1), &json!("opened")));
    let env: BTreeMap<String, String> = order.env.into_iter().collect();
    let expected = [
        ("LAUNCHWATCH_ID", "mybinder-20240503-1"),
        ("LAUNCHWATCH_INCIDENT", "mybinder-20240503"),
        ("LAUNCHWATCH_KIND", "opened"),
        ("LAUNCHWATCH_SEVERITY", "page"),
        ("LAUNCHWATCH_TARGET", "mybinder"),
        ("LAUNCHWATCH_TITLE", "mybinder: nobody can launch since 18:27 UTC (2 min)"),
        ("TEAM_TOKEN", "example-0000"),
    ];
    assert_eq!(env, expected.map(|(n, v)| (n.to_owned(), v.to_owned())).into());
}

#[test]
fn the_exit_code_decides() {
    let read = |code, said: &str| {
        done(example("command").compose(&opened(), &[Reply::Command { code, said: said.into() }], None))
    };
    let retry = |why: &str| Receipt::Retry { after: None, why: why.into() };
    assert_eq!(read(Some(0), "all well"), Receipt::Delivered(None));
    assert_eq!(read(Some(75), "line busy\n"), retry("exit code 75 (try later): line busy"));
    assert_eq!(read(None, ""), retry("ended by a signal"));
    assert_eq!(read(Some(1), "a\nb\nc\nd\n"), Receipt::Refused { why: "exit code 1: b c d".into() });
    assert_eq!(read(Some(127), ""), Receipt::Refused { why: "exit code 127".into() });
}

#[test]
fn the_courier_waits_longer_than_the_program_may_take() {
    let slow = built("command", json!({"command": ["x"], "time_limit_seconds": 60}));
    assert_eq!(slow.time_limit(), Duration::from_secs(65));
}

#[test]
fn settings_that_cannot_work_are_refused() {
    for (settings, path) in [
        (json!({"command": []}), "command"),
        (json!({"command": [" "]}), "command"),
        (json!({"command": ["page --now"]}), "command"),
        (json!({"command": ["a", "b\u{0}c"]}), "command"),
        (json!({"command": ["a"], "secrets": {"PATH": "x"}}), "secrets.PATH"),
        (json!({"command": ["a"], "secrets": {"LAUNCHWATCH_ID": "x"}}), "secrets.LAUNCHWATCH_ID"),
        (json!({"command": ["a"], "secrets": {"a=b": "x"}}), "secrets.a=b"),
        (json!({"command": ["a"], "time_limit_seconds": 0}), "time_limit_seconds"),
        (json!({"command": ["a"], "time_limit_seconds": 301}), "time_limit_seconds"),
    ] {
        assert_eq!(KIND.build(settings.clone()).err().unwrap()[0].path, path, "{settings}");
    }
}
