//! How durations are written: `90s`, `2m`, `1h30m`, `1d`.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A duration as the operator writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

/// Shows a duration the way it is written: `1h 30m`.
pub(crate) fn show(duration: Duration) -> String {
    // Whole milliseconds: nobody plans finer, and a rounded default should not end in nanoseconds.
    humantime::format_duration(Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
        .to_string()
}

/// The same without blanks, as one would write it into the file: `1h30m`.
pub(crate) fn written(duration: Duration) -> String {
    show(duration).replace(' ', "")
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Span;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration with its unit such as `90s`, `2m`, `1h30m` or `1d`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Span, E> {
                let unit = text.ends_with(|c: char| c.is_ascii_alphabetic());
                match humantime::parse_duration(text) {
                    // A bare `0` is read by the library; here every duration has a unit.
                    Ok(duration) if unit => Ok(Span(duration)),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }
        }
        from.deserialize_any(Text)
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "span", "pattern": "^ *([0-9.]+ *[A-Za-z]+ *)+$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        for (text, millis) in [
            ("\"100ms\"", Some(100)),
            ("\"90s\"", Some(90_000)),
            ("\"2m\"", Some(120_000)),
            ("\"1h30m\"", Some(5_400_000)),
            ("\"1h 30m\"", Some(5_400_000)),
            ("\"1d\"", Some(86_400_000)),
            ("\"0s\"", Some(0)),
            ("\"0\"", None),
            ("\"\"", None),
            ("\"90\"", None),
            ("\"-1s\"", None),
            ("\"1.5h\"", Some(5_400_000)),
            ("\"soon\"", None),
            ("\"99999999999999999999s\"", None),
            ("\"18446744073709551615y\"", None),
            ("90", None),
            ("null", None),
        ] {
            let read = serde_json::from_str::<Span>(text).ok().map(|Span(d)| d.as_millis());
            assert_eq!(read, millis, "{text}");
        }
    }

    #[test]
    fn durations_are_shown_as_they_are_written() {
        assert_eq!(show(Duration::from_secs(5_400)), "1h 30m");
        assert_eq!(show(Duration::from_micros(1_500)), "1ms");
    }
}
