//! The histogram of a stage: as small as can be, for there are thousands.

/// Upper bounds in seconds, as they are written: from a local connection to a slow build.
pub(crate) const BOUNDS: [(f64, &str); 14] = [
    (0.005, "0.005"),
    (0.025, "0.025"),
    (0.1, "0.1"),
    (0.25, "0.25"),
    (0.5, "0.5"),
    (1.0, "1"),
    (2.5, "2.5"),
    (5.0, "5"),
    (10.0, "10"),
    (20.0, "20"),
    (30.0, "30"),
    (60.0, "60"),
    (120.0, "120"),
    (600.0, "600"),
];

/// Counts of durations.
#[derive(Default)]
pub(super) struct Cells {
    /// By bound; what is above the last one is only in `count`.
    within: [u64; BOUNDS.len()],
    pub(super) count: u64,
    pub(super) sum: f64,
}

impl Cells {
    pub(super) fn observe(&mut self, seconds: f64) {
        self.count += 1;
        self.sum += seconds;
        let fits = BOUNDS.iter().zip(&mut self.within).find(|(bound, _)| seconds <= bound.0);
        if let Some((_, cell)) = fits {
            *cell += 1;
        }
    }

    /// Bounds as they are written, with how many lie at or below.
    pub(super) fn cumulative(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let sums = self.within.iter().scan(0, |sum, cell| {
            *sum += cell;
            Some(*sum)
        });
        BOUNDS.iter().map(|b| b.1).zip(sums)
    }
}
