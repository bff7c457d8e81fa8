//! Texts of which thousands of objects say the same few, and lists of them: labels and annotations.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// What pods mostly say; anything else is kept as it comes.
const COMMON: [&str; 22] = [
    "True",
    "False",
    "Unknown",
    "Ready",
    "PodScheduled",
    "Initialized",
    "ContainersReady",
    "PodReadyToStartContainers",
    "DiskPressure",
    "MemoryPressure",
    "PIDPressure",
    "app",
    "component",
    "release",
    "chart",
    "heritage",
    "app.kubernetes.io/component",
    "app.kubernetes.io/name",
    "hub.jupyter.org/username",
    "jupyterhub",
    "singleuser-server",
    "binder-repo",
];

/// A text that takes no room of its own if it is one of the common ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Word(Cow<'static, str>);

impl Word {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Word {
    fn from(text: &str) -> Self {
        let common = COMMON.iter().find(|common| **common == text);
        Self(common.map_or_else(|| Cow::Owned(text.to_owned()), |common| Cow::Borrowed(*common)))
    }
}

impl PartialEq<str> for Word {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Word {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Word;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E>(self, text: &str) -> Result<Word, E> {
                Ok(text.into())
            }
        }
        from.deserialize_str(Reader)
    }
}

/// Labels or annotations: an object has a few, so that a list serves better than a tree.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words(Vec<(Word, Word)>);

impl Words {
    #[cfg(test)]
    pub(crate) fn insert(&mut self, key: &str, value: &str) {
        self.0.push((key.into(), value.into()));
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        // Of one that is there twice the last holds, as in a map.
        self.0.iter().rev().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
impl<'t> FromIterator<(&'t str, &'t str)> for Words {
    fn from_iter<I: IntoIterator<Item = (&'t str, &'t str)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(k, v)| (k.into(), v.into())).collect())
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Words;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("texts by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Words, A::Error> {
                let mut words = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    words.push(pair);
                }
                Ok(Words(words))
            }
        }
        from.deserialize_map(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_and_other_texts_read_alike_and_the_last_of_a_name_holds() {
        let read: Words =
            serde_json::from_str(r#"{"app":"x","component":"hub","app":"jupyterhub"}"#).unwrap();
        assert_eq!(
            (read.get("app"), read.get("component"), read.get("b")),
            (Some("jupyterhub"), Some("hub"), None)
        );
        assert!(
            matches!(Word::from("True").0, Cow::Borrowed(_)) && matches!(Word::from("true").0, Cow::Owned(_))
        );
        let escaped: Word = serde_json::from_str(r#""Re\u0061dy""#).unwrap();
        assert!(escaped == "Ready");
        assert!(serde_json::from_str::<Words>(r#"{"app":null}"#).is_err());
    }
}
