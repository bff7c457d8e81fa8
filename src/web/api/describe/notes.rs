//! THE DESCRIPTION: a row for each route of the API. Add yours in a block of your own.

use serde_json::{Map, Value};

use super::note::Note;
use crate::pipeline::tape::Event;
use crate::web::access::{audit, tokens};
use crate::web::api::events::EventsAsked;
use crate::web::api::export::ExportAsked;
use crate::web::api::incidents::{Acknowledge, Assign, By, Comment, Labelled, Page};
use crate::web::api::ingest;
use crate::web::api::lists::{
    Alerts, AllHidden, Causes, Channels, Deliveries, Deploys, Incidents, Maintenances, Paged, Probes, Rules,
    Runs, Silences, Targets, Tokens,
};
use crate::web::api::regroup::{Merge, Seen, Split};
use crate::web::api::report;
use crate::web::api::runs::{RunView, RunsAsked};
use crate::web::api::series::{Series, SeriesAsked};
use crate::web::api::silences::{Ender, Wish};
use crate::web::api::status::Status;
use crate::web::api::targets::{ProbeFacts, TargetFacts};
use crate::web::api::view::IncidentView;
use crate::web::pings::Run;
use crate::wire;
use launchwatch_alerts::{Deploy, Silence};

/// Every route of the API, described.
pub(super) fn all() -> Vec<Note> {
    let mut all = reads();
    all.extend(incidents());
    all.extend(silences());
    all.extend(regroup());
    all.extend(reports());
    all.extend(access());
    all.extend(told());
    all.extend(elsewhere());
    all
}

/// What others tell us: not under the API's root, for these stand in other people's crontabs.
fn told() -> Vec<Note> {
    let ping = |make: fn(&'static str, &'static str) -> Note, path, summary| {
        make(path, summary).asks::<Run>().also(413)
    };
    let whole = "Say that a job has ended well; the body is kept as evidence";
    let word = "Say that a job begins (`start`), ended (`success`, `fail`) or with which exit code; the body is kept as evidence";
    vec![
        ping(Note::get, "/ping/{key}", whole),
        ping(Note::post, "/ping/{key}", whole),
        ping(Note::get, "/ping/{key}/{word}", word),
        ping(Note::post, "/ping/{key}/{word}", word),
        Note::post("/hooks/alertmanager/{key}", "Tell of alerts as Alertmanager's webhook does (version 4)")
            .also(400)
            .also(413),
        Note::post(
            "/hooks/alertmanager/{key}/api/v2/alerts",
            "Tell of alerts as Prometheus tells an Alertmanager",
        )
        .also(400)
        .also(413),
    ]
}

fn reads() -> Vec<Note> {
    vec![
        Note::get("/api/v1/openapi.json", "This description").gives::<Map<String, Value>>(),
        Note::get("/api/v1/status", "How everything stands").gives::<Status>(),
        Note::get("/api/v1/targets", "Targets by name").asks::<Paged>().gives::<Targets>(),
        Note::get("/api/v1/targets/{target}", "One target").gives::<TargetFacts>(),
        Note::get("/api/v1/probes", "Probes by target and name").asks::<Paged>().gives::<Probes>(),
        Note::get("/api/v1/probes/{target}/{probe}", "One probe").gives::<ProbeFacts>(),
        Note::get("/api/v1/runs", "Runs, newest first").asks::<RunsAsked>().gives::<Runs>(),
        Note::get("/api/v1/runs/{target}/{probe}/{slot}", "One run with everything it saw")
            .gives::<RunView>()
            .also(422),
        Note::get("/api/v1/runs.csv", "Runs as CSV with a line of heads, newest first")
            .asks::<ExportAsked>()
            .gives_text("text/csv"),
        Note::get("/api/v1/runs.ndjson", "Runs as JSON, one a line, newest first")
            .asks::<ExportAsked>()
            .gives_text("application/x-ndjson"),
        Note::get("/api/v1/series", "Counts by verdict and reason, and quantiles by stage, over time")
            .asks::<SeriesAsked>()
            .gives::<Series>(),
        Note::get("/api/v1/alerts", "Alerts that are not calm").asks::<Paged>().gives::<Alerts>(),
        Note::get("/api/v1/hidden", "Alerts that fired and were not told, and why")
            .asks::<Paged>()
            .gives::<AllHidden>(),
        Note::get("/api/v1/deliveries", "What became of notifications").asks::<Paged>().gives::<Deliveries>(),
        Note::get("/api/v1/channels", "Channels, and whether they work").asks::<Paged>().gives::<Channels>(),
        Note::get("/api/v1/rules", "Rules as they hold, in words and figures")
            .asks::<Paged>()
            .gives::<Rules>(),
        Note::get("/api/v1/causes", "Causes that can be named").asks::<Paged>().gives::<Causes>(),
        Note::get(
            "/api/v1/events",
            "What happens, as it happens (server-sent events; `Last-Event-ID` resumes)",
        )
        .asks::<EventsAsked>()
        .gives_events::<Event>(),
    ]
}

