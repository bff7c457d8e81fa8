//! `test-alert` against real services: it arrives, or the very step that failed is named.

use crate::kit::launcher::{Env, Server};
use crate::kit::reader::{events, mails};
use crate::kit::service::Home;
use crate::kit::slack::Slack;
use crate::kit::stage::Place;

const SLACK_TOKEN: &str = "xoxb-live-test-0123456789";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_alert_arrives_everywhere_or_names_the_step_that_failed() {
    let _place = Place::take().await;
    let work = tempfile::tempdir().expect("a folder");
    let smtp = Server::start("smtp", work.path(), &Env::new()).await;
    let synapse = Server::start("synapse", work.path(), &Env::new()).await;
    let slack = Slack::start(SLACK_TOKEN).await;
    let hook = slack.webhook();
    let secrets = [
        ("SLACK_TOKEN", SLACK_TOKEN),
        ("SLACK_HOOK", hook.as_str()),
        ("SMTP_PASSWORD", smtp.env("LIVE_SMTP_PASSWORD")),
        ("MATRIX_TOKEN", synapse.fact("bot_token")),
        ("WRONG", "not-the-right-secret"),
    ];
    let with_ca = format!("service: {{ ca_file: \"{}\" }}\n", smtp.fact("ca"));
    let home = Home::new(&configuration(&with_ca, &smtp, &synapse, &slack), &secrets);

    for channel in ["slack", "slack-hook", "mail", "matrix"] {
        let (code, said) = test_alert(&home, channel).await;
        assert_eq!(code, Some(0), "{channel}: {said}");
        assert!(said.contains("delivered"), "{channel}: {said}");
    }
    assert_eq!(slack.messages().len(), 1, "{:#?}", slack.calls());
    let hooked: Vec<_> =
        slack.calls().into_iter().filter(|c| c.method == "webhook").map(|c| c.body).collect();
    assert!(matches!(hooked.as_slice(), [one] if one.to_string().contains("test message")), "{hooked:#?}");
    assert_eq!(mails(&smtp).len(), 1);
    let room = events(&synapse).await.expect("the room can be read");
    assert!(format!("{room:?}").contains("test message"), "{room:#?}");

    let refused = [
        ("slack-wrong-token", "invalid_auth"),
        ("mail-wrong-password", "login: "),
        ("mail-no-relay", "connect: "),
        ("matrix-no-room", "M_NOT_FOUND"),
        ("matrix-wrong-token", "M_UNKNOWN_TOKEN"),
    ];
    for (channel, step) in refused {
        names(&home, channel, step).await;
    }
    let without_ca = Home::new(&configuration("", &smtp, &synapse, &slack), &secrets);
    names(&without_ca, "mail", "starttls: ").await;

    let leaks = home.leaks(secrets);
    assert!(leaks.is_empty(), "{leaks:?}");
}

async fn names(home: &Home, channel: &str, step: &str) {
    let (code, said) = test_alert(home, channel).await;
    eprintln!("{}", said.trim_end());
    assert_eq!(code, Some(1), "{channel}: {said}");
    assert!(said.contains(step), "{channel} does not name `{step}`: {said}");
    assert!(
        !said.contains("not-the-right-secret") && !said.contains(SLACK_TOKEN),
        "a secret was shown: {said}"
    );
}

async fn test_alert(home: &Home, channel: &str) -> (Option<i32>, String) {
    let output = home.run(&["test-alert", channel]).await;
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

fn configuration(service: &str, smtp: &Server, synapse: &Server, slack: &Slack) -> String {
    let port = smtp.facts["port"].as_u64().expect("a port");
    let mail = |name: &str, port: u64, password: &str| {
        format!(
            "  - {{ type: email, name: {name}, host: localhost, port: {port}, username: launchwatch, \
             password: \"env:{password}\", from: watch@example.org, to: [ops@example.org] }}\n"
        )
    };
    let matrix = |name: &str, room: &str, token: &str| {
        let home = synapse.fact("homeserver_url");
        format!(
            "  - {{ type: matrix, name: {name}, homeserver: \"{home}\", access_token: \"env:{token}\", room: \"{room}\" }}\n"
        )
    };
    let bot = |name: &str, token: &str| {
        let url = &slack.url;
        format!(
            "  - {{ type: slack, name: {name}, bot_token: \"env:{token}\", channel: C0123456789, api_url: \"{url}\" }}\n"
        )
    };
    let channels = [
        bot("slack", "SLACK_TOKEN"),
        bot("slack-wrong-token", "WRONG"),
        "  - { type: slack, name: slack-hook, webhook_url: \"env:SLACK_HOOK\" }\n".to_owned(),
        mail("mail", port, "SMTP_PASSWORD"),
        mail("mail-wrong-password", port, "WRONG"),
        // Nobody listens on the port for discarding.
        mail("mail-no-relay", 9, "SMTP_PASSWORD"),
        matrix("matrix", synapse.fact("alias"), "MATRIX_TOKEN"),
        matrix("matrix-no-room", "#nobody-made-it:localhost", "MATRIX_TOKEN"),
        matrix("matrix-wrong-token", synapse.fact("alias"), "WRONG"),
    ];
    let targets = "targets:\n  - name: hub\n    url: http://127.0.0.1:9/\n    probes: [{ type: http }]\n";
    format!("version: 1\n{service}{targets}channels:\n{}", channels.concat())
}
