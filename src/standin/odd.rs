//! Odd: answers that break the protocol itself, to be met by a prober with a shrug.

use std::time::Duration;

use axum::response::Response;
use bytes::Bytes;
use tokio::time::sleep;

use super::answer::{answer, events, html, page, redirect};
use super::dice::Dice;
use super::stream;
use super::wire::Json;

/// Bytes of the line that has no end.
const HUGE: usize = 100 << 20;
const PIECE: usize = 64 << 10;

/// A web page where a stream was expected.
pub(crate) fn web_page() -> Response {
    html(200, page("Binder", "Turn a Git repo into a collection of interactive notebooks"))
}

/// A gateway in front that cannot reach what is behind it.
pub(crate) fn bad_gateway() -> Response {
    html(502, page("502 Bad Gateway", "The upstream did not answer."))
}

/// 8 KiB of noise with a few newlines, said to be an event stream.
pub(crate) fn garbage(mut dice: Dice) -> Response {
    let noise: Vec<u8> = (0..1024).flat_map(|_| dice.next().to_le_bytes()).collect();
    events(stream::body(None, move |out| async move {
        for piece in noise.chunks(1024) {
            out.bytes(piece.to_vec()).await;
            sleep(Duration::from_millis(5)).await;
        }
    }))
}

/// Events without end. A pause of a millisecond every hundred lets simulated time move.
pub(crate) fn flood() -> Response {
    events(stream::body(None, |out| async move {
        let mut count = 0_u64;
        loop {
            count += 1;
            let text = format!("Launch progress note {count}\n");
            out.event(&Json::phase("launching").text("message", &text).end()).await;
            if count.is_multiple_of(100) {
                sleep(Duration::from_millis(1)).await;
            }
        }
    }))
}

/// One line of 100 MB, made as it is read.
pub(crate) fn huge_line() -> Response {
    events(stream::body(None, |out| async move {
        let piece = Bytes::from(vec![b'x'; PIECE]);
        out.bytes("data: {\"phase\": \"launching\", \"message\": \"").await;
        for _ in 0..HUGE / PIECE {
            out.bytes(piece.clone()).await;
            sleep(Duration::from_millis(1)).await;
        }
        out.bytes("\"}\n\n").await;
    }))
}

/// The same place again.
pub(crate) fn around_again(uri: &http::Uri) -> Response {
    redirect(307, uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str))
}

/// A fault page that is neither JSON nor a stream.
pub(crate) fn server_error() -> Response {
    answer(500, "text/html; charset=UTF-8", page("500 : Internal Server Error", "Something went wrong."))
}
