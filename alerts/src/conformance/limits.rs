//! Whatever the text: every channel writes a message, and the service can take it.

use serde_json::Value;

use super::fixture::{contented, example, of_kind, thread};
use super::known::known;
use super::services;
use crate::{
    CHANNELS, Envelope, Failing, Hushed, IncidentId, Next, Notification, NotificationId, Severity, Strip,
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

fn awkward() -> Vec<(String, Notification)> {
    let mut out = Vec::new();
    for kind in of_kind() {
        for severity in [Severity::Ticket, Severity::Page] {
            for (name, text) in AWKWARD {
                for many in [0, 1, 12] {
                    let name = format!("{:?} {name} {many}", kind.kind);
                    out.push((name, with(text, many, severity, kind.clone())));
                }
            }
        }
        for (name, text) in [
            ("megabytes", "&".repeat(1_000_000)),
            ("quotes", "\"".repeat(100_000)),
            ("wide", "漢".repeat(100_000)),
            ("lines", "'\n".repeat(20_000)),
        ] {
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

#[test]
fn any_text_becomes_a_message_that_the_service_can_take() {
    every_channel_takes_all(awkward(), |channel| channel);
}

/// A template repeats what it finds without any care.
#[test]
fn so_does_any_text_that_comes_by_way_of_a_template() {
    let careless = "{{ target }} {{ note }} {{ failing }}\n- {{ working|join('\n') }}{% for f in failing %}\n{{ f.evidence|join('\n') }}{% endfor %}";
    let templates = serde_json::json!({"title": careless, "text": careless});
    // One kind of them will do: rendering takes its time.
    let opened = awkward().into_iter().filter(|(_, n)| n.kind == crate::NotificationKind::Opened).collect();
    every_channel_takes_all(opened, |channel| {
        serde_json::from_value::<crate::Templates>(templates.clone()).unwrap().over(channel)
    });
}

fn every_channel_takes_all(
    awkward: Vec<(String, Notification)>,
    dressed: impl Fn(Box<dyn crate::Channel>) -> Box<dyn crate::Channel>,
) {
    let channels: Vec<_> = CHANNELS.iter().map(|kind| (kind, dressed(example(kind.name)))).collect();
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
            let mut body: Value = match r.body().is_empty() {
                true => Value::Null,
                false => serde_json::from_slice(r.body()).unwrap(),
            };
            match channel {
                "webhook" => without_ids(&mut body),
                "slack" => slack(&body, name),
                "pagerduty" => services::pagerduty(&body, name),
                "opsgenie" => services::opsgenie(&body, name),
                "alertmanager" => services::alertmanager(&body, name),
                "github" => services::github(&body, name),
                _ => {}
            }
            let (length, most) = (r.body().len(), known(channel).most);
            assert!(length < most, "{channel} {name}: {length} bytes");
            // What is shown letter for letter need not be escaped; what is read as markup must be.
            let html = body["formatted_body"].as_str().unwrap_or_default();
            assert!(!html.contains("<script>"), "{channel} {name}: {html}");
            let words = body.to_string().replace("example.org/x?@channel", "");
            assert!(!words.contains("@channel"), "{channel} {name}: {words}");
            words
        }
        Envelope::Command(order) => {
            let mut body: Value = serde_json::from_slice(&order.stdin).unwrap();
            without_ids(&mut body);
            assert!(order.stdin.len() < known(channel).most, "{name}: {} bytes", order.stdin.len());
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

/// The limits of Block Kit.
fn slack(body: &Value, name: &str) {
    let chars = |v: &Value| v.as_str().unwrap().chars().count();
    assert!(chars(&body["text"]) <= 4000, "{name}");
    assert!(!body["text"].as_str().unwrap().contains("<!"), "{name}");
    let blocks = body["blocks"].as_array().unwrap();
    assert!((1..=50).contains(&blocks.len()), "{name}: {} blocks", blocks.len());
    for block in blocks {
        match block["type"].as_str().unwrap() {
            "header" => assert!((1..=150).contains(&chars(&block["text"]["text"])), "{name}"),
            "section" => {
                assert!((1..=3000).contains(&chars(&block["text"]["text"])), "{name}");
                assert!(!block["text"]["text"].as_str().unwrap().contains("<!"), "{name}");
            }
            "context" => assert!((1..=3000).contains(&chars(&block["elements"][0]["text"])), "{name}"),
            "rich_text" => {
                let text = chars(&block["elements"][0]["elements"][0]["text"]);
                assert!((1..=3000).contains(&text), "{name}: {text}");
            }
            other => panic!("{name}: {other}"),
        }
    }
}
