//! Holds a tree against a JSON Schema: which keys are unknown, which are missing, which values are secrets.
//!
//! # Why
//! serde stops at the first mistake; a schema can be walked to the end. Types are left to serde, whose word counts.

use serde_json::{Map, Value};

use super::path::Path;
use super::tree::{Content, Node, Place};

/// Deepest chain of references that is followed at one node.
const REFERENCES: usize = 16;

/// What the walk came upon.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) unknown: Vec<Unknown>,
    pub(crate) missing: Vec<Missing>,
    pub(crate) secrets: Vec<Path>,
}

/// A key that no schema has.
#[derive(Debug)]
pub(crate) struct Unknown {
    /// Path of the key.
    pub(crate) path: Path,
    pub(crate) key: String,
    pub(crate) place: Place,
    /// The keys that there are.
    pub(crate) known: Vec<String>,
}

/// A key that must be there.
#[derive(Debug)]
pub(crate) struct Missing {
    /// Path of the mapping.
    pub(crate) path: Path,
    pub(crate) key: String,
    /// What the key is for.
    pub(crate) meaning: String,
}

/// A schema, with the document in which its references are looked up.
#[derive(Clone, Copy)]
struct Shape<'s> {
    root: &'s Value,
    node: &'s Value,
    /// False for one of several alternatives: then what it asks for need not hold.
    sure: bool,
}

/// Holds a tree against schemas, all of which may name keys.
pub(crate) fn walk<'s>(node: &Node, schemas: impl IntoIterator<Item = &'s Value>) -> Found {
    let shapes = schemas.into_iter().map(|schema| Shape { root: schema, node: schema, sure: true }).collect();
    let mut found = Found::default();
    visit(node, &Path::default(), shapes, &mut found);
    found
}

fn visit(node: &Node, path: &Path, shapes: Vec<Shape<'_>>, found: &mut Found) {
    let mut flat = Vec::new();
    for shape in shapes {
        flatten(shape, node, 0, &mut flat);
    }
    if flat.iter().any(is_secret) && !matches!(node.content, Content::Null) {
        found.secrets.push(path.clone());
        return;
    }
    match &node.content {
        Content::Map(_) => mapping(node, path, &flat, found),
        Content::List(items) => {
            for (index, item) in items.iter().enumerate() {
                let children = flat.iter().filter_map(|s| s.below(s.node.get("items")?)).collect();
                visit(item, &path.index(index), children, found);
            }
        }
        _ => {}
    }
}

fn mapping(node: &Node, path: &Path, flat: &[Shape<'_>], found: &mut Found) {
    let entries = node.entries().unwrap_or_default();
    let open = flat.iter().any(Shape::is_open) || !flat.iter().any(Shape::has_keys);
    for (key, value) in entries {
        let children: Vec<_> = flat.iter().filter_map(|s| s.child(&key.name)).collect();
        let path = path.key(&key.name);
        if children.is_empty() && !open {
            let known = flat.iter().flat_map(|s| s.properties().into_iter().flat_map(Map::keys)).cloned();
            let mut known: Vec<String> = known.collect();
            known.sort();
            known.dedup();
            found.unknown.push(Unknown { path, key: key.name.clone(), place: key.place, known });
        } else {
            visit(value, &path, children, found);
        }
    }
    for shape in flat.iter().filter(|s| s.sure) {
        for key in shape.node.get("required").and_then(Value::as_array).into_iter().flatten() {
            let Some(key) = key.as_str() else { continue };
            let reported = found.missing.iter().any(|m| m.path == *path && m.key == key);
            if node.get(key).is_none() && !reported {
                let meaning = shape.properties().and_then(|p| p.get(key)).map(summary).unwrap_or_default();
                found.missing.push(Missing { path: path.clone(), key: key.to_owned(), meaning });
            }
        }
    }
}

/// Follows references and gathers the alternatives that can be meant by what is written.
fn flatten<'s>(shape: Shape<'s>, node: &Node, depth: usize, into: &mut Vec<Shape<'s>>) {
    if depth > REFERENCES {
        return;
    }
    into.push(shape);
    if let Some(target) = shape.node.get("$ref").and_then(Value::as_str).and_then(|r| pointer(shape.root, r))
    {
        flatten(Shape { node: target, ..shape }, node, depth + 1, into);
    }
    for part in parts(shape.node, "allOf") {
        flatten(Shape { node: part, ..shape }, node, depth + 1, into);
    }
    let alternatives = parts(shape.node, "anyOf").chain(parts(shape.node, "oneOf"));
    let fitting: Vec<&Value> = alternatives.filter(|a| fits(shape.root, a, node, 0)).collect();
    let sure = shape.sure && fitting.len() == 1;
    for part in fitting {
        flatten(Shape { root: shape.root, node: part, sure }, node, depth + 1, into);
    }
}

fn parts<'s>(node: &'s Value, key: &str) -> impl Iterator<Item = &'s Value> {
    node.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn pointer<'s>(root: &'s Value, reference: &str) -> Option<&'s Value> {
    root.pointer(reference.strip_prefix('#')?)
}

