//! Writes the letter: headers that thread and name it, text, HTML, and a picture a probe.

use std::time::SystemTime;

use jiff::Timestamp;
use lettre::Message;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use minijinja::{Environment, context};
use sha2::{Digest, Sha256};

use crate::picture;
use crate::text::{self, Piece, Story, code_lead, html_escaped, html_spans, one_line};
use crate::{MessageRef, Notification, Strip};

/// Probes whose last hours are drawn.
const PICTURES: usize = 6;

/// The whole letter as sent. The same notification gives the same bytes.
pub(super) fn write(
    n: &Notification,
    from: &Mailbox,
    reply_to: Option<&Mailbox>,
    to: &[Mailbox],
    thread: Option<&MessageRef>,
) -> Result<Vec<u8>, String> {
    let story = Story::of(n);
    let mut message = Message::builder()
        .message_id(Some(message_id(n, from)))
        .date(SystemTime::from(n.at.max(Timestamp::UNIX_EPOCH)))
        .from(from.clone())
        .subject(format!("{}: {}", story.word, story.title))
        // Keeps holiday notices and other machines from answering.
        .raw_header(raw("Auto-Submitted", "auto-generated")?)
        .raw_header(raw("X-Auto-Response-Suppress", "All")?)
        .raw_header(raw("X-Launchwatch-Incident", &ascii(&n.incident.0))?);
    for mailbox in to {
        message = message.to(mailbox.clone());
    }
    if let Some(mailbox) = reply_to {
        message = message.reply_to(mailbox.clone());
    }
    if let Some(first) = thread {
        let first = one_line(&first.0, 900);
        message = message.in_reply_to(first.clone()).references(first);
    }
    let body = body(n, &story)?;
    message.multipart(body).map(|m| m.formatted()).map_err(|e| e.to_string())
}

/// The name of this notification among all mails of the world: stable, so that a doubled delivery is one mail.
pub(super) fn message_id(n: &Notification, from: &Mailbox) -> String {
    format!("<{}@{}>", ascii(&n.id.0), from.email.domain())
}

/// Letters, digits, dots and dashes; everything else in hex.
pub(super) fn ascii(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    let spelled = |b: u8| if plain(b) { char::from(b).to_string() } else { format!("={b:02x}") };
    text.bytes().take(100).map(spelled).collect()
}

pub(super) fn raw(name: &'static str, value: &str) -> Result<HeaderValue, String> {
    let name = HeaderName::new_from_ascii(name.to_owned()).map_err(|e| e.to_string())?;
    Ok(HeaderValue::new(name, value.to_owned()))
}

fn body(n: &Notification, story: &Story) -> Result<MultiPart, String> {
    let strips = n.facts.strips.iter().take(PICTURES);
    let drawn: Vec<(String, &Strip, Vec<u8>)> = strips
        .enumerate()
        .filter_map(|(at, strip)| Some((format!("hours-{at}@launchwatch"), strip, picture::png(strip)?)))
        .collect();
    let html = html(story, &drawn)?;
    let mut related =
        MultiPart::related().boundary(boundary(n, "related")).singlepart(SinglePart::html(html));
    let png = ContentType::parse("image/png").map_err(|e| e.to_string())?;
    for (cid, _, bytes) in drawn {
        related = related.singlepart(Attachment::new_inline(cid).body(bytes, png.clone()));
    }
    Ok(MultiPart::alternative()
        .boundary(boundary(n, "alternative"))
        .singlepart(SinglePart::plain(text::plain(n)))
        .multipart(related))
}

/// A mark that no text in the letter has, and that is the same each time.
fn boundary(n: &Notification, part: &str) -> String {
    let hash = Sha256::digest(format!("{part} {} {}", n.id, n.at));
    let hex: String = hash.iter().take(16).map(|b| format!("{b:02x}")).collect();
    format!("lw-{part}-{hex}")
}

fn html(story: &Story, drawn: &[(String, &Strip, Vec<u8>)]) -> Result<String, String> {
    let pieces: Vec<_> = story
        .pieces
        .iter()
        .map(|piece| match piece {
            Piece::Line(spans) => context! { kind => "line", html => html_spans(spans) },
            Piece::Item(spans) => context! { kind => "item", html => html_spans(spans) },
            Piece::Code { of, lines, left_out } => {
                context! { kind => "code", lead => code_lead(of, *left_out), html => html_escaped(&lines.join("\n")) }
            }
        })
        .collect();
    let pictures: Vec<_> = drawn
        .iter()
        .map(|(cid, strip, _)| {
            context! { cid, probe => one_line(&strip.probe, 80), words => picture::words(strip) }
        })
        .collect();
    let mut templates = Environment::new();
    templates.add_template("letter.html", include_str!("letter.html")).map_err(|e| e.to_string())?;
    let template = templates.get_template("letter.html").map_err(|e| e.to_string())?;
    template
        .render(context! {
            word => story.word,
            title => story.title.as_str(),
            pieces,
            pictures,
            span => drawn.first().map(|(_, strip, _)| picture::span(strip)),
            width => picture::WIDTH,
            height => picture::HEIGHT,
            link => story.link.as_ref().map(|l| html_escaped(l.as_str())),
            footer => story.footer.as_str(),
        })
        .map_err(|e| e.to_string())
}
