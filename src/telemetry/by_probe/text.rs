//! Writes the figures of probes in the text format of Prometheus, piece by piece.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};

use launchwatch_probes::Verdict;

use super::{Figures, Labels, OfProbe};

/// A piece has about this many bytes: a fraction of a millisecond's work.
const PIECE: usize = 32 * 1024;

/// All series of one name.
struct Family {
    name: &'static str,
    help: &'static str,
    kind: &'static str,
    write: fn(&mut Series<'_>, &Figures),
}

/// In the order of their names; labels in the order of theirs.
const FAMILIES: [Family; 7] = [
    Family {
        name: "launchwatch_last_run_timestamp_seconds",
        help: "When the last run ended.",
        kind: "gauge",
        write: |s, f| s.sample("", &[&s.labels.probe, ",", &s.labels.target], f.last_run),
    },
    Family {
        name: "launchwatch_launches_total",
        help: "Launches by who served them: the member they were sent to, the node of their pod, as far as they are known.",
        kind: "counter",
        write: launches,
    },
    Family {
        name: "launchwatch_measurement",
        help: "Numbers that probes read, in base units; the label `name` says which.",
        kind: "gauge",
        write: |s, f| {
            for (name, value) in &f.measurements {
                s.sample(
                    "",
                    &["name=\"", &escaped(name), "\",", &s.labels.probe, ",", &s.labels.target],
                    value,
                );
            }
        },
    },
    Family {
        name: "launchwatch_run_reasons_total",
        help: "Runs that did not pass, by reason and by the stage in which they ended.",
        kind: "counter",
        write: |s, f| {
            for (reason, stage, count) in &f.reasons {
                let (reason, stage) = (reason.as_str(), stage.map_or("", |s| s.as_str()));
                let middle = [",reason=\"", reason, "\",stage=\"", stage, "\","].concat();
                s.sample("", &[&s.labels.probe, &middle, &s.labels.target], count);
            }
        },
    },
    Family {
        name: "launchwatch_runs_total",
        help: "Runs by verdict.",
        kind: "counter",
        write: |s, f| {
            for (verdict, count) in Verdict::ALL.iter().zip(f.verdicts) {
                let Labels { probe, target, kind } = s.labels;
                let verdict = verdict.as_str();
                s.sample("", &[probe, ",", target, ",type=\"", kind, "\",verdict=\"", verdict, "\""], count);
            }
        },
    },
    Family {
        name: "launchwatch_slots_missed_total",
        help: "Slots that passed without a run.",
        kind: "counter",
        write: |s, f| s.sample("", &[&s.labels.probe, ",", &s.labels.target], f.missed),
    },
    Family {
        name: "launchwatch_stage_duration_seconds",
        help: "Duration of a stage of a run.",
        kind: "histogram",
        write: stages,
    },
];

fn launches(s: &mut Series<'_>, figures: &Figures) {
    for place in figures.served.places() {
        let (member, node) = (escaped(&place.member), escaped(&place.node));
        let begin =
            ["member=\"", &member, "\",node=\"", &node, "\",", &s.labels.probe, ",", &s.labels.target]
                .concat();
        for (verdict, count) in Verdict::ALL.iter().zip(place.verdicts) {
            s.sample("", &[&begin, ",verdict=\"", verdict.as_str(), "\""], count);
        }
    }
}

fn stages(s: &mut Series<'_>, figures: &Figures) {
    for (stage, cells) in &figures.stages {
        let Labels { probe, target, .. } = s.labels;
        let labels = [probe, ",stage=\"", stage.as_str(), "\",", target].concat();
        for (bound, count) in cells.cumulative() {
            s.sample("_bucket", &[&labels, ",le=\"", bound, "\""], count);
        }
        s.sample("_bucket", &[&labels, ",le=\"+Inf\""], cells.count);
        s.sample("_sum", &[&labels], cells.sum);
        s.sample("_count", &[&labels], cells.count);
    }
}

/// How far the text has come: the family, and the probe in it.
#[derive(Default)]
pub(in crate::telemetry) struct Place {
    family: usize,
    probe: usize,
    /// Whether the family's head is written.
    begun: bool,
}

/// The next piece; `None` at the end.
pub(super) fn piece(probes: &[OfProbe], place: &mut Place) -> Option<String> {
    let mut out = String::new();
    while let Some(family) = FAMILIES.get(place.family) {
        while let Some(of) = probes.get(place.probe) {
            if out.len() >= PIECE {
                return Some(out);
            }
            if out.capacity() == 0 {
                out.reserve(PIECE + PIECE / 4);
            }
            let mut series = Series { out: &mut out, labels: &of.labels, family, begun: &mut place.begun };
            (family.write)(&mut series, &of.lock());
            place.probe += 1;
        }
        *place = Place { family: place.family + 1, ..Place::default() };
    }
    (!out.is_empty()).then_some(out)
}

/// Where the series of one probe in one family are written.
struct Series<'a> {
    out: &'a mut String,
    labels: &'a Labels,
    family: &'static Family,
    begun: &'a mut bool,
}

impl Series<'_> {
    fn sample(&mut self, suffix: &str, labels: &[&str], value: impl Display) {
        let Family { name, help, kind, .. } = *self.family;
        // Writing to a string cannot fail.
        if !std::mem::replace(self.begun, true) {
            let _ = write!(self.out, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        }
        [name, suffix, "{"].iter().chain(labels).for_each(|part| self.out.push_str(part));
        let _ = writeln!(self.out, "}} {value}");
    }
}

/// A label's value as it is written.
pub(super) fn escaped(value: &str) -> Cow<'_, str> {
    if value.contains(['\\', '"', '\n']) {
        Cow::Owned(value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
    } else {
        Cow::Borrowed(value)
    }
}