/// Whether an alternative can be meant: its type fits, and no key that tells alternatives apart says otherwise.
fn fits(root: &Value, alternative: &Value, node: &Node, depth: usize) -> bool {
    if depth > REFERENCES || alternative.get("format").and_then(Value::as_str) == Some("secret") {
        return true;
    }
    if let Some(target) = alternative.get("$ref").and_then(Value::as_str).and_then(|r| pointer(root, r)) {
        return fits(root, target, node, depth + 1);
    }
    let types: &[&str] = match &node.content {
        Content::Null => &["null"],
        Content::Bool(_) => &["boolean"],
        Content::Number(_) => &["integer", "number"],
        Content::Text(_) => &["string"],
        Content::List(_) => &["array"],
        Content::Map(_) => &["object"],
    };
    let typed = match alternative.get("type") {
        Some(Value::String(one)) => types.contains(&one.as_str()),
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).any(|t| types.contains(&t)),
        _ => true,
    };
    let properties = alternative.get("properties").and_then(Value::as_object);
    let told_apart = properties.into_iter().flatten().any(|(key, schema)| {
        let constant = schema.get("const").and_then(Value::as_str);
        constant.is_some_and(|c| node.get(key).is_some_and(|n| n.text() != Some(c)))
    });
    typed && !told_apart
}

/// The first paragraph of a schema's description, on one line.
pub(crate) fn summary(schema: &Value) -> String {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let paragraph: Vec<&str> =
        text.lines().take_while(|line| !line.trim().is_empty()).map(str::trim).collect();
    paragraph.join(" ")
}

fn is_secret(shape: &Shape<'_>) -> bool {
    shape.node.get("format").and_then(Value::as_str) == Some("secret")
}

impl<'s> Shape<'s> {
    fn properties(&self) -> Option<&'s Map<String, Value>> {
        self.node.get("properties").and_then(Value::as_object)
    }

    /// Says something about keys.
    fn has_keys(&self) -> bool {
        self.properties().is_some() || self.node.get("additionalProperties").is_some()
    }

    /// Lets any key pass.
    fn is_open(&self) -> bool {
        let further = self.node.get("additionalProperties");
        self.node == &Value::Bool(true) || further.is_some_and(|f| f != &Value::Bool(false))
    }

    fn child(&self, key: &str) -> Option<Self> {
        let named = self.properties().and_then(|p| p.get(key));
        self.below(named.or_else(|| self.node.get("additionalProperties").filter(|a| a.is_object()))?)
    }

    fn below(&self, node: &'s Value) -> Option<Self> {
        (node != &Value::Bool(false)).then_some(Self { node, ..*self })
    }
}

#[cfg(test)]
mod tests {
    use schemars::{JsonSchema, schema_for};
    use serde_json::Value;

    use super::*;
    use crate::config::yaml;

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only the schema is used")]
    struct Outer {
        /// What it is for.
        needed: String,
        inner: Option<Inner>,
        list: Option<Vec<Inner>>,
        map: Option<std::collections::BTreeMap<String, Inner>>,
        way: Option<Way>,
        any: Option<Value>,
        #[schemars(extend("format" = "secret"))]
        token: Option<String>,
        tokens: Option<Vec<Token>>,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only the schema is used")]
    struct Inner {
        port: u16,
        more: Option<Box<Inner>>,
    }

    #[derive(JsonSchema)]
    #[schemars(extend("format" = "secret"))]
    #[expect(dead_code, reason = "only the schema is used")]
    struct Token(String);

    #[derive(JsonSchema)]
    #[serde(tag = "by", rename_all = "snake_case")]
    #[expect(dead_code, reason = "only the schema is used")]
    enum Way {
        Road { lanes: u8 },
        Water { depth: u8, ship: Option<String> },
    }

    fn found(text: &str) -> String {
        let node = yaml::read(0, text).unwrap().0.unwrap();
        let schema = schema_for!(Outer).to_value();
        let found = walk(&node, [&schema]);
        let unknown = found.unknown.iter().map(|u| format!("-{}", u.path));
        let missing = found.missing.iter().map(|m| format!("+{}", m.path.key(&m.key)));
        let secrets = found.secrets.iter().map(|s| format!("!{s}"));
        unknown.chain(missing).chain(secrets).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn unknown_and_missing_keys_and_secrets_are_found_everywhere() {
        for (text, expected) in [
            ("needed: x", ""),
            ("{}", "+needed"),
            ("{needed: x, wat: 1}", "-wat"),
            ("{needed: x, inner: {port: 1, wat: 1}}", "-inner.wat"),
            ("{needed: x, inner: {more: {wat: 1}}}", "-inner.more.wat +inner.more.port +inner.port"),
            ("{needed: x, list: [{port: 1}, {prt: 1}]}", "-list[1].prt +list[1].port"),
            ("{needed: x, map: {a: {port: 1}, b: {x: 1}}}", "-map.b.x +map.b.port"),
            ("{needed: x, way: {by: road, lanes: 2}}", ""),
            ("{needed: x, way: {by: road, depth: 2}}", "-way.depth +way.lanes"),
            ("{needed: x, way: {by: water, lanes: 2}}", "-way.lanes +way.depth"),
            ("{needed: x, any: {what: {ever: 1}}}", ""),
            ("{needed: x, token: abc}", "!token"),
            ("{needed: x, token: 123}", "!token"),
            ("{needed: x, token: }", ""),
            ("{needed: x, tokens: [a, 2]}", "!tokens[0] !tokens[1]"),
            ("just text", ""),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }
}
