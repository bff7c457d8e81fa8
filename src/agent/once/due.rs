//! What is due: the slot on the grid that was last, if nobody has looked since.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::agent::work::{self, Work};
use crate::config::{ProbeConfig, Schedule};
use crate::observation::ProbeId;
use crate::scheduler::Timetable;

/// How far back the last time of a cron expression is looked for, in minutes, step by step.
const BACK: [i64; 8] = [2, 10, 60, 360, 1_440, 14_400, 72_000, 576_000];

/// A probe that is to run, and the slot it runs for.
pub(super) type Due = (Arc<ProbeConfig>, Timestamp);

/// The probes that are due; of named ones all, whatever their slots say.
///
/// # Errors
/// A name that fits no probe, with those there are.
pub(super) fn choose(work: &Work, names: &[String], now: Timestamp) -> Result<Vec<Due>, String> {
    let all = || work.probes.iter().map(|(_, probe)| probe);
    if names.is_empty() {
        let due = |probe: &ProbeConfig| {
            let slot = last_slot(probe, now)?;
            let seen = work.last_slots.get(&probe.id);
            seen.is_none_or(|seen| *seen < slot).then(|| (Arc::new(probe.clone()), slot))
        };
        return Ok(all().filter_map(due).collect());
    }
    let slot = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
    let mut chosen: BTreeMap<ProbeId, Due> = BTreeMap::new();
    for name in names {
        let fits = |p: &&ProbeConfig| [p.id.as_str(), p.id.probe(), p.id.target()].contains(&name.as_str());
        let found: Vec<&ProbeConfig> = all().filter(fits).collect();
        if found.is_empty() {
            let there: Vec<&str> = all().map(|p| p.id.as_str()).collect();
            return Err(format!("there is no probe `{name}`; there are: {}", there.join(", ")));
        }
        chosen.extend(found.into_iter().map(|p| (p.id.clone(), (Arc::new(p.clone()), slot))));
    }
    Ok(chosen.into_values().collect())
}

/// The last slot on the grid up to now: a cron job that comes twice in an interval looks at the same one.
fn last_slot(probe: &ProbeConfig, now: Timestamp) -> Option<Timestamp> {
    let timetable = Timetable::new(probe.schedule.clone(), &probe.id);
    let since = |back: SignedDuration| timetable.between(now.saturating_sub(back).ok()?, now).last().copied();
    match &probe.schedule {
        Schedule::Every(every) => {
            since(SignedDuration::try_from(*every + Duration::from_micros(1)).unwrap_or(SignedDuration::MAX))
        }
        Schedule::Cron(_) => BACK.iter().find_map(|minutes| since(SignedDuration::from_mins(*minutes))),
    }
}

/// Notes a slot, if it is later than what is known.
pub(super) fn later(slots: &mut BTreeMap<ProbeId, Timestamp>, probe: ProbeId, slot: Timestamp) {
    let known = slots.entry(probe).or_insert(slot);
    *known = slot.max(*known);
}

/// The last slot of each probe that was run from here: the service may not have heard of it yet.
pub(super) struct LastSlots(PathBuf);

impl LastSlots {
    /// In a state directory.
    pub(super) fn of(state: &Path) -> Self {
        Self(state.join("last-slots.json"))
    }

    /// Those that are known.
    pub(super) fn read(&self) -> BTreeMap<ProbeId, Timestamp> {
        let text = std::fs::read(&self.0).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Notes these as well.
    pub(super) fn write(&self, seen: impl Iterator<Item = (ProbeId, Timestamp)>) {
        let mut slots = self.read();
        seen.for_each(|(probe, slot)| later(&mut slots, probe, slot));
        if let Err(error) = work::replace(&self.0, &slots) {
            tracing::warn!(%error, "cannot keep the last slots in {}", self.0.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Registries};

    const FILE: &str = "
version: 1
targets:
  - { name: hub, url: 'https://hub.example/', probes: [
      { type: http, every: 10m }, { type: http, name: nightly, cron: '30 3 * * *' }, { type: http, name: quick, every: 1s } ] }
";

    fn work() -> Work {
        let (config, _) = config::load_text("x", FILE, Registries::BUILT_IN, &|_| None).unwrap();
        Work::of_config(&config, "here")
    }

    fn chosen(work: &Work, names: &[&str], now: Timestamp) -> Vec<(String, Timestamp)> {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let due = choose(work, &names, now).unwrap();
        due.into_iter().map(|(p, slot)| (p.id.probe().to_owned(), slot)).collect()
    }

    #[test]
    fn a_slot_is_due_once_however_often_the_cron_job_comes() {
        let (mut work, now) = (work(), "2018-07-07T12:00:00Z".parse().unwrap());
        let first = chosen(&work, &[], now);
        assert_eq!(first.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>(), ["http", "nightly", "quick"]);
        assert_eq!(first[1].1, "2018-07-07T03:30:00Z".parse().unwrap());
        assert!(first.iter().all(|(_, slot)| *slot <= now));
        for (probe, slot) in first {
            later(&mut work.last_slots, ProbeId::new("hub", &probe), slot);
        }
        assert_eq!(chosen(&work, &[], now), []);
        let next = chosen(&work, &[], now + Duration::from_secs(600));
        assert_eq!(next.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>(), ["http", "quick"]);
    }

    #[test]
    fn a_named_probe_runs_at_once_and_an_unknown_name_is_told() {
        let (work, now) = (work(), "2018-07-07T12:00:00.123456Z".parse().unwrap());
        let ms = "2018-07-07T12:00:00.123Z".parse().unwrap();
        assert_eq!(chosen(&work, &["hub/nightly"], now), [("nightly".to_owned(), ms)]);
        assert_eq!(chosen(&work, &["hub", "quick"], now).len(), 3, "each once");
        let wrong = choose(&work, &["hup".to_owned()], now).err().unwrap();
        assert!(wrong.contains("hub/nightly"), "{wrong}");
    }

    #[test]
    fn last_slots_only_grow() {
        let folder = tempfile::tempdir().unwrap();
        let slots = LastSlots::of(folder.path());
        let (probe, early, late) =
            (ProbeId::new("a", "b"), Timestamp::from_second(1).unwrap(), Timestamp::from_second(2).unwrap());
        slots.write([(probe.clone(), late)].into_iter());
        slots.write([(probe.clone(), early)].into_iter());
        assert_eq!(slots.read(), BTreeMap::from([(probe, late)]));
    }
}
