//! The story in Mattermost's Markdown, within Mattermost's limits.

use crate::text::{Markup, Story, backslashed, bare_address, unfenced, unlinked};
use crate::{Notification, picture};

/// Bytes of a message: Mattermost takes 16,383 characters since version 5.0 (`PostMessageMaxRunesV2` of its server).
const MOST: usize = 16_000;

const MATTERMOST: Markup = Markup {
    // `>`, `#` and `-` mean something at the start of a line only, and no line starts with foreign text.
    escaped: |text| backslashed(&unlinked(text), "*_~`|[]<"),
    code: unfenced,
    strong: ("**", "**"),
    // A list of Markdown would swallow the line after it.
    item: "• ",
    fence: ("```text\n", "\n```"),
    link: |url, words| format!("[{words}]({})", bare_address(url)),
};

/// The message.
pub(super) fn of(n: &Notification) -> String {
    let story = Story::of(n);
    let words = picture::shown_first(n).map(|s| (MATTERMOST.escaped)(&s.words()));
    MATTERMOST.whole(&story, words, MOST)
}
