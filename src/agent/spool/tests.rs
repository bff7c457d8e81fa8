//! The spool, with the process killed at every step it takes.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use launchwatch_probes::{Outcome, Verdict};
use proptest::prelude::*;

use super::*;
use crate::observation::ProbeId;

/// Burns down step by step; when it is burnt the process is dead: no later step happens either.
#[derive(Clone)]
pub(super) struct Fuse(Arc<AtomicI64>);

impl Default for Fuse {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(i64::MAX)))
    }
}

impl Fuse {
    pub(super) fn burn(&self) -> io::Result<()> {
        if self.0.fetch_sub(1, Ordering::Relaxed) > 0 { Ok(()) } else { Err(io::Error::other("killed")) }
    }

    fn burnt(&self) -> bool {
        self.0.load(Ordering::Relaxed) < 0
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_530_988_200 + second).unwrap()
}

fn sent(number: i64) -> Sent {
    Sent {
        probe: ProbeId::new("hub", "site"),
        slot: at(number),
        lag_us: 7,
        confirms: false,
        outcome: Outcome::bare(Verdict::Passed, None, ""),
    }
}

fn many(numbers: std::ops::Range<i64>) -> Vec<Sent> {
    numbers.map(sent).collect()
}

fn slots(observations: &[Sent]) -> Vec<i64> {
    observations.iter().map(|o| o.slot.as_second() - at(0).as_second()).collect()
}

fn open(folder: &Path) -> Spool {
    Spool::open(folder, Bounds::default()).unwrap()
}

fn all(spool: &Spool) -> Vec<i64> {
    let mut seen = Vec::new();
    loop {
        let batch = spool.head(MOST_OBSERVATIONS, 3 << 20);
        if batch.observations.is_empty() && spool.waiting().observations == 0 {
            return seen;
        }
        seen.extend(slots(&batch.observations));
        spool.taken(&batch);
    }
}

#[test]
fn what_waits_outlives_the_process_in_its_order() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path());
    for n in 0..200 {
        spool.put(vec![sent(n)], at(n)).unwrap();
    }
    let files = std::fs::read_dir(folder.path()).unwrap().count();
    assert!(files < 60, "small files are joined: {files}");
    drop(spool);
    let spool = open(folder.path());
    assert_eq!(spool.waiting().observations, 200);
    let first = spool.head(100, 3 << 20).observations.len();
    assert!((1..=100).contains(&first), "{first}");
    assert_eq!(all(&spool), (0..200).collect::<Vec<_>>());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "only the lock is left");
}

#[test]
fn a_large_batch_becomes_files_that_a_report_can_hold() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path());
    let mut observations = many(0..1_200);
    for sent in &mut observations {
        sent.outcome.evidence = vec!["x".repeat(3_000)];
    }
    spool.put(observations, at(0)).unwrap();
    let head = spool.head(MOST_OBSERVATIONS, 2 << 20);
    let bytes = serde_json::to_vec(&head.observations).unwrap().len();
    assert!(head.observations.len() > 100 && bytes < 4 << 20, "{} {bytes}", head.observations.len());
    assert_eq!(all(&spool), (0..1_200).collect::<Vec<_>>());
}

#[test]
fn two_processes_do_not_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path());
    let second = Spool::open(folder.path(), Bounds::default()).err().unwrap();
    assert!(matches!(second, Error::Locked(_)), "{second}");
    drop(first);
    open(folder.path());
}

#[test]
fn when_it_is_full_or_too_old_the_oldest_goes_and_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let bounds = Bounds { bytes: 10 * BLOCK, age: Duration::from_secs(1_000) };
    let spool = Spool::open(folder.path(), bounds).unwrap();
    for n in 0..15 {
        spool.put(vec![sent(n)], at(n)).unwrap();
    }
    let waiting = spool.waiting();
    assert_eq!((waiting.observations, waiting.lost, waiting.bytes), (10, 5, 10 * BLOCK));
    spool.put(vec![sent(1_010)], at(1_010)).unwrap();
    assert_eq!(spool.waiting().lost, 10, "those of more than 1,000 s ago");
    assert_eq!(all(&spool), [10, 11, 12, 13, 14, 1_010]);
}

