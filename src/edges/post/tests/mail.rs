use launchwatch_alerts::{Letter, Smtp, SmtpTls};
use secrecy::SecretString;
use tokio::net::TcpListener;

use super::relay::{Relay, Script};
use super::*;

fn letter(tls: SmtpTls, port: u16) -> Letter {
    Letter {
        smtp: Smtp {
            host: "localhost".into(),
            port,
            tls,
            login: (tls != SmtpTls::None).then(|| ("lw".into(), SecretString::from("hunter22"))),
            hello: Some("prober.example.org".into()),
        },
        from: "lw@example.org".into(),
        to: ["ann@example.org", "bob@example.org", "cyd@example.org"].map(Into::into).to_vec(),
        message: b"Subject: x\r\n\r\n.dot\r\nend".to_vec(),
    }
}

async fn delivered(
    tls: SmtpTls,
    script: Script<'_>,
    trusted: bool,
) -> (Result<Reply, Undelivered>, Vec<String>) {
    let identity = Identity::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let letter = letter(tls, listener.local_addr().unwrap().port());
    let relay = Relay { listener, script, identity: Some(&identity), sealed: tls == SmtpTls::Tls };
    let mut seen = Vec::new();
    let post = post(trusted.then(|| identity.ca_file()));
    let reply = beside(relay.serve(&mut seen), &post, Envelope::Mail(letter)).await;
    (reply, seen)
}

/// The codes for Ann, Bob and Cyd.
fn codes(reply: Result<Reply, Undelivered>) -> Vec<u16> {
    match reply.unwrap() {
        Reply::Mail(answers) => answers.iter().map(|(_, code, _)| *code).collect(),
        other => panic!("{other:?}"),
    }
}

fn letters(seen: &[String]) -> usize {
    seen.iter().filter(|s| s.starts_with("Subject")).count()
}

#[tokio::test]
async fn a_letter_is_handed_over_with_all_protections() {
    for tls in [SmtpTls::Starttls, SmtpTls::Tls, SmtpTls::None] {
        let (reply, seen) = delivered(tls, &[], true).await;
        assert_eq!(codes(reply), [250, 250, 250], "{tls:?}");
        assert_eq!(seen[1], "EHLO prober.example.org");
        assert!(seen.contains(&"Subject: x\n\n..dot\nend\n".to_owned()), "{seen:?}");
        let login = seen.iter().position(|s| s.starts_with("AUTH PLAIN"));
        let upgrade = seen.iter().position(|s| s == "STARTTLS");
        assert_eq!(login.is_some(), tls != SmtpTls::None);
        assert_eq!(upgrade.is_some(), tls == SmtpTls::Starttls);
        assert!(upgrade <= login || upgrade.is_none(), "the password follows the protection");
    }
}

#[tokio::test]
async fn each_recipient_has_an_answer_of_his_own() {
    for (answer, expected, sent) in [
        ("550 no such user", [250, 550, 250], 1),
        ("451 4.7.1 greylisted", [250, 451, 250], 1),
        ("421 too many", [250, 421, 250], 1),
        // Hangs up before anybody has the letter: the others get it in a second session.
        ("421 too many!", [250, 421, 250], 1),
    ] {
        let (reply, seen) = delivered(SmtpTls::None, &[("RCPT TO:<bob", answer)], true).await;
        assert_eq!((codes(reply).as_slice(), letters(&seen)), (&expected[..], sent), "{answer}: {seen:?}");
    }
    let (reply, seen) = delivered(SmtpTls::None, &[("RCPT TO:<cyd", "421 bye!")], true).await;
    assert_eq!((codes(reply), letters(&seen)), (vec![250, 250, 421], 1), "{seen:?}");
}

#[tokio::test]
async fn a_no_to_all_is_the_answer_of_each() {
    let all = |code| vec![code; 3];
    for (script, code, words) in [
        (&[("GREETING", "554 go away")], 554, "greeting: "),
        (&[("EHLO", "421 busy")], 421, "greeting: "),
        (&[("AUTH", "535 5.7.8 bad credentials")], 535, "login: 5.7.8 bad"),
        (&[("MAIL", "552 not you")], 552, "mail from: not you"),
        (&[("RCPT", "450 later")], 450, "rcpt: later"),
        (&[("DATA", "451 disk full")], 451, "data: disk full"),
        (&[(".", "554 spam")], 554, "answer: spam"),
    ] {
        let (reply, _) = delivered(SmtpTls::Starttls, script, true).await;
        let said = format!("{reply:?}");
        assert_eq!(codes(reply), all(code), "{script:?}");
        assert!(said.contains(words) && !said.contains("hunter22"), "{said}");
    }
}

#[tokio::test]
async fn silence_is_told_with_its_step() {
    for (tls, script, step) in [
        (SmtpTls::None, &[("GREETING", "hang up")], "greeting"),
        (SmtpTls::None, &[("GREETING", "HTTP/1.1 200 OK")], "greeting"),
        (SmtpTls::Starttls, &[("STARTTLS", "hang up")], "starttls"),
        (SmtpTls::Starttls, &[("EHLO", "250 AUTH PLAIN")], "starttls"),
        (SmtpTls::Starttls, &[("AUTH", "hang up")], "login"),
        (SmtpTls::None, &[("MAIL", "hang up")], "mail from"),
        (SmtpTls::None, &[("RCPT", "hang up")], "rcpt"),
        (SmtpTls::None, &[("DATA", "hang up")], "data"),
        (SmtpTls::None, &[(".", "hang up")], "answer"),
    ] {
        let undelivered = delivered(tls, script, true).await.0.unwrap_err();
        assert_eq!(undelivered.step, step, "{script:?}: {undelivered}");
        assert!(!undelivered.detail.is_empty() && !undelivered.detail.contains("hunter22"), "{undelivered}");
    }
}

#[tokio::test]
async fn an_unknown_certificate_gets_neither_password_nor_letter() {
    for (tls, step) in [(SmtpTls::Starttls, "starttls"), (SmtpTls::Tls, "tls")] {
        let (reply, seen) = delivered(tls, &[], false).await;
        let undelivered = reply.unwrap_err();
        assert_eq!(undelivered.step, step, "{undelivered}");
        assert!(!seen.iter().any(|s| s.starts_with("AUTH") || s.starts_with("MAIL")), "{seen:?}");
    }
}

#[tokio::test]
async fn nobody_at_the_door_is_a_connect_failure() {
    let letter = letter(SmtpTls::None, nobody().await.port());
    let undelivered = post(None).deliver(Envelope::Mail(letter)).await.unwrap_err();
    assert_eq!(undelivered.step, "connect", "{undelivered}");
}

#[tokio::test]
async fn an_address_that_is_none_does_not_keep_the_letter_from_the_others() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut letter = letter(SmtpTls::None, listener.local_addr().unwrap().port());
    letter.to[1] = "bob@example.org>\r\nRCPT TO:<all@example.org".into();
    let relay = Relay { listener, script: &[], identity: None, sealed: false };
    let mut seen = Vec::new();
    let reply = beside(relay.serve(&mut seen), &post(None), Envelope::Mail(letter)).await;
    assert_eq!(codes(reply), [250, 553, 250]);
    assert!(!seen.iter().any(|s| s.contains("all@")), "{seen:?}");
}
