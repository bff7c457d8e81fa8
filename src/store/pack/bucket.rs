//! Buckets as bytes, and the chunks in which the buckets of a probe lie side by side.

use std::ops::Range;

use launchwatch_probes::{Reason, Stage, Verdict};

use super::bytes::{self, Damage, Reader};
use crate::store::{Bucket, Histogram, Tier};

const FORMAT: u8 = 1;

/// A gap or a count that does not fit its part of a byte follows as a number.
const FAR: u64 = 3;
const MANY: u64 = 63;

/// Seconds whose buckets share a row: 8 hours, 8 days. That is some 1 to 2 kB, and few rows for a long time.
pub(crate) const fn width(tier: Tier) -> i64 {
    match tier {
        Tier::Minute | Tier::Hour => 8 * 3_600,
        Tier::Day => 8 * 86_400,
    }
}

/// Start of the chunk that a bucket lies in.
pub(crate) const fn chunk(tier: Tier, start: i64) -> i64 {
    start.div_euclid(width(tier)) * width(tier)
}

/// Puts a bucket in a chunk: merged with the one that is there. An empty blob is an empty chunk.
///
/// # Errors
/// If the chunk is damaged.
pub(crate) fn merge(blob: &[u8], tier: Tier, bucket: &Bucket) -> Result<Vec<u8>, Damage> {
    let index = index(tier, bucket.start);
    let (mut before, mut after, mut merged) = (Vec::new(), Vec::new(), bucket.clone());
    each(blob, |at, bytes| {
        match at.cmp(&index) {
            std::cmp::Ordering::Less => put_entry(&mut before, at, bytes),
            std::cmp::Ordering::Greater => put_entry(&mut after, at, bytes),
            std::cmp::Ordering::Equal => merged.merge(&read(bytes, bucket.start, true)?),
        }
        Ok(())
    })?;
    let mut all = bytes::frame(FORMAT);
    all.append(&mut before);
    put_entry(&mut all, index, &write(&merged));
    all.append(&mut after);
    Ok(bytes::close(all))
}

/// The buckets of a chunk that start within a time, ascending; without their stages if these are not wanted.
///
/// # Errors
/// If the chunk is damaged.
pub(crate) fn range(
    blob: &[u8],
    tier: Tier,
    chunk: i64,
    within: Range<i64>,
    stages: bool,
) -> Result<Vec<Bucket>, Damage> {
    let mut found = Vec::new();
    each(blob, |index, bytes| {
        let start = chunk.saturating_add(i64::from(index) * tier.seconds());
        if within.contains(&start) {
            found.push(read(bytes, start, stages)?);
        }
        Ok(())
    })?;
    Ok(found)
}

fn index(tier: Tier, start: i64) -> u32 {
    u32::try_from((start - chunk(tier, start)) / tier.seconds()).unwrap_or(0)
}

fn each(blob: &[u8], mut visit: impl FnMut(u32, &[u8]) -> Result<(), Damage>) -> Result<(), Damage> {
    if blob.is_empty() {
        return Ok(());
    }
    let mut from = bytes::open(blob, FORMAT)?;
    while !from.is_empty() {
        let index = from.narrow("index")?;
        let len = from.narrow("length")?;
        visit(index, from.take(len)?)?;
    }
    Ok(())
}

fn put_entry(to: &mut Vec<u8>, index: u32, bytes: &[u8]) {
    bytes::put(to, u64::from(index));
    bytes::put(to, bytes.len() as u64);
    to.extend_from_slice(bytes);
}

fn write(bucket: &Bucket) -> Vec<u8> {
    let mut to = Vec::with_capacity(128);
    for verdict in Verdict::ALL {
        bytes::put(&mut to, u64::from(bucket.verdicts.get(verdict).copied().unwrap_or(0)));
    }
    bytes::put(&mut to, bucket.reasons.len() as u64);
    for (reason, count) in &bucket.reasons {
        to.push(reason.code());
        bytes::put(&mut to, u64::from(*count));
    }
    write_histogram(&mut to, &bucket.took);
    for (stage, histogram) in &bucket.stages {
        to.push(stage.code());
        write_histogram(&mut to, histogram);
    }
    to
}

fn write_histogram(to: &mut Vec<u8>, histogram: &Histogram) {
    bytes::put(to, histogram.micros);
    bytes::put(to, histogram.cells.len() as u64);
    let mut next = None;
    for &(cell, count) in &histogram.cells {
        let (gap, count) = (next.map(|n| u64::from(cell.saturating_sub(n))), u64::from(count));
        next = Some(cell.saturating_add(1));
        // The first cell may lie anywhere, the others mostly side by side.
        let far = gap.is_none_or(|g| g >= FAR);
        let short = gap.unwrap_or(FAR).min(FAR) << 6 | if count < MANY { count } else { MANY };
        to.push(short.to_le_bytes()[0]);
        if far {
            bytes::put(to, gap.unwrap_or(u64::from(cell)));
        }
        if count >= MANY {
            bytes::put(to, count);
        }
    }
}

fn read(bytes: &[u8], start: i64, stages: bool) -> Result<Bucket, Damage> {
    let mut from = Reader::new(bytes);
    let mut bucket = Bucket { start, ..Bucket::default() };
    for verdict in Verdict::ALL {
        let count = from.narrow("count")?;
        if count > 0 {
            bucket.verdicts.insert(*verdict, count);
        }
    }
    for _ in 0..from.number()? {
        let reason = Reason::from_code(from.byte()?);
        let count = from.narrow("count")?;
        // A reason of a newer version is not lost for the verdicts.
        if let Some(reason) = reason {
            bucket.reasons.insert(reason, count);
        }
    }
    bucket.took = read_histogram(&mut from)?;
    while stages && !from.is_empty() {
        let stage = Stage::from_code(from.byte()?);
        let histogram = read_histogram(&mut from)?;
        if let Some(stage) = stage {
            bucket.stages.insert(stage, histogram);
        }
    }
    Ok(bucket)
}

fn read_histogram(from: &mut Reader<'_>) -> Result<Histogram, Damage> {
    let micros = from.number()?;
    let count: usize = from.narrow("cells")?;
    // A cell takes a byte at least: more cells than bytes cannot be.
    let mut cells = Vec::with_capacity(count.min(4_096));
    let mut next = 0_u64;
    for _ in 0..count {
        let short = u64::from(from.byte()?);
        let gap = if short >> 6 == FAR { from.number()? } else { short >> 6 };
        let count = if short & MANY == MANY {
            from.narrow("count")?
        } else {
            u32::try_from(short & MANY).unwrap_or(0)
        };
        let cell = u16::try_from(next.saturating_add(gap)).map_err(|_| Damage::Impossible("cell"))?;
        next = u64::from(cell) + 1;
        cells.push((cell, count));
    }
    Ok(Histogram { cells, micros })
}
