//! The same story as plain text and as simple HTML.

use super::clean::html_escaped;
use super::story::{Piece, Span, Story};

/// Headline, pieces, link and footer, a blank line between the parts.
pub(super) fn plain(story: &Story) -> String {
    let mut parts = vec![format!("{} {}", story.mark, story.title), plain_pieces(&story.pieces)];
    parts.extend(story.link.as_ref().map(|l| format!("More: {l}")));
    parts.push(story.footer.clone());
    parts.retain(|p| !p.is_empty());
    parts.join("\n\n")
}

/// The pieces of a story as plain text, without headline, link and footer.
pub(crate) fn pieces_as_text(story: &Story) -> String {
    plain_pieces(&story.pieces)
}

/// The pieces alone.
fn plain_pieces(pieces: &[Piece]) -> String {
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Line(spans) => out.push_str(&format!("{}\n", joined(spans))),
            Piece::Item(spans) => out.push_str(&format!("- {}\n", joined(spans))),
            Piece::Code { of, lines, left_out } => {
                out.push_str(&format!("\n{}\n", code_lead(of, *left_out)));
                lines.iter().for_each(|l| out.push_str(&format!("    {l}\n")));
            }
        }
    }
    out.trim_end().to_owned()
}

fn joined(spans: &[Span]) -> String {
    spans.iter().map(|s| s.text.as_str()).collect()
}

/// `Last lines of launch (312 before them left out):`
pub(crate) fn code_lead(of: &str, left_out: usize) -> String {
    match left_out {
        0 => format!("Last lines of {of}:"),
        n => format!("Last lines of {of} ({n} before them left out):"),
    }
}

/// The whole story in the few tags that every Matrix client shows.
pub(crate) fn html(story: &Story) -> String {
    let mut out = format!("<p>{} <strong>{}</strong></p>", story.mark, html_escaped(&story.title));
    let mut in_list = false;
    for piece in &story.pieces {
        let is_item = matches!(piece, Piece::Item(_));
        if is_item != in_list {
            out.push_str(if is_item { "<ul>" } else { "</ul>" });
            in_list = is_item;
        }
        match piece {
            Piece::Line(spans) => out.push_str(&format!("<p>{}</p>", html_spans(spans))),
            Piece::Item(spans) => out.push_str(&format!("<li>{}</li>", html_spans(spans))),
            Piece::Code { of, lines, left_out } => {
                let code = html_escaped(&lines.join("\n"));
                let lead = html_escaped(&code_lead(of, *left_out));
                out.push_str(&format!("<p>{lead}</p><pre><code>{code}\n</code></pre>"));
            }
        }
    }
    if in_list {
        out.push_str("</ul>");
    }
    if let Some(link) = &story.link {
        out.push_str(&format!("<p><a href=\"{}\">More</a></p>", html_escaped(link.as_str())));
    }
    out.push_str(&format!("<p><em>{}</em></p>", html_escaped(&story.footer)));
    out
}

pub(crate) fn html_spans(spans: &[Span]) -> String {
    let tagged = |s: &Span| match s.strong {
        true => format!("<strong>{}</strong>", html_escaped(&s.text)),
        false => html_escaped(&s.text),
    };
    spans.iter().map(tagged).collect()
}
