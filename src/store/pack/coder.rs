//! An adaptive binary arithmetic coder: numbers that are nearly known cost nearly nothing.
//!
//! Encoder and decoder share one model, written once against [`Coder`]: what is encoded is also what is returned, so
//! the two cannot drift apart.

/// How sure a context is at most about its next bit, in observations: more would be slow to follow a change.
const MEMORY: u16 = 120;

/// One bit in one context: how likely it is a one.
#[derive(Clone, Copy)]
pub(crate) struct Bit {
    ones: u16,
    seen: u16,
}

impl Default for Bit {
    fn default() -> Self {
        Self { ones: 0x8000, seen: 0 }
    }
}

impl Bit {
    fn learn(&mut self, bit: bool) {
        let target = if bit { 0xffff } else { 0 };
        let off = (target - i32::from(self.ones)) * 2 / (2 * i32::from(self.seen) + 3);
        // Never quite sure: each bit must stay possible.
        let ones = (i32::from(self.ones) + off).clamp(24, 0xffff - 24);
        self.ones = u16::try_from(ones).unwrap_or(0x8000);
        self.seen = (self.seen + 1).min(MEMORY);
    }
}

/// Either direction.
pub(crate) trait Coder {
    /// Passes one bit whose chance of being a one is `ones / 65536`; a decoder ignores `bit` and returns the true one.
    fn pass(&mut self, bit: bool, ones: u16) -> bool;

    /// One bit in a context.
    fn bit(&mut self, context: &mut Bit, bit: bool) -> bool {
        let bit = self.pass(bit, context.ones);
        context.learn(bit);
        bit
    }

    /// The lowest `count` bits of a number about which nothing is known.
    fn raw(&mut self, number: u64, count: u32) -> u64 {
        (0..count).rev().fold(0, |all, i| (all << 1) | u64::from(self.pass(number >> i & 1 == 1, 0x8000)))
    }
}

/// The model of numbers around zero: length in bits, sign, and the two bits after the leading one are learnt.
#[derive(Clone)]
pub(crate) struct Number {
    longer: [Bit; 65],
    negative: Bit,
    leading: [[Bit; 4]; 12],
}

impl Default for Number {
    fn default() -> Self {
        Self { longer: [Bit::default(); 65], negative: Bit::default(), leading: [[Bit::default(); 4]; 12] }
    }
}

impl Number {
    /// Passes one number.
    pub(crate) fn pass(&mut self, coder: &mut impl Coder, number: i64) -> i64 {
        let size = number.unsigned_abs();
        let length = self.pass_length(coder, u64::BITS - size.leading_zeros());
        if length == 0 {
            return 0;
        }
        let negative = coder.bit(&mut self.negative, number < 0);
        let size = self.pass_tail(coder, size, length);
        if negative { size.wrapping_neg().cast_signed() } else { size.cast_signed() }
    }

    fn pass_length(&mut self, coder: &mut impl Coder, length: u32) -> u32 {
        let mut passed = 0;
        for context in self.longer.iter_mut().take(64) {
            if !coder.bit(context, length > passed) {
                break;
            }
            passed += 1;
        }
        passed
    }

    fn pass_tail(&mut self, coder: &mut impl Coder, size: u64, length: u32) -> u64 {
        let mut all = 1;
        let mut left = length - 1;
        if let Some(contexts) = self.leading.get_mut(length as usize) {
            let mut node = 1;
            while left > 0 && node < 4 {
                left -= 1;
                let Some(context) = contexts.get_mut(node) else { break };
                let bit = coder.bit(context, size >> left & 1 == 1);
                node = node * 2 + usize::from(bit);
                all = all << 1 | u64::from(bit);
            }
        }
        all << left | coder.raw(size, left)
    }
}

/// Writes.
pub(crate) struct Encoder {
    low: u32,
    high: u32,
    out: Vec<u8>,
}

impl Encoder {
    /// Appends to `out`.
    pub(crate) fn new(out: Vec<u8>) -> Self {
        Self { low: 0, high: u32::MAX, out }
    }

    /// Ends: one byte decides, as a decoder reads zeros after the end.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        if self.low > 0 {
            self.out.push((self.low >> 24).saturating_add(1).to_le_bytes()[0]);
        }
        self.out
    }
}

fn split(low: u32, high: u32, ones: u16) -> u32 {
    let part = (u64::from(high - low) * u64::from(ones)) >> 16;
    low + u32::try_from(part).unwrap_or(0)
}

impl Coder for Encoder {
    fn pass(&mut self, bit: bool, ones: u16) -> bool {
        let middle = split(self.low, self.high, ones);
        if bit {
            self.high = middle;
        } else {
            self.low = middle + 1;
        }
        while (self.low ^ self.high) >> 24 == 0 {
            self.out.push(self.high.to_be_bytes()[0]);
            self.low <<= 8;
            self.high = self.high << 8 | 0xff;
        }
        bit
    }
}

/// Reads.
pub(crate) struct Decoder<'a> {
    low: u32,
    high: u32,
    value: u32,
    rest: std::slice::Iter<'a, u8>,
}

impl<'a> Decoder<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let mut rest = bytes.iter();
        let value = (0..4).fold(0, |v, _| v << 8 | u32::from(rest.next().copied().unwrap_or(0)));
        Self { low: 0, high: u32::MAX, value, rest }
    }
}

impl Coder for Decoder<'_> {
    fn pass(&mut self, _: bool, ones: u16) -> bool {
        let middle = split(self.low, self.high, ones);
        let bit = self.value <= middle;
        if bit {
            self.high = middle;
        } else {
            self.low = middle + 1;
        }
        while (self.low ^ self.high) >> 24 == 0 {
            self.low <<= 8;
            self.high = self.high << 8 | 0xff;
            self.value = self.value << 8 | u32::from(self.rest.next().copied().unwrap_or(0));
        }
        bit
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_come_back(all in prop::collection::vec(prop_oneof![any::<i64>(), -40..40_i64, Just(0)], 0..300)) {
            let (mut model, mut to) = (Number::default(), Encoder::new(Vec::new()));
            for n in &all {
                model.pass(&mut to, *n);
            }
            let bytes = to.finish();
            let (mut model, mut from) = (Number::default(), Decoder::new(&bytes));
            for n in &all {
                prop_assert_eq!(model.pass(&mut from, 0), *n);
            }
        }
    }

    #[test]
    fn what_never_changes_costs_nearly_nothing() {
        let (mut model, mut to) = (Number::default(), Encoder::new(Vec::new()));
        (0..8_000).for_each(|_| assert_eq!(model.pass(&mut to, 0), 0));
        assert!(to.finish().len() < 12);
    }
}
