//! The built-in rules over types that look into a cluster, and what a rule can say besides its condition.

use std::time::Duration;

use launchwatch_alerts::{Guard, Rule, Severity, Side, When};
use launchwatch_probes::{Cadence, Kind, Refused, Spec};
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::kinds::Nothing;
use super::{environment, judged};
use crate::config::secret::Vault;
use crate::config::source::Source;
use crate::config::{Config, Registries, judge};

/// Looks at something.
#[derive(Deserialize, JsonSchema)]
struct Look {}

impl Spec for Look {
    type Probe = Nothing;

    fn build(self, _: &Url) -> Result<Nothing, Vec<Refused>> {
        Ok(Nothing)
    }
}

const fn kind(name: &'static str) -> Kind {
    let cadence = Cadence { every: Duration::from_secs(30), deadline: Duration::from_secs(20) };
    Kind::of::<Look>(name, "Looks.", &[], cadence, "")
}

const CLUSTER: Registries = Registries {
    probes: &[
        kind("http"),
        kind("binderhub-health"),
        kind("jupyterhub-servers"),
        kind("kubernetes").measuring(&[
            "waiting_for_room",
            "placeholders_*",
            "component*",
            "quota_*",
            "events_*",
        ]),
        kind("kubernetes-logs").measuring(&["logs_readable"]),
        kind("hub-drift").measuring(&["drift_*"]),
        kind("federation"),
        kind("prometheus").measuring(&["*"]),
    ],
    channels: &[],
};

fn of_cluster(kinds: &[&str]) -> Vec<Rule> {
    let text = format!(
        "version: 1\ntargets: [{{name: hub, url: 'https://hub.example.org', probes: [{}]}}]\n",
        kinds.join(", ")
    );
    let sources = [Source { name: "config.yaml".to_owned(), text }];
    let vault = Vault { env: &environment, base: std::path::Path::new("/nowhere") };
    judge(&sources, CLUSTER, vault).0.unwrap().rules
}

/// Names and alerts of the rules about one probe, those about everything left out.
fn about(rules: &[Rule], probe: &str) -> Vec<String> {
    let mine = rules.iter().filter(|r| r.of.series.iter().any(|s| s == &format!("hub/{probe}")));
    let loud = |r: &Rule| if r.severity == Severity::Page { "!" } else { "" };
    mine.map(|r| {
        format!(
            "{}{}",
            if r.name == r.alert { r.name.clone() } else { format!("{} as {}", r.name, r.alert) },
            loud(r)
        )
    })
    .collect()
}

#[test]
fn each_type_is_judged_by_what_it_can_tell() {
    let kinds: Vec<&str> = CLUSTER.probes.iter().map(|k| k.name).collect();
    let rules = of_cluster(&kinds);
    for (probe, expected) in [
        ("http", &["endpoint-down!", "mostly-failing!", "often-failing"][..]),
        (
            "binderhub-health",
            &["endpoint-down!", "binder-unhealthy as hub-unhealthy!", "mostly-failing!", "often-failing"],
        ),
        ("jupyterhub-servers", &["hub-unhealthy!", "mostly-failing!", "often-failing"]),
        ("hub-drift", &["hub-cluster-drift", "runaway-pods"]),
        ("federation", &["redirector-down as endpoint-down!", "federation-drift"]),
        ("kubernetes-logs", &["log-stream-broken"]),
        (
            "kubernetes",
            &[
                "cluster-capacity",
                "placeholders-waiting as cluster-capacity",
                "node-disk-full as node-unhealthy",
                "node-out-of-memory as node-unhealthy",
                "component-crashloop!",
                "component-unavailable!",
                "quota-blocked!",
                "quota-refuses-pods as quota-blocked!",
            ],
        ),
        ("prometheus", &[]),
    ] {
        assert_eq!(about(&rules, probe), expected, "{probe}");
    }
}

#[test]
fn a_binderhub_that_answers_is_not_down_and_drift_is_no_outage() {
    let rules = of_cluster(&["binderhub-health", "federation"]);
    let counts =
        |name: &str, reason: &str| rules.iter().find(|r| r.name == name).unwrap().counts(Some(reason));
    for (rule, reason, expected) in [
        ("endpoint-down", "unhealthy", false),
        ("endpoint-down", "timeout", true),
        ("binder-unhealthy", "unhealthy", true),
        ("binder-unhealthy", "timeout", false),
        ("redirector-down", "drift", false),
        ("federation-drift", "drift", true),
        ("federation-drift", "connect", false),
    ] {
        assert_eq!(counts(rule, reason), expected, "{rule} {reason}");
    }
}

/// A file with one rule, and what is said of it.
fn ruled(keys: &str) -> (Option<Config>, Vec<String>) {
    let (config, problems) = judged(&format!(
        "version: 1\ntargets:\n- {{name: hub, url: 'https://hub.example.org', probes: [{{type: start-server, spec: a/b/c/d}}]}}\nrules: [{{name: x, {keys}}}]\n"
    ));
    let said = problems.iter().filter(|p| p.severity == crate::config::Severity::Error);
    (config, said.map(|p| format!("{}: {} ({})", p.path, p.what, p.hint)).collect())
}

#[test]
fn a_rule_has_an_alert_reasons_and_a_second_measurement() {
    let keys = "alert: quota-blocked, reasons: [resource_quota, quota], and: {measurement: pods_count, above: 9}, when: {slow: {of: 4, above: 30s}}";
    let (config, said) = ruled(keys);
    assert!(said.is_empty(), "{said:?}");
    let rules = config.unwrap().rules;
    let rule = rules.first().unwrap();
    assert_eq!((rule.alert.as_str(), rule.reasons.len(), rule.not_reasons.len()), ("quota-blocked", 2, 0));
    assert_eq!(rule.guard, Some(Guard { measurement: "pods_count".into(), side: Side::Above, bound: 9.0 }));
    assert_eq!(rule.when, When::Slow { slow: 3, of: 4, above: Duration::from_secs(30), quick: 3 });
}

#[test]
fn what_makes_no_sense_beside_a_condition_is_told() {
    for (keys, expected) in [
        (
            "reasons: [resource_qouta]",
            "rules[0].reasons[0]: no run fails for a reason `resource_qouta` (did you mean `resource_quota`?)",
        ),
        (
            "reasons: [tls], not_reasons: [dns, tls]",
            "rules[0].not_reasons[1]: `tls` is among the reasons that count (keep it in one of the two lists)",
        ),
        ("alert: 'a b'", "rules[0].alert: a name may not hold ' ' (use letters, digits, `.`, `_` and `-`)"),
        ("and: {measurement: pods_count}", "rules[0].and: there is no bound (write `above` or `below`)"),
        (
            "and: {measurement: pod_count, above: 1}",
            "rules[0].and.measurement: none of these probes makes a measurement `pod_count` (did you mean `pods_count`?)",
        ),
        (
            "when: {slow: {slow: 6}}",
            "rules[0].when.slow.slow: there are never 6 slow ones among 5 runs (write at most 5, or a larger `of`)",
        ),
    ] {
        assert_eq!(ruled(keys).1, [expected], "{keys}");
    }
}