fn incidents() -> Vec<Note> {
    let command = |path, summary| Note::post(path, summary).gives::<IncidentView>().also(409);
    vec![
        Note::get("/api/v1/incidents", "Incidents, newest first").asks::<Page>().gives::<Incidents>(),
        Note::get("/api/v1/incidents/{id}", "One incident with all that happened to it")
            .gives::<IncidentView>(),
        command("/api/v1/incidents/{id}/acknowledge", "Say that you see to it: no reminders for a time")
            .reads::<Acknowledge>(),
        command("/api/v1/incidents/{id}/unacknowledge", "Take that back").reads::<By>(),
        command("/api/v1/incidents/{id}/assign", "Say whose it is").reads::<Assign>(),
        command("/api/v1/incidents/{id}/comment", "Put a remark on record").reads::<Comment>(),
        command("/api/v1/incidents/{id}/label", "Say what it was, also after its end").reads::<Labelled>(),
    ]
}

fn regroup() -> Vec<Note> {
    let command = |path, summary| Note::post(path, summary).gives::<IncidentView>().also(409);
    vec![
        command("/api/v1/incidents/{id}/merge", "It is the same trouble as another one").reads::<Merge>(),
        command("/api/v1/incidents/{id}/split", "Some of its alerts are a trouble of their own")
            .reads::<Split>(),
        Note::get("/api/v1/deploys", "Deployments that somebody told of").asks::<Paged>().gives::<Deploys>(),
        Note::post("/api/v1/deploys", "Tell of a deployment")
            .reads::<Seen>()
            .gives::<Deploy>()
            .with(201)
            .also(404),
    ]
}

fn elsewhere() -> Vec<Note> {
    vec![
        Note::get(
            "/api/v1/agent/plan",
            "What an agent is to look at (`If-None-Match` with the `ETag` is answered by 304)",
        )
        .gives::<wire::Plan>(),
        Note::post(
            "/api/v1/agent/report",
            "What an agent saw; gzip may be used; telling it again is harmless",
        )
        .reads::<wire::Report>()
        .gives::<wire::Taken>(),
        Note::post("/api/v1/observations", "What another program saw from the location of an agent")
            .asks::<ingest::Whence>()
            .reads::<wire::Report>()
            .gives::<wire::Taken>(),
    ]
}

fn access() -> Vec<Note> {
    vec![
        Note::get("/api/v1/tokens", "Tokens for programs").asks::<Paged>().gives::<Tokens>(),
        Note::post("/api/v1/tokens", "Make a token; only this answer has the secret")
            .reads::<tokens::Wish>()
            .gives::<tokens::MadeToken>()
            .with(201),
        Note::delete("/api/v1/tokens/{id}", "Take a token back").gives::<tokens::TokenView>(),
        Note::get("/api/v1/audit", "Who did what, newest first")
            .asks::<audit::Which>()
            .gives::<audit::Audit>(),
    ]
}

fn reports() -> Vec<Note> {
    vec![
        Note::get("/api/v1/incidents/{id}/report", "The draft of an incident's report")
            .asks::<report::How>()
            .gives::<Map<String, Value>>()
            .or(&["text/markdown"]),
        Note::get("/api/v1/slo", "How a month went")
            .asks::<report::Which>()
            .gives::<Map<String, Value>>()
            .or(&["text/markdown", "text/csv"]),
    ]
}

fn silences() -> Vec<Note> {
    vec![
        Note::get("/api/v1/maintenance", "Planned work").asks::<Paged>().gives::<Maintenances>(),
        Note::get("/api/v1/silences", "Silences, those in force first").asks::<Paged>().gives::<Silences>(),
        Note::post("/api/v1/silences", "Do not tell of something for a time, or announce work on it")
            .reads::<Wish>()
            .gives::<Silence>()
            .with(201)
            .also(404),
        Note::delete("/api/v1/silences/{id}", "End a silence before its time")
            .asks::<Ender>()
            .gives::<Silence>()
            .also(409),
    ]
}
