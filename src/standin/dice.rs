//! Dice: a small seeded generator, so that two runs with one seed draw the same names, tokens and jitter.

/// A splitmix64 generator. Good for names and jitter, useless for real secrets.
#[derive(Debug, Clone)]
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A generator of its own for one launch: what others draw meanwhile does not change it.
    pub(crate) fn fork(&self, label: u64) -> Self {
        let mut own = Self::new(self.state ^ label.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        own.next();
        own
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in `0..n`; 0 for `n` 0.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next().checked_rem(n).unwrap_or(0)
    }

    /// A number in `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
        let top = (self.next() >> 11) as f64;
        top / 9_007_199_254_740_992.0
    }

    /// `seconds` give or take 20 %.
    pub(crate) fn around(&mut self, seconds: f64) -> f64 {
        seconds * (0.8 + 0.4 * self.unit())
    }

    /// `len` characters out of a-z and 0-9, as in the user names of a BinderHub.
    pub(crate) fn word(&mut self, len: usize) -> String {
        const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        (0..len).map(|_| self.pick(LETTERS)).collect()
    }

    /// 22 url-safe characters, as the notebook tokens of a BinderHub.
    pub(crate) fn token(&mut self) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        (0..22).map(|_| self.pick(LETTERS)).collect()
    }

    /// A version 4 UUID in its usual spelling.
    pub(crate) fn uuid(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xfff,
            (b >> 48) & 0xfff,
            b & 0xffff_ffff_ffff
        )
    }

    fn pick(&mut self, letters: &[u8]) -> char {
        let at = usize::try_from(self.below(letters.len() as u64)).unwrap_or(0);
        letters.get(at).copied().map_or('x', char::from)
    }
}
