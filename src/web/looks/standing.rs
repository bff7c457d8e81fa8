//! How a probe or a run stands, as a class and a word of its own: never by colour alone, never green when stale.

use jiff::Timestamp;
use launchwatch_alerts::chart::Tone;
use launchwatch_probes::{Outcome, Verdict};
use maud::{Markup, html};

use crate::pipeline::board::ProbeState;

/// Class of the style, and the word.
pub(super) type Standing = (&'static str, &'static str);

/// How a probe stands: by its last run, unless that is old or nothing may be believed.
pub(super) fn of_probe(state: &ProbeState, now: Timestamp, stuck: bool) -> Standing {
    match &state.last {
        _ if stuck => ("unknown", "not known"),
        None => ("unknown", "no run yet"),
        Some((at, _)) if state.stale(*at, now) => ("unknown", "overdue"),
        Some((_, outcome)) => of_run(outcome),
    }
}

/// How a run ended.
pub(super) fn of_run(outcome: &Outcome) -> Standing {
    (outcome.verdict.as_str(), outcome.verdict.as_str())
}

/// The badge.
pub(super) fn badge((class, word): Standing) -> Markup {
    html! { span.badge.(class) { (word) } }
}

/// What a verdict is drawn as.
pub(super) fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Passed => Tone::Figure,
        Verdict::Degraded => Tone::Degraded,
        Verdict::Failed => Tone::Failed,
        Verdict::Unknown => Tone::Unknown,
    }
}
