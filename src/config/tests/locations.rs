//! From where probes look, and what agents are told.

use super::judged;
use crate::config::{Config, RunBy, Severity};

const HEAD: &str = "version: 1\nservice: { location: home }\nagents: [{ name: frankfurt }, { name: oslo, silent_after: 40m }]\n";

fn text(targets: &str) -> String {
    format!("{HEAD}targets:\n{targets}\n")
}

fn config(text: &str) -> Config {
    let (config, problems) = judged(text);
    assert!(problems.iter().all(|p| p.severity == Severity::Warning), "{problems:#?}");
    config.unwrap()
}

fn told(text: &str) -> Vec<String> {
    judged(text).1.iter().map(|p| format!("{}: {}", p.path, p.what)).collect()
}

const THREE: &str = "  - name: hub
    url: https://hub.example.org
    labels: { a: b }
    locations: [home, frankfurt]
    probes:
      - web
      - { type: start-server, spec: gh/a/b/c, locations: [frankfurt, oslo], every: 5m }
  - name: other
    url: https://other.example.org
    depends_on: [hub]
    probes: [{ type: web, name: page }]";

#[test]
fn a_probe_is_there_once_for_each_place_it_looks_from() {
    let config = config(&text(THREE));
    let seen: Vec<String> = config
        .probes
        .iter()
        .map(|p| match &p.by {
            RunBy::Us => format!("{} by us", p.id),
            RunBy::Agent(name) => format!("{} by {name}", p.id),
            RunBy::Others => format!("{} by others", p.id),
        })
        .collect();
    assert_eq!(
        seen,
        [
            "hub/web by us",
            "hub/web@frankfurt by frankfurt",
            "hub/start-server@frankfurt by frankfurt",
            "hub/start-server@oslo by oslo",
            "other/page by us",
        ]
    );
    let times: Vec<u64> = config.agents.iter().map(|a| a.silent_after.as_secs()).collect();
    assert_eq!(times, [180, 2_400]);
}

#[test]
fn an_agent_is_told_its_probes_as_they_were_written_and_no_more() {
    let config = config(&text(THREE));
    let plans: Vec<String> = config.agents.iter().map(|a| a.configuration.to_string()).collect();
    let hub = r#""name":"hub","probes""#;
    let launch = r#"{"every":"5m","spec":"gh/a/b/c","type":"start-server"}"#;
    let url = r#""url":"https://hub.example.org""#;
    assert_eq!(
        plans,
        [
            format!(r#"{{"targets":[{{{hub}:["web",{launch}],{url}}}],"version":1}}"#),
            format!(r#"{{"targets":[{{{hub}:[{launch}],{url}}}],"version":1}}"#),
        ]
    );
    for plan in plans {
        let (read, problems) = judged(&plan);
        assert!(problems.iter().all(|p| p.severity == Severity::Warning), "{problems:#?}");
        assert!(read.unwrap().probes.iter().all(|p| p.by == RunBy::Us));
    }
}

#[test]
fn the_version_of_a_plan_changes_with_what_is_in_it_and_with_nothing_else() {
    let versions = |text: &str| config(text).agents.iter().map(|a| a.version.clone()).collect::<Vec<_>>();
    let first = versions(&text(THREE));
    assert_ne!(first[0], first[1]);
    assert_eq!(first, versions(&text(&THREE.replace("page", "site"))), "what is not its own");
    let changed =
        versions(&text(&THREE.replace("[frankfurt, oslo], every: 5m", "[frankfurt, oslo], every: 6m")));
    assert!(first[0] != changed[0] && first[1] != changed[1]);
}

#[test]
fn secrets_of_what_only_others_run_are_theirs_and_travel_as_references() {
    let probes = |locations: &str| {
        let probe = format!("{{ type: web, token: env:ELSEWHERE, locations: [{locations}] }}");
        text(&format!("  - {{ name: hub, url: \"https://h.example.org\", probes: [{probe}] }}"))
    };
    let config = config(&probes("frankfurt"));
    assert!(config.agents[0].configuration.to_string().contains(r#""token":"env:ELSEWHERE""#));
    let here = told(&probes("frankfurt, home"));
    assert!(here.iter().any(|p| p.contains("`ELSEWHERE` is not set")), "{here:?}");
    let plain = told(&probes("frankfurt").replace("env:ELSEWHERE", "t0k3n"));
    assert!(plain.iter().any(|p| p.contains("secrets are not written into the file")), "{plain:?}");
}

#[test]
fn what_cannot_be_meant_is_told() {
    let with = |locations: &str| {
        let target = "name: hub, url: \"https://h.example.org\", probes: [web]";
        text(&format!("  - {{ {target}, locations: {locations} }}"))
    };
    let idle = |name: &str| format!("agents: nothing is looked at from `{name}`");
    for (text, expected) in [
        (with("[home, frankfurt, oslo]"), vec![]),
        (with("[home]"), vec![idle("frankfurt"), idle("oslo")]),
        (with("[oslo, frankfrut]"), vec!["targets[0].locations[1]: there is no location `frankfrut`".into()]),
        (with("[frankfurt, oslo, oslo]"), vec!["targets[0].locations[2]: `oslo` is named twice".into()]),
        (with("[]"), vec!["targets[0].locations: nobody would look at it: the list is empty".into()]),
        (
            with("[oslo, frankfurt]").replace("40m", "1s"),
            vec!["agents[1].silent_after: 1s is not between 30s and 32d".into()],
        ),
        (
            with("[oslo, frankfurt]").replace("location: home", "location: oslo"),
            vec!["agents[1].name: `oslo` is the place from which this process looks".into()],
        ),
    ] {
        let found = told(&text);
        let found: Vec<_> = found.iter().filter(|p| !p.contains("nobody will be told")).collect();
        for wanted in &expected {
            assert!(found.contains(&wanted), "{wanted}\n{found:#?}");
        }
        assert!(!expected.is_empty() || found.is_empty(), "{found:#?}");
    }
    let hint = judged(&with("[oslo, frankfrut]")).1.iter().map(|p| p.hint.clone()).collect::<String>();
    assert!(hint.contains("did you mean `frankfurt`?"), "{hint}");
}

#[test]
fn a_quorum_that_can_never_be_is_doubted_and_one_that_can_is_not() {
    let rules =
        |quorum: u32, of: &str| format!("{}rules:\n  - {{ name: r, quorum: {quorum}{of} }}\n", text(THREE));
    for (text, expected) in [
        (rules(2, ", targets: [hub]"), None),
        (rules(3, ", targets: [hub]"), Some("3 locations never agree: there are 2 at most")),
        (rules(2, ", targets: [other]"), Some("2 locations never agree: there is only one")),
        (rules(2, ""), Some("2 locations never agree about what fewer look at (1)")),
    ] {
        let found = told(&text);
        let found: Vec<_> = found.iter().filter(|p| p.contains("quorum")).collect();
        assert_eq!(found.len(), usize::from(expected.is_some()), "{found:?}");
        assert!(expected.is_none_or(|words| found[0].ends_with(words)), "{found:?}");
    }
}
