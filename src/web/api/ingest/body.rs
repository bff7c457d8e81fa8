//! The body of a report: bounded before and after it is unpacked, and read so that one bad observation spoils no other.

use std::io::Read as _;

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use flate2::read::MultiGzDecoder;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::Value;

use crate::web::problem::Problem;
use crate::wire::{MOST_BYTES, MOST_OBSERVATIONS, Report};

/// Reads the body as it comes.
pub(super) async fn read(request: Request) -> Result<Vec<u8>, Problem> {
    let packed = packed(request.headers())?;
    let body = Limited::new(request.into_body(), MOST_BYTES).collect().await;
    let bytes = body.map_err(|error| match error.downcast::<LengthLimitError>() {
        Ok(_) => too_large(),
        Err(error) => Problem::unreadable(format!("the body broke off: {error}"), "send it again"),
    })?;
    let bytes: Bytes = bytes.to_bytes();
    if !packed {
        return Ok(bytes.into());
    }
    // A few bytes can unpack to gigabytes.
    let most = MOST_BYTES as u64;
    let mut whole = Vec::new();
    let read = MultiGzDecoder::new(bytes.as_ref()).take(most + 1).read_to_end(&mut whole);
    read.map_err(|error| Problem::unreadable(format!("the body cannot be unpacked: {error}"), ""))?;
    if whole.len() as u64 > most { Err(too_large()) } else { Ok(whole) }
}

fn packed(headers: &HeaderMap) -> Result<bool, Problem> {
    let coding = headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?"));
    match coding.map(str::to_ascii_lowercase).as_deref() {
        None | Some("identity") => Ok(false),
        Some("gzip") => Ok(true),
        Some(_) => Err(Problem::unreadable("this `Content-Encoding` is not known", "use `gzip`, or none")),
    }
}

/// The report without its observations, and these, not read yet.
pub(super) fn report(bytes: &[u8]) -> Result<(Report, Vec<Value>), Problem> {
    let hint = "such as {\"observations\": []}";
    let unreadable = |error: serde_json::Error| Problem::unreadable(error.to_string(), hint);
    let mut whole = match serde_json::from_slice(bytes).map_err(unreadable)? {
        Value::Object(whole) => whole,
        _ => return Err(Problem::unreadable("the body is not a JSON object", hint)),
    };
    let observations = match whole.remove("observations") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(observations)) => observations,
        Some(_) => return Err(Problem::unreadable("observations: not a list", hint)),
    };
    if observations.len() > MOST_OBSERVATIONS {
        return Err(Problem::too_much(format!("more than {MOST_OBSERVATIONS} observations at once")));
    }
    // What is only of the moment, and cannot be read, is left out.
    let suspects = match whole.remove("suspects") {
        Some(Value::Array(suspects)) => {
            suspects.into_iter().filter_map(|suspect| serde_json::from_value(suspect).ok()).collect()
        }
        _ => Vec::new(),
    };
    let report: Report = serde_json::from_value(Value::Object(whole)).map_err(unreadable)?;
    Ok((Report { suspects, ..report }, observations))
}

fn too_large() -> Problem {
    Problem::too_much(format!("the body is larger than {} MiB", MOST_BYTES >> 20))
}
