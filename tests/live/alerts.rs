//! An outage from its first failed launch to the last message, through every channel, all of it real but Slack.

use serde_json::Value;

use crate::kit::chat::Sink;
use crate::kit::hubs::Hubs;
use crate::kit::launcher::{Env, Server};
use crate::kit::reader::{events, mails};
use crate::kit::service::{Home, Serve};
use crate::kit::slack::Slack;
use crate::kit::wait::{so, until};

const SLACK_TOKEN: &str = "xoxb-live-test-0123456789";
const SIGNING_KEY: &str = "a-key-shared-with-the-receiver";

/// Everybody who is told.
struct Ears {
    slack: Slack,
    smtp: Server,
    synapse: Server,
    sink: Sink,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_the_hub_is_told_once_by_every_channel_and_so_is_its_end() {
    let mut hubs = Hubs::start().await;
    let ears = Ears::start(&hubs).await;
    let home = ears.home(&configuration(&hubs, &ears));
    let serve = home.serve().await;
    until("a launch to pass before the outage", 60, async || {
        let launch = serve.probe("hub", "launch").await?;
        so(launch["verdict"] == "passed", launch)
    })
    .await;
    assert_eq!(ears.count().await, [0; 4], "nobody is told while all is well");

    ears.slack.refuse(1, 2);
    hubs.hub.kill().await;
    let broken = tokio::time::Instant::now();
    ears.all_told("of the outage", 1, 90, &serve).await;
    eprintln!("the outage was told everywhere after {:.1} s", broken.elapsed().as_secs_f64());
    ears.tell_of_the_outage().await;

    hubs.hub.start_again().await;
    let mended = tokio::time::Instant::now();
    ears.all_told("of the end", 2, 400, &serve).await;
    eprintln!("the end was told everywhere after {:.1} s", mended.elapsed().as_secs_f64());
    ears.tell_of_the_end().await;

    assert_eq!(serve.stop(60).await, Some(0));
    ears.keep_secrets(&hubs, &home).await;
    hubs.nothing_is_left(40).await;
}

impl Ears {
    async fn start(hubs: &Hubs) -> Self {
        Self {
            slack: Slack::start(SLACK_TOKEN).await,
            smtp: Server::start("smtp", hubs.work(), &Env::new()).await,
            synapse: Server::start("synapse", hubs.work(), &Env::new()).await,
            sink: Sink::start().await,
        }
    }

    fn home(&self, yaml: &str) -> Home {
        let secrets = [
            ("SLACK_TOKEN", SLACK_TOKEN),
            ("SMTP_PASSWORD", self.smtp.env("LIVE_SMTP_PASSWORD")),
            ("MATRIX_TOKEN", self.synapse.fact("bot_token")),
            ("HOOK", &self.sink.url),
            ("SIGNING_KEY", SIGNING_KEY),
        ];
        Home::new(yaml, &secrets)
    }

    /// Messages so far: in Slack (those of their own and replies), mails, in Matrix (without edits), webhooks.
    async fn count(&self) -> [usize; 4] {
        let edits = |e: &&Value| e["content"]["m.relates_to"]["rel_type"] != "m.replace";
        let matrix = events(&self.synapse).await.unwrap_or_default().iter().filter(edits).count();
        [self.slack.messages().len(), mails(&self.smtp).len(), matrix, self.sink.posts().len()]
    }

    async fn all_told(&self, what: &str, count: usize, bound: u64, serve: &Serve) {
        until(&format!("every channel to tell {what}"), bound, async || {
            let launch = serve.probe("hub", "launch").await?;
            let now = format!("the last launch: {} {}", launch["verdict"], launch["summary"]);
            so(self.sink.posts().len() >= count, &now)?;
            let told = self.count().await;
            so(told.iter().all(|n| *n >= count), told)
                .map_err(|e| format!("[slack, mail, matrix, webhook] = {e}; {now}"))?;
            let owed = serve.metric("launchwatch_outbox_owed", &[]).await?;
            so(owed == 0.0, owed)
        })
        .await;
        assert_eq!(self.count().await, [count; 4], "each channel tells {what} exactly once");
    }

    /// The one message of each channel says since when, where, why, and what still works.
    async fn tell_of_the_outage(&self) {
        let posts = self.sink.of_kind("opened");
        let [post] = posts.as_slice() else { panic!("{posts:#?}") };
        let failing = &post.body["facts"]["failing"][0];
        assert_eq!(failing["probe"], "launch", "{post:#?}");
        assert_eq!(failing["stage"], "launch", "{post:#?}");
        assert!(["hub_unavailable", "spawn_failed"].iter().any(|r| failing["reason"] == *r), "{post:#?}");
        assert!(
            failing["failures"].as_u64() >= Some(2),
            "told only when a second run confirmed it: {post:#?}"
        );
        assert_eq!(post.body["facts"]["working"], serde_json::json!(["front-page"]), "{post:#?}");
        let text = post.body["text"].as_str().unwrap_or_default();
        let since = post.body["facts"]["since"].as_str().and_then(|s| s.get(11..16)).expect("a date");
        // That it failed while starting the server is in the words of the reason.
        let reason = match failing["reason"].as_str() {
            Some("spawn_failed") => "the Hub could not start the server",
            _ => "the Hub does not answer",
        };
        for words in [since, reason, "Still works: front-page"] {
            assert!(text.contains(words), "{words:?} is missing in:\n{text}");
        }

        let slack = self.slack.messages()[0].to_string();
        let mail = mails(&self.smtp).remove(0);
        let matrix = events(&self.synapse).await.expect("the room can be read").remove(0);
        let bodies = [
            ("slack", slack.as_str()),
            ("mail", mail["text"].as_str().unwrap_or_default()),
            ("matrix", matrix["content"]["body"].as_str().unwrap_or_default()),
        ];
        for (channel, body) in bodies {
            for words in [since, reason, "front-page"] {
                assert!(body.contains(words), "{channel}: {words:?} is missing in:\n{body}");
            }
        }
        let limited = self.slack.calls().iter().filter(|c| c.answer == "ratelimited").count();
        assert_eq!(limited, 1, "the 429 was met, and waited out: {:#?}", self.slack.calls());
        assert!(mail["tls"] == true && mail["login"] == true, "{mail:#}");
        assert_eq!(mail["to"], serde_json::json!(["ops@example.org"]));
        assert!(mail["subject"].as_str().unwrap_or_default().starts_with("DOWN: hub"), "{mail:#}");
        let kinds = mail["kinds"].to_string();
        assert!(kinds.contains("text/html") && kinds.contains("image/png"), "{kinds}");
    }

