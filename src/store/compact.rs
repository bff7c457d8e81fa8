//! From batches to blocks: when enough has gathered for blocks to be worth it.

use std::collections::BTreeMap;

use launchwatch_probes::Verdict;

use super::damage::Damaged;
use super::names::Names;
use super::pack::plain::Plain;
use super::pack::{block, journal};

/// Results that should lie in the journal for each probe before blocks are made of them: fewer make poor blocks.
const PER_PROBE: u64 = 192;

/// However few or many probes: not for less than this, and no more than this at once.
const LEAST: u64 = 16_384;
pub(super) const MOST: u64 = 655_360;

/// Results that housekeeping leaves in the journal: the newest runs of all probes are read from there at once, not
/// from a block of each.
pub(super) const TAIL: u64 = 1_024;

/// Whether so many results of so many probes are worth making blocks of.
pub(super) fn worth_it(journaled: u64, probes: u64) -> bool {
    journaled >= (PER_PROBE * probes).clamp(LEAST, MOST)
}

/// A block that is ready to be written.
pub(super) struct Made {
    pub probe: u32,
    pub first: i64,
    pub last: i64,
    pub count: usize,
    pub bad: i64,
    pub data: Vec<u8>,
}

/// A row of the journal: its id, what cannot be read if it is damaged, and its blob.
pub(super) type Row = (i64, Vec<u8>);

/// Blocks of all results, and the rows that cannot be read.
pub(super) fn make(rows: &[Row], names: &Names, damaged: &Damaged) -> (Vec<Made>, Vec<i64>) {
    let mut bad = Vec::new();
    let mut entries: BTreeMap<u32, Vec<(i64, usize, journal::Entry)>> = BTreeMap::new();
    for (at, (id, data)) in rows.iter().enumerate() {
        let mut of = Vec::new();
        match journal::scan(data, |e| of.push(e)) {
            Ok(()) => of.into_iter().for_each(|e| entries.entry(e.probe).or_default().push((e.slot, at, e))),
            Err(e) => {
                damaged.note("journal", (*id, 0), &e);
                bad.push(*id);
            }
        }
    }
    let mut made = Vec::new();
    for (probe, mut entries) in entries {
        entries.sort_unstable_by_key(|e| e.0);
        for part in entries.chunks(even(entries.len())) {
            let read = |(_, at, entry): &(i64, usize, journal::Entry)| {
                let (id, data) = rows.get(*at)?;
                let plain = journal::read(data, *entry, &names.shapes);
                plain.inspect_err(|e| damaged.note("journal", (*id, entry.slot), e)).ok()
            };
            let plains: Vec<Plain> = part.iter().filter_map(read).collect();
            made.extend(one(probe, &plains, names));
        }
    }
    (made, bad)
}

/// Parts of nearly the same length, none longer than a block may be.
fn even(len: usize) -> usize {
    len.div_ceil(len.div_ceil(block::MOST).max(1)).max(1)
}

fn one(probe: u32, plains: &[Plain], names: &Names) -> Option<Made> {
    let (first, last) = (plains.first()?.slot, plains.last()?.slot);
    let (count, bad) = (plains.len(), bad(plains, names));
    Some(Made { probe, first, last, count, bad, data: block::encode(plains) })
}

/// How many did not pass.
pub(super) fn bad(plains: &[Plain], names: &Names) -> i64 {
    let passed = |p: &Plain| names.shapes.get(p.shape).is_some_and(|s| s.verdict == Verdict::Passed);
    plains.iter().filter(|p| !passed(p)).count() as i64
}
