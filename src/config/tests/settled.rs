//! What the service gets to see of a good file.

use std::time::Duration;

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
    assert_eq!(config.rules, [launchwatch_alerts::Rule::success_zero()]);
    assert_eq!(config.service.listen.to_string(), "127.0.0.1:8480");
    assert_eq!(config.service.state, std::path::Path::new("/nowhere/state"));
}

#[test]
fn everything_that_is_written_arrives() {
    let config = config(include_str!("../../../tests/fixtures/config/good.yaml"));
    insta::assert_debug_snapshot!((&config.service, &config.targets, &config.rules));
    let probes = config.probes.iter().map(|p| {
        let schedule = match &p.schedule {
            Schedule::Every(every) => format!("{every:?}"),
            Schedule::Cron(cron) => format!("{} {}", cron.expression(), cron.time_zone()),
        };
        let (id, deadline, overlap) = (&p.id, p.deadline, p.overlap);
        format!(
            "{id} {} {schedule} {deadline:?} {overlap:?} {:?} {:?}",
            p.kind, p.confirm_after, p.backed_off
        )
    });
    insta::assert_snapshot!(probes.collect::<Vec<_>>().join("\n"));
    let channels: Vec<_> = config.channels.iter().map(|c| (c.name.as_str(), c.kind)).collect();
    assert_eq!(channels, [("ops", "chat"), ("mail", "mail")]);
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
