//! Whatever the text: every channel writes a message, and the service can take it.

use serde_json::Value;

use super::fixture::{contented, example, of_kind, opened, thread};
use super::services::{self, Service};
use crate::{
    CHANNELS, Envelope, Failing, Hushed, IncidentId, Next, Notification, NotificationId, NotificationKind,
    Severity, Strip,
};

const AWKWARD: &[(&str, &str)] = &[
    ("empty", ""),
    ("blanks", " \t\r\n "),
    ("html", "<script>alert(1)</script></pre></td><!-- & \" '"),
    ("slack", "<!channel> <@U123> <https://x|y> ```*bold*``` `_~"),
    ("mentions", "@channel @here @everyone @room"),
    ("control", "\u{0}\u{7}\u{8}\u{1b}[31m\u{1b}]0;x\u{7}\u{9b}\r\n.\r\nRCPT TO:<x>\r\n"),
    ("direction", "\u{202e}drawkcab\u{2066}\u{200f} שלום مرحبا"),
    ("templates", "{{ title }} {% raw %} ${HOME} %s"),
    (
        "markup",
        "[x](https://evil.example) *bold* _it_ **b** `c` ~~y~~ ||x|| @**all** @_**ada** #**general** #general \
         <users/all> <https://evil.example|x> <time:2020-01-01> $$x$$ !avatar(x) https://evil.example/ \
         www.evil.example /start #tag @ada </pre><a href='https://evil.example'>y</a> ```",
    ),
    ("fence", "```"),
    ("headers", "x\r\nBcc: all@example.org\r\n\r\nbody"),
    ("emoji", "👩‍👩‍👧 é ü 漢字"),
];

fn with(text: &str, many: usize, severity: Severity, mut n: Notification) -> Notification {
    n.severity = severity;
    n.id = NotificationId(text.chars().take(200).collect());
    n.incident = IncidentId(text.chars().take(200).collect());
    n.facts.target = text.to_owned();
    n.facts.link = Some(format!("https://example.org/x?{text}"));
    let failing = Failing {
        probe: text.to_owned(),
        stage: Some(text.to_owned()),
        reason: Some(text.to_owned()),
        summary: text.to_owned(),
        since: n.at,
        failures: u32::MAX,
        says: text.to_owned(),
        target: Some(text.to_owned()),
        evidence: vec![text.to_owned(); many],
        from: Some(crate::Whence {
            fails: vec![text.to_owned(); many],
            works: vec![text.to_owned(); many],
            unknown: vec![text.to_owned(); many],
        }),
    };
    n.facts.failing = vec![failing; many];
    n.facts.working = vec![text.to_owned(); many];
    n.facts.people = vec![text.to_owned(); many];
    n.facts.note = (many > 0).then(|| text.to_owned());
    n.facts.hushed = vec![Hushed { target: text.to_owned(), why: text.to_owned() }; many];
    let cells = vec![crate::Cell::default(); many];
    n.facts.strips = vec![Strip { probe: text.to_owned(), cells, cell_seconds: u32::MAX }; many];
    n
}

/// Every awkward text in every kind of notification: it comes as page and as ticket, with empty and short and long
/// lists, first and in a thread, as those take turns. What is huge takes its time, and is tried with one kind that
/// quotes and one that does not.
fn awkward(kinds: Vec<Notification>) -> Vec<(String, Notification)> {
    let mut out = Vec::new();
    for (nth, kind) in kinds.into_iter().enumerate() {
        for (at, (name, text)) in AWKWARD.iter().enumerate() {
            for many in [(nth / 2 + at) % 2, 12] {
                let severity = [Severity::Page, Severity::Ticket][(nth / 4 + at) % 2];
                let name = format!("{:?} {name} {many}", kind.kind);
                out.push((name, with(text, many, severity, kind.clone())));
            }
        }
        let huge = if nth == 0 || kind.kind == NotificationKind::Resolved { huge() } else { Vec::new() };
        for (name, text) in huge {
            out.push((format!("{:?} {name}", kind.kind), with(&text, 3, Severity::Page, kind.clone())));
        }
        let mut turned = with("ends before it begins", 1, Severity::Page, kind);
        turned.facts.since = jiff::Timestamp::MAX;
        turned.facts.until = Some(jiff::Timestamp::MIN);
        turned.at = jiff::Timestamp::MIN;
        out.push(("turned".into(), turned));
    }
    out
}

fn huge() -> Vec<(&'static str, String)> {
    vec![
        ("megabytes", "&".repeat(1_000_000)),
        ("quotes", "\"".repeat(100_000)),
        ("wide", "漢".repeat(100_000)),
        ("lines", "'\n".repeat(20_000)),
    ]
}

#[test]
fn any_text_becomes_a_message_that_the_service_can_take() {
    every_channel_takes_all(awkward(of_kind()));
}

/// A template repeats what it finds without any care.
#[test]
fn so_does_any_text_that_comes_by_way_of_a_template() {
    let careless = "{{ target }} {{ note }} {{ failing }}\n- {{ working|join('\n') }}{% for f in failing %}\n{{ f.evidence|join('\n') }}{% endfor %}";
    let templates = serde_json::json!({"title": careless, "text": careless});
    let templates: crate::Templates = serde_json::from_value(templates).unwrap();
    // One kind will do, and one rendering for all channels: it takes its time.
    let mut awkward = awkward(vec![opened()]);
    for (_, n) in &mut awkward {
        n.facts.words = Some(templates.words(n));
    }
    every_channel_takes_all(awkward);
}

