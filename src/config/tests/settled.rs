//! What the service gets to see of a good file.

use std::time::Duration;

use launchwatch_alerts::{Rule, SeriesId, Severity, When};
use secrecy::ExposeSecret;

use super::judged;
use crate::config::{Config, Overlap, Schedule};

fn config(text: &str) -> Config {
    let (config, problems) = judged(text);
    assert!(problems.iter().all(|p| p.severity == crate::config::Severity::Warning), "{problems:#?}");
    config.unwrap()
}

/// A file with one probe.
fn probe(keys: &str) -> String {
    format!("version: 1\ntargets:\n  - name: hub\n    url: https://hub.example.org\n    probes: [{keys}]\n")
}

#[test]
fn five_lines_suffice() {
    let text = include_str!("../../../tests/fixtures/config/good-smallest.yaml");
    assert_eq!(text.lines().count(), 5);
    let config = config(text);
    let probe = config.probes.first().unwrap();
    assert_eq!((probe.id.as_str(), probe.kind, probe.launches), ("hub/web", "web", false));
    let rules: Vec<&str> = config.rules.iter().map(|r| r.name.as_str()).collect();
    assert_eq!(
        rules,
        [
            "endpoint-down",
            "mostly-failing",
            "often-failing",
            "observability-gap",
            "ourselves",
            "ourselves-later"
        ]
    );
    assert_eq!(config.service.listen.to_string(), "127.0.0.1:8480");
    assert_eq!(config.service.state, std::path::Path::new("/nowhere/state"));
}

#[test]
fn everything_that_is_written_arrives() {
    let config = config(include_str!("../../../tests/fixtures/config/good.yaml"));
    insta::assert_debug_snapshot!((&config.service, &config.targets, &config.rules));
    insta::assert_debug_snapshot!(config.policy);
    let url = config.service.dead_man.as_ref().map(|d| d.url.expose_secret().to_owned());
    assert_eq!(url.as_deref(), Some("https://dead.example.org/s3cr3t"));
    let probes = config.probes.iter().map(|p| {
        let schedule = match &p.schedule {
            Schedule::Every(every) => format!("{every:?}"),
            Schedule::Cron(cron) => format!("{} {}", cron.expression(), cron.time_zone()),
        };
        let (id, deadline, overlap) = (&p.id, p.deadline, p.overlap);
        format!(
            "{id} {} {schedule} {deadline:?} {overlap:?} {:?} {:?} {:?}",
            p.kind, p.confirm_after, p.backed_off, p.patience
        )
    });
    insta::assert_snapshot!(probes.collect::<Vec<_>>().join("\n"));
    let channels: Vec<_> = config
        .channels
        .iter()
        .map(|c| (c.name.as_str(), c.kind, c.fallback.as_deref(), c.per_minute))
        .collect();
    assert_eq!(
        channels,
        [
            ("ops", "chat", Some("mail"), 30),
            ("mail", "mail", None, 20),
            ("anna-mail", "mail", None, 20),
            ("ben-mail", "mail", None, 20)
        ]
    );
}

#[test]
fn defaults_shrink_to_fit_the_interval() {
    for (keys, deadline, confirm_after) in [
        ("web", 10_000, 2_000),
        ("{type: web, every: 5s}", 5_000, 2_000),
        ("{type: web, every: 1s}", 1_000, 500),
        ("{type: web, every: 1s, deadline: 900ms}", 900, 500),
        ("{type: web, every: 1s, deadline: 9s, overlap: queue}", 9_000, 500),
        ("{type: web, every: 1s, confirm_after: 3s}", 1_000, 3_000),
        ("{type: web, cron: '* * * * *'}", 10_000, 2_000),
        ("{type: start-server, spec: a/b/c/d}", 120_000, 15_000),
        ("{type: start-server, spec: a/b/c/d, every: 20s}", 20_000, 10_000),
        ("{type: start-server, spec: a/b/c/d, cron: '*/5 * * * *'}", 120_000, 15_000),
    ] {
        let config = config(&probe(keys));
        let probe = config.probes.first().unwrap();
        let found = (probe.deadline, probe.confirm_after);
        assert_eq!(found, (Duration::from_millis(deadline), Duration::from_millis(confirm_after)), "{keys}");
        assert_eq!(probe.overlap == Overlap::Queue, keys.contains("queue"));
    }
}

#[test]
fn a_gap_that_only_the_change_of_clocks_makes_counts() {
    // 01:00 and 04:00 in Berlin are three hours apart on every day but one in March.
    let (_, problems) =
        judged(&probe("{type: web, cron: '0 1,4 * * *', time_zone: Europe/Berlin, deadline: 150m}"));
    let said = problems.iter().find(|p| p.path.ends_with("deadline")).map(|p| p.what.as_str());
    assert_eq!(said, Some("a deadline of 2h 30m is longer than the 2h between two times of `cron`"));
}

#[test]
fn an_alias_stands_for_what_it_names() {
    let config = config(
        "version: 1\ntargets:\n- {name: a, url: 'https://a.org', probes: &p [web]}\n- {name: b, url: 'https://b.org', probes: *p}\n",
    );
    let ids: Vec<_> = config.probes.iter().map(|p| p.id.as_str()).collect();
    assert_eq!(ids, ["a/web", "b/web"]);
}

