//! Runs to take away: CSV and JSON lines, read from the store page by page while they are sent.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::Stream;
use futures::stream::unfold;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;

use super::letter::Asked;
use super::runs::{Place, RunView, RunsAsked, Wanted};
use crate::observation::Observation;
use crate::web::Sources;
use crate::web::access::Who;
use crate::web::problem::Problem;

/// Runs that are read at once.
const PAGE: usize = 1_000;
/// Days that are exported where nothing is said, and at most.
const DAYS: (i64, i64) = (1, 92);
/// The heads of the columns.
const HEADS: [&str; 14] = [
    "id",
    "target",
    "probe",
    "location",
    "slot",
    "began_at",
    "ended_at",
    "confirms",
    "verdict",
    "reason",
    "failed_stage",
    "seconds",
    "summary",
    "stages",
];

/// Which runs are exported, newest first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct ExportAsked {
    /// Of this target only.
    target: Option<String>,
    /// Of this probe of the target only.
    probe: Option<String>,
    /// Due at this moment or later; a day before `to` by default, at most 92 days.
    from: Option<Timestamp>,
    /// Due before this moment; now by default.
    to: Option<Timestamp>,
    /// Only runs that did not pass.
    #[serde(default)]
    only_bad: bool,
}

impl ExportAsked {
    /// What is asked for, within bounds.
    fn wanted(self, sources: &Sources, who: &Who) -> Result<Wanted, Problem> {
        let day = |days: i64| SignedDuration::from_secs(days * 86_400);
        let to = self.to.unwrap_or_else(|| sources.clock.now());
        let from = self.from.or_else(|| to.checked_sub(day(DAYS.0)).ok()).unwrap_or(Timestamp::MIN);
        if to.duration_since(from) > day(DAYS.1) {
            let detail = format!("more than {} days", DAYS.1);
            return Err(Problem::nonsense(detail, "export in parts: `from` and `to` say which"));
        }
        let asked = RunsAsked {
            target: self.target,
            probe: self.probe,
            from: Some(from),
            to: Some(to),
            only_bad: self.only_bad,
            ..RunsAsked::default()
        };
        asked.wanted(sources, who)
    }
}

/// As CSV with a line of heads (RFC 4180).
pub(in crate::web) async fn csv(
    State(sources): State<Sources>,
    who: Who,
    Asked(asked): Asked<ExportAsked>,
) -> Result<Response, Problem> {
    let wanted = asked.wanted(&sources, &who)?;
    let heads = rows([HEADS.map(str::to_owned)]);
    let pages = pages(sources, wanted, |seen| rows(seen.into_iter().map(row)));
    let all = futures::StreamExt::chain(futures::stream::iter([Ok(heads)]), pages);
    Ok(file(all, "text/csv; charset=utf-8; header=present", "runs.csv"))
}

/// As JSON, one run a line.
pub(in crate::web) async fn ndjson(
    State(sources): State<Sources>,
    who: Who,
    Asked(asked): Asked<ExportAsked>,
) -> Result<Response, Problem> {
    let wanted = asked.wanted(&sources, &who)?;
    let lines = |seen: Vec<Observation>| {
        let views = seen.into_iter().map(|seen| RunView::of(seen, true, true));
        let mut text = String::new();
        for line in views.filter_map(|view| serde_json::to_string(&view).ok()) {
            text.push_str(&line);
            text.push('\n');
        }
        Bytes::from(text)
    };
    Ok(file(pages(sources, wanted, lines), "application/x-ndjson", "runs.ndjson"))
}

fn file(
    body: impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static,
    kind: &'static str,
    name: &str,
) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"launchwatch-{name}\"")),
    ];
    (headers, Body::from_stream(body)).into_response()
}

/// Pages of runs, each read when the one before has been sent. A store that does not answer ends it early.
fn pages(
    sources: Sources,
    wanted: Wanted,
    write: impl Fn(Vec<Observation>) -> Bytes + Send + 'static,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
    let start: Option<Option<Place>> = Some(None);
    unfold((sources, wanted, write, start), |(sources, wanted, write, place)| async move {
        let (seen, next) = match wanted.page(&sources, place?, PAGE).await {
            Ok(page) => page,
            Err(_) => {
                tracing::warn!("an export was cut short: the store does not answer");
                return None;
            }
        };
        let bytes = write(seen);
        Some((Ok(bytes), (sources, wanted, write, next.map(Some))))
    })
}

fn row(seen: Observation) -> [String; 14] {
    let view = RunView::of(seen, true, false);
    let stages: Vec<String> =
        view.stages.iter().map(|s| format!("{}={:.3}", s.stage.as_str(), s.seconds)).collect();
    [
        view.id,
        view.target,
        view.probe,
        view.location,
        view.slot.to_string(),
        view.began_at.to_string(),
        view.ended_at.to_string(),
        view.confirms.to_string(),
        view.verdict.to_string(),
        view.reason.map(|r| r.to_string()).unwrap_or_default(),
        view.failed_stage.map(|s| s.to_string()).unwrap_or_default(),
        format!("{:.3}", view.seconds),
        view.summary.unwrap_or_default(),
        stages.join(" "),
    ]
}

/// Rows as bytes; cells that a spreadsheet would take for a formula are made text.
fn rows(rows: impl IntoIterator<Item = [String; 14]>) -> Bytes {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        // Writing to memory does not fail, and all rows are of one length.
        let _written = writer.write_record(row.map(harmless));
    }
    writer.into_inner().unwrap_or_default().into()
}

/// A cell that no spreadsheet reckons with.
fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        let mut row = HEADS.map(str::to_owned);
        row[1] = "=cmd|' /C calc'!A0".into();
        row[12] = "a \"quote\",\nand a line".into();
        row[2] = "-1".into();
        let text = String::from_utf8(rows([row]).to_vec()).unwrap();
        assert!(text.starts_with("id,'=cmd|' /C calc'!A0,'-1,location,"), "{text}");
        assert!(text.contains(",\"a \"\"quote\"\",\nand a line\",stages\r\n"), "{text}");
    }
}
