//! Repos: who came for which repository.

use crate::rehearsal::stage::course::whole;
use crate::rehearsal::stage::house::House;

/// Repositories that are popular on any day.
pub(super) const PLACES: [&str; 8] = [
    "https://github.com/example/course-notes",
    "https://github.com/example/python-intro",
    "https://github.com/example/climate-maps",
    "https://github.com/example/statistics-lab",
    "https://github.com/example/robot-arm",
    "https://github.com/example/galaxy-zoo",
    "https://github.com/example/text-mining",
    "https://github.com/example/signal-tour",
];

/// Who came for which repository: those that the file counts take the youngest pods.
pub(super) struct Repos {
    total: usize,
    counted: Vec<(String, usize)>,
    seed: u64,
}

impl Repos {
    pub(super) fn new(house: &House, t: f64, total: usize) -> Self {
        let by_repo = house.snapshot(t).map(|s| &s.by_repo);
        let counted = by_repo.into_iter().flatten().map(|(name, n)| (name.clone(), whole(*n))).collect();
        Self { total, counted, seed: house.seed }
    }

    pub(super) fn of(&self, index: usize) -> String {
        let mut from_top = self.total.saturating_sub(index + 1);
        for (name, n) in &self.counted {
            if from_top < *n {
                return name.clone();
            }
            from_top -= n;
        }
        let mut dice = crate::standin::dice::Dice::new(self.seed).fork(index as u64);
        let at = usize::try_from(dice.below(PLACES.len() as u64)).unwrap_or(0);
        PLACES.get(at).copied().unwrap_or_default().to_owned()
    }
}