#[test]
fn what_cannot_be_read_is_set_aside_and_blocks_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path());
    for n in 0..3 {
        spool.put(many(n * 10..n * 10 + 3), at(n)).unwrap();
    }
    let mut names: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some())
        .collect();
    names.sort();
    // The first is torn in its second line, the second is no file at all any more.
    let text = std::fs::read_to_string(&names[0]).unwrap();
    let torn: String = text.chars().take(text.len() / 2).collect();
    std::fs::write(&names[0], torn).unwrap();
    std::fs::remove_file(&names[1]).unwrap();
    std::fs::create_dir(&names[1]).unwrap();
    assert_eq!(all(&spool), [0, 20, 21, 22]);
    let waiting = spool.waiting();
    assert_eq!((waiting.unreadable, waiting.lost), (5, 5));
    drop(spool);
    assert_eq!(all(&open(folder.path())), [] as [i64; 0]);
}

#[test]
fn what_cannot_be_written_waits_in_memory_and_is_sent_from_there() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path());
    spool.put(many(0..3), at(0)).unwrap();
    spool.inner().disk.fuse.0.store(0, Ordering::Relaxed);
    assert!(spool.put(many(3..6), at(1)).is_err());
    let batch = spool.head(MOST_OBSERVATIONS, 3 << 20);
    assert_eq!(slots(&batch.observations), [0, 1, 2, 3, 4, 5]);
    // The disk is there again before the answer is.
    spool.inner().disk.fuse.0.store(i64::MAX, Ordering::Relaxed);
    spool.put(many(6..8), at(2)).unwrap();
    spool.taken(&batch);
    assert_eq!(
        all(&spool),
        [3, 4, 5, 6, 7],
        "what went to disk meanwhile comes twice rather than not at all"
    );
}

/// What may happen in the life of a spool.
#[derive(Debug, Clone)]
enum Turn {
    /// So many are seen.
    See(u8),
    /// So many are sent at most, and the service has them; whether its answer arrives.
    Send(u8, bool),
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = prop_oneof![
        (1..60_u8).prop_map(Turn::See),
        (1..=255_u8, any::<bool>()).prop_map(|(n, answered)| Turn::Send(n, answered)),
    ];
    prop::collection::vec(turn, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn killed_after_any_step_nothing_is_lost_and_the_service_counts_each_once(turns in turns(), kills in prop::collection::vec(0..40_i64, 0..12)) {
        let folder = tempfile::tempdir().unwrap();
        let mut kills = kills.into_iter();
        let begin = |kills: &mut dyn Iterator<Item = i64>| {
            let spool = open(folder.path());
            let fuse = spool.inner().disk.fuse.clone();
            fuse.0.store(kills.next().unwrap_or(i64::MAX), Ordering::Relaxed);
            (spool, fuse)
        };
        let (mut spool, mut fuse) = begin(&mut kills);
        let (mut next, mut kept) = (0_i64, BTreeSet::new());
        // How often the service counts each slot, after it has left out what it knows.
        let mut counted: BTreeMap<i64, u32> = BTreeMap::new();
        for (second, turn) in turns.into_iter().enumerate() {
            match turn {
                Turn::See(count) => {
                    let seen = next..next + i64::from(count);
                    next = seen.end;
                    if spool.put(many(seen.clone()), at(i64::try_from(second).unwrap())).is_ok() && !fuse.burnt() {
                        kept.extend(seen);
                    }
                }
                Turn::Send(most, answered) => {
                    let batch = spool.head(usize::from(most), 3 << 20);
                    for slot in slots(&batch.observations) {
                        counted.entry(slot).or_insert(1);
                    }
                    if answered {
                        spool.taken(&batch);
                    }
                }
            }
            if fuse.burnt() {
                drop(spool);
                (spool, fuse) = begin(&mut kills);
            }
        }
        drop(spool);
        let spool = open(folder.path());
        let left: BTreeSet<i64> = all(&spool).into_iter().collect();
        for slot in kept {
            prop_assert!(left.contains(&slot) || counted.contains_key(&slot), "{slot} is lost");
        }
        prop_assert_eq!(spool.waiting().unreadable, 0, "no half a file");
    }
}
