//! Runs: page by page, newest first, and one with everything it saw.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use launchwatch_probes::{Reason, Stage, StageTime, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::door::Three;
use super::letter::{Asked, rows};
use super::lists::Runs;
use super::targets::{no_probe, no_target};
use crate::observation::{Observation, ProbeId};
use crate::store::RunQuery;
use crate::web::Sources;
use crate::web::access::Who;
use crate::web::problem::Problem;

/// One look at one thing.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::web) struct RunView {
    /// Its id: the same for the same probe and slot.
    pub(super) id: String,
    /// Name of the target.
    pub(super) target: String,
    /// Name of the probe.
    pub(super) probe: String,
    /// Where it ran.
    pub(super) location: String,
    /// When it was due.
    pub(super) slot: Timestamp,
    /// When it began.
    pub(super) began_at: Timestamp,
    /// When it ended.
    pub(super) ended_at: Timestamp,
    /// It was added to confirm a failure or a recovery.
    pub(super) confirms: bool,
    /// The judgement.
    pub(super) verdict: Verdict,
    /// Why it did not pass.
    pub(super) reason: Option<Reason>,
    /// The stage in which it did not pass.
    pub(super) failed_stage: Option<Stage>,
    /// How long it took.
    pub(super) seconds: f64,
    /// One sentence; null to callers who are not known.
    pub(super) summary: Option<String>,
    /// Its stages in the order they began.
    pub(super) stages: Vec<StageView>,
    /// What it measured, in base units.
    pub(super) measurements: BTreeMap<String, f64>,
    /// Names met on the way (pod, node, image, …); null to callers who are not known.
    pub(super) facts: Option<BTreeMap<String, String>>,
    /// The last lines seen; of one run, and only to callers who are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) evidence: Option<Vec<String>>,
}

/// One step of a run.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::web) struct StageView {
    /// Which.
    pub(super) stage: Stage,
    /// Seconds from the start of the run to its start.
    pub(super) start_seconds: f64,
    /// Seconds it took.
    pub(super) seconds: f64,
}

impl From<&StageTime> for StageView {
    fn from(time: &StageTime) -> Self {
        Self { stage: time.stage, start_seconds: time.start.as_secs_f64(), seconds: time.took.as_secs_f64() }
    }
}

impl RunView {
    /// A run as somebody may see it; evidence only of one run that is asked for.
    pub(super) fn of(seen: Observation, known: bool, whole: bool) -> Self {
        let (id, began_at, ended_at) = (seen.run(), seen.began(), seen.ended());
        let outcome = seen.outcome;
        let measured = outcome.measurements.iter().filter(|m| m.value.is_finite());
        Self {
            id,
            target: seen.probe.target().to_owned(),
            probe: seen.probe.probe().to_owned(),
            location: seen.location.to_string(),
            slot: seen.slot,
            began_at,
            ended_at,
            confirms: seen.confirms,
            verdict: outcome.verdict,
            reason: outcome.reason,
            failed_stage: outcome.failed_stage,
            seconds: outcome.took().as_secs_f64(),
            stages: outcome.stages.iter().map(StageView::from).collect(),
            measurements: measured.map(|m| (m.name.clone(), m.value)).collect(),
            summary: known.then_some(outcome.summary),
            facts: known.then_some(outcome.facts),
            evidence: (known && whole).then_some(outcome.evidence),
        }
    }
}

/// Which runs.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct RunsAsked {
    /// Of this target only.
    pub(super) target: Option<String>,
    /// Of this probe of the target only.
    pub(super) probe: Option<String>,
    /// Due at this moment or later.
    pub(super) from: Option<Timestamp>,
    /// Due before this moment.
    pub(super) to: Option<Timestamp>,
    /// Only runs that did not pass.
    #[serde(default)]
    pub(super) only_bad: bool,
    /// Runs at most; 50 by default, never more than 500.
    pub(super) limit: Option<usize>,
    /// Go on after this run: `next` of the page before.
    pub(super) before: Option<Place>,
}

/// A place in the list of runs: those of this slot and later were listed but for the rest of the slot. As text:
/// microseconds since 1970, and how many runs of this very slot were listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = r"^-?[0-9]{1,18}\.[0-9]{1,4}$"))]
pub(in crate::web) struct Place {
    slot: Timestamp,
    listed: usize,
}

/// Runs that can share a slot.
const SHARED: usize = 10_000;

impl TryFrom<String> for Place {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let read = || {
            let (slot, listed) = text.split_once('.')?;
            let slot = Timestamp::from_microsecond(slot.parse().ok()?).ok()?;
            let listed = listed.parse().ok().filter(|n| *n <= SHARED)?;
            Some(Self { slot, listed })
        };
        read().ok_or("expected what the page before says as `next`")
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.slot.as_microsecond(), self.listed)
    }
}

/// What is asked for, checked.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Every probe whose runs are wanted; empty means all.
    probes: Vec<ProbeId>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    only_bad: bool,
}

impl RunsAsked {
    /// What is asked for.
    pub(super) fn wanted(&self, sources: &Sources, who: &Who) -> Result<Wanted, Problem> {
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from >= to
        {
            return Err(Problem::nonsense("`from` is not before `to`", ""));
        }
        Ok(Wanted {
            probes: probes(sources, who, self.target.as_deref(), self.probe.as_deref())?,
            from: self.from,
            to: self.to,
            only_bad: self.only_bad,
        })
    }
}

