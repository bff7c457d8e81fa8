//! From the words of probing to the words of alerting.

use std::sync::Arc;

use jiff::Timestamp;
use launchwatch_alerts::{Details, Health, Sample, SeriesId};
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
    if suspect.withdrawn {
        // An unknown sample of the same run takes back what was said of it before.
        let run = Sample::good(series, suspect.slot, suspect.began, now);
        return Sample { health: Health::Unknown, in_flight: true, ..run };
    }
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

/// The sample that a word about ourselves is.
pub(super) fn of_ourselves(series: Arc<SeriesId>, word: &Ourselves, now: Timestamp) -> Sample {
    let health = if word.good { Health::Good } else { Health::Bad };
    let evidence = if word.good { Vec::new() } else { vec![word.summary.clone()] };
    Sample { health, summary: word.summary.clone(), evidence, ..Sample::good(series, now, now, now) }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use launchwatch_probes::{Measurement, Reason, Stage, StageTime};

    use super::*;
    use crate::observation::ProbeId;

    fn seen() -> Observation {
        let ms = Duration::from_millis;
        let mut outcome = Outcome::bare(Verdict::Failed, Some(Reason::Timeout), "no answer");
        outcome.failed_stage = Some(Stage::Launch);
        outcome.stages = vec![
            StageTime { stage: Stage::Resolve, start: ms(0), took: ms(250) },
            StageTime { stage: Stage::Launch, start: ms(250), took: ms(60_000) },
        ];
        outcome.measurements = vec![Measurement { name: "body_bytes".into(), value: 4.0 }];
        outcome.facts.insert("version".into(), "5.3.0".into());
        Observation {
            probe: ProbeId::new("hub", "cached"),
            location: "here".into(),
            slot: Timestamp::UNIX_EPOCH,
            lag: Duration::ZERO,
            confirms: false,
            outcome,
        }
    }

    #[test]
    fn details_are_in_seconds_leave_out_the_stage_that_failed_and_come_only_when_wanted() {
        let series = Arc::new(super::super::recorder::series(&seen().probe, "here"));
        assert_eq!(of_observation(Arc::clone(&series), false, &seen()).details, None);
        let details = of_observation(series, true, &seen()).details.unwrap();
        assert_eq!(details.took, 60.25);
        assert_eq!(details.stages, [("resolve", 0.25)]);
        assert_eq!((details.measurements["body_bytes"], details.facts["version"].as_str()), (4.0, "5.3.0"));
    }
}
