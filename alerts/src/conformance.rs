//! What every channel must hold, run over every row of the registry.

pub(crate) mod body;
mod checks;
pub(crate) mod fixture;
mod limits;
mod reader;
mod services;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use fixture::{example, good, http_reply, of_kind, settings, thread};

use secrecy::ExposeSecret;
use serde_json::json;

use crate::courier::deliver;
use crate::{CHANNELS, Channel, Envelope, Next, NotificationKind, Post, Receipt, Reply, Undelivered};

#[test]
fn every_file_of_the_folder_is_a_row_and_the_other_way_round() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/channels");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|f| Some(f.unwrap().file_name().to_str()?.strip_suffix(".rs")?.to_owned()))
        .filter(|f| f != "mod")
        .collect();
    let rows: BTreeSet<String> = CHANNELS.iter().map(|k| k.name.to_owned()).collect();
    assert_eq!(files, rows);
}

#[test]
fn every_example_builds_and_its_schema_names_every_key_of_it() {
    for kind in CHANNELS {
        assert!(kind.build(settings(kind)).is_ok(), "{}", kind.name);
        let schema = kind.schema();
        for key in settings(kind).as_object().unwrap().keys() {
            let known = schema.pointer(&format!("/properties/{key}/description")).is_some();
            assert!(known, "{}: {key} has no description", kind.name);
        }
    }
}

#[test]
fn an_unknown_key_is_refused_by_name_and_no_value_is_repeated() {
    for kind in CHANNELS {
        let mut unknown = settings(kind);
        unknown["colour"] = json!("s3cr3t-value");
        let problems = kind.build(unknown).err().unwrap();
        assert!(format!("{problems:?}").contains("colour"), "{}: {problems:?}", kind.name);

        for key in settings(kind).as_object().unwrap().keys() {
            for wrong in [json!({"s3cr3t-value": 1}), json!("s3cr3t-value"), json!(777_123)] {
                let mut settings = settings(kind);
                settings[key] = wrong;
                if let Err(problems) = kind.build(settings) {
                    // The path names keys of maps: those are no values.
                    let words: String = problems.iter().map(|p| format!("{} {}", p.what, p.hint)).collect();
                    let shown = ["s3cr3t-value", "777123"].iter().any(|v| words.contains(v)) && key != "room";
                    assert!(!shown, "{} {key}: {words}", kind.name);
                }
            }
        }
    }
}

#[test]
fn the_same_notification_gives_the_same_bytes() {
    for kind in CHANNELS {
        for n in of_kind() {
            let bytes = |c: &dyn Channel| match c.compose(&n, &[], thread(kind.name).as_ref()) {
                Next::Send(e) => fixture::bytes(&e),
                Next::Done(r) => panic!("{}: {r:?}", kind.name),
            };
            // A second instance, so that nothing can be remembered.
            assert_eq!(bytes(&*example(kind.name)), bytes(&*example(kind.name)), "{}", kind.name);
        }
    }
}

#[test]
fn a_status_means_the_same_at_every_step_of_every_channel() {
    for kind in CHANNELS.iter().filter(|k| !matches!(k.name, "email" | "command")) {
        let channel = example(kind.name);
        let n = &of_kind()[0];
        let steps = fixture::walked(&*channel, n, None).1;
        for before in 0..steps {
            for status in (100..600).filter(|s| !(200..300).contains(s)) {
                let mut replies = vec![good(); before];
                replies.push(http_reply(status, &[("retry-after", "7")], "no"));
                let ornament = channel.is_ornament(n, &replies[..before], None);
                let receipt = match channel.compose(n, &replies, None) {
                    Next::Send(_) if ornament => continue,
                    Next::Done(receipt) => receipt,
                    Next::Send(e) => panic!("{}: goes on with {e:?} after {status}", kind.name),
                };
                let again = matches!(status, 408 | 425 | 429 | 500..)
                    || services::of(kind.name).later.contains(&status);
                match receipt {
                    Receipt::Retry { after, why } if again => {
                        assert_eq!(after, Some(Duration::from_secs(7)), "{} {status}", kind.name);
                        assert!(why.contains(&status.to_string()), "{}: {why}", kind.name);
                    }
                    Receipt::Refused { why } if !again => {
                        assert!(why.contains(&status.to_string()), "{}: {why}", kind.name);
                    }
                    other => panic!("{} {status}: {other:?}", kind.name),
                }
            }
        }
    }
}

