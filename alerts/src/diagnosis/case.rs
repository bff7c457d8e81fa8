//! What speaks for a cause and against it, and how likely that makes it.

/// A case for one cause. Signs are weighed as independent: each leaves the share of doubt that it does not remove.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Case {
    doubt: Option<f64>,
    trust: Option<f64>,
    /// What speaks for it, in words with figures.
    pub evidence: Vec<String>,
    /// What speaks against it.
    pub against: Vec<String>,
    /// What would tell more.
    pub next_looks: Vec<String>,
}

impl Case {
    /// A case with nothing for it yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A sign for it. `weight` from 0 to 1: how likely this sign alone makes it. Proof is 0.9; what fits many causes 0.2.
    /// Nothing happens where the sign is not seen (`None`).
    #[must_use]
    pub fn sign(mut self, weight: f64, seen: Option<String>) -> Self {
        if let Some(words) = seen {
            self.doubt = Some(self.doubt.unwrap_or(1.0) * (1.0 - weight.clamp(0.0, 1.0)));
            self.evidence.push(words);
        }
        self
    }

    /// A sign against it; at 1 it is out of the question.
    #[must_use]
    pub fn counter(mut self, weight: f64, seen: Option<String>) -> Self {
        if let Some(words) = seen {
            self.trust = Some(self.trust.unwrap_or(1.0) * (1.0 - weight.clamp(0.0, 1.0)));
            self.against.push(words);
        }
        self
    }

    /// A look that would split this cause from another.
    #[must_use]
    pub fn ask(mut self, look: impl Into<String>) -> Self {
        self.next_looks.push(look.into());
        self
    }

    /// Whether more speaks against it than it could stand.
    pub(crate) fn is_out(&self) -> bool {
        self.trust.is_some_and(|trust| trust < 0.5)
    }

    /// How likely, from 0 (nothing speaks for it) to 1.
    pub fn confidence(&self) -> f64 {
        self.doubt.map_or(0.0, |doubt| (1.0 - doubt) * self.trust.unwrap_or(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_add_up_and_counters_take_away() {
        let said = |words: &str| Some(words.to_owned());
        assert_eq!(Case::new().confidence(), 0.0);
        assert_eq!(Case::new().counter(0.5, said("x")).confidence(), 0.0);
        let one = Case::new().sign(0.5, said("a"));
        assert_eq!(one.confidence(), 0.5);
        assert_eq!(one.clone().sign(0.5, said("b")).confidence(), 0.75);
        assert_eq!(one.clone().sign(0.9, None).confidence(), 0.5, "what is not seen changes nothing");
        assert_eq!(one.clone().counter(0.5, said("c")).confidence(), 0.25);
        assert_eq!(one.counter(1.0, said("d")).confidence(), 0.0);
    }
}
