//! From the words of probing to the words of alerting.

use std::sync::Arc;

use jiff::Timestamp;
use launchwatch_alerts::{Details, Health, OURSELVES, Sample, SeriesId};
use launchwatch_probes::{Outcome, Verdict};

use crate::inbox::{Ourselves, Suspect};
use crate::observation::Observation;

/// The sample that an observation is; with all that was measured if somebody is `curious`.
pub(crate) fn of_observation(series: Arc<SeriesId>, curious: bool, seen: &Observation) -> Sample {
    let outcome = &seen.outcome;
    let health = match outcome.verdict {
        Verdict::Passed => Health::Good,
        Verdict::Degraded => Health::Poor,
        Verdict::Failed => Health::Bad,
        Verdict::Unknown => Health::Unknown,
    };
    let bad = health == Health::Bad;
    Sample {
        health,
        reason: outcome.reason.map(|r| r.as_str()),
        stage: outcome.failed_stage.map(|s| s.as_str()),
        summary: if bad { outcome.summary.clone() } else { String::new() },
        evidence: if bad { outcome.evidence.clone() } else { Vec::new() },
        details: curious.then(|| Box::new(details(outcome))),
        ..Sample::good(series, seen.slot, seen.began(), seen.ended())
    }
}

/// The sample that a run gives which has proved failure and still goes on.
pub(super) fn of_suspect(series: Arc<SeriesId>, suspect: &Suspect, now: Timestamp) -> Sample {
    Sample {
        health: Health::Bad,
        in_flight: true,
        reason: Some(suspect.reason.as_str()),
        stage: suspect.stage.map(|s| s.as_str()),
        summary: suspect.line.clone(),
        evidence: vec![suspect.line.clone()],
        ..Sample::good(series, suspect.slot, suspect.began, now)
    }
}

/// The sample that a part of ourselves gives.
pub(super) fn of_ourselves(part: Ourselves, now: Timestamp) -> Sample {
    let series = SeriesId { target: OURSELVES.into(), probe: part.probe, location: String::new() };
    Sample {
        health: if part.good { Health::Good } else { Health::Bad },
        summary: part.summary,
        ..Sample::good(Arc::new(series), now, now, now)
    }
}

/// What was measured. Only stages that came to their end say how long they take.
fn details(outcome: &Outcome) -> Details {
    let ended = outcome.stages.iter().filter(|s| Some(s.stage) != outcome.failed_stage);
    Details {
        took: outcome.took().as_secs_f64(),
        stages: ended.map(|s| (s.stage.as_str(), s.took.as_secs_f64())).collect(),
        measurements: outcome.measurements.iter().map(|m| (m.name.clone(), m.value)).collect(),
        facts: outcome.facts.clone(),
    }
}
