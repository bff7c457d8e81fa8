//! Events of the last minutes, counted by what they mean.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::Cx;
use crate::cluster::{Event, since};

/// How far back events count.
const WINDOW: f64 = 300.0;
/// Objects named at most.
const NAMED: usize = 5;

/// A measurement, and whether an event counts for it.
type Meaning = (&'static str, fn(&Event) -> bool);

/// What an event can mean, in the order of the measurements.
const MEANINGS: [Meaning; 12] = [
    ("events_failed_scheduling", |e| e.reason == "FailedScheduling"),
    ("events_scale_up", |e| e.reason == "TriggeredScaleUp"),
    ("events_scale_up_refused", |e| e.reason == "NotTriggerScaleUp"),
    ("events_quota_refused", |e| e.reason == "FailedCreate" && e.says("exceeded quota")),
    ("events_disk_full", is_disk_full),
    ("events_oom", |e| e.is_one_of(&["OOMKilling", "SystemOOM"])),
    ("events_evicted", |e| e.reason == "Evicted"),
    ("events_unhealthy", |e| e.reason == "Unhealthy"),
    ("events_backoff", |e| e.reason == "BackOff" && !is_image(e)),
    ("events_volume", |e| e.is_one_of(&["FailedMount", "FailedAttachVolume"])),
    ("events_image", is_image),
    ("events_readonly", |e| e.reason == "FilesystemIsReadOnly" || e.says("read-only file system")),
];

/// Meanings of which one wants to know whom they befell.
const BEFELL: [(&str, &str); 3] = [
    ("events_disk_full", "events_disk_full_on"),
    ("events_oom", "events_oom_on"),
    ("events_volume", "events_volume_on"),
];

fn is_disk_full(event: &Event) -> bool {
    let evicting = event.reason == "EvictionThresholdMet" && !event.says("memory");
    evicting || event.is_one_of(&["FreeDiskSpaceFailed", "ImageGCFailed"]) || event.says("no space left")
}

fn is_image(event: &Event) -> bool {
    event.is_one_of(&["ErrImagePull", "ImagePullBackOff"])
        || ["failed to pull", "errimagepull", "imagepullbackoff", "back-off pulling"]
            .iter()
            .any(|w| event.says(w))
}

/// Measures the events; the same one may be among them twice.
pub(super) fn measure(cx: &mut Cx, events: impl Iterator<Item = Event>, now: Timestamp) {
    let mut counts: BTreeMap<&str, f64> = MEANINGS.iter().map(|(name, _)| (*name, 0.0)).collect();
    let mut befell: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let (mut seen, mut quotas) = (BTreeSet::new(), BTreeSet::new());
    for event in events {
        let times = recent(&event, now);
        if times <= 0.0 || !seen.insert(identity(&event)) {
            continue;
        }
        for (name, _) in MEANINGS.iter().filter(|(_, fits)| fits(&event)) {
            *counts.entry(name).or_default() += times;
            if let Some((_, fact)) = BEFELL.iter().find(|(of, _)| of == name) {
                befell.entry(fact).or_default().insert(event.involved_object.name.clone());
            }
            if *name == "events_quota_refused" {
                quotas.extend(quota_of(&event.message));
            }
        }
    }
    for (name, _) in MEANINGS {
        cx.measure(name, counts.get(name).copied().unwrap_or_default());
    }
    for (fact, names) in befell.into_iter().chain([("events_quota_name", quotas)]) {
        let names: Vec<String> = names.into_iter().filter(|n| !n.is_empty()).take(NAMED).collect();
        if !names.is_empty() {
            cx.fact(fact, &names.join(", "));
        }
    }
}

/// How often it happened within the window. Of one that began before, the share that its even spread gives.
fn recent(event: &Event, now: Timestamp) -> f64 {
    let Some(last) = event.last() else { return 0.0 };
    let ago = since(last, now);
    if ago > WINDOW {
        return 0.0;
    }
    let times = event.times() as f64;
    let lasted = event.first().map_or(0.0, |first| since(first, last));
    let inside = WINDOW - ago;
    if lasted <= inside { times } else { (times * inside / lasted).round().max(1.0) }
}

fn identity(event: &Event) -> String {
    match event.metadata.uid.as_str() {
        "" => format!("{}/{}", event.metadata.namespace, event.metadata.name),
        uid => uid.to_owned(),
    }
}

/// The quota that `… exceeded quota: NAME, requested: …` names.
fn quota_of(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("exceeded quota: ")?;
    rest.split([',', ' ']).next().filter(|name| !name.is_empty()).map(str::to_owned)
}
