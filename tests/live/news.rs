//! News by e-mail through a real relay, read by somebody else's parser: asked back, told, one click to leave.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use serde_json::Value;

use crate::kit::chat::listen;
use crate::kit::launcher::{Env, Server};
use crate::kit::reader::mails;
use crate::kit::service::Home;
use crate::kit::stage::{self, Place};
use crate::kit::wait::{so, until};

const READER: &str = "a-reader-of-news@example.org";

/// A site that can be taken down.
async fn site() -> (String, Arc<AtomicBool>) {
    let down = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&down);
    let answer = async move || match asked.load(Ordering::Relaxed) {
        true => StatusCode::BAD_GATEWAY,
        false => StatusCode::OK,
    };
    (listen(Router::new().route("/", get(answer))).await, down)
}

fn configuration(smtp: &Server, site: &str) -> String {
    let port = smtp.facts["port"].as_u64().expect("a port");
    format!(
        "version: 1\nservice: {{ listen: \"127.0.0.1:0\", witnesses: [], ca_file: \"{}\", public_url: \"https://status.example/\" }}\n\
         targets:\n  - {{ name: site, url: \"{site}\", probes: [{{ type: http, every: 1s, deadline: 900ms }}] }}\n\
         channels:\n  - {{ type: email, name: mail, host: localhost, port: {port}, username: launchwatch, \
         password: \"env:SMTP_PASSWORD\", from: status@example.org, to: [ops@example.org] }}\n\
         rules: [{{ name: quick, failures: 2 }}]\nsubscriptions: {{ channel: mail }}\n",
        smtp.fact("ca")
    )
}

/// Mails to the reader so far.
fn read(smtp: &Server) -> Vec<Value> {
    mails(smtp).into_iter().filter(|m| m["to"] == serde_json::json!([READER])).collect()
}

/// The last part of a link in a mail.
fn token(mail: &Value, path: &str) -> String {
    let text = mail["text"].as_str().expect("a text");
    let rest = text.split_once(path).unwrap_or_else(|| panic!("no {path} in {text}")).1;
    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_confirms_hears_of_an_outage_leaves_with_one_click_and_nothing_of_them_lies_open() {
    let _place = Place::take().await;
    let work = tempfile::tempdir().expect("a folder");
    let smtp = Server::start("smtp", work.path(), &Env::new()).await;
    let (site, down) = site().await;
    let home = Home::new(&configuration(&smtp, &site), &[("SMTP_PASSWORD", smtp.env("LIVE_SMTP_PASSWORD"))]);
    let serve = home.serve().await;
    let post = async |path: &str, form: &str| -> u16 {
        let request = stage::client().post(format!("{}{path}", serve.url));
        let request =
            request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned());
        request.send().await.expect("an answer").status().as_u16()
    };
    let arrived = async |count: usize| -> Vec<Value> {
        until(&format!("mail {count} to arrive"), 60, async || {
            let mails = read(&smtp);
            if mails.len() >= count { Ok(mails) } else { Err(mails.len().to_string()) }
        })
        .await
    };
    assert_eq!(post("subscribe", &format!("address={READER}")).await, 200);
    let asked = arrived(1).await.remove(0);
    assert_eq!(asked["subject"], "Please confirm your subscription");
    assert!(asked["tls"] == true && asked["login"] == true);
    let confirm = token(&asked, "/subscribe/confirm/");
    assert_eq!(post(&format!("subscribe/confirm/{confirm}"), "").await, 200);

    down.store(true, Ordering::Relaxed);
    let news = arrived(2).await.remove(1);
    assert_eq!(news["subject"], "site: out of service");
    let leave = token(&news, "/unsubscribe/");
    let raw = news["raw"].as_str().expect("a mail").replace("\r\n", "\n");
    let header = format!("List-Unsubscribe: <https://status.example/unsubscribe/{leave}>");
    assert!(
        raw.contains(&header) && raw.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"),
        "{raw}"
    );
    let secrets = [("the address", READER), ("a link", confirm.as_str()), ("a link", leave.as_str())];
    assert_eq!(home.leaks(secrets), Vec::<String>::new());

    assert_eq!(post(&format!("unsubscribe/{leave}"), "List-Unsubscribe=One-Click").await, 200);
    down.store(false, Ordering::Relaxed);
    until("the operators to hear of the end", 120, async || {
        let ops: Vec<Value> = mails(&smtp).into_iter().filter(|m| m["to"][0] == "ops@example.org").collect();
        so(ops.len() >= 2, ops.len())
    })
    .await;
    assert_eq!(read(&smtp).len(), 2, "who has left hears no more");
    assert_eq!(serve.stop(60).await, Some(0));
}
