//! Seeded chance: jitter and names that must be new. The same seed gives the same world.

use std::sync::{Arc, Mutex, PoisonError};

/// A source of chance, shared by all who hold it.
#[derive(Clone)]
pub struct Dice(Arc<Mutex<fastrand::Rng>>);

impl Dice {
    /// Chance from the operating system.
    pub fn system() -> Self {
        Self(Arc::new(Mutex::new(fastrand::Rng::new())))
    }

    /// Chance from a seed.
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))))
    }

    /// A number from 0 up to, but not including, 1.
    pub fn chance(&self) -> f64 {
        self.rng().f64()
    }

    /// A random word of `[a-z0-9]`.
    pub fn word(&self, length: usize) -> String {
        let mut rng = self.rng();
        std::iter::repeat_with(|| rng.alphanumeric().to_ascii_lowercase()).take(length).collect()
    }

    fn rng(&self) -> std::sync::MutexGuard<'_, fastrand::Rng> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Dice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dice")
    }
}
