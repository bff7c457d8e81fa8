//! One row of the description: what a route of the API means, takes and answers.

use axum::http::Method;
use schemars::{JsonSchema, Schema, SchemaGenerator};

/// Makes the schema of a type.
pub(super) type Make = fn(&mut SchemaGenerator) -> Schema;

/// What is answered when all is well.
pub(super) enum Gives {
    /// JSON of this schema.
    Json(Make),
    /// Text of another content type.
    Text(&'static str),
    /// Server-sent events, whose data is JSON of this schema.
    Events(Make),
}

/// What a route of the API means.
pub(super) struct Note {
    pub(super) method: Method,
    pub(super) path: &'static str,
    /// A few words.
    pub(super) summary: &'static str,
    /// The part of the API it belongs to.
    pub(super) part: &'static str,
    pub(super) query: Option<Make>,
    pub(super) body: Option<Make>,
    pub(super) status: u16,
    pub(super) gives: Gives,
    /// Other content types in which the same is to be had.
    pub(super) forms: &'static [&'static str],
    /// Refusals beyond those that follow from its shape.
    pub(super) also: Vec<u16>,
}

fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// The whole schema, not a name for it: of a query only its parts are wanted.
fn whole<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    T::json_schema(generator)
}

impl Note {
    fn new(method: Method, path: &'static str, summary: &'static str) -> Self {
        let part = path
            .trim_start_matches(super::ROOT)
            .trim_start_matches('/')
            .split(['/', '.'])
            .next()
            .unwrap_or_default();
        let gives = Gives::Text("text/plain");
        Self {
            method,
            path,
            summary,
            part,
            query: None,
            body: None,
            status: 200,
            gives,
            forms: &[],
            also: Vec::new(),
        }
    }

    /// Something to be read.
    pub(super) fn get(path: &'static str, summary: &'static str) -> Self {
        Self::new(Method::GET, path, summary)
    }

    /// Something to be done.
    pub(super) fn post(path: &'static str, summary: &'static str) -> Self {
        Self::new(Method::POST, path, summary)
    }

    /// Something to be ended.
    pub(super) fn delete(path: &'static str, summary: &'static str) -> Self {
        Self::new(Method::DELETE, path, summary)
    }

    /// Its query has these keys.
    pub(super) fn asks<T: JsonSchema>(self) -> Self {
        Self { query: Some(whole::<T>), ..self }
    }

    /// Its body is this, as JSON.
    pub(super) fn reads<T: JsonSchema>(self) -> Self {
        Self { body: Some(schema::<T>), ..self }
    }

    /// It answers this, as JSON.
    pub(super) fn gives<T: JsonSchema>(self) -> Self {
        Self { gives: Gives::Json(schema::<T>), ..self }
    }

    /// The same is to be had in these forms too.
    pub(super) fn or(self, forms: &'static [&'static str]) -> Self {
        Self { forms, ..self }
    }

    /// It answers text of this content type.
    pub(super) fn gives_text(self, kind: &'static str) -> Self {
        Self { gives: Gives::Text(kind), ..self }
    }

    /// It answers events without end.
    pub(super) fn gives_events<T: JsonSchema>(self) -> Self {
        Self { gives: Gives::Events(schema::<T>), ..self }
    }

    /// It answers with this status when all is well.
    pub(super) fn with(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// It may refuse with this status too.
    pub(super) fn also(mut self, status: u16) -> Self {
        self.also.push(status);
        self
    }

    /// The names in its path, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// Every status with which it may refuse.
    pub(super) fn refusals(&self, open: bool) -> Vec<u16> {
        let named = self.names().next().is_some();
        let asks = self.query.is_some();
        let mut all = vec![401, 429, 503];
        all.extend((asks || self.body.is_some()).then_some(400));
        all.extend((!open).then_some(403));
        all.extend((named || asks).then_some(404));
        all.extend(self.body.map(|_| 413));
        all.extend((asks || self.body.is_some()).then_some(422));
        all.extend(&self.also);
        all.sort_unstable();
        all.dedup();
        all
    }
}
