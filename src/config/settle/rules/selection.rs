//! What rules, routes and maintenance are about: it must exist, and is never launchwatch itself by accident.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use launchwatch_alerts::{OURSELVES, Selector, SeriesId};
use launchwatch_probes::Kind;

use crate::config::path::Path;
use crate::config::settle::{Desk, Named};
use crate::config::typed::Item;
use crate::config::words;
use crate::observation::ProbeId;

/// A probe that a rule is about.
pub(super) struct Chosen {
    pub(super) id: ProbeId,
    pub(super) kind: Option<&'static Kind>,
    pub(super) period: Option<Duration>,
}

/// A selection as written.
pub(in crate::config::settle) fn patterns(targets: Option<&[String]>, probes: Option<&[String]>) -> Selector {
    let list = |written: Option<&[String]>| written.map(<[String]>::to_vec).unwrap_or_default();
    Selector { targets: list(targets), probes: list(probes), series: Vec::new() }
}

/// Narrows a selection down to some types of probes. Whether there are probes of each; told if not.
pub(super) fn types(types: &[String], of: &mut Selector, item: &Item<'_>, desk: &mut Desk<'_, '_>) -> bool {
    let mut all = true;
    let known: Vec<&str> = desk.registries.probes.iter().map(|k| k.name).collect();
    for (at, name) in types.iter().enumerate() {
        let inner = Path::default().key("types").index(at);
        if !known.contains(&name.as_str()) {
            let what = format!("there is no type of probe `{name}`");
            desk.refuse(item, &inner, what, words::did_you_mean(name, &known));
            all = false;
        } else if !desk.nameless && !desk.named.iter().any(|n| n.kind.is_some_and(|k| k.name == *name)) {
            let hint = format!("leave it off, or add one to a target: `- type: {name}`");
            desk.refuse(item, &inner, format!("no probe is a `{name}`"), hint);
            all = false;
        }
    }
    let wanted = |named: &Named| named.kind.is_some_and(|k| types.iter().any(|t| t == k.name));
    of.series = if types.is_empty() { Vec::new() } else { narrowed(&desk.named, wanted) };
    all
}

/// The shortest list of `target/probe` that stands for exactly these probes.
pub(super) fn narrowed(named: &[Named], wanted: impl Fn(&Named) -> bool) -> Vec<String> {
    let mut by_name: BTreeMap<&str, (Vec<String>, bool)> = BTreeMap::new();
    for one in named {
        let (series, all) = by_name.entry(one.id.probe()).or_insert_with(|| (Vec::new(), true));
        if wanted(one) {
            series.push(one.id.to_string());
        } else {
            *all = false;
        }
    }
    let mut list = Vec::new();
    for (name, (series, all)) in by_name {
        // Ten thousand probes have few names, and the engine holds every series against every entry.
        if all && series.len() > 1 { list.push(format!("*/{name}")) } else { list.extend(series) }
    }
    list
}

/// The probes that are meant.
pub(super) fn chosen(of: &Selector, desk: &Desk<'_, '_>) -> Vec<Chosen> {
    let meant = desk.named.iter().filter(|n| of.matches(&n.series()));
    meant.map(|n| Chosen { id: n.id.clone(), kind: n.kind, period: n.period }).collect()
}

/// The same selection with the names of targets spelled out, so that it is never about launchwatch itself.
pub(in crate::config::settle) fn expanded(of: Selector, desk: &Desk<'_, '_>) -> Selector {
    let all: BTreeSet<&str> = desk.named.iter().map(|n| n.id.target()).collect();
    let meant = Selector { targets: of.targets, ..Selector::default() };
    let targets: Vec<String> =
        all.into_iter().filter(|name| meant.matches(&at(name))).map(str::to_owned).collect();
    // Where nothing is meant, which was told, an empty list would mean everything.
    Selector { targets: if targets.is_empty() { meant.targets } else { targets }, ..of }
}

/// Tells what selects nothing. `ours`: launchwatch itself may be meant as well.
pub(in crate::config::settle) fn tell(
    of: &Selector,
    noun: &str,
    ours: bool,
    item: &Item<'_>,
    desk: &mut Desk<'_, '_>,
) {
    if desk.nameless {
        return;
    }
    let every = desk.series();
    let mut targets: Vec<&str> = every.iter().map(|s| s.target.as_str()).collect();
    targets.extend(ours.then_some(OURSELVES));
    let ours = ours && of.targets.iter().any(|t| one(t).matches(&at(OURSELVES)));
    let mut missed = unknown("target", &of.targets, targets, item, desk);
    if !ours {
        // What launchwatch looks at in itself has names of its own.
        let probes = every.iter().map(|s| s.probe.as_str()).collect();
        missed |= unknown("probe", &of.probes, probes, item, desk);
    }
    if !missed && !ours && !every.iter().any(|s| of.matches(s)) {
        let hint = "no target of `targets` has a probe of `probes`";
        desk.refuse(item, &Path::default(), format!("the {noun} selects nothing"), hint);
    }
}

/// Tells of patterns that fit nothing.
fn unknown(
    noun: &str,
    patterns: &[String],
    mut known: Vec<&str>,
    item: &Item<'_>,
    desk: &mut Desk<'_, '_>,
) -> bool {
    known.sort_unstable();
    known.dedup();
    let mut missed = false;
    for (at_index, pattern) in patterns.iter().enumerate() {
        if !known.iter().any(|name| one(pattern).matches(&at(name))) {
            missed = true;
            let inner = Path::default().key(&format!("{noun}s")).index(at_index);
            let hint = words::did_you_mean(pattern, &known);
            desk.refuse(item, &inner, format!("there is no {noun} `{pattern}`"), hint);
        }
    }
    missed
}

/// A selection by one pattern of a name.
fn one(pattern: &str) -> Selector {
    Selector::target(pattern)
}

/// Something of this name, fit to be held against a pattern.
fn at(name: &str) -> SeriesId {
    SeriesId { target: name.to_owned(), probe: String::new(), location: String::new() }
}
