//! The numbers of a look, found by the place of their name: causes ask for a hundred names, over and over.

use super::names::NAMES;

/// The name of a measurement that some cause asks for: its place in [`NAMES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name(u8);

impl Name {
    /// `None` when no cause asks for a measurement of this name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        NAMES.binary_search(&name).ok().and_then(|place| u8::try_from(place).ok()).map(Self)
    }

    fn place(self) -> usize {
        usize::from(self.0)
    }
}

/// Numbers by name, in base units. Of a measurement that no cause asks for nothing is kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures(Box<[(Name, f64)]>);

impl Figures {
    pub(crate) fn get(&self, name: Name) -> Option<f64> {
        let at = self.0.binary_search_by_key(&name, |(name, _)| *name).ok()?;
        self.0.get(at).map(|(_, value)| *value)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Name, f64)> {
        self.0.iter().copied()
    }
}

impl<'a> FromIterator<(&'a str, f64)> for Figures {
    fn from_iter<I: IntoIterator<Item = (&'a str, f64)>>(numbers: I) -> Self {
        let known = numbers.into_iter().filter_map(|(name, value)| Some((Name::of(name)?, value)));
        let mut known: Vec<(Name, f64)> = known.collect();
        known.sort_by_key(|(name, _)| *name);
        known.dedup_by_key(|(name, _)| *name);
        Self(known.into_boxed_slice())
    }
}

/// One entry for each name that some cause asks for.
#[derive(Debug, Clone)]
pub(super) struct Table<T>(Vec<Option<T>>);

impl<T: Copy> Table<T> {
    pub(super) fn new() -> Self {
        Self(vec![None; NAMES.len()])
    }

    pub(super) fn get(&self, name: Name) -> Option<T> {
        self.0.get(name.place()).copied().flatten()
    }

    /// Enters a value unless the one that is there is to stay.
    pub(super) fn enter(&mut self, name: Name, value: T, stays: impl FnOnce(&T) -> bool) {
        if let Some(entry) = self.0.get_mut(name.place())
            && !entry.as_ref().is_some_and(stays)
        {
            *entry = Some(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_at_its_place_and_others_are_not_kept() {
        assert!(NAMES.windows(2).all(|two| two[0] < two[1]), "not in order: they could not be found");
        assert!(NAMES.len() <= 256);
        let all = NAMES.iter().rev().enumerate().map(|(n, name)| (*name, n as f64));
        let figures: Figures = all.chain([("body_bytes", 7.0)]).collect();
        assert_eq!(figures.iter().count(), NAMES.len());
        for (n, name) in NAMES.iter().rev().enumerate() {
            assert_eq!(Name::of(name).and_then(|name| figures.get(name)), Some(n as f64), "{name}");
        }
        assert_eq!(Name::of("body_bytes"), None);
    }
}
