//! What may be switched off by the word `off`.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Unexpected, Visitor};

/// A list, or `off`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OrOff<T> {
    /// As written.
    On(T),
    /// `off`.
    Off,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OrOff<Vec<T>> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct List<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
            type Value = OrOff<Vec<T>>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list, or `off`")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(OrOff::On)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                if text == "off" {
                    Ok(OrOff::Off)
                } else {
                    Err(E::invalid_value(Unexpected::Str(text), &self))
                }
            }
        }
        from.deserialize_any(List(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for OrOff<Vec<T>> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}OrOff", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let list = generator.subschema_for::<Vec<T>>();
        json_schema!({ "anyOf": [list, { "const": "off" }] })
    }
}

/// A factor, or `off`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Patience(pub(crate) Option<f64>);

impl<'de> Deserialize<'de> for Patience {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Factor;
        impl Visitor<'_> for Factor {
            type Value = Patience;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number above 1, or `off`")
            }

            fn visit_f64<E: Error>(self, factor: f64) -> Result<Patience, E> {
                if factor > 1.0 && factor.is_finite() {
                    return Ok(Patience(Some(factor)));
                }
                Err(E::invalid_value(Unexpected::Float(factor), &self))
            }

            fn visit_i64<E: Error>(self, factor: i64) -> Result<Patience, E> {
                i32::try_from(factor)
                    .ok()
                    .filter(|f| *f > 1)
                    .map(|f| Patience(Some(f64::from(f))))
                    .ok_or_else(|| E::invalid_value(Unexpected::Signed(factor), &self))
            }

            fn visit_u64<E: Error>(self, factor: u64) -> Result<Patience, E> {
                self.visit_i64(i64::try_from(factor).unwrap_or(i64::MAX))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Patience, E> {
                if text == "off" {
                    Ok(Patience(None))
                } else {
                    Err(E::invalid_value(Unexpected::Str(text), &self))
                }
            }
        }
        from.deserialize_any(Factor)
    }
}

impl JsonSchema for Patience {
    fn schema_name() -> Cow<'static, str> {
        "Patience".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "number", "exclusiveMinimum": 1 }, { "const": "off" }] })
    }
}
