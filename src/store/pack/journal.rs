//! A batch of results as it is written down at once: quick to write, and quick to search for one probe.

use super::bytes::{self, Damage, Reader};
use super::plain::{Plain, Time};
use super::shape::Shapes;

const FORMAT: u8 = 1;

/// Units of a slot in microseconds, coarsest first: slots of whole seconds need no digits for less.
const UNITS: [i64; 4] = [1_000_000, 1_000, 100, 1];

/// Packs a batch.
pub(crate) fn encode(batch: &[Plain]) -> Vec<u8> {
    let mut blob = bytes::frame(FORMAT);
    let unit = UNITS.into_iter().find(|u| batch.iter().all(|p| p.slot % u == 0)).unwrap_or(1);
    bytes::put(&mut blob, unit.unsigned_abs());
    bytes::put(&mut blob, batch.len() as u64);
    let mut before = 0;
    let mut body = Vec::with_capacity(64);
    for plain in batch {
        let slot = plain.slot / unit;
        bytes::put(&mut blob, u64::from(plain.probe));
        bytes::put_signed(&mut blob, slot.wrapping_sub(before));
        before = slot;
        body.clear();
        put_body(&mut body, plain);
        bytes::put(&mut blob, body.len() as u64);
        blob.extend_from_slice(&body);
    }
    bytes::close(blob)
}

fn put_body(to: &mut Vec<u8>, plain: &Plain) {
    let gaps = plain.times.iter().any(|t| t.gap != 0);
    bytes::put(to, u64::from(plain.shape) << 1 | u64::from(gaps));
    bytes::put(to, u64::from(plain.lag));
    for time in &plain.times {
        bytes::put(to, u64::from(time.took));
        if gaps {
            bytes::put_signed(to, i64::from(time.gap));
        }
    }
    for value in &plain.values {
        to.extend_from_slice(&value.to_bits().to_le_bytes());
    }
}

/// Where one result stands in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub probe: u32,
    pub slot: i64,
    at: usize,
    len: usize,
}

/// The results of a batch, one by one, without reading what is in them.
///
/// # Errors
/// If the batch is damaged.
pub(crate) fn scan(blob: &[u8], mut visit: impl FnMut(Entry)) -> Result<(), Damage> {
    let mut from = bytes::open(blob, FORMAT)?;
    let unit: i64 = from.narrow("unit")?;
    let count = from.number()?;
    let mut slot = 0_i64;
    for _ in 0..count {
        let probe = from.narrow("probe")?;
        slot = slot.wrapping_add(from.signed()?);
        let len: usize = from.narrow("length")?;
        let at = from.at();
        from.take(len)?;
        visit(Entry { probe, slot: slot.wrapping_mul(unit), at, len });
    }
    Ok(())
}

/// One result that [`scan`] came by.
///
/// # Errors
/// If it does not fit its shape.
pub(crate) fn read(blob: &[u8], entry: Entry, shapes: &Shapes) -> Result<Plain, Damage> {
    let end = entry.at.checked_add(entry.len).ok_or(Damage::Short)?;
    let mut from = Reader::from(blob.get(..end).ok_or(Damage::Short)?, entry.at);
    let head = from.number()?;
    let shape = u32::try_from(head >> 1).map_err(|_| Damage::Impossible("shape"))?;
    let form = shapes.get(shape).ok_or(Damage::Impossible("shape"))?;
    let lag = from.narrow("lag")?;
    let mut times = Vec::with_capacity(form.stages.len());
    for _ in &form.stages {
        let took = from.narrow("duration")?;
        let gap = if head & 1 == 1 { from.signed()? } else { 0 };
        times.push(Time { gap: i16::try_from(gap).map_err(|_| Damage::Impossible("gap"))?, took });
    }
    let mut values = Vec::with_capacity(form.measurements.len());
    for _ in &form.measurements {
        let bits = from.take(8)?.first_chunk::<8>().ok_or(Damage::Short)?;
        values.push(f64::from_bits(u64::from_le_bytes(*bits)));
    }
    Ok(Plain { probe: entry.probe, slot: entry.slot, shape, lag, times, values })
}
