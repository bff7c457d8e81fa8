//! The sentences every channel uses: plain words for a volunteer who was woken at night.

mod causes;
mod clean;
mod headline;
mod markup;
mod phrase;
mod points;
mod render;
mod story;
mod template;
mod time;

pub use clean::one_line;
pub(crate) use clean::{
    at_most, backslashed, html_escaped, key, last_lines, mrkdwn_escaped, unfenced, unlinked,
};
pub(crate) use markup::{Markup, bare_address, joined};
pub(crate) use render::{code_lead, html, html_spans, pieces_as_text};
pub(crate) use story::{Piece, Span, Story};
pub(crate) use template::{Template, Tried};
pub use time::lasted;

use crate::Notification;

/// The headline: what, for whom, since when. One line, at most 140 characters.
pub fn title(notification: &Notification) -> String {
    Story::of(notification).title
}

/// The whole message as plain text.
pub fn plain(notification: &Notification) -> String {
    render::plain(&Story::of(notification))
}

/// From where something is seen: `Only frankfurt sees it: here and oslo do not.` `None` where that says nothing.
pub fn whence(from: &crate::Whence) -> Option<String> {
    points::whence(from)
}

/// A reason of the closed vocabulary in words, fit to follow `probe: `. Unknown ones speak for themselves.
pub fn reason(reason: &str) -> String {
    phrase::reason(reason).map_or_else(|| one_line(reason, 80), str::to_owned)
}

/// A stage in words, fit to follow a reason (`while building the image`). Unknown ones speak for themselves.
pub fn stage(stage: &str) -> String {
    phrase::stage(stage).map_or_else(|| format!("in stage {}", one_line(stage, 80)), str::to_owned)
}
