//! The story in Slack's blocks, within Slack's limits. Foreign lines go into rich text, where nothing is markup.

use slack_morphism::prelude::{
    SlackActionsBlock, SlackBlock, SlackBlockButtonElement, SlackBlockButtonStyle, SlackBlockMarkDownText,
    SlackBlockPlainText, SlackContextBlock, SlackHeaderBlock, SlackMessageContent, SlackRichTextBlock,
    SlackRichTextPreformatted, SlackSectionBlock,
};

use crate::Hearing;
use crate::text::{Piece, Span, Story, code_lead, mrkdwn_escaped};

/// Slack takes 3,000 characters in a section.
const SECTION: usize = 2900;
/// Characters of the fallback text: Slack advises 4,000, phones show a few lines.
const FALLBACK: usize = 3500;

/// Fallback text (notifications, old clients) and blocks; the text alone if blocks are not wanted. With an `incident`,
/// there are buttons to answer with.
pub(super) fn content(story: &Story, incident: Option<&str>, with_blocks: bool) -> SlackMessageContent {
    let blocks = with_blocks.then(|| blocks(story, incident));
    SlackMessageContent::new().with_text(fallback(story)).opt_blocks(blocks)
}

/// The headline and what fails, without foreign lines.
fn fallback(story: &Story) -> String {
    let mut out = format!("{} {}", story.mark, mrkdwn_escaped(&story.title));
    for piece in &story.pieces {
        if let Some(line) = mrkdwn(piece).filter(|l| out.len() + l.len() < FALLBACK) {
            out.push_str(&format!("\n{line}"));
        }
    }
    out
}

fn blocks(story: &Story, incident: Option<&str>) -> Vec<SlackBlock> {
    let header = SlackBlockPlainText::new(format!("{} {}", story.mark, story.title)).with_emoji(true);
    let mut out: Vec<SlackBlock> = vec![SlackHeaderBlock::new(header.into()).into()];
    let mut text = String::new();
    for piece in &story.pieces {
        if let Some(line) = mrkdwn(piece) {
            if text.len() + line.len() > SECTION {
                out.extend(section(std::mem::take(&mut text)));
            }
            text.push_str(&format!("{line}\n"));
        } else if let Piece::Code { of, lines, left_out } = piece {
            text.push_str(&format!("\n{}", mrkdwn_escaped(&code_lead(of, *left_out))));
            out.extend(section(std::mem::take(&mut text)));
            out.push(code(lines));
        }
    }
    out.extend(section(text));
    out.extend(story.link.as_ref().and_then(|l| {
        // A bar or a closing angle in the address would end the link.
        let url = l.as_str().replace('&', "&amp;").replace('|', "%7C").replace('>', "%3E");
        section(format!("<{url}|Open the incident>"))
    }));
    out.extend(incident.map(buttons));
    let footer = SlackBlockMarkDownText::new(mrkdwn_escaped(&story.footer));
    out.push(SlackContextBlock::new(vec![footer.into()]).into());
    out
}

fn buttons(incident: &str) -> SlackBlock {
    let button = |action: &str, words: &str| {
        let words = SlackBlockPlainText::new(words.to_owned());
        let button = SlackBlockButtonElement::new(words.into()).with_action_id(action.into());
        button.with_value(incident.to_owned())
    };
    let acknowledge = button(Hearing::ACKNOWLEDGE, "Acknowledge").with_style(SlackBlockButtonStyle::Primary);
    let silence = button(Hearing::SILENCE_HOUR, "Silence 1 h");
    SlackActionsBlock::new(vec![acknowledge.into(), silence.into()]).into()
}

fn section(text: String) -> Option<SlackBlock> {
    let text = SlackBlockMarkDownText::new(text.trim().to_owned()).with_verbatim(true);
    (!text.text.is_empty()).then(|| SlackSectionBlock::new().with_text(text.into()).into())
}

fn code(lines: &[String]) -> SlackBlock {
    let lines = SlackRichTextPreformatted::new(vec![lines.join("\n").as_str().into()]);
    SlackRichTextBlock::new(vec![lines.into()]).into()
}

/// `None` for foreign lines.
fn mrkdwn(piece: &Piece) -> Option<String> {
    match piece {
        Piece::Line(spans) => Some(cut(joined(spans))),
        Piece::Item(spans) => Some(cut(format!("• {}", joined(spans)))),
        Piece::Code { .. } => None,
    }
}

/// A line that fits into a section: escapes make text longer, and none may be cut in two.
fn cut(line: String) -> String {
    if line.len() <= SECTION {
        return line;
    }
    let mut end = SECTION;
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    let head = line.get(..end).unwrap_or_default();
    let whole = head.rfind('&').filter(|at| !head.get(*at..).unwrap_or_default().contains(';'));
    format!("{}…", head.get(..whole.unwrap_or(end)).unwrap_or_default())
}

fn joined(spans: &[Span]) -> String {
    let marked = |s: &Span| match s.strong {
        true if !s.text.is_empty() => format!("*{}*", mrkdwn_escaped(&s.text)),
        _ => mrkdwn_escaped(&s.text),
    };
    spans.iter().map(marked).collect()
}
