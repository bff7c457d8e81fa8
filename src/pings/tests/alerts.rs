use launchwatch_probes::{AlertTerms, Reason, Verdict};
use regex::Regex;

use super::super::alerts::Book;
use super::super::told::{of_prometheus, of_webhook};
use super::*;
use crate::scheduler::Timetable;

fn book(since: i64) -> Book {
    let terms = AlertTerms {
        key: "0123456789abcdef".to_owned().into(),
        matches: vec![("namespace".into(), Regex::new("^(?:hub)$").unwrap())],
        watchdog: Some("Watchdog".into()),
        silent_after: secs(900),
        forget_after: secs(86_400),
    };
    Book::new(terms, Timetable::new(Schedule::Every(secs(60)), &ProbeId::new("hub", "alerts")), at(since))
}

/// What Alertmanager posts about alerts: name, namespace, status.
fn webhook(alerts: &[(&str, &str, &str)]) -> String {
    let alert = |(name, namespace, status): &(&str, &str, &str)| {
        serde_json::json!({
            "status": status,
            "labels": {"alertname": name, "namespace": namespace, "severity": "critical"},
            "annotations": {"summary": format!("{name} says\u{1b}[31m so")},
            "startsAt": "2018-07-07T12:00:00.123Z", "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus/graph?g0.expr=x", "fingerprint": "00",
        })
    };
    let alerts: Vec<_> = alerts.iter().map(alert).collect();
    serde_json::json!({
        "version": "4", "groupKey": "{}", "truncatedAlerts": 0, "status": "firing", "receiver": "launchwatch",
        "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://am", "alerts": alerts,
    })
    .to_string()
}

/// Tells it, and has it written down.
fn tell(book: &mut Book, second: i64, alerts: &[(&str, &str, &str)]) -> Option<Outcome> {
    let told = of_webhook(webhook(alerts).as_bytes()).unwrap();
    hear(book, second, &told)
}

fn hear(book: &mut Book, second: i64, told: &[super::super::Alert]) -> Option<Outcome> {
    let (found, later) = book.told(told, at(second));
    let one = found.map(seen);
    one.iter().for_each(|one| book.saw(one));
    book.become_so(later);
    one.map(|one| one.outcome)
}

fn look(book: &mut Book, second: i64) -> Vec<Outcome> {
    let mut all = Vec::new();
    while let Some(found) = book.due(at(second)) {
        let one = seen(found);
        book.saw(&one);
        all.push(one.outcome);
    }
    all
}

#[test]
fn it_fails_while_any_that_matches_fires_and_names_them() {
    let mut book = book(0);
    let first =
        tell(&mut book, 1, &[("HubDown", "hub", "firing"), ("Other", "elsewhere", "firing")]).unwrap();
    assert_eq!((first.verdict, first.reason), (Verdict::Failed, Some(Reason::Reported)));
    assert_eq!(
        first.summary,
        "HubDown{namespace=\"hub\", severity=\"critical\"} since 2018-07-07 12:00:00 UTC: HubDown says [31m so"
    );
    assert_eq!(tell(&mut book, 2, &[("HubDown", "hub", "firing")]), None, "nothing new");
    let both = tell(&mut book, 3, &[("Full", "hub", "firing")]).unwrap();
    assert_eq!((both.summary.as_str(), both.evidence.len()), ("2 alerts fire: Full, HubDown", 2));
    let one = tell(&mut book, 4, &[("HubDown", "hub", "resolved")]).unwrap();
    assert!(one.verdict == Verdict::Failed && one.summary.starts_with("Full{"), "{}", one.summary);
    let none = tell(&mut book, 5, &[("Full", "hub", "resolved")]).unwrap();
    assert_eq!((none.verdict, none.measurements[0].value), (Verdict::Passed, 0.0));
}

