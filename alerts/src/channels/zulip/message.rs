//! The story in Zulip's Markdown, within Zulip's limits.

use crate::Notification;
use crate::picture::Shown;
use crate::text::{Markup, Story, bare_address, unfenced, unlinked};

/// Bytes of a message: Zulip takes 10,000 characters (zulip.com/api/send-message: `max_message_length`).
const MOST: usize = 9800;

const ZULIP: Markup = Markup {
    escaped,
    code: unfenced,
    strong: ("**", "**"),
    // A list of Markdown would swallow the line after it.
    item: "• ",
    fence: ("```text\n", "\n```"),
    link: |url, words| format!("[{words}]({})", bare_address(url)),
};

/// Zulip's Markdown knows no reliable escape: what starts markup becomes a look-alike or gets an invisible joint.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in unlinked(text).chars() {
        match c {
            '*' => out.push('\u{2217}'),
            '`' => out.push('\u{2cb}'),
            '~' => out.push('\u{223c}'),
            // Times, links, formulas, avatars.
            '<' | ']' | '$' | '!' => out.extend([c, '\u{2060}']),
            c => out.push(c),
        }
    }
    out
}

/// The message; `uploaded` is where the picture is.
pub(super) fn of(n: &Notification, shown: Option<&Shown<'_>>, uploaded: Option<&str>) -> String {
    let story = Story::of(n);
    let picture = uploaded
        .map(|path| {
            format!(
                "
[hours.png]({path})"
            )
        })
        .unwrap_or_default();
    let under = shown.map(|s| format!("{}{picture}", escaped(&s.words())));
    ZULIP.whole(&story, under, MOST)
}
