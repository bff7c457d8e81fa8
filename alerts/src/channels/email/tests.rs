use std::time::Duration;

use serde_json::json;

use super::*;
use crate::conformance::fixture::{built, done, opened, resolved, thread, update};
use crate::{Receipt, Settled};

fn three() -> Box<dyn Channel> {
    built(
        "email",
        json!({
            "host": "mail.example.org", "from": "lw@example.org",
            "to": ["ann@example.org", "Bob <bob@example.org>", "cyd@example.org", "ANN@example.org"],
        }),
    )
}

fn letter(next: Next) -> Letter {
    match next {
        Next::Send(e) => match *e {
            Envelope::Mail(letter) => letter,
            other => panic!("{other:?}"),
        },
        Next::Done(r) => panic!("done: {r:?}"),
    }
}

fn said(answers: &[(&str, u16, &str)]) -> Reply {
    Reply::Mail(
        answers.iter().map(|(to, code, said)| ((*to).to_owned(), *code, (*said).to_owned())).collect(),
    )
}

fn codes(a: u16, b: u16, c: u16) -> Receipt {
    let reply =
        said(&[("ann@example.org", a, "A"), ("bob@example.org", b, "B"), ("cyd@example.org", c, "C")]);
    done(three().compose(&opened(), &[reply], None))
}

#[test]
fn each_recipient_is_told_once_whatever_the_others_answer() {
    let message = Some(MessageRef("<mybinder-20240503-1@example.org>".into()));
    assert_eq!(codes(250, 250, 251), Receipt::Delivered(message.clone()));
    let remark = "bob@example.org: 550 B".into();
    assert_eq!(codes(250, 550, 250), Receipt::Remarked { message, remark });
    let why = "ann@example.org: 550 A; bob@example.org: 551 B; cyd@example.org: 554 C".into();
    assert_eq!(codes(550, 551, 554), Receipt::Refused { why });
    assert!(matches!(codes(421, 450, 452), Receipt::Retry { after: None, .. }));
    assert!(matches!(codes(354, 0, 999), Receipt::Retry { .. }), "codes that make no sense");
}

#[test]
fn only_those_who_wait_are_tried_again() {
    let Receipt::Partly { settled, why, .. } = codes(250, 451, 550) else { panic!() };
    assert_eq!(why, "bob@example.org: 451 B");
    // What the outbox keeps survives a restart.
    let kept: Settled = serde_json::from_str(&serde_json::to_string(&settled).unwrap()).unwrap();
    let seed = Reply::Mail(kept.0);

    let again = letter(three().compose(&opened(), std::slice::from_ref(&seed), None));
    assert_eq!(again.to, ["bob@example.org"]);
    let first = letter(three().compose(&opened(), &[], None));
    assert_eq!(first.to, ["ann@example.org", "bob@example.org", "cyd@example.org"]);
    assert_eq!(again.message, first.message, "it is the same letter");

    let end = three().compose(&opened(), &[seed, said(&[("bob@example.org", 250, "ok")])], None);
    assert!(matches!(done(end), Receipt::Remarked { remark, .. } if remark == "cyd@example.org: 550 C"));
}

#[test]
fn greylisting_is_given_its_minutes() {
    let reply = said(&[
        ("ann@example.org", 451, "4.7.1 Greylisted, come back later"),
        ("bob@example.org", 451, "x"),
        ("cyd@example.org", 451, "x"),
    ]);
    let receipt = done(three().compose(&opened(), &[reply], None));
    assert!(
        matches!(receipt, Receipt::Retry { after: Some(after), .. } if after == Duration::from_secs(300))
    );
}

#[test]
fn later_letters_answer_the_first_one() {
    let text = |n, thread: Option<MessageRef>| {
        String::from_utf8(letter(three().compose(&n, &[], thread.as_ref())).message).unwrap()
    };
    let first = text(opened(), None);
    assert!(
        first.contains("Message-ID: <mybinder-20240503-1@example.org>\r\n") && !first.contains("References")
    );
    let end = text(resolved(), thread("email"));
    for header in [
        "Message-ID: <mybinder-20240503-3@example.org>\r\n",
        "In-Reply-To: <mybinder-20240503-1@example.org>\r\n",
        "References: <mybinder-20240503-1@example.org>\r\n",
        "Auto-Submitted: auto-generated\r\n",
        "Subject: OK: mybinder: works again, was down",
    ] {
        assert!(end.contains(header), "{header}\n{end}");
    }
    let reply =
        said(&[("ann@example.org", 250, ""), ("bob@example.org", 250, ""), ("cyd@example.org", 250, "")]);
    let receipt = done(three().compose(&update(), &[reply], thread("email").as_ref()));
    assert_eq!(receipt, Receipt::Delivered(thread("email")));
}

#[test]
fn settings_that_cannot_work_are_all_refused_at_once() {
    let problems = KIND
        .build(json!({"host": "smtp://x", "from": "nobody", "to": ["a@b.example", "c"], "username": "u"}))
        .err()
        .unwrap();
    let paths: Vec<_> = problems.iter().map(|p| p.path.as_str()).collect();
    assert_eq!(paths, ["host", "from", "to[1]", "password"]);
    let clear = json!({"host": "mail.example.org", "tls": "none", "username": "u", "password": "p",
        "from": "a@b.example", "to": ["a@b.example"]});
    assert_eq!(KIND.build(clear.clone()).err().unwrap()[0].path, "tls");
    let mut here = clear;
    here["host"] = json!("127.0.0.1");
    assert!(KIND.build(here).is_ok());
    let nobody = json!({"host": "localhost", "from": "a@b.example", "to": []});
    assert_eq!(KIND.build(nobody).err().unwrap()[0].path, "to");
}

#[test]
fn the_port_follows_the_protection_unless_given() {
    for (settings, port) in [
        (json!({}), 587),
        (json!({"tls": "tls"}), 465),
        (json!({"tls": "none"}), 25),
        (json!({"tls": "none", "port": 2525}), 2525),
    ] {
        let mut all = json!({"host": "localhost", "from": "a@b.example", "to": ["a@b.example"]});
        all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        assert_eq!(letter(built("email", all).compose(&opened(), &[], None)).smtp.port, port);
    }
}