fn every_channel_takes_all(awkward: Vec<(String, Notification)>) {
    let channels: Vec<_> = CHANNELS.iter().map(|kind| (kind, example(kind.name))).collect();
    for (at, (name, n)) in awkward.into_iter().enumerate() {
        for (kind, channel) in &channels {
            let thread = thread(kind.name).filter(|_| at % 2 == 0);
            let mut replies = Vec::new();
            let receipt = loop {
                match channel.compose(&n, &replies, thread.as_ref()) {
                    Next::Send(envelope) => {
                        check(kind.name, &name, &envelope);
                        replies.push(contented(&envelope));
                    }
                    Next::Done(receipt) => break receipt,
                }
                assert!(replies.len() < 9, "{} {name}", kind.name);
            };
            assert!(matches!(receipt, crate::Receipt::Delivered(_)), "{} {name}: {receipt:?}", kind.name);
        }
    }
}

fn check(channel: &str, name: &str, envelope: &Envelope) {
    let words = match envelope {
        Envelope::Http(r) => {
            let mut body = super::body::read(r);
            if channel == "webhook" {
                without_ids(&mut body);
            }
            let service = services::of(channel);
            let bytes = body.to_string().len();
            assert!(bytes < service.most, "{channel} {name}: {bytes} bytes");
            // What is shown letter for letter need not be escaped; what is read as markup must be.
            let html = body["formatted_body"].as_str().unwrap_or_default();
            assert!(!html.contains("<script>"), "{channel} {name}: {html}");
            (service.check)(&body, name);
            for (pointer, most) in service.texts {
                let Some(text) = body.pointer(pointer) else { continue };
                let text = text.as_str().unwrap();
                let long = visible(channel, text).encode_utf16().count();
                assert!((1..=*most).contains(&long), "{channel} {name} {pointer}: {long} characters");
                quiet(service, &format!("{channel} {name} {pointer}"), text);
            }
            let words = super::body::strings(&body).join("\n").replace("example.org/x?@channel", "");
            assert!(!words.contains("@channel"), "{channel} {name}: {words}");
            words
        }
        Envelope::Command(order) => {
            let mut body: Value = serde_json::from_slice(&order.stdin).unwrap();
            without_ids(&mut body);
            assert!(order.stdin.len() < services::of(channel).most, "{name}: {} bytes", order.stdin.len());
            let env = order.env.iter().map(|(name, value)| format!("{name}={value}"));
            let env: Vec<_> = env.chain(order.argv.iter().cloned()).collect();
            assert!(env.iter().all(|e| e.len() < 1000 && !e.contains(['\0', '\n'])), "{name}: {env:?}");
            format!("{body} {env:?}")
        }
        Envelope::Mail(letter) => {
            let text = str::from_utf8(&letter.message).expect("ASCII");
            assert!(text.is_ascii() && text.len() < 300_000, "{name}: {} bytes", text.len());
            let head = text.split("\r\n\r\n").next().unwrap();
            assert!(!head.contains("\r\nBcc"), "{name}: {head}");
            assert!(text.split("\r\n").all(|l| l.len() < 998 && !l.contains(['\r', '\n'])), "{name}");
            let html = text.split_once("Content-Type: text/html").unwrap().1;
            assert!(!html.contains("<script>"), "{name}: {html}");
            text.to_owned()
        }
    };
    for mark in ['\u{202e}', '\u{2066}', '\u{200f}', '\u{1b}', '\u{7}'] {
        assert!(!words.contains(mark), "{channel} {name}: {mark:?} survived");
    }
}

/// Ids are ours and go as they are; so does the link.
fn without_ids(body: &mut Value) {
    (body["id"], body["incident"], body["facts"]["link"]) = Default::default();
}

/// What the service counts: Telegram counts after it has read the markup.
fn visible(channel: &str, text: &str) -> String {
    if channel != "telegram" {
        return text.to_owned();
    }
    let after_tag = |part: &str| part.split_once('>').map_or(part, |(_, rest)| rest).to_owned();
    let bare: String = text
        .split('<')
        .enumerate()
        .map(|(at, p)| if at == 0 { p.to_owned() } else { after_tag(p) })
        .collect();
    ["&lt;", "&gt;", "&quot;", "&amp;"].iter().fold(bare, |text, entity| text.replace(entity, "x"))
}

/// Outside of code, nothing foreign is markup, mention or link; and no foreign line ends the code.
fn quiet(service: &Service, name: &str, text: &str) {
    let text = match service.name {
        "ntfy" => text.replace("```", ""),
        "telegram" => text.replace("```", "").replace("<pre>", "```").replace("</pre>", "```"),
        _ => text.to_owned(),
    };
    let parts: Vec<_> = text.split("```").collect();
    assert!(parts.len() % 2 == 1, "{name}: code without end in {text}");
    for (at, part) in parts.iter().enumerate().filter(|(at, _)| at % 2 == 0) {
        let mut part = (*part).to_owned();
        // Our own link is one, whatever stands in it.
        while let Some(start) = part.find("https://example.org/x?") {
            let rest = part.get(start..).unwrap();
            let end = rest.find([' ', '\n', ')', '|', '"', '>']).unwrap_or(rest.len());
            part.replace_range(start..start + end, "");
        }
        while let Some(at) = part.find('\\').filter(|_| service.backslash) {
            let sign = part.get(at + 1..).unwrap().chars().next().map_or(0, char::len_utf8);
            part.replace_range(at..=at + sign, "");
        }
        // The words of our own link.
        part = part.replace("[Open the incident](", "");
        let common = ["https://evil", "www.evil", "@ada", "@all", "@everyone", "@here"];
        for live in service.never.iter().chain(&common) {
            assert!(!part.contains(live), "{name}: {live} in part {at}: {part}");
        }
    }
}
