//! Whether an observation that somebody tells can be taken: whose it is, when it was, and in bounds that do no harm.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use launchwatch_alerts::text::one_line;
use launchwatch_probes::{Outcome, Verdict};
use serde_json::Value;

use crate::observation::{Observation, ProbeId};
use crate::pipeline::agents::Agent;
use crate::wire::{RefusedSent, Sent};

/// A slot may lie this far ahead of our clock.
const AHEAD: SignedDuration = SignedDuration::from_mins(1);
/// No run begins so late or lasts so long.
const LONGEST: Duration = Duration::from_secs(86_400);
/// Most entries of the lists of an outcome.
const STAGES: usize = 64;
const MEASUREMENTS: usize = 128;
const FACTS: usize = 64;
const EVIDENCE: usize = 60;
/// Longest texts, in bytes.
pub(super) const LINE: usize = 1_000;
const SUMMARY: usize = 600;
const NAME: usize = 80;
const FACT: usize = 400;
const WHY: usize = 300;

/// The id that a probe has where it runs.
pub(super) fn bare(id: &ProbeId) -> ProbeId {
    ProbeId::new(id.target(), id.bare())
}

/// The series of a probe of an agent; `None` if it is none of its own.
pub(super) fn assigned(agent: &Agent, said: &ProbeId) -> Option<ProbeId> {
    let own = said.elsewhere().is_none_or(|location| location == &*agent.name);
    let id = said.at(&agent.name);
    (own && agent.probes.contains(&id)).then_some(id)
}

/// The store knows no finer time, and what is known is told by the slot.
pub(super) fn to_the_microsecond(moment: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(moment.as_microsecond()).unwrap_or(moment)
}

/// Those that can be taken, and those that cannot, each with the reason.
pub(super) fn all(
    agent: &Agent,
    told: Vec<Value>,
    now: Timestamp,
    retention: SignedDuration,
) -> (Vec<Observation>, Vec<RefusedSent>) {
    let (mut good, mut refused) = (Vec::new(), Vec::new());
    for told in told {
        let of = named(&told);
        match one(agent, told, now, retention) {
            Ok(seen) => good.push(seen),
            Err(why) => {
                let (probe, slot) = of;
                refused.push(RefusedSent { probe, slot, why: one_line(&why, WHY) });
            }
        }
    }
    (good, refused)
}

/// What an observation says it is, as far as that can be read.
fn named(told: &Value) -> (ProbeId, Timestamp) {
    let text = |key| told.get(key).and_then(Value::as_str).unwrap_or_default();
    let slot = text("slot").parse().unwrap_or(Timestamp::UNIX_EPOCH);
    (ProbeId::from(one_line(text("probe"), 2 * NAME)), slot)
}

fn one(agent: &Agent, told: Value, now: Timestamp, retention: SignedDuration) -> Result<Observation, String> {
    let sent: Sent = serde_json::from_value(told).map_err(|error| format!("it cannot be read: {error}"))?;
    let Some(probe) = assigned(agent, &sent.probe) else {
        return Err(format!("{} is not looked at from {}", sent.probe, agent.name));
    };
    let age = now.duration_since(sent.slot);
    if age < -AHEAD {
        return Err("its slot lies in the future: look at the clock".to_owned());
    }
    if age > retention {
        return Err("it is older than anything that is kept".to_owned());
    }
    let mut seen = Sent { probe, ..sent }.at(&agent.name);
    seen.slot = to_the_microsecond(seen.slot);
    let outcome = &seen.outcome;
    let longest = outcome.stages.iter().map(|s| s.start.saturating_add(s.took)).max().unwrap_or_default();
    if seen.lag > LONGEST || longest > LONGEST {
        return Err("no run takes longer than a day".to_owned());
    }
    if outcome.stages.len() > STAGES {
        return Err(format!("no run has more than {STAGES} stages"));
    }
    seen.outcome = harmless(seen.outcome);
    Ok(seen)
}

/// The outcome with texts that do no harm wherever they are shown, all of it bounded.
fn harmless(outcome: Outcome) -> Outcome {
    let passed = outcome.verdict == Verdict::Passed;
    let measurements = outcome.measurements.into_iter().filter(|m| m.value.is_finite() && is_name(&m.name));
    let facts = outcome.facts.into_iter().take(FACTS);
    let left_out = outcome.evidence.len().saturating_sub(EVIDENCE);
    Outcome {
        reason: outcome.reason.filter(|_| !passed),
        failed_stage: outcome.failed_stage.filter(|_| !passed),
        summary: one_line(&outcome.summary, SUMMARY),
        measurements: measurements.take(MEASUREMENTS).collect(),
        facts: facts.map(|(key, value)| (one_line(&key, NAME), one_line(&value, FACT))).collect(),
        evidence: outcome.evidence.iter().skip(left_out).map(|line| one_line(line, LINE)).collect(),
        ..outcome
    }
}

/// Names of measurements become labels of metrics: closed in form and bounded in length.
fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | ':');
    !name.is_empty() && name.len() <= NAME && name.chars().all(allowed)
}
