//! What others tell: dropped if it is known, judged if it is recent and in order, only kept if it is late; answered when durable.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::oneshot;

use crate::config::{ProbeConfig, RunBy};
use crate::observation::{Observation, ProbeId};
use crate::store::{Error, RunQuery, Store};

/// What is older than this when it arrives is kept and not judged, or older than three intervals where those are longer.
const LATE: SignedDuration = SignedDuration::from_mins(5);
const INTERVALS: u32 = 3;
/// Slots remembered of each series; what is older is looked up.
const REMEMBERED: usize = 4_096;
/// Slots that lie so far apart are looked up one by one rather than all between them.
const TOGETHER: SignedDuration = SignedDuration::from_hours(24);
const MICROSECOND: SignedDuration = SignedDuration::from_micros(1);

type Answer = oneshot::Sender<Vec<bool>>;

/// What is known of what others have told.
#[derive(Default)]
pub struct Reported {
    /// What this service runs itself: it comes this way only from a replica that led before us, and we have looked since.
    ours: BTreeSet<ProbeId>,
    late: BTreeMap<ProbeId, SignedDuration>,
    /// The last slots on record at the first report: asked for once.
    on_record: Option<BTreeMap<ProbeId, Timestamp>>,
    series: BTreeMap<ProbeId, Known>,
    waiting: Vec<(Answer, Vec<bool>)>,
}

/// What is known of one series.
#[derive(Debug)]
struct Known {
    newest: Option<Timestamp>,
    slots: BTreeSet<Timestamp>,
    /// All slots from this one on are in `slots`; of those before, the store knows.
    whole_from: Timestamp,
}

/// A report, sorted.
pub(super) struct Sorted {
    /// What is new, oldest first, and whether it is to be judged.
    pub(super) news: Vec<(Observation, bool)>,
    /// Whether it was new, in the order of the report.
    pub(super) new: Vec<bool>,
}

impl Reported {
    /// For the probes that others run.
    pub fn of(probes: &[ProbeConfig], now: Timestamp) -> Self {
        let late = |probe: &ProbeConfig| {
            let long = probe.schedule.interval(now).checked_mul(INTERVALS);
            let long = long.and_then(|long| SignedDuration::try_from(long).ok());
            (probe.id.clone(), long.unwrap_or(SignedDuration::MAX).max(LATE))
        };
        let (ours, theirs): (Vec<_>, Vec<_>) = probes.iter().partition(|p| p.by == RunBy::Us);
        let ours = ours.into_iter().map(|p| p.id.clone()).collect();
        Self { ours, late: theirs.into_iter().map(late).collect(), ..Self::default() }
    }

    /// Sorts a report.
    ///
    /// # Errors
    /// The store cannot say what it knows: then nothing of the report was taken.
    pub(super) async fn sort(
        &mut self,
        told: Vec<Observation>,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<Sorted, Error> {
        let kept = self.look_up(&told, store).await?;
        let mut order: Vec<usize> = (0..told.len()).collect();
        order.sort_by_key(|at| told.get(*at).map(|seen| seen.slot));
        let mut new = vec![false; told.len()];
        let mut told: Vec<Option<Observation>> = told.into_iter().map(Some).collect();
        let mut news = Vec::new();
        for at in order {
            let Some(seen) = told.get_mut(at).and_then(Option::take) else { continue };
            let key = (seen.probe.clone(), seen.slot);
            let late = self.late.get(&seen.probe).copied().unwrap_or(LATE);
            let Some(known) = self.series.get_mut(&seen.probe) else { continue };
            if kept.contains(&key) || !known.slots.insert(seen.slot) {
                continue;
            }
            let in_order = known.newest.is_none_or(|newest| newest < seen.slot);
            known.newest = known.newest.max(Some(seen.slot));
            let judged =
                in_order && !self.ours.contains(&seen.probe) && now.duration_since(seen.ended()) <= late;
            if let Some(flag) = new.get_mut(at) {
                *flag = true;
            }
            news.push((seen, judged));
        }
        self.series.values_mut().for_each(Known::forget);
        Ok(Sorted { news, new })
    }

    /// Somebody waits until what came so far is durable.
    pub(super) fn awaits(&mut self, answer: Answer, new: Vec<bool>) {
        // Who no longer waits will ask again.
        self.waiting.retain(|(answer, _)| !answer.is_closed());
        self.waiting.push((answer, new));
    }

    /// All of it is durable.
    pub(super) fn answer(&mut self) {
        self.waiting.drain(..).for_each(|(answer, new)| drop(answer.send(new)));
    }

    /// What of this is on record already, of that which is not remembered.
    async fn look_up(
        &mut self,
        told: &[Observation],
        store: &dyn Store,
    ) -> Result<BTreeSet<(ProbeId, Timestamp)>, Error> {
        let on_record = match &mut self.on_record {
            Some(known) => known,
            unknown => unknown.insert(store.last_slots().await?),
        };
        let mut doubtful: BTreeMap<&ProbeId, BTreeSet<Timestamp>> = BTreeMap::new();
        for seen in told {
            if !self.series.contains_key(&seen.probe) {
                let known = Known::since(on_record.get(&seen.probe).copied());
                self.series.insert(seen.probe.clone(), known);
            }
            let known = self.series.get(&seen.probe);
            if known.is_some_and(|k| seen.slot < k.whole_from && !k.slots.contains(&seen.slot)) {
                doubtful.entry(&seen.probe).or_default().insert(seen.slot);
            }
        }
        let mut kept = BTreeSet::new();
        for (probe, slots) in doubtful {
            for (from, to) in spans(&slots) {
                let query = RunQuery {
                    probe: Some(probe.clone()),
                    from: Some(from),
                    to: Some(to.saturating_add(MICROSECOND).unwrap_or(to)),
                    only_bad: false,
                    limit: usize::MAX,
                };
                kept.extend(store.runs(&query).await?.into_iter().map(|run| (run.probe, run.slot)));
            }
        }
        Ok(kept)
    }
}

impl Known {
    fn since(newest: Option<Timestamp>) -> Self {
        let whole_from = newest.map_or(Timestamp::MIN, after);
        Self { newest, slots: BTreeSet::new(), whole_from }
    }

    /// Keeps memory bounded.
    fn forget(&mut self) {
        while self.slots.len() > REMEMBERED {
            let Some(oldest) = self.slots.pop_first() else { return };
            self.whole_from = self.whole_from.max(after(oldest));
        }
    }
}

fn after(slot: Timestamp) -> Timestamp {
    slot.saturating_add(MICROSECOND).unwrap_or(slot)
}

/// First and last of slots that are looked up together.
fn spans(slots: &BTreeSet<Timestamp>) -> Vec<(Timestamp, Timestamp)> {
    let mut spans: Vec<(Timestamp, Timestamp)> = Vec::new();
    for slot in slots {
        match spans.last_mut() {
            Some((from, to)) if slot.duration_since(*from) <= TOGETHER => *to = *slot,
            _ => spans.push((*slot, *slot)),
        }
    }
    spans
}

#[cfg(test)]
mod tests;
