//! Silences and maintenances of people.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use launchwatch_alerts::{Command, IncidentId, OURSELVES, Selector, SeriesId, Silence};
use schemars::JsonSchema;
use serde::Deserialize;

use super::door::Named;
use super::incidents::give;
use super::letter::{Asked, Body, Lasting, name, reason};
use super::lists::{Paged, Silences};
use crate::web::Sources;
use crate::web::problem::Problem;

/// Names in one selector at most.
const NAMES: usize = 200;

/// Silences, those in force first; the ones that are over too.
pub(in crate::web) async fn list(
    State(sources): State<Sources>,
    Asked(paged): Asked<Paged>,
) -> Result<Json<Silences>, Problem> {
    let all = sources.store.silences(paged.deep()).await?;
    paged.of(all, |s| s.id.clone()).map(|page| Json(page.into()))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Wish {
    /// Who wishes it.
    #[serde(default)]
    pub(in crate::web) by: String,
    /// Why.
    #[serde(default)]
    pub(in crate::web) reason: String,
    /// Names of targets; `*` stands for any text.
    #[serde(default)]
    pub(in crate::web) targets: Vec<String>,
    /// Names of probes.
    #[serde(default)]
    pub(in crate::web) probes: Vec<String>,
    /// Whole series as `target/probe`.
    #[serde(default)]
    pub(in crate::web) series: Vec<String>,
    /// From when; now by default.
    #[serde(default)]
    pub(in crate::web) from: Option<Timestamp>,
    /// Until when; this or `for`.
    #[serde(default)]
    pub(in crate::web) until: Option<Timestamp>,
    /// How long, such as `2h`; this or `until`.
    #[serde(default, rename = "for")]
    pub(in crate::web) lasts: Option<Lasting>,
    /// It ends with this incident, if that is over earlier; a target's name stands for its open incident.
    #[serde(default)]
    pub(in crate::web) until_resolved: Option<IncidentId>,
    /// It is planned work.
    #[serde(default)]
    pub(in crate::web) maintenance: bool,
}

/// Begins a silence, or a maintenance.
pub(in crate::web) async fn add(
    State(sources): State<Sources>,
    Body(wish): Body<Wish>,
) -> Result<(StatusCode, Json<Silence>), Problem> {
    let silence = silence(&sources, wish)?;
    give(&sources, Command::Silence { silence: silence.clone() }).await?;
    let kept = found(&sources, &silence.id).await?.unwrap_or(silence);
    Ok((StatusCode::CREATED, Json(kept)))
}

/// The silence that is wished for, checked.
pub(in crate::web) fn silence(sources: &Sources, wish: Wish) -> Result<Silence, Problem> {
    let now = sources.clock.now();
    let from = wish.from.unwrap_or(now);
    let until = match (wish.lasts, wish.until) {
        (Some(Lasting(span)), None) => from.checked_add(span).map_err(|_| too_long())?,
        (None, Some(until)) => until,
        _ => return Err(Problem::nonsense("needs either `for` or `until`", "such as \"for\": \"2h\"")),
    };
    let of = Selector { targets: wish.targets, probes: wish.probes, series: wish.series };
    checked(sources, &of)?;
    let word = if wish.maintenance { "maintenance" } else { "silence" };
    Ok(Silence {
        id: format!("{word}-{}", sources.dice.word(6)),
        of,
        by: name(&wish.by, "by")?,
        reason: reason(&wish.reason),
        from,
        until: in_seconds(until),
        with: wish.until_resolved,
        maintenance: wish.maintenance,
        warned: false,
        ended: None,
        hid: 0,
    })
}

/// People read it: no fractions of a second, and never shorter than was asked for.
fn in_seconds(until: Timestamp) -> Timestamp {
    let second = until.as_second().saturating_add(i64::from(until.subsec_nanosecond() > 0));
    Timestamp::from_second(second).unwrap_or(until)
}

fn too_long() -> Problem {
    Problem::nonsense("`for` is longer than time goes on", "a silence lasts at most 31 days")
}

/// A silence of nothing is a slip of the pen, and so is one of everything.
fn checked(sources: &Sources, of: &Selector) -> Result<(), Problem> {
    if of.targets.is_empty() && of.series.is_empty() {
        let hint = "name `targets` (or `series` as target/probe); `*` stands for any text";
        return Err(Problem::nonsense("it says not what is to be silent", hint));
    }
    if of.targets.len() + of.probes.len() + of.series.len() > NAMES {
        return Err(Problem::nonsense(format!("more than {NAMES} names"), "`*` stands for any text"));
    }
    let board = sources.board.read();
    let known = board.probes.keys().any(|id| {
        let series = |target: &str, probe: &str| SeriesId {
            target: target.to_owned(),
            probe: probe.to_owned(),
            location: String::new(),
        };
        of.matches(&series(id.target(), id.probe())) || of.targets.iter().any(|t| t == OURSELVES)
    });
    if known {
        return Ok(());
    }
    let shown = |all: Vec<&str>| all.into_iter().take(20).collect::<Vec<_>>().join(", ");
    let targets: Vec<&str> = board.labels.keys().map(String::as_str).collect();
    let one = of.targets.first().map(|t| launchwatch_alerts::text::one_line(t, 80));
    let what = match one {
        Some(target) if !targets.contains(&target.as_str()) => format!("there is no target `{target}`"),
        _ => "no probe that is configured is meant by that".to_owned(),
    };
    Err(Problem::nonsense(what, &format!("targets: {}", shown(targets))))
}

#[derive(Deserialize, JsonSchema)]
pub(in crate::web) struct Ender {
    /// Who.
    by: Option<String>,
}

/// Ends a silence before its time; `?by=NAME` says who.
pub(in crate::web) async fn end(
    State(sources): State<Sources>,
    Named(id): Named,
    Asked(ender): Asked<Ender>,
) -> Result<Json<Silence>, Problem> {
    let by = match &ender.by {
        Some(by) => name(by, "by")?,
        None => name("somebody with the token", "by")?,
    };
    if let Some(over) = found(&sources, &id).await?.and_then(|s| s.ended) {
        return Err(Problem::over(format!("`{id}` is over: {over}"), ""));
    }
    give(&sources, Command::EndSilence { id: id.clone(), by }).await?;
    found(&sources, &id).await?.map(Json).ok_or_else(|| Problem::later("it is over, and cannot be shown", ""))
}

async fn found(sources: &Sources, id: &str) -> Result<Option<Silence>, Problem> {
    let all = sources.store.silences(usize::MAX).await?;
    Ok(all.into_iter().find(|s| s.id == id))
}
