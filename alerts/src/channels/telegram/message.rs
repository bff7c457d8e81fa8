//! The story in Telegram's HTML, within Telegram's limits.

use serde_json::{Value, json};

use crate::text::{Markup, Story, bare_address, html_escaped, unlinked};
use crate::{Notification, picture};

/// Bytes of a message: Telegram takes 4,096 characters after reading the markup (core.telegram.org/bots/api,
/// "sendMessage"). We count the markup too, to be on the safe side; headline, link and footer alone are never too long.
const TEXT: usize = 4096;
/// Bytes beside a picture: 1,024 characters ("sendPhoto").
const CAPTION: usize = 1024;

const TELEGRAM: Markup = Markup {
    escaped: |text| html_escaped(&unlinked(text)).replace("&#39;", "'"),
    code: |line| html_escaped(line).replace("&#39;", "'"),
    strong: ("<b>", "</b>"),
    item: "• ",
    fence: ("<pre>", "</pre>"),
    link: |url, words| format!("<a href=\"{}\">{words}</a>", html_escaped(&bare_address(url))),
};

/// What a message is made of.
pub(super) enum Message {
    /// Only words.
    Words,
    /// PNG, and the words beside it.
    Picture(Vec<u8>, String),
}

/// A picture where one is wanted, there is one, and the whole story fits beside it.
pub(super) fn of(n: &Notification, with_picture: bool) -> Message {
    let fits = || written(n, usize::MAX).len() <= CAPTION;
    let shown = picture::shown_first(n).filter(|_| with_picture && fits());
    match shown.and_then(|s| s.png()) {
        Some(png) => Message::Picture(png, caption(n)),
        None => Message::Words,
    }
}

/// The fields of a message or of its rewriting.
pub(super) fn text(n: &Notification) -> Vec<(&'static str, Value)> {
    vec![
        ("text", json!(written(n, TEXT))),
        ("parse_mode", json!("HTML")),
        ("link_preview_options", json!({"is_disabled": true})),
    ]
}

/// The words beside a picture.
pub(super) fn caption(n: &Notification) -> String {
    written(n, CAPTION)
}

fn written(n: &Notification, most: usize) -> String {
    let story = Story::of(n);
    let words = picture::shown_first(n).map(|s| (TELEGRAM.escaped)(&s.words()));
    TELEGRAM.whole(&story, words, most)
}