#[test]
fn an_alert_of_prometheus_is_over_when_its_end_has_passed_without_a_repeat() {
    let mut book = book(0);
    let alert = |ends: i64| {
        let text = serde_json::json!([{
            "labels": {"alertname": "HubDown", "namespace": "hub"}, "annotations": {},
            "startsAt": at(0).to_string(), "endsAt": at(ends).to_string(), "generatorURL": "x",
        }]);
        text.to_string()
    };
    let mut told =
        |second, ends| hear(&mut book, second, &of_prometheus(alert(ends).as_bytes(), at(second)).unwrap());
    assert_eq!(told(1, 240).unwrap().verdict, Verdict::Failed);
    assert_eq!(told(60, 300), None);
    assert!(look(&mut book, 299).iter().all(|o| o.verdict == Verdict::Failed));
    assert_eq!(book.next(), Some(at(300)));
    assert_eq!(look(&mut book, 300)[0].verdict, Verdict::Passed);
    let mut told =
        |second, ends| hear(&mut book, second, &of_prometheus(alert(ends).as_bytes(), at(second)).unwrap());
    assert_eq!(told(400, 600).unwrap().verdict, Verdict::Failed, "it comes back");
    assert_eq!(told(420, 410).unwrap().verdict, Verdict::Passed, "and says itself that it is over");
}

#[test]
fn a_watchdog_that_falls_silent_is_a_failure_and_is_told_once_it_is_back() {
    let mut book = book(0);
    assert_eq!(tell(&mut book, 5, &[("Watchdog", "elsewhere", "firing")]).unwrap().verdict, Verdict::Passed);
    assert!(look(&mut book, 904).iter().all(|o| o.verdict == Verdict::Passed));
    let silent = look(&mut book, 905).pop().unwrap();
    assert_eq!((silent.verdict, silent.reason), (Verdict::Failed, Some(Reason::Silent)));
    assert!(silent.summary.contains("Watchdog") && silent.summary.contains("15m"), "{}", silent.summary);
    let back = tell(&mut book, 1_000, &[("Watchdog", "elsewhere", "firing")]).unwrap();
    assert_eq!(back.verdict, Verdict::Passed);
}

#[test]
fn after_a_restart_what_fired_still_fires_and_can_end() {
    let mut before = book(0);
    let told = tell(&mut before, 1, &[("HubDown", "hub", "firing"), ("Full", "hub", "firing")]).unwrap();
    let mut after = book(100);
    after.learn(&seen((at(1), told)));
    after.forgive(at(100));
    let still = look(&mut after, 200).pop().unwrap();
    assert_eq!(still.summary, "2 alerts fire: Full, HubDown");
    tell(&mut after, 201, &[("HubDown", "hub", "resolved")]).unwrap();
    let none = tell(&mut after, 202, &[("Full", "hub", "resolved")]).unwrap();
    assert_eq!(none.verdict, Verdict::Passed);
}

#[test]
fn what_alertmanager_has_not_repeated_for_a_day_is_over() {
    let mut book = book(0);
    tell(&mut book, 1, &[("HubDown", "hub", "firing"), ("Watchdog", "x", "firing")]).unwrap();
    assert!(look(&mut book, 86_400).last().unwrap().summary.contains("HubDown"));
    assert_eq!(
        look(&mut book, 86_401).last().unwrap().reason,
        Some(Reason::Silent),
        "only the watchdog is missing"
    );
}

#[test]
fn thousands_of_alerts_are_bounded_and_hostile_letters_are_refused_without_an_echo() {
    let mut book = book(0);
    let names: Vec<String> = (0..5_000).map(|n| format!("A{n}\u{0}{}", "x".repeat(900))).collect();
    let many: Vec<(&str, &str, &str)> = names.iter().map(|n| (n.as_str(), "hub", "firing")).collect();
    let seen = tell(&mut book, 1, &many).unwrap();
    assert_eq!(seen.measurements[0].value, 500.0);
    assert!(serde_json::to_vec(&seen).unwrap().len() < 64 << 10);
    for wrong in [
        "",
        "null",
        "{}",
        "[]",
        r#"{"version":"3","alerts":[]}"#,
        r#"{"version":"4","alerts":[{"labels":"s3cret"}]}"#,
    ] {
        let why = of_webhook(wrong.as_bytes()).unwrap_err().to_string();
        assert!(!why.contains("s3cret"), "{why}");
    }
    let deep = "[".repeat(100_000);
    assert!(of_prometheus(deep.as_bytes(), at(0)).is_err());
    assert!(of_prometheus(&[0xff, 0xfe, 0x00], at(0)).is_err());
}
