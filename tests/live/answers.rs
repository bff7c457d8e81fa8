//! People answer: by the command line, by a button in Slack over a real websocket, by a reaction in a real Matrix room.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::StatusCode;
use launchwatch_alerts::Hearing;
use serde_json::Value;

use crate::kit::chat::{Sink, listen};
use crate::kit::launcher::{Env, Server};
use crate::kit::reader::{events, react};
use crate::kit::service::{Home, Serve};
use crate::kit::slack::Slack;
use crate::kit::stage::Place;
use crate::kit::wait::{so, until};

const BOT: &str = "xoxb-live-test-0123456789";
const APP: &str = "xapp-1-live-test-0123456789";

/// A page that fails on order.
async fn page() -> (String, Arc<AtomicBool>) {
    let broken = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&broken);
    let answer = move || {
        let broken = switch.load(Ordering::Relaxed);
        async move { if broken { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK } }
    };
    (listen(axum::Router::new().route("/", axum::routing::get(answer))).await, broken)
}

fn configuration(page: &str, slack: &Slack, synapse: Option<&Server>) -> String {
    let api = &slack.url;
    let matrix = synapse.map_or_else(String::new, |s| {
        let (home, alias) = (s.fact("homeserver_url"), s.fact("alias"));
        format!("  - {{ type: matrix, homeserver: \"{home}\", access_token: \"env:MATRIX_TOKEN\", room: \"{alias}\" }}\n")
    });
    format!(
        r#"version: 1
service: {{ listen: "127.0.0.1:0", grace: 5s, witnesses: [] }}
rules: [{{ name: quick, failures: 2 }}]
targets:
  - {{ name: site, url: "{page}", probes: [{{ type: http, name: front-page, every: 1s, deadline: 900ms, confirm_after: 300ms }}] }}
channels:
  - {{ type: slack, bot_token: "env:BOT", app_token: "env:APP", channel: C0123456789, api_url: "{api}" }}
  - {{ type: webhook, url: "env:HOOK" }}
{matrix}"#
    )
}

async fn told(sink: &Sink, kind: &str) -> Value {
    until(&format!("people to be told: {kind}"), 60, async || {
        sink.of_kind(kind).first().map(|post| post.body.clone()).ok_or(format!("{:?}", sink.posts().len()))
    })
    .await
}

/// What a command prints, and its exit code.
async fn cli(home: &Home, arguments: &[&str]) -> (i32, String) {
    let output = home.run(arguments).await;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    eprintln!("$ launchwatch {}\n{}", arguments.join(" "), said.trim_end());
    (output.status.code().unwrap_or(-1), said)
}

