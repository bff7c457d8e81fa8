//! The story as an Adaptive Card, within the size that Teams takes. Text goes into runs, in which nothing is markup.

use serde_json::{Value, json};

use crate::request::with;
use crate::text::{Piece, Span, Story, code_lead, unlinked};
use crate::{Notification, NotificationKind, picture};

/// Bytes of a card: Teams takes "about 28 KB" (learn.microsoft.com/connectors/teams, "Message size limit"); people
/// have measured 21,000 bytes of JSON.
const MOST: usize = 20_000;

/// What the webhook takes.
pub(super) fn message(n: &Notification) -> Value {
    let story = Story::of(n);
    let mut end = Vec::new();
    end.extend(picture::shown_first(n).map(|s| paragraph(vec![subtle(&s.words())])));
    end.push(paragraph(vec![subtle(&story.footer)]));
    let mut body = vec![paragraph(vec![headline(&story, n.kind)])];
    let (mut left, mut cut) = (MOST - 1000 - size(&body) - size(&end), false);
    for element in story.pieces.iter().flat_map(elements) {
        match left.checked_sub(element.to_string().len() + 1) {
            Some(rest) => {
                left = rest;
                body.push(element);
            }
            None => cut = true,
        }
    }
    if cut {
        body.push(paragraph(vec![subtle("… (shortened)")]));
    }
    body.extend(end);
    let open =
        |url: &url::Url| json!({"type": "Action.OpenUrl", "title": "Open the incident", "url": url.as_str()});
    let actions: Vec<Value> = story.link.iter().map(open).collect();
    json!({
        "type": "message",
        // What the list of chats and a phone show.
        "summary": format!("{} {}", story.mark, story.title),
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "msteams": {"width": "Full"},
                "fallbackText": format!("{} {}", story.mark, story.title),
                "body": body,
                "actions": actions,
            },
        }],
    })
}

fn size(elements: &[Value]) -> usize {
    elements.iter().map(|e| e.to_string().len() + 1).sum()
}

fn elements(piece: &Piece) -> Vec<Value> {
    match piece {
        Piece::Line(spans) => vec![paragraph(spans.iter().map(run).collect())],
        Piece::Item(spans) => {
            let point = run(&Span { text: "• ".into(), strong: false });
            vec![paragraph(std::iter::once(point).chain(spans.iter().map(run)).collect())]
        }
        Piece::Code { of, lines, left_out } => {
            let lead = run(&Span { text: code_lead(of, *left_out), strong: false });
            let mono = |line: &String| {
                let run = json!({"type": "TextRun", "text": unlinked(line), "fontType": "Monospace", "size": "Small"});
                with(paragraph(vec![run]), "spacing", "None")
            };
            std::iter::once(paragraph(vec![lead])).chain(lines.iter().map(mono)).collect()
        }
    }
}

fn paragraph(runs: Vec<Value>) -> Value {
    json!({"type": "RichTextBlock", "inlines": runs})
}

fn run(span: &Span) -> Value {
    let run = json!({"type": "TextRun", "text": unlinked(&span.text)});
    if span.strong { with(run, "weight", "Bolder") } else { run }
}

fn subtle(text: &str) -> Value {
    json!({"type": "TextRun", "text": unlinked(text), "isSubtle": true, "size": "Small"})
}

fn headline(story: &Story, kind: NotificationKind) -> Value {
    let colour = match kind {
        NotificationKind::Opened => "Attention",
        NotificationKind::Update | NotificationKind::Reminder => "Warning",
        NotificationKind::Resolved => "Good",
        NotificationKind::Acknowledged | NotificationKind::Test => "Default",
    };
    let text = format!("{} {}", story.mark, unlinked(&story.title));
    json!({"type": "TextRun", "text": text, "weight": "Bolder", "size": "Large", "color": colour})
}
