//! Services that take some and not others, or ask for time, or throw us out: a real relay and a real homeserver.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::kit::chat::Sink;
use crate::kit::launcher::{Env, Server};
use crate::kit::output::tail;
use crate::kit::reader::{events, mails};
use crate::kit::service::Home;
use crate::kit::stage::{self, Place};
use crate::kit::wait::{so, until};

/// Targets on which nobody listens, looked at every two seconds.
fn targets(names: &[&str]) -> String {
    let target = |name: &&str| {
        format!(
            "  - {{ name: {name}, url: \"http://127.0.0.1:9/\", probes: [ {{ type: http, every: 2s, deadline: 1s }} ] }}\n"
        )
    };
    format!(
        "rules: [{{ name: quick, failures: 2 }}]\ntargets:\n{}",
        names.iter().map(target).collect::<String>()
    )
}

/// How often each recipient got each message, by Message-ID.
fn got(smtp: &Server) -> BTreeMap<String, BTreeMap<String, u32>> {
    let mut all: BTreeMap<String, BTreeMap<String, u32>> = BTreeMap::new();
    for mail in mails(smtp) {
        for to in mail["to"].as_array().into_iter().flatten() {
            let to = to.as_str().unwrap_or_default().split('@').next().unwrap_or_default().to_owned();
            *all.entry(mail["id"].to_string()).or_default().entry(to).or_default() += 1;
        }
    }
    all
}