/// A file with hubs, of which one launches what must be built first, and without rules.
const HUBS: &str = "version: 1
targets:
- {name: a, url: 'https://a.org', probes: [web, {type: start-server, name: launch, spec: a/b/c/d}]}
- {name: b, url: 'https://b.org', probes: [web, {type: start-server, name: launch, spec: a/b/c/d, mode: fresh}]}
";

#[test]
fn without_rules_the_built_in_ones_are_about_what_is_there() {
    // The kind of these tests knows no mode; that it is refused does not matter here.
    let (config, _) = judged(HUBS);
    let said: Vec<String> = config.unwrap().rules.iter().map(line).collect();
    assert_eq!(
        said,
        [
            "endpoint-down a,b */web page failures 60s 0s",
            "launch-success-zero a,b a/launch page failures 60s 0s",
            "launch-mostly-failing a,b */launch page failures_of 0s 0s",
            "launch-success-degraded a,b */launch ticket failures_of 300s 300s",
            "launch-latency-high a,b a/launch ticket slow 0s 0s",
            "build-success-zero a,b b/launch page failures 0s 0s",
            "quota-refuses-launches a,b */launch page failures 0s 0s",
            "mostly-failing a,b */web page failures_of 0s 0s",
            "often-failing a,b */web ticket failures_of 900s 300s",
            "tls-expiry a,b */launch ticket threshold 0s 0s",
            "tls-expires a,b */launch page threshold 0s 0s",
            "observability-gap a,b  ticket no_data 0s 0s",
            "ourselves launchwatch  page failures 0s 0s",
            "ourselves-later launchwatch  ticket failures 0s 0s",
        ]
    );
}

fn line(rule: &Rule) -> String {
    let (targets, series) = (rule.of.targets.join(","), rule.of.series.join(","));
    let Rule { name, severity, when, hold, keep, .. } = rule;
    format!(
        "{name} {targets} {series} {} {} {}s {}s",
        severity.as_str(),
        when.as_str(),
        hold.as_secs(),
        keep.as_secs()
    )
}

#[test]
fn conditions_have_defaults_that_hold_and_end() {
    for (written, expected) in [
        ("failures_of: {}", When::FailuresOf { failures: 3, of: 10, recover: 1 }),
        ("no_data: {}", When::NoData { intervals: 3 }),
        (
            "changed: {of: version}",
            When::Changed { of: "version".into(), tell_for: Duration::from_secs(3_600) },
        ),
        (
            "success_ratio: {below: 0}",
            When::SuccessRatio { below: 0.0, over: Duration::from_secs(3_600), at_least: 10, recover: 0.5 },
        ),
        (
            "latency: {above: 10s}",
            When::Latency {
                stage: None,
                quantile: 0.95,
                above: Duration::from_secs(10),
                recover: Duration::from_secs(8),
                over: Duration::from_secs(3_600),
                at_least: 10,
            },
        ),
        (
            "burn_rate: {objective: 0.99}",
            When::BurnRate {
                objective: 0.99,
                windows: launchwatch_alerts::BurnWindow::PAGING.to_vec(),
                at_least: 3,
            },
        ),
    ] {
        let config = config(&format!("{}rules: [{{name: x, when: {{ {written} }} }}]\n", probe("web")));
        assert_eq!(config.rules.first().map(|r| &r.when), Some(&expected), "{written}");
    }
}

#[test]
fn a_rule_about_everything_is_not_about_launchwatch_itself() {
    for written in ["", ", targets: ['*']", ", types: [web]", ", probes: ['*']"] {
        let config = config(&format!("{}rules: [{{name: x{written}}}]\n", probe("web")));
        let [rule, own, _] = config.rules.as_slice() else { panic!("{:?}", config.rules) };
        let series =
            |target: &str| SeriesId { target: target.into(), probe: "web".into(), location: "here".into() };
        let series = |target: &str, probe: &str| SeriesId { probe: probe.into(), ..series(target) };
        let (hub, ours) = (series("hub", "web"), series("launchwatch", "network"));
        let matched = [rule, own].map(|r| (r.of.matches(&hub), r.of.matches(&ours)));
        assert_eq!(matched, [(true, false), (false, true)], "{written}");
        assert_eq!((own.severity, own.hold), (Severity::Page, Duration::ZERO));
    }
}

#[test]
fn what_no_route_is_about_goes_to_the_channels_that_are_nobodys() {
    let file = |rest: &str| {
        let mail = "- {type: mail, name: a, to: [a@x]}\n- {type: mail, name: b, to: [b@x]";
        format!("{}channels:\n{mail}{rest}", probe("web"))
    };
    for (rest, expected) in [
        ("}\n", &["a", "b"][..]),
        (", fallback: a}\n", &["b"]),
        ("}\npeople: [{name: x, channels: [b]}]\n", &["a"]),
        ("}\npeople: [{name: x, channels: [b, a]}]\n", &["a", "b"]),
    ] {
        assert_eq!(config(&file(rest)).policy.channels, expected, "{rest}");
    }
}

#[test]
fn launches_are_judged_while_they_run_unless_told_otherwise() {
    for (keys, patience) in [
        ("web", None),
        ("{type: start-server, spec: a/b/c/d}", Some(1.5)),
        ("{type: start-server, spec: a/b/c/d, patience: 3}", Some(3.0)),
        ("{type: start-server, spec: a/b/c/d, patience: off}", None),
    ] {
        assert_eq!(config(&probe(keys)).probes.first().and_then(|p| p.patience), patience, "{keys}");
    }
}
