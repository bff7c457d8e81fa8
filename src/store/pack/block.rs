//! Many results of one probe, squeezed: what is regular costs next to nothing, and times cost what they surprise.

use super::bytes::{self, Damage};
use super::coder::{Bit, Coder, Decoder, Encoder, Number};
use super::plain::{Plain, Time};
use super::scale::Code;
use super::shape::Shapes;

const FORMAT: u8 = 1;

/// Results in a block at most: reading one result means reading its block.
pub(crate) const MOST: usize = 1_024;

/// Packs results of one probe, at most [`MOST`], in the order of their slots.
pub(crate) fn encode(results: &[Plain]) -> Vec<u8> {
    let mut blob = bytes::frame(FORMAT);
    let mut slots = results.iter().map(|p| p.slot);
    let first = slots.next().unwrap_or(0);
    let step = slots.next().map_or(0, |second| second.wrapping_sub(first));
    bytes::put(&mut blob, results.len() as u64);
    bytes::put_signed(&mut blob, step);
    let mut coder = Encoder::new(blob);
    let mut model = Model::starting(first, step);
    for plain in results {
        model.pass(&mut coder, Some(plain), plain.probe, &|_| Some((plain.times.len(), plain.values.len())));
    }
    bytes::close(coder.finish())
}

/// Results of a probe again; the first slot is kept beside the block.
///
/// # Errors
/// If the block is damaged; then nothing in it is to be believed.
pub(crate) fn decode(blob: &[u8], probe: u32, first: i64, shapes: &Shapes) -> Result<Vec<Plain>, Damage> {
    let mut from = bytes::open(blob, FORMAT)?;
    let count: usize = from.narrow("count")?;
    let step = from.signed()?;
    if count > MOST {
        return Err(Damage::Impossible("count"));
    }
    let mut coder = Decoder::new(from.rest());
    let mut model = Model::starting(first, step);
    let lens = |id| shapes.get(id).map(|s| (s.stages.len(), s.measurements.len()));
    (0..count)
        .map(|_| model.pass(&mut coder, None, probe, &lens).ok_or(Damage::Impossible("shape")))
        .collect()
}

/// Codes around a slowly moving mean.
#[derive(Clone, Default)]
struct Codes {
    mean: i32,
    seen: i32,
    off: Number,
}

impl Codes {
    fn pass(&mut self, coder: &mut impl Coder, code: Code) -> Code {
        let before = self.mean >> 8;
        let off = if self.seen == 0 {
            // The first one is a surprise that must not teach how far the others are off.
            coder.raw(u64::from(code), 16).cast_signed()
        } else {
            self.off.pass(coder, i64::from(i32::from(code) - before))
        };
        let code = i32::try_from(off).unwrap_or(0).saturating_add(before);
        self.seen = (self.seen + 1).min(24);
        self.mean += ((code << 8) - self.mean) / self.seen;
        Code::try_from(code).unwrap_or(0)
    }
}

/// Measured values: the same again, or a whole number near the last one, or any bits.
#[derive(Clone, Default)]
struct Values {
    last: f64,
    same: Bit,
    whole: Bit,
    off: Number,
}

/// The number if it is whole and survives the way there and back.
fn whole(value: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "checked by the way back")]
    let number = value as i64;
    #[expect(clippy::cast_precision_loss, reason = "checked by comparing bits")]
    let back = number as f64;
    (back.to_bits() == value.to_bits()).then_some(number)
}

impl Values {
    fn pass(&mut self, coder: &mut impl Coder, value: f64) -> f64 {
        if coder.bit(&mut self.same, value.to_bits() == self.last.to_bits()) {
            return self.last;
        }
        let near = whole(value).zip(whole(self.last)).map(|(a, b)| a.wrapping_sub(b));
        self.last = if coder.bit(&mut self.whole, near.is_some()) {
            let off = self.off.pass(coder, near.unwrap_or(0));
            #[expect(clippy::cast_precision_loss, reason = "the sum is a number that was whole")]
            let value = whole(self.last).unwrap_or(0).wrapping_add(off) as f64;
            value
        } else {
            f64::from_bits(coder.raw(value.to_bits(), 64))
        };
        self.last
    }
}

#[derive(Clone, Default)]
struct Column {
    gap: Number,
    took: Codes,
}

/// What is expected of the next result.
#[derive(Default)]
struct Model {
    same_shape: Bit,
    shape: u32,
    off_grid: Number,
    slot: i64,
    step: i64,
    lag: Codes,
    gaps: Bit,
    columns: Vec<Column>,
    values: Vec<Values>,
}

impl Model {
    fn starting(first: i64, step: i64) -> Self {
        Self { slot: first.wrapping_sub(step), step, ..Self::default() }
    }

    /// Passes one result: encodes the one given, or decodes. `None` if its shape is not known.
    fn pass(
        &mut self,
        coder: &mut impl Coder,
        given: Option<&Plain>,
        probe: u32,
        lens: &dyn Fn(u32) -> Option<(usize, usize)>,
    ) -> Option<Plain> {
        let shape = self.pass_shape(coder, given.map_or(0, |p| p.shape));
        let (stages, measurements) = lens(shape)?;
        let slot = self.pass_slot(coder, given.map_or(0, |p| p.slot));
        let lag = self.lag.pass(coder, given.map_or(0, |p| p.lag));
        let times = self.pass_times(coder, given.map_or(&[][..], |p| &p.times), stages);
        if self.values.len() < measurements {
            self.values.resize(measurements, Values::default());
        }
        let values = (self.values.iter_mut().take(measurements).enumerate())
            .map(|(i, v)| v.pass(coder, given.and_then(|p| p.values.get(i)).copied().unwrap_or(0.0)))
            .collect();
        Some(Plain { probe, slot, shape, lag, times, values })
    }

    fn pass_shape(&mut self, coder: &mut impl Coder, shape: u32) -> u32 {
        if !coder.bit(&mut self.same_shape, shape == self.shape) {
            self.shape = u32::try_from(coder.raw(u64::from(shape), 32)).unwrap_or(0);
        }
        self.shape
    }

    fn pass_slot(&mut self, coder: &mut impl Coder, slot: i64) -> i64 {
        let step = slot.wrapping_sub(self.slot);
        let off = self.off_grid.pass(coder, step.wrapping_sub(self.step));
        self.step = self.step.wrapping_add(off);
        self.slot = self.slot.wrapping_add(self.step);
        self.slot
    }

    fn pass_times(&mut self, coder: &mut impl Coder, given: &[Time], stages: usize) -> Vec<Time> {
        let gaps = coder.bit(&mut self.gaps, given.iter().any(|t| t.gap != 0));
        if self.columns.len() < stages {
            self.columns.resize(stages, Column::default());
        }
        let mut times = Vec::with_capacity(stages);
        for (i, column) in self.columns.iter_mut().take(stages).enumerate() {
            let time = given.get(i).copied().unwrap_or_default();
            let gap = if gaps { column.gap.pass(coder, i64::from(time.gap)) } else { 0 };
            let took = column.took.pass(coder, time.took);
            times.push(Time { gap: i16::try_from(gap).unwrap_or(0), took });
        }
        times
    }
}
