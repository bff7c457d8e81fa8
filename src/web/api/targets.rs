//! Targets and their probes: what they are, and how they stand.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use launchwatch_alerts::OURSELVES;
use schemars::JsonSchema;
use serde::Serialize;

use super::door::{Named, Two};
use super::letter::Asked;
use super::lists::{Paged, Probes, Targets};
use super::status::{ProbeView, TargetView, shown};
use crate::config::{ProbeConfig, Schedule, Target};
use crate::web::Sources;
use crate::web::access::Who;
use crate::web::problem::Problem;
use crate::web::summary::Standing;

/// A target: what the configuration says of it, and how it stands.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::web) struct TargetFacts {
    /// Its name.
    name: String,
    /// Where it is, without credentials; null to callers who are not known.
    url: Option<String>,
    /// Targets on which it depends.
    depends_on: Vec<String>,
    /// The operator's words for it.
    labels: BTreeMap<String, String>,
    /// How it stands.
    standing: Standing,
    /// Its open incident.
    incident: Option<String>,
    /// Names of its probes.
    probes: Vec<String>,
}

/// A probe: what the configuration says of it, and how it stands.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::web) struct ProbeFacts {
    /// The target it looks at.
    target: String,
    /// When it runs: `every 30s`, or a cron expression's next moment.
    schedule: String,
    /// Seconds between two runs, the longest that lie ahead.
    interval_seconds: f64,
    /// Longest a run may take, in seconds.
    deadline_seconds: f64,
    /// Whether a run starts a server.
    launches: bool,
    /// Whether each launch builds an image.
    builds: bool,
    /// How it stands.
    #[serde(flatten)]
    stands: ProbeView,
}

/// Targets by name.
pub(in crate::web) async fn list(
    State(sources): State<Sources>,
    who: Who,
    Asked(paged): Asked<Paged>,
) -> Result<Json<Targets>, Problem> {
    let overview = shown(&sources, &who);
    let all = overview.targets.into_iter().map(|view| target(&sources, &who, view));
    paged.of(all, |t| t.name.clone()).map(|page| Json(page.into()))
}

/// One target.
pub(in crate::web) async fn one(
    State(sources): State<Sources>,
    who: Who,
    Named(name): Named,
) -> Result<Json<TargetFacts>, Problem> {
    let overview = shown(&sources, &who);
    let view = overview.targets.into_iter().find(|t| t.name == name);
    view.map(|view| Json(target(&sources, &who, view))).ok_or_else(|| no_target(&sources, &who, &name))
}

fn target(sources: &Sources, who: &Who, view: TargetView) -> TargetFacts {
    let set = sources.setup.targets.get(&view.name);
    TargetFacts {
        url: set.filter(|_| who.known()).map(address),
        depends_on: set.map(|t| t.depends_on.clone()).unwrap_or_default(),
        labels: view.labels,
        standing: view.standing,
        incident: view.incident.map(|i| i.id().to_owned()),
        probes: view.probes.into_iter().map(|p| p.name).collect(),
        name: view.name,
    }
}

fn address(target: &Target) -> String {
    let mut url = target.url.clone();
    // An address without a host has no credentials either.
    let _nothing_there = url.set_username("");
    let _nothing_there = url.set_password(None);
    url.set_query(None);
    url.to_string()
}

/// There is no target of this name: which ones there are.
pub(super) fn no_target(sources: &Sources, who: &Who, name: &str) -> Problem {
    let name = launchwatch_alerts::text::one_line(name, 80);
    if name == OURSELVES {
        return Problem::not_found(format!("`{name}` is ourselves, not a target that is looked at"), "");
    }
    let known = sources.setup.targets.keys().filter(|name| sources.lets_see(who, name));
    let known: Vec<&str> = known.take(20).map(String::as_str).collect();
    Problem::not_found(format!("there is no target `{name}`"), &format!("targets: {}", known.join(", ")))
}

/// Probes by target and name.
pub(in crate::web) async fn probes(
    State(sources): State<Sources>,
    who: Who,
    Asked(paged): Asked<Paged>,
) -> Result<Json<Probes>, Problem> {
    let all = every_probe(&sources, &who);
    paged.of(all, |p| format!("{}/{}", p.target, p.stands.name)).map(|page| Json(page.into()))
}

/// One probe.
pub(in crate::web) async fn probe(
    State(sources): State<Sources>,
    who: Who,
    Two(target, name): Two,
) -> Result<Json<ProbeFacts>, Problem> {
    let found = every_probe(&sources, &who).into_iter().find(|p| p.target == target && p.stands.name == name);
    found.map(Json).ok_or_else(|| no_probe(&sources, &who, &target, &name))
}

/// There is no probe of this name: which ones there are.
pub(super) fn no_probe(sources: &Sources, who: &Who, target: &str, name: &str) -> Problem {
    if !sources.setup.targets.contains_key(target) || !sources.lets_see(who, target) {
        return no_target(sources, who, target);
    }
    let known: Vec<&str> = sources.setup.probes_of(target).take(20).map(|id| id.probe()).collect();
    let name = launchwatch_alerts::text::one_line(name, 80);
    let detail = format!("the target `{target}` has no probe `{name}`");
    Problem::not_found(detail, &format!("probes: {}", known.join(", ")))
}

fn every_probe(sources: &Sources, who: &Who) -> Vec<ProbeFacts> {
    let now = sources.clock.now();
    let overview = shown(sources, who);
    let of = |target: TargetView| {
        let name = target.name;
        target.probes.into_iter().filter_map(move |view| {
            let id = crate::observation::ProbeId::new(&name, &view.name);
            Some(facts(sources.setup.probes.get(&id)?, view, now))
        })
    };
    overview.targets.into_iter().flat_map(of).collect()
}

fn facts(set: &ProbeConfig, stands: ProbeView, now: Timestamp) -> ProbeFacts {
    let schedule = match &set.schedule {
        Schedule::Every(every) => format!("every {}", humantime::format_duration(*every)),
        Schedule::Cron(cron) => match cron.next_after(now) {
            Some(next) => format!("cron, next at {next:.0}"),
            None => "cron, never again".to_owned(),
        },
    };
    ProbeFacts {
        target: set.id.target().to_owned(),
        schedule,
        interval_seconds: set.schedule.interval(now).as_secs_f64(),
        deadline_seconds: set.deadline.as_secs_f64(),
        launches: set.launches,
        builds: set.fresh,
        stands,
    }
}