#[test]
fn every_kind_of_notification_is_delivered_in_a_few_steps_with_and_without_thread() {
    for kind in CHANNELS {
        let channel = example(kind.name);
        for n in of_kind() {
            for thread in [None, thread(kind.name)] {
                let (receipt, steps) = fixture::walked(&*channel, &n, thread.as_ref());
                let Receipt::Delivered(message) = receipt else { panic!("{}: {receipt:?}", kind.name) };
                assert!((1..=3).contains(&steps), "{}: {steps} steps", kind.name);
                let threads = services::of(kind.name).thread.is_some();
                assert_eq!(message.is_some(), threads, "{}", kind.name);
            }
        }
    }
}

/// Sends everything it is given back, as an error page.
struct Echo(Mutex<String>);

#[async_trait]
impl Post for Echo {
    async fn deliver(&self, envelope: Envelope) -> Result<Reply, Undelivered> {
        self.0.lock().unwrap().push_str(&format!("{envelope:?}"));
        match envelope {
            Envelope::Http(request) => {
                let mut said = request.uri().to_string();
                for value in request.headers().values() {
                    said.push_str(&format!(" {}", value.to_str().unwrap_or_default()));
                }
                Ok(http_reply(403, &[], &said))
            }
            Envelope::Mail(letter) => {
                let login = letter.smtp.login.map(|(_, p)| p.expose_secret().to_owned()).unwrap_or_default();
                Ok(Reply::Mail(letter.to.into_iter().map(|to| (to, 550, format!("no {login}"))).collect()))
            }
            Envelope::Command(order) => {
                Ok(Reply::Command { code: Some(1), said: format!("{:?} {:?}", order.argv, order.env) })
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_secret_is_in_debug_or_receipts_even_if_the_service_sends_it_back() {
    for kind in CHANNELS {
        let channel = example(kind.name);
        assert!(!channel.secrets().is_empty(), "{}", kind.name);
        for n in of_kind() {
            for thread in [None, thread(kind.name)] {
                let echo = Echo(Mutex::default());
                let receipt = deliver(&*channel, &n, thread.as_ref(), &echo).await;
                let seen = format!("{receipt:?} {}", echo.0.lock().unwrap());
                for secret in channel.secrets() {
                    assert!(!seen.contains(secret.expose_secret()), "{}: {seen}", kind.name);
                }
                let refused = matches!(receipt, Receipt::Refused { .. });
                assert!(refused, "{} {:?}: {receipt:?}", kind.name, n.kind);
            }
        }
    }
}

#[test]
fn a_test_says_so_in_its_first_line() {
    for kind in CHANNELS {
        let n = of_kind().into_iter().find(|n| n.kind == NotificationKind::Test).unwrap();
        let channel = example(kind.name);
        let said: String = (0..2)
            .filter_map(|steps| match channel.compose(&n, &vec![good(); steps], None) {
                Next::Send(e) => Some(match &*e {
                    Envelope::Http(r) => body::strings(&body::read(r)).join("\n"),
                    Envelope::Mail(letter) => String::from_utf8_lossy(&letter.message).into_owned(),
                    Envelope::Command(order) => String::from_utf8_lossy(&order.stdin).into_owned(),
                }),
                Next::Done(_) => None,
            })
            .collect();
        assert!(said.contains("test message"), "{}: {said}", kind.name);
    }
}
