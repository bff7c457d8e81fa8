//! Reports: the draft of an incident's report, and how a month went.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use launchwatch_alerts::IncidentId;
use serde::Deserialize;

use super::door::Named;
use super::incidents::find;
use super::letter::Asked;
use crate::report::slo::{self, Month};
use crate::report::{self, Draft, Subject, Wording};
use crate::web::Sources;
use crate::web::problem::Problem;

/// The form of an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::web) enum Form {
    /// For people.
    #[default]
    Markdown,
    /// For programs.
    Json,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct How {
    /// Name of the time zone of clock times, such as `Europe/Berlin`.
    pub(in crate::web) time_zone: Option<String>,
    /// Whether people are named.
    #[serde(default)]
    pub(in crate::web) names: bool,
    #[serde(default)]
    format: Form,
}

/// `?time_zone=Europe/Berlin`, `?names=true`, `?format=markdown|json`: with JSON come facts and pictures.
pub(in crate::web) async fn incident(
    State(sources): State<Sources>,
    Named(called): Named,
    Asked(how): Asked<How>,
) -> Result<Response, Problem> {
    let id = find(&sources, &called).await?;
    let draft = drafted(&sources, &id, &how).await?;
    Ok(match how.format {
        Form::Json => Json(draft).into_response(),
        Form::Markdown => {
            // The name is made of letters, digits, `-` and `.`.
            let name = format!("attachment; filename=\"{}\"", draft.file);
            ([MARKDOWN, (header::CONTENT_DISPOSITION, name.as_str())], draft.markdown).into_response()
        }
    })
}

const MARKDOWN: (header::HeaderName, &str) = (header::CONTENT_TYPE, "text/markdown; charset=utf-8");

/// The draft of an incident's report.
pub(in crate::web) async fn drafted(sources: &Sources, id: &IncidentId, how: &How) -> Result<Draft, Problem> {
    let zone =
        how.time_zone.as_deref().filter(|z| !z.is_empty()).map_or(Ok(jiff::tz::TimeZone::UTC), report::zone);
    let zone = zone.map_err(|why| {
        Problem::nonsense(why, "the time zone database's names, such as `America/New_York`")
    })?;
    let subject = Subject { incident: id, planned: &sources.planned, now: sources.clock.now() };
    let material = report::gather(sources.store.as_ref(), &subject).await?;
    let material = material.ok_or_else(|| Problem::not_found(format!("there is no incident `{id}`"), ""))?;
    let wording = Wording { zone, names: how.names };
    // Thousands of runs are gone through: not on the thread that answers others.
    let made =
        tokio::task::spawn_blocking(move || report::draft(report::facts(&material, &[]), &wording)).await;
    made.map_err(|_| Problem::later("the report could not be made", "the log says more"))
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Table {
    #[default]
    Json,
    Csv,
    Markdown,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Which {
    month: Option<String>,
    objective: Option<f64>,
    #[serde(default)]
    format: Table,
}

/// `?month=2018-07` (the current one by default), `?objective=99` (per cent), `?format=json|csv|markdown`.
pub(in crate::web) async fn service_level(
    State(sources): State<Sources>,
    Asked(which): Asked<Which>,
) -> Result<Response, Problem> {
    let now = sources.clock.now();
    let month = which.month.map_or(Ok(Month::of(now)), |m| m.parse());
    let month = month.map_err(|why: String| Problem::nonsense(why, "year and month, in UTC"))?;
    let objective = which.objective.unwrap_or(slo::OBJECTIVE);
    if !(0.0..=100.0).contains(&objective) {
        return Err(Problem::nonsense(
            "`objective` is not between 0 and 100",
            "per cent of runs that work, such as 99.5",
        ));
    }
    let question = slo::Question { month, objective, planned: &sources.planned, now };
    let made = slo::slo(sources.store.as_ref(), &question).await?;
    Ok(match which.format {
        Table::Json => Json(made).into_response(),
        Table::Markdown => ([MARKDOWN], slo::markdown(&made)).into_response(),
        Table::Csv => {
            let text =
                slo::csv(&made).map_err(|_| Problem::later("the table could not be made", "try again"))?;
            let name = format!("attachment; filename=\"slo-{}.csv\"", made.month);
            let kind = (header::CONTENT_TYPE, "text/csv; charset=utf-8");
            ([kind, (header::CONTENT_DISPOSITION, name.as_str())], text).into_response()
        }
    })
}
