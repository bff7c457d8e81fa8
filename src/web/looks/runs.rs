//! A table of runs, newest first.

use launchwatch_probes::Outcome;
use maud::{Markup, html};

use super::standing::{badge, of_run};
use super::{figures, said};
use crate::observation::Observation;
use crate::web::{Sources, words};

/// The table.
pub(super) fn table(sources: &Sources, runs: &[Observation]) -> Markup {
    html! {
        table.dense {
            thead { tr { th scope="col" { "Due" } th scope="col" { "Ended" } th.number scope="col" { "Took" } th scope="col" { "Why" } th scope="col" { "In words" } } }
            tbody { @for run in runs {
                tr id=(format!("r-{}", run.slot.as_microsecond())) {
                    th scope="row" { a href=(sources.to_run(&run.probe, run.slot)) { (words::moment_exact(run.slot)) } @if run.confirms { " " small title="an extra run, to confirm what the one before found" { "extra" } } }
                    td data-word="Ended" { (badge(of_run(&run.outcome))) }
                    td.number data-word="Took" { (figures::seconds(run.outcome.took().as_secs_f64())) }
                    td data-word="Why" { (why(&run.outcome)) }
                    td.words { (said(&run.outcome.summary)) }
                }
            } }
        }
    }
}

/// Reason and stage.
pub(super) fn why(outcome: &Outcome) -> Markup {
    html! {
        @match (outcome.reason, outcome.failed_stage) {
            (None, None) => { "–" },
            (reason, stage) => {
                @if let Some(reason) = reason { code { (reason.as_str()) } }
                @if let Some(stage) = stage { " at " code { (stage.as_str()) } }
            },
        }
    }
}
