//! A duration in settings, as people write it: `45s`, `25m`, `1h 30m`.

use std::borrow::Cow;
use std::time::Duration;

use jiff::SignedDuration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error};

/// A duration that is not negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let signed: SignedDuration = text.parse().map_err(|_| {
            D::Error::custom(format!("`{text}` is no duration; write it as in `45s` or `25m`"))
        })?;
        Duration::try_from(signed).map(Span).map_err(|_| D::Error::custom("a duration cannot be negative"))
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "a duration such as `45s`, `25m` or `1h 30m`",
            "examples": ["45s", "25m"],
        })
    }

    fn inline_schema() -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        let read = |text: &str| serde_json::from_value::<Span>(text.into()).map(|s| s.0.as_secs());
        for (text, seconds) in [("45s", 45), ("25m", 1500), ("1h 30m", 5400), ("PT2M", 120)] {
            assert_eq!(read(text).unwrap(), seconds, "{text}");
        }
        for wrong in ["", "45", "-3s", "soon"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