/// What is owed: attempts, and seconds from the last one to the next.
fn owed(state: &Path) -> Vec<(u32, i64)> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let db =
        rusqlite::Connection::open_with_flags(state.join("launchwatch.db"), flags).expect("the store opens");
    let mut rows = db
        .prepare("SELECT attempts, (next - due) / 1000000 FROM delivery WHERE state = 'owed'")
        .expect("deliveries");
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("deliveries");
    rows.map(|row| row.expect("a row")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_turns_one_recipient_away_is_tried_again_for_that_one_alone() {
    let _place = Place::take().await;
    let work = tempfile::tempdir().expect("a folder");
    let smtp = Server::start("smtp", work.path(), &Env::new()).await;
    let port = smtp.facts["port"].as_u64().expect("a port");
    let service =
        format!("service: {{ listen: \"127.0.0.1:0\", witnesses: [], ca_file: \"{}\" }}\n", smtp.fact("ca"));
    let channel = format!(
        "channels:\n  - {{ type: email, name: mail, host: localhost, port: {port}, username: launchwatch, \
         password: \"env:SMTP_PASSWORD\", from: watch@x.example, to: [ann@x.example, bob@x.example, cid@x.example] }}\n"
    );
    let yaml = |names: &[&str]| format!("version: 1\n{service}{}{channel}", targets(names));
    let home = Home::new(&yaml(&["one"]), &[("SMTP_PASSWORD", smtp.env("LIVE_SMTP_PASSWORD"))]);
    let order = |line: &str| std::fs::write(smtp.fact("control"), line).expect("an order");

    order("rcpt bob@x.example 421 4.3.2 try again later\n");
    let serve = home.serve().await;
    until("bob to be tried twice in vain", 60, async || {
        let partly = serve.metric("launchwatch_delivery_attempts_total", &["result=\"retry\""]).await?;
        so(partly >= 2.0, partly)
    })
    .await;
    let before = got(&smtp);
    let only = |who: &[&str]| who.iter().map(|w| ((*w).to_owned(), 1)).collect::<BTreeMap<_, u32>>();
    assert_eq!(before.values().cloned().collect::<Vec<_>>(), [only(&["ann", "cid"])]);
    order("");
    until("bob to get it", 60, async || {
        let owed = serve.metric("launchwatch_outbox_owed", &[]).await?;
        so(got(&smtp).values().any(|to| to.contains_key("bob")), owed)
    })
    .await;
    assert_eq!(got(&smtp).values().cloned().collect::<Vec<_>>(), [only(&["ann", "bob", "cid"])]);
    assert_eq!(serve.stop(60).await, Some(0));

    // A relay that does not know us yet: nobody else is told again, and it is left alone for five minutes.
    order("rcpt bob@x.example 451 4.7.1 greylisted, come back later\n");
    home.rewrite(&yaml(&["two"]));
    let serve = home.serve().await;
    until("the end of the one and the beginning of the other", 60, async || {
        so(got(&smtp).len() == 3, got(&smtp))
    })
    .await;
    tokio::time::sleep(std::time::Duration::from_secs(12)).await;
    let all: Vec<_> = got(&smtp).into_values().collect();
    assert_eq!(all.iter().filter(|to| **to == only(&["ann", "cid"])).count(), 2, "{all:?}");
    let waiting = owed(&home.path().join("state"));
    assert!(waiting.len() == 2 && waiting.iter().all(|(n, wait)| *n == 1 && *wait >= 300), "{waiting:?}");
    assert_eq!(serve.stop(60).await, Some(0));
}

/// Says something to the homeserver as the bot, which is limited here too.
async fn bot(synapse: &Server, method: reqwest::Method, path: &str, body: Value) {
    let room = synapse.fact("room_id").replace('!', "%21").replace(':', "%3A");
    let url = format!("{}/_matrix/client/v3/rooms/{room}/{path}", synapse.fact("homeserver_url"));
    until(path, 60, async || {
        let request = stage::client().request(method.clone(), &url).bearer_auth(synapse.fact("bot_token"));
        let request = request.header("content-type", "application/json").body(body.to_string());
        let status = request.send().await.map_err(|e| e.to_string())?.status();
        so(status.is_success(), status)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_homeserver_that_limits_us_gets_its_time_and_a_room_that_was_left_is_told_elsewhere() {
    let _place = Place::take().await;
    let work = tempfile::tempdir().expect("a folder");
    let tight = Env::from([("LIVE_MATRIX_LIMITS".to_owned(), "tight".to_owned())]);
    let synapse = Server::start("synapse", work.path(), &tight).await;
    let sink = Sink::start().await;
    let (home_url, room) = (synapse.fact("homeserver_url"), synapse.fact("alias"));
    let channels = format!(
        "channels:\n  - {{ type: matrix, name: room, homeserver: \"{home_url}\", access_token: \"env:MATRIX_TOKEN\", room: \"{room}\" }}\n  \
         - {{ type: webhook, name: hook, url: \"env:HOOK\" }}\n"
    );
    let yaml = |names: &[&str]| {
        format!(
            "version: 1\nservice: {{ listen: \"127.0.0.1:0\", witnesses: [] }}\n{}{channels}",
            targets(names)
        )
    };
    let secrets = [("MATRIX_TOKEN", synapse.fact("bot_token")), ("HOOK", sink.url.as_str())];
    let home = Home::new(&yaml(&["one", "two", "three", "four"]), &secrets);
    let serve = home.serve().await;
    // Two targets, and one message for all that follows at once.
    until("three messages through both", 90, async || {
        let room = events(&synapse).await?.len();
        so(room >= 3 && sink.posts().len() >= 3, (room, sink.posts().len()))
    })
    .await;
    let log = std::fs::read_to_string(home.log()).expect("a log");
    assert!(log.contains("M_LIMIT_EXCEEDED"), "the limit was never met:\n{}", tail(&home.log(), 30));
    assert_eq!(events(&synapse).await.expect("the room").len(), sink.posts().len(), "each message once");
    assert_eq!(serve.stop(60).await, Some(0));

    bot(&synapse, reqwest::Method::PUT, "state/m.room.join_rules/", json!({"join_rule": "invite"})).await;
    bot(&synapse, reqwest::Method::POST, "leave", json!({})).await;
    home.rewrite(&yaml(&["five"]));
    let serve = home.serve().await;
    until("the other channel to tell that the room is broken", 90, async || {
        let told = |p: &crate::kit::chat::Post| {
            let body = p.body.to_string();
            body.contains("channel-room") && body.contains("M_FORBIDDEN")
        };
        so(sink.posts().iter().any(told), sink.posts().last().map(|p| p.body["title"].clone()))
    })
    .await;
    assert_eq!(serve.metric("launchwatch_channel_broken", &["channel=\"room\""]).await, Ok(1.0));
    assert_eq!(serve.metric("launchwatch_channel_broken", &["channel=\"hook\""]).await, Ok(0.0));
    let leaks = home.leaks(secrets);
    assert!(leaks.is_empty(), "{leaks:?}");
    assert_eq!(serve.stop(60).await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_is_replaced_in_its_file_is_picked_up_and_the_queue_goes_out() {
    let sink = Sink::start().await;
    let text = format!(
        "version: 1\nservice: {{ listen: \"127.0.0.1:0\", witnesses: [] }}\n{}channels:\n  - {{ type: webhook, name: hook, url: \"file:hook\" }}\n",
        targets(&["one"])
    );
    let home = Home::new(&text, &[]);
    let secret = |text: &str| std::fs::write(home.path().join("hook"), text).expect("a secret");
    secret(&sink.url.replace("/hook/", "/was-here-once/"));
    let serve = home.serve().await;
    until("the channel to be broken", 60, async || {
        let broken = serve.metric("launchwatch_channel_broken", &["channel=\"hook\""]).await?;
        so(broken == 1.0, broken)
    })
    .await;
    // Half written: nothing changes.
    secret("");
    tokio::time::sleep(std::time::Duration::from_secs(62)).await;
    assert!(sink.posts().is_empty(), "{:#?}", sink.posts());
    secret(&sink.url);
    until("the queue to go out", 75, async || so(!sink.of_kind("opened").is_empty(), tail(&home.log(), 3)))
        .await;
    let log = std::fs::read_to_string(home.log()).expect("a log");
    assert!(log.contains("secrets cannot be read again") && log.contains("has a new secret"), "{log}");
    let keys: Vec<_> = sink.posts().into_iter().map(|p| p.key).collect();
    let once: std::collections::BTreeSet<_> = keys.iter().collect();
    assert_eq!(once.len(), keys.len(), "{keys:?}");
    assert_eq!(serve.stop(60).await, Some(0));
}
