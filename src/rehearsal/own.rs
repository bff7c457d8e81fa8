//! Own: the configuration of a rehearsal without one of the operator's: every kind of probe there is, usual intervals,
//! built-in rules, one channel.

use std::collections::BTreeSet;

use launchwatch_probes::KINDS;
use serde_json::{Map, Value, json};

use super::scenario::{Kind, Scenario};
use super::stage::{Member, Stage};
use crate::config::{self, Config, Problem, Registries};

/// Seconds between cached launches, and between those that build, where the file says nothing.
const CADENCE: (f64, f64) = (60.0, 1_800.0);
/// Seconds that they may take.
const DEADLINE: (f64, f64) = (120.0, 600.0);
/// Launches in flight at a target. One begins whether or not earlier ones are still open, and a hub that is stuck keeps
/// each for twenty minutes.
const IN_FLIGHT: u32 = 30;
/// Secrets whose names begin so are tokens of Hubs, by member.
const TOKEN: &str = "TOKEN_OF_";

/// The configuration for what is on the stage.
///
/// # Errors
/// What is wrong with it: a fault of ours.
pub(super) fn configuration(scenario: &Scenario, stage: &Stage) -> Result<Config, Vec<Problem>> {
    let members = stage.members();
    let mut taken = BTreeSet::new();
    let mut targets: Vec<Value> =
        members.iter().map(|m| target(&name(&m.name, &mut taken), &m.url, probes(scenario, m))).collect();
    if let Some(url) = stage.redirector() {
        let looks = json!({ "members": members.iter().map(|m| json!({
            "name": m.name, "url": m.url, "prime": m.name == scenario.deployment.prime })).collect::<Vec<_>>() });
        let probe = probe("federation", 60.0, looks);
        targets.extend(probe.map(|p| target(&name("federation", &mut taken), &url, vec![p])));
    }
    let in_flight = IN_FLIGHT.saturating_mul(u32::try_from(targets.len()).unwrap_or(1));
    let whole = json!({
        "version": 1,
        "service": { "witnesses": [], "limits": { "launches": in_flight, "launches_per_target": IN_FLIGHT } },
        "targets": targets,
        "channels": [{ "type": "webhook", "name": "people", "url": "env:REHEARSAL" }],
    });
    let secret = |name: &str| match name.strip_prefix(TOKEN) {
        Some(whose) => members.iter().find(|m| m.name == whose).map(|m| m.hub_token.clone()),
        None => Some("http://people.rehearsal/".to_owned()),
    };
    let read = config::load_text(
        "the rehearsal's own configuration",
        &whole.to_string(),
        Registries::BUILT_IN,
        &secret,
    );
    read.map(|(config, _)| config)
}

/// A name that a configuration takes, used once.
fn name(written: &str, taken: &mut BTreeSet<String>) -> String {
    let plain: String = written
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' })
        .collect();
    let mut name = if plain == launchwatch_alerts::OURSELVES { format!("{plain}-hub") } else { plain };
    while !taken.insert(name.clone()) {
        name.push('-');
    }
    name
}

fn target(name: &str, url: &str, probes: Vec<Value>) -> Value {
    json!({ "name": name, "url": url, "probes": probes })
}

fn probes(scenario: &Scenario, member: &Member) -> Vec<Value> {
    let access = member.cluster_context.as_ref().map(|context| json!({ "context": context }));
    let cluster = access.as_ref().map(|access| json!({ "access": access, "namespace": member.namespace }));
    let hub = json!({ "hub_url": member.hub_url, "url": member.hub_url, "hub": member.hub_url,
        "api_token": format!("env:{TOKEN}{}", member.name) });
    let limit = scenario.deployment.node_limit.or_else(|| first_limit(scenario, member));
    let inside = |more: Value| cluster.as_ref().map(|cluster| merged(cluster, &more));
    let mut probes = vec![
        probe("http", 30.0, json!({ "name": "site", "deadline": "10s" })),
        probe("binderhub-health", 30.0, json!({ "name": "health" })),
        launch(scenario, member, Kind::Cached, cluster.as_ref()),
        launch(scenario, member, Kind::Uncached, cluster.as_ref()),
        probe("metrics", 60.0, json!({})),
    ];
    if scenario.hub_api.iter().any(|p| Scenario::concerns(&p.member, &member.name)) {
        probes.push(probe("jupyterhub-servers", 30.0, hub.clone()));
        probes.push(inside(hub).and_then(|settings| probe("hub-drift", 30.0, settings)));
    }
    probes.push(
        inside(json!({ "node_limit": limit.map(f64::round).map(whole) }))
            .and_then(|settings| probe("kubernetes", 30.0, settings)),
    );
    probes.push(inside(json!({})).and_then(|settings| probe("kubernetes-logs", 60.0, settings)));
    probes.into_iter().flatten().collect()
}

/// The limit of nodes that the cluster shows first.
fn first_limit(scenario: &Scenario, member: &Member) -> Option<f64> {
    let of_member = scenario.snapshots.iter().filter(|s| Scenario::concerns(&s.member, &member.name));
    of_member.filter_map(|s| s.nodes?.autoscale_max).next()
}

fn launch(scenario: &Scenario, member: &Member, kind: Kind, cluster: Option<&Value>) -> Option<Value> {
    if !scenario.prober.knows(&member.name, kind) {
        return None;
    }
    let prober = &scenario.prober;
    let (every, deadline, settings) = match kind {
        Kind::Uncached => (
            prober.uncached_cadence.unwrap_or(CADENCE.1),
            prober.uncached_deadline.unwrap_or(DEADLINE.1),
            json!({ "name": "build", "mode": "fresh", "spec": "gh/rehearsal/fresh-build/{nonce}" }),
        ),
        _ => (
            prober.cadence.unwrap_or(CADENCE.0),
            prober.deadline.unwrap_or(DEADLINE.0),
            json!({ "name": "launch", "spec": "gh/rehearsal/tiny/v1" }),
        ),
    };
    let how = json!({ "deadline": seconds(deadline), "overlap": "allow", "cluster": cluster });
    probe("binder-launch", every, merged(&settings, &how))
}

/// A probe of a kind, with those of the settings that the kind knows; `None` where there is no such kind.
fn probe(kind: &str, every: f64, settings: Value) -> Option<Value> {
    const ALWAYS: [&str; 3] = ["name", "deadline", "overlap"];
    let row = KINDS.iter().find(|k| k.name == kind)?;
    let schema = row.schema().to_value();
    let known = schema.get("properties").and_then(Value::as_object);
    let mut probe = Map::new();
    probe.insert("type".to_owned(), json!(kind));
    probe.insert("every".to_owned(), json!(seconds(every)));
    let Value::Object(settings) = settings else { return None };
    let fits = |key: &str| ALWAYS.contains(&key) || known.is_some_and(|known| known.contains_key(key));
    probe.extend(settings.into_iter().filter(|(key, value)| !value.is_null() && fits(key)));
    Some(Value::Object(probe))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of nodes; nonsense becomes 0"
)]
fn whole(number: f64) -> u32 {
    number as u32
}

fn seconds(seconds: f64) -> String {
    format!("{}ms", (seconds * 1_000.0).round())
}

fn merged(one: &Value, more: &Value) -> Value {
    let both = [one, more].into_iter().filter_map(Value::as_object).flatten();
    Value::Object(both.map(|(k, v)| (k.clone(), v.clone())).collect())
}
