//! Bodies of requests of any form, as JSON that the tests can look into.

use bytes::Bytes;
use http::Request;
use serde_json::{Map, Value, json};

/// JSON as it is; a form as an object of its fields, with a picture as `(a PNG)`; plain text under `text`.
pub(crate) fn read(request: &Request<Bytes>) -> Value {
    let kind = request.headers().get("content-type").map_or("", |v| v.to_str().unwrap());
    let body = request.body();
    match kind.split(';').next().unwrap() {
        "application/json" => serde_json::from_slice(body).unwrap(),
        "application/x-www-form-urlencoded" => {
            let fields = url::form_urlencoded::parse(body);
            fields.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned()))).collect()
        }
        "multipart/form-data" => multipart(body, kind.split_once("boundary=").unwrap().1),
        "image/png" => json!({"file": png(body)}),
        _ if body.is_empty() => Value::Null,
        _ => json!({"text": str::from_utf8(body).expect("text")}),
    }
}

fn png(bytes: &[u8]) -> &'static str {
    assert!(bytes.starts_with(b"\x89PNG") && bytes.len() < 60_000, "{} bytes", bytes.len());
    "(a PNG)"
}

fn multipart(body: &[u8], boundary: &str) -> Value {
    let mark = format!("--{boundary}");
    let starts: Vec<_> =
        (0..body.len()).filter(|at| body.get(*at..).unwrap().starts_with(mark.as_bytes())).collect();
    assert_eq!(body.get(*starts.last().unwrap()..).unwrap(), format!("{mark}--\r\n").as_bytes());
    let mut out = Map::new();
    for pair in starts.windows(2) {
        let part = &body[pair[0] + mark.len() + 2..pair[1] - 2];
        let cut = part.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        let (head, content) = (str::from_utf8(&part[..cut]).unwrap(), &part[cut + 4..]);
        let name = head.split("name=\"").nth(1).unwrap().split('"').next().unwrap();
        if head.contains("filename=") {
            out.insert(name.to_owned(), png(content).into());
            continue;
        }
        let text = str::from_utf8(content).unwrap();
        match serde_json::from_str(text) {
            // The message itself, where files come beside it.
            Ok(Value::Object(fields)) if name == "payload_json" => out.extend(fields),
            Ok(value @ Value::Object(_)) => drop(out.insert(name.to_owned(), value)),
            _ => drop(out.insert(name.to_owned(), text.into())),
        }
    }
    Value::Object(out)
}

/// All text in it.
pub(crate) fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(fields) => fields.values().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}