    /// The end stands where the beginning stood: updated in place, in its thread, with how long it lasted.
    async fn tell_of_the_end(&self) {
        let posts = self.sink.of_kind("resolved");
        let [post] = posts.as_slice() else { panic!("{posts:#?}") };
        let title = post.body["title"].as_str().unwrap_or_default();
        assert!(title.contains("works again, was down") && title.contains(" min)"), "{title}");

        let messages = self.slack.messages();
        assert!(
            messages[0].to_string().contains("works again"),
            "the first message is rewritten: {:#}",
            messages[0]
        );
        assert!(messages[1].to_string().contains("works again"), "{:#}", messages[1]);
        assert_eq!(
            messages[1]["thread_ts"], "1700000000.000001",
            "the end is told in the thread: {:#}",
            messages[1]
        );

        let mails = mails(&self.smtp);
        assert!(mails[1]["text"].as_str().unwrap_or_default().contains("works again"), "{:#}", mails[1]);
        assert_eq!(mails[1]["references"], mails[0]["id"], "mails thread by References");
        assert_eq!(mails[1]["reply"], mails[0]["id"]);
        assert!(mails[1]["subject"].as_str().unwrap_or_default().starts_with("OK: hub"), "{:#}", mails[1]);

        let events = events(&self.synapse).await.expect("the room can be read");
        let root = &events[0]["event_id"];
        let related = |kind: &str| {
            let of = |e: &&Value| e["content"]["m.relates_to"]["rel_type"] == kind;
            events.iter().filter(of).map(|e| &e["content"]["m.relates_to"]["event_id"]).collect::<Vec<_>>()
        };
        assert_eq!(related("m.thread"), [root], "the end is in the thread: {events:#?}");
        assert_eq!(related("m.replace"), [root], "and the first message shows it: {events:#?}");
    }

    async fn keep_secrets(&self, hubs: &Hubs, home: &Home) {
        let part = "the-secret-part-of-an-address";
        let secrets = [
            ("the bot token of Slack", SLACK_TOKEN),
            ("the password of the relay", self.smtp.env("LIVE_SMTP_PASSWORD")),
            ("the token of Matrix", self.synapse.fact("bot_token")),
            ("the address of the webhook", part),
            ("the key of the webhook", SIGNING_KEY),
            ("the Hub's token", hubs.hub_token()),
            ("BinderHub's token", hubs.hub.env("LIVE_BINDER_TOKEN")),
        ];
        let leaks = home.leaks(secrets);
        assert!(leaks.is_empty(), "secrets in files: {leaks:#?}");
        let events = events(&self.synapse).await.expect("the room can be read");
        let all = format!("{:?}{:?}{events:?}{:?}", self.slack.calls(), mails(&self.smtp), self.sink.posts());
        for (label, secret) in secrets {
            assert!(!all.contains(secret), "{label} stands in a message");
        }
    }
}

fn configuration(hubs: &Hubs, ears: &Ears) -> String {
    let binder = hubs.binder_url();
    let (ca, port) = (ears.smtp.fact("ca"), ears.smtp.facts["port"].as_u64().expect("a port"));
    let (slack, matrix) = (&ears.slack.url, ears.synapse.fact("homeserver_url"));
    let alias = ears.synapse.fact("alias");
    format!(
        r##"version: 1
service: {{ listen: "127.0.0.1:0", ca_file: "{ca}", public_url: "http://watch.example/", grace: 30s, witnesses: [] }}
targets:
  - name: hub
    url: {binder}
    probes:
      - {{ type: binder-launch, name: launch, spec: gh/acme/tiny/main, every: 8s, deadline: 60s, overlap: skip, confirm_after: 1s }}
      - {{ type: http, name: front-page, every: 2s, deadline: 2s }}
channels:
  - {{ type: slack, bot_token: "env:SLACK_TOKEN", channel: C0123456789, api_url: "{slack}" }}
  - type: email
    host: localhost
    port: {port}
    username: launchwatch
    password: env:SMTP_PASSWORD
    from: launchwatch <watch@example.org>
    to: [ops@example.org]
  - {{ type: matrix, homeserver: "{matrix}", access_token: "env:MATRIX_TOKEN", room: "{alias}" }}
  - {{ type: webhook, url: "env:HOOK", secret: "env:SIGNING_KEY" }}
rules:
  - {{ name: success-zero, failures: 2 }}
"##
    )
}
