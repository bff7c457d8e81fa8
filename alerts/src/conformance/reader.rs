//! What people read: every kind of notification in every channel, whole.

use super::fixture::{contented, example, of_kind, opened, thread};
use crate::{CHANNELS, Envelope, Next, NotificationKind, text};

/// The envelopes of one delivery and its receipt, as a person would want to see them.
fn conversation(channel: &str, n: &crate::Notification) -> String {
    let thread = match n.kind {
        NotificationKind::Opened | NotificationKind::Test => None,
        _ => thread(channel),
    };
    let (built, mut out, mut replies) = (example(channel), String::new(), Vec::new());
    loop {
        match built.compose(n, &replies, thread.as_ref()) {
            Next::Send(envelope) => {
                out.push_str(&shown(channel, &envelope));
                replies.push(contented(&envelope));
            }
            Next::Done(receipt) => return format!("{out}=> {receipt:?}\n"),
        }
    }
}

fn shown(channel: &str, envelope: &Envelope) -> String {
    match envelope {
        Envelope::Http(r) => {
            let mut out = format!("{} {}\n", r.method(), r.uri());
            for (name, value) in r.headers() {
                out.push_str(&format!("{name}: {value:?}\n"));
            }
            let mut body = super::body::read(r);
            for strip in
                body.pointer_mut("/facts/strips").and_then(|s| s.as_array_mut()).into_iter().flatten()
            {
                // One of many stands for all.
                strip["cells"].as_array_mut().unwrap().truncate(1);
            }
            let mut written = String::new();
            for (pointer, _) in super::services::of(channel).texts {
                // Text is for reading: line by line.
                if let Some(text) = body.pointer_mut(pointer) {
                    let text = std::mem::replace(text, "(below)".into());
                    written.push_str(&format!("--- {pointer}\n{}\n\n", text.as_str().unwrap()));
                }
            }
            if body.is_null() {
                return format!("{out}\n");
            }
            format!("{out}\n{body:#}\n\n{written}")
        }
        // What it reads is what a webhook sends.
        Envelope::Command(order) => format!("{:?}\n{:#?}\n\n", order.argv, order.env),
        Envelope::Mail(letter) => {
            let text = String::from_utf8(letter.message.clone()).unwrap().replace("\r\n", "\n");
            let mut out = format!(
                "by {}:{} from {} to {:?}\n\n",
                letter.smtp.host, letter.smtp.port, letter.from, letter.to
            );
            let mut in_picture = false;
            for line in text.lines() {
                // The bytes of a picture say nothing to a reader.
                in_picture = line.starts_with("iVBOR") || in_picture && !line.starts_with("--");
                if line.starts_with("iVBOR") {
                    out.push_str("(a PNG)\n");
                } else if !in_picture {
                    out.push_str(&format!("{line}\n"));
                }
            }
            out.replace("=\n", "") + "\n"
        }
    }
}

#[test]
fn every_channel_reads_well() {
    for kind in CHANNELS.iter().filter(|k| k.name != "gitter") {
        for n in of_kind() {
            insta::assert_snapshot!(
                format!("{}_{}", kind.name, if n.facts.targets > 1 { "flood" } else { n.kind.as_str() }),
                conversation(kind.name, &n)
            );
        }
    }
}

#[test]
fn plain_text_reads_well() {
    let texts: Vec<String> = of_kind().iter().map(text::plain).collect();
    insta::assert_snapshot!(texts.join("\n\n=====\n\n"));
}

#[test]
fn headlines_say_what_users_lose_and_no_more() {
    for (stages, working, expected) in [
        (&["launch"][..], &[][..], "mybinder: nobody can launch"),
        (&["launch"], &["hub-health"], "mybinder: nobody can launch"),
        (&["launch"], &["launch-julia"], "mybinder: some launches fail"),
        (&["build"], &["launch-cached"], "mybinder: new images cannot be built"),
        (&["build"], &[], "mybinder: nobody can launch"),
        (&["build", "kernel"], &["x"], "mybinder: servers start but cannot be used"),
        (&["connect"], &[], "mybinder: cannot be reached"),
        (&["connect"], &["x"], "mybinder: probe-0 fails"),
        (&["connect", "body"], &["x"], "mybinder: 2 of 3 checks fail"),
        (&["teardown"], &["x"], "mybinder: servers cannot be shut down"),
        (&["unheard_of"], &[], "mybinder: nothing works"),
        (&[], &[], "mybinder: is in trouble"),
    ] {
        let mut n = opened();
        let failing = n.facts.failing[0].clone();
        n.facts.failing = stages
            .iter()
            .enumerate()
            .map(|(at, s)| crate::Failing {
                probe: format!("probe-{at}"),
                stage: Some((*s).into()),
                ..failing.clone()
            })
            .collect();
        n.facts.working = working.iter().map(|w| (*w).to_owned()).collect();
        assert_eq!(text::title(&n), format!("{expected} since 18:27 UTC (2 min)"), "{stages:?} {working:?}");
    }
}

#[test]
fn words_unknown_to_us_speak_for_themselves() {
    assert_eq!(text::reason("cosmic_rays"), "cosmic_rays");
    assert_eq!(text::stage("orbit"), "in stage orbit");
    assert_eq!(text::reason("dns"), "its name cannot be found (DNS)");
}