async fn acked(serve: &Serve, by: &str, home: &Home) {
    until(&format!("{by} to have acknowledged"), 20, async || {
        serve.status().await?;
        let (_, said) = cli(home, &["incidents"]).await;
        so(said.contains(by), said)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_button_and_the_command_line_answer_an_incident() {
    let ((page, broken), slack, sink) = (page().await, Slack::start(BOT).await, Sink::start().await);
    let secrets = [("BOT", BOT), ("APP", APP), ("HOOK", sink.url.as_str()), ("USER", "ben")];
    let home = Home::new(&configuration(&page, &slack, None), &secrets);
    let (code, said) = cli(&home, &["incidents"]).await;
    assert!(code == 1 && said.contains("is `launchwatch serve` running?"), "{code} {said}");
    let serve = home.serve().await;
    assert_eq!(cli(&home, &["incidents"]).await, (0, "nothing is open\n".to_owned()));
    broken.store(true, Ordering::Relaxed);
    let opened = told(&sink, "opened").await;
    let id = opened["incident"].as_str().expect("an incident").to_owned();
    until("slack to have the message with its buttons", 20, async || {
        let messages = slack.messages();
        so(messages.first().is_some_and(|m| m.to_string().contains(Hearing::ACKNOWLEDGE)), &messages)
    })
    .await;

    let clicked = tokio::time::Instant::now();
    let envelope = slack.clicks().click("ada", Hearing::ACKNOWLEDGE, &id, &slack.response_url());
    told(&sink, "acknowledged").await;
    eprintln!("a click was told everywhere after {:.2} s", clicked.elapsed().as_secs_f64());
    assert_eq!(slack.clicks().acked(), [envelope]);
    acked(&serve, "ada sees to it", &home).await;
    slack.clicks().disconnect();
    until("the socket to be opened again", 30, async || {
        so(slack.clicks().opened() == 2, slack.clicks().opened())
    })
    .await;
    slack.clicks().click("ada", Hearing::SILENCE_HOUR, &id, &slack.response_url());
    until("the silence to be told in the channel", 20, async || {
        let replies: Vec<_> = slack.calls().into_iter().filter(|c| c.method == "respond").collect();
        so(replies.iter().any(|r| r.body.to_string().contains("site: silent until")), &replies)
    })
    .await;

    // Without the service's secrets in the environment, as in another terminal.
    let elsewhere = Home::new("version: 1\n", &[("USER", "ben")]);
    std::fs::remove_file(elsewhere.path().join("launchwatch.yaml")).expect("it was there");
    let there = home.path().join("launchwatch.yaml");
    let at = there.to_str().expect("a path");
    let (code, said) = cli(&elsewhere, &["silence", "list", "-c", at]).await;
    assert!(code == 0 && said.contains("asked for in Slack"), "{code} {said}");
    let silence = said.lines().nth(1).and_then(|l| l.split(' ').next()).expect("a silence").to_owned();
    assert_eq!(cli(&elsewhere, &["silence", "end", &silence, "-c", at]).await.0, 0);
    assert_eq!(cli(&elsewhere, &["ack", "site", "--for", "10m", "-c", at]).await.0, 0);
    acked(&serve, "ben sees to it", &home).await;
    assert_eq!(cli(&home, &["comment", &id, "it is the proxy"]).await.0, 0);
    assert_eq!(cli(&home, &["ack", "nobody"]).await.0, 4);
    assert_eq!(
        cli(&home, &["silence", "add", "--target", "nobody", "--for", "1h", "--reason", "x"]).await.0,
        2
    );

    let wrong = home.path().join("wrong.token");
    std::fs::write(&wrong, "not-the-token\n").expect("a file");
    let (code, said) = cli(&home, &["ack", "site", "--token-file", wrong.to_str().expect("a path")]).await;
    assert!(code == 2 && said.contains("another token") && !said.contains("not-the-token"), "{code} {said}");

    broken.store(false, Ordering::Relaxed);
    told(&sink, "resolved").await;
    assert_eq!(cli(&home, &["label", &id, "real"]).await.0, 0);
    let (code, said) = cli(&home, &["incidents", &id]).await;
    assert!(code == 0 && said.contains("ben: it is the proxy") && said.contains("over, real"), "{said}");
    let before = std::fs::read_to_string(home.path().join("state/command.token")).expect("a token");
    assert_eq!(serve.stop(30).await, Some(0));
    let again = home.serve().await;
    let after = std::fs::read_to_string(home.path().join("state/command.token")).expect("a token");
    assert_ne!(before, after, "a new token at each start");
    assert_eq!(cli(&home, &["incidents", "--all"]).await.0, 0);
    again.stop(30).await;
    let leaks = home.leaks([("the bot token", BOT), ("the app token", APP)]);
    assert!(leaks.is_empty(), "{leaks:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reaction_in_a_real_room_acknowledges() {
    let _place = Place::take().await;
    let work = tempfile::tempdir().expect("a folder");
    let synapse = Server::start("synapse", work.path(), &Env::new()).await;
    let ((page, broken), slack, sink) = (page().await, Slack::start(BOT).await, Sink::start().await);
    let token = synapse.fact("bot_token");
    let secrets =
        [("BOT", BOT), ("APP", APP), ("HOOK", sink.url.as_str()), ("MATRIX_TOKEN", token), ("USER", "ben")];
    let home = Home::new(&configuration(&page, &slack, Some(&synapse)), &secrets);
    let serve = home.serve().await;
    let hears = async || {
        so(std::fs::read_to_string(home.log()).unwrap_or_default().contains("hearing reactions"), "")
    };
    until("the service to listen in the room", 60, hears).await;
    broken.store(true, Ordering::Relaxed);
    told(&sink, "opened").await;
    let message = until("the message in the room", 30, async || {
        let events = events(&synapse).await?;
        events.first().and_then(|e| e["event_id"].as_str()).map(str::to_owned).ok_or(format!("{events:?}"))
    })
    .await;
    react(&synapse, &message, "🎉").await.expect("a reaction");
    let reacted = tokio::time::Instant::now();
    react(&synapse, &message, "👀").await.expect("a reaction");
    let told = told(&sink, "acknowledged").await;
    eprintln!("a reaction was told everywhere after {:.2} s", reacted.elapsed().as_secs_f64());
    assert!(told.to_string().contains("@reader:localhost"), "{told:#}");
    acked(&serve, "@reader:localhost sees to it", &home).await;
    assert_eq!(serve.stop(30).await, Some(0));
    let leaks = home.leaks([("the token of Matrix", token)]);
    assert!(leaks.is_empty(), "{leaks:?}");
}
