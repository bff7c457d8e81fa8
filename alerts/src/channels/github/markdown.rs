//! The story in GitHub's Markdown: nobody is mentioned, nothing is linked but the incident.

use crate::text::{Piece, Span, Story, bare_address, code_lead, key};
use crate::{Notification, text};

/// GitHub takes 65,536 characters in an issue or comment ("body is too long (maximum is 65536 characters)").
const LONGEST: usize = 60_000;

/// The body of an issue, with the mark by which it is found again.
pub(super) fn issue(story: &Story, n: &Notification) -> String {
    format!("{}\n\n{}\n", body(story), mark(n))
}

/// What tells the issue of an incident from all others; nobody sees it.
pub(super) fn mark(n: &Notification) -> String {
    // Two dashes would end the comment.
    format!("<!-- launchwatch incident {} -->", key(&n.incident.0, 200).replace('-', "=2d"))
}

/// A comment: with the headline, which an issue has as its title.
pub(super) fn comment(story: &Story) -> String {
    format!("{} **{}**\n\n{}", story.mark, escaped(&story.title), body(story))
}

/// Pieces, link and footer.
pub(in crate::channels) fn body(story: &Story) -> String {
    let mut out = String::new();
    let mut in_list = false;
    for piece in &story.pieces {
        let is_item = matches!(piece, Piece::Item(_));
        if in_list && !is_item {
            out.push('\n');
        }
        in_list = is_item;
        match piece {
            Piece::Line(spans) => out.push_str(&format!("{}\n\n", joined(spans))),
            Piece::Item(spans) => out.push_str(&format!("- {}\n", joined(spans))),
            Piece::Code { of, lines, left_out } => {
                let fence = fence(lines);
                let lead = escaped(&code_lead(of, *left_out));
                out.push_str(&format!("{lead}\n\n{fence}text\n{}\n{fence}\n\n", lines.join("\n")));
            }
        }
    }
    if in_list {
        out.push('\n');
    }
    if let Some(link) = &story.link {
        out.push_str(&format!("[Open the incident](<{}>)\n\n", bare_address(link)));
    }
    out.push_str(&format!("<sub>{}</sub>", escaped(&story.footer)));
    text::at_most(&out, LONGEST)
}

/// More backticks than any line of the text has in a row.
fn fence(lines: &[String]) -> String {
    let longest = lines.iter().flat_map(|l| l.split(|c| c != '`')).map(str::len).max().unwrap_or_default();
    "`".repeat(longest.max(2) + 1)
}

fn joined(spans: &[Span]) -> String {
    let marked = |s: &Span| match s.strong && !s.text.trim().is_empty() {
        true => format!("**{}**", escaped(s.text.trim())),
        false => escaped(&s.text),
    };
    spans.iter().map(marked).collect()
}

/// Signs that begin markup are escaped; mentions, issue numbers and addresses get an invisible joint, so that nobody
/// is told and nothing points back.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '@' | '#' => out.extend([c, '\u{2060}']),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '~' | '[' | ']' | '!' | '|' | '$' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    let out = out.replace("://", ":\u{2060}//");
    // A line that begins like a heading, list or rule has an escape before its first sign.
    match out.chars().next() {
        Some('-' | '+' | '=') => format!("\\{out}"),
        _ => out,
    }
}