/// The probes that are meant; empty for all.
pub(super) fn probes(
    sources: &Sources,
    who: &Who,
    target: Option<&str>,
    probe: Option<&str>,
) -> Result<Vec<ProbeId>, Problem> {
    let setup = &sources.setup;
    match (target, probe) {
        (None, None) if setup.targets.keys().all(|target| sources.lets_see(who, target)) => Ok(Vec::new()),
        (None, None) => {
            Ok(setup.probes.keys().filter(|id| sources.lets_see(who, id.target())).cloned().collect())
        }
        (None, Some(_)) => {
            Err(Problem::nonsense("`probe` needs `target`", "probes are named within targets"))
        }
        (Some(target), _) if !setup.targets.contains_key(target) || !sources.lets_see(who, target) => {
            Err(no_target(sources, who, target))
        }
        (Some(target), None) => Ok(setup.probes_of(target).cloned().collect()),
        (Some(target), Some(probe)) => {
            let id = ProbeId::new(target, probe);
            let known = setup.probes.contains_key(&id);
            known.then(|| vec![id]).ok_or_else(|| no_probe(sources, who, target, probe))
        }
    }
}

impl Wanted {
    /// A page of runs, newest first, and the place where the next one begins.
    pub(super) async fn page(
        &self,
        sources: &Sources,
        before: Option<Place>,
        limit: usize,
    ) -> Result<(Vec<Observation>, Option<Place>), Problem> {
        let after = before.map_or(0, |place| place.listed);
        // One more than is shown tells whether there is a next page.
        let rows = limit.saturating_add(1).saturating_add(after);
        let end = before.and_then(|p| p.slot.checked_add(SignedDuration::from_micros(1)).ok());
        let query = RunQuery {
            probe: None,
            from: self.from,
            to: [self.to, end].into_iter().flatten().min(),
            only_bad: self.only_bad,
            limit: rows,
        };
        let mut found = if self.probes.is_empty() {
            sources.store.runs(&query).await?
        } else {
            let mut all = Vec::new();
            for probe in &self.probes {
                all.extend(
                    sources.store.runs(&RunQuery { probe: Some(probe.clone()), ..query.clone() }).await?,
                );
            }
            all
        };
        found.sort_by(|a, b| b.slot.cmp(&a.slot).then_with(|| a.probe.cmp(&b.probe)));
        let mut left = after;
        found.retain(|seen| {
            let listed = left > 0 && before.is_some_and(|place| place.slot == seen.slot);
            left -= usize::from(listed);
            !listed
        });
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|last| {
            let same = found.iter().rev().take_while(|seen| seen.slot == last.slot).count();
            let earlier = before.filter(|place| place.slot == last.slot).map_or(0, |place| place.listed);
            Place { slot: last.slot, listed: same + earlier }
        });
        Ok((found, next))
    }
}

/// Runs, newest first.
pub(in crate::web) async fn list(
    State(sources): State<Sources>,
    who: Who,
    Asked(asked): Asked<RunsAsked>,
) -> Result<Json<Runs>, Problem> {
    let wanted = asked.wanted(&sources, &who)?;
    let (found, next) = wanted.page(&sources, asked.before, rows(asked.limit)).await?;
    let runs: Vec<RunView> = found.into_iter().map(|seen| RunView::of(seen, who.known(), false)).collect();
    Ok(Json((runs, next.map(|place| place.to_string())).into()))
}

/// One run by its probe and slot.
pub(in crate::web) async fn one(
    State(sources): State<Sources>,
    who: Who,
    Three(target, probe, slot): Three,
) -> Result<Json<RunView>, Problem> {
    probes(&sources, &who, Some(&target), Some(&probe))?;
    let no_moment = || {
        let slot = launchwatch_alerts::text::one_line(&slot, 60);
        Problem::nonsense(format!("`{slot}` is no moment"), "a slot is one such as 2018-07-07T18:27:00Z")
    };
    let slot: Timestamp = slot.parse().map_err(|_| no_moment())?;
    let query = RunQuery {
        probe: Some(ProbeId::new(&target, &probe)),
        from: Some(slot),
        to: slot.checked_add(SignedDuration::from_micros(1)).ok(),
        only_bad: false,
        limit: 1,
    };
    let found = sources.store.runs(&query).await?.into_iter().next();
    let gone = || Problem::not_found(format!("no run of {target}/{probe} was due at {slot}"), "");
    found.map(|seen| Json(RunView::of(seen, who.known(), true))).ok_or_else(gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_list_is_read_as_it_was_written_and_nothing_else_is() {
        let place = Place { slot: "2018-07-07T18:27:00.000001Z".parse().unwrap(), listed: 3 };
        assert_eq!(place.to_string(), "1530988020000001.3");
        assert_eq!(Place::try_from(place.to_string()), Ok(place));
        for wrong in ["", "1", "1.", ".1", "1.-1", "99999999999999999999.1", "1.10001", "x.1"] {
            assert!(Place::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
