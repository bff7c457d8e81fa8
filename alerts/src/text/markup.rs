//! The story in the markup of a chat, cut to what the chat takes.

use url::Url;

use super::clean::one_line;
use super::render::code_lead;
use super::story::{Piece, Span, Story};

/// Stands where something did not fit.
const CUT: &str = "… (shortened)";
/// A sentence cut to less than this says nothing.
const LEAST: usize = 60;

/// How one chat writes.
pub(crate) struct Markup {
    /// Makes foreign text harmless: no markup, no mention, no link.
    pub(crate) escaped: fn(&str) -> String,
    /// Makes a foreign line harmless between the fences.
    pub(crate) code: fn(&str) -> String,
    /// Before and after a name that catches the eye.
    pub(crate) strong: (&'static str, &'static str),
    /// Before a point of a list.
    pub(crate) item: &'static str,
    /// Before and after foreign lines.
    pub(crate) fence: (&'static str, &'static str),
    /// A link with the words that are shown.
    pub(crate) link: fn(&Url, &str) -> String,
}

impl Markup {
    /// The whole story in at most `most` bytes: headline, pieces, `under` (in this markup), link and footer.
    pub(crate) fn whole(&self, story: &Story, under: Option<String>, most: usize) -> String {
        let link = story.link.iter().map(|l| (self.link)(l, "Open the incident"));
        let end = under.into_iter().chain(link).chain([(self.escaped)(&story.footer)]);
        let end = end.collect::<Vec<_>>().join("\n");
        let head = self.headline(story);
        let body = self.pieces(&story.pieces, most.saturating_sub(head.len() + end.len() + 4));
        joined([head, body, end])
    }

    /// Sign and headline.
    pub(crate) fn headline(&self, story: &Story) -> String {
        format!("{} {}{}{}", story.mark, self.strong.0, (self.escaped)(&story.title), self.strong.1)
    }

    /// The pieces in at most `most` bytes. What does not fit is shortened or left out, and that is said.
    pub(crate) fn pieces(&self, pieces: &[Piece], most: usize) -> String {
        let (mut out, mut cut) = (String::new(), false);
        for piece in pieces {
            let left = most.saturating_sub(out.len() + CUT.len() + 2);
            let whole = self.piece(piece);
            let text = if whole.len() <= left { Some(whole) } else { self.shorter(piece, left) };
            cut |= text.as_ref().is_none_or(|t| t.contains(CUT));
            out.extend(text);
        }
        let out = out.trim();
        match cut && !out.ends_with(CUT) && out.len() + CUT.len() < most {
            true => format!("{out}\n{CUT}").trim_start().to_owned(),
            false => out.to_owned(),
        }
    }

    fn piece(&self, piece: &Piece) -> String {
        match piece {
            Piece::Line(spans) => format!("{}\n", self.spans(spans)),
            Piece::Item(spans) => format!("{}{}\n", self.item, self.spans(spans)),
            Piece::Code { of, lines, left_out } => self.fenced(of, lines, *left_out),
        }
    }

    fn spans(&self, spans: &[Span]) -> String {
        let marked = |s: &Span| match s.strong && !s.text.is_empty() {
            true => format!("{}{}{}", self.strong.0, (self.escaped)(&s.text), self.strong.1),
            false => (self.escaped)(&s.text),
        };
        spans.iter().map(marked).collect()
    }

    fn fenced(&self, of: &str, lines: &[String], left_out: usize) -> String {
        let lead = (self.escaped)(&code_lead(of, left_out));
        let lines: Vec<_> = lines.iter().map(|l| (self.code)(l)).collect();
        format!("\n{lead}\n{}{}{}\n", self.fence.0, lines.join("\n"), self.fence.1)
    }

    /// The last lines of foreign text that fit, or the beginning of a sentence.
    fn shorter(&self, piece: &Piece, left: usize) -> Option<String> {
        match piece {
            Piece::Code { of, lines, left_out } => (1..lines.len()).find_map(|skip| {
                let text = self.fenced(of, lines.get(skip..)?, left_out + skip);
                (text.len() <= left).then_some(text)
            }),
            Piece::Line(spans) | Piece::Item(spans) => {
                let raw: String = spans.iter().map(|s| s.text.as_str()).collect();
                // Escapes make text longer, each text by another factor.
                let factor = (self.escaped)(&raw).len().div_ceil(raw.len().max(1)).max(1);
                let most = (left / factor).checked_sub(CUT.len() + 8).filter(|m| *m >= LEAST)?;
                let lead = if matches!(piece, Piece::Item(_)) { self.item } else { "" };
                let text = format!("{lead}{} {CUT}\n", (self.escaped)(&one_line(&raw, most)));
                (text.len() <= left).then_some(text)
            }
        }
    }
}

/// The parts that there are, a blank line between them.
pub(crate) fn joined<const N: usize>(parts: [String; N]) -> String {
    parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// An address without any sign that markup knows: they are spelled in hex, which means the same.
pub(crate) fn bare_address(url: &Url) -> String {
    let mut out = String::new();
    for c in url.as_str().chars() {
        match c {
            '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>' | '*' | '_' | '~' | '|' | '`' | '"' | '\''
            | '\\' | '@' | '$' | '!' => out.push_str(&format!("%{:02X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::fixture::{flood, opened};
    use crate::text::unlinked;

    const PLAIN: Markup = Markup {
        escaped: unlinked,
        code: str::to_owned,
        strong: ("*", "*"),
        item: "- ",
        fence: ("[[", "]]"),
        link: |url, words| format!("{words}: {}", bare_address(url)),
    };

    #[test]
    fn whatever_the_room_the_headline_and_the_end_are_there_and_nothing_is_too_long() {
        for n in [opened(), flood()] {
            let story = Story::of(&n);
            let all = PLAIN.whole(&story, None, 100_000);
            assert!(!all.contains("shortened"));
            for most in 300..all.len() {
                let text = PLAIN.whole(&story, None, most);
                assert!(text.len() <= most, "{most}: {text}");
                assert!(text.contains(&story.title) && text.ends_with(&story.footer), "{most}: {text}");
                let last = text.contains("0/12 nodes") || n.facts.targets > 1;
                assert!(text.contains("shortened") || last, "{most}: {text}");
            }
        }
    }

    #[test]
    fn the_newest_foreign_lines_are_kept_and_the_others_counted() {
        let lines = vec!["first".to_owned(), "second".to_owned(), "third".to_owned()];
        let piece = Piece::Code { of: "x".into(), lines, left_out: 4 };
        let text = PLAIN.pieces(&[piece], 80);
        assert_eq!(text, "Last lines of x (5 before them left out):\n[[second\nthird]]");
    }

    #[test]
    fn an_address_keeps_its_meaning_but_has_no_markup() {
        let url = Url::parse("https://x.example/a_(b)?q=*[@all]|~").unwrap();
        assert_eq!(bare_address(&url), "https://x.example/a%5F%28b%29?q=%2A%5B%40all%5D%7C%7E");
    }
}
