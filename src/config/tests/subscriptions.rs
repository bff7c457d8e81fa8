//! The section `subscriptions`: what it comes to, and what is said of it.

use crate::config::{self, Config, Registries, Subscriptions};

/// A file with a channel of mails, a webhook, and this at its end.
fn judged(rest: &str) -> Result<Config, Vec<(String, String)>> {
    let text = format!(
        "version: 1\ntargets: [ {{ name: a, url: 'http://a.example/', probes: [ {{ type: http }} ] }} ]\nchannels:\n\
         - {{ type: email, name: mail, host: localhost, tls: none, from: s@example.org, to: [o@example.org] }}\n\
         - {{ type: webhook, name: hook, url: env:HOOK }}\n{rest}"
    );
    let env = |_: &str| Some("http://hook.example/x".to_owned());
    let loaded = config::load_text("t", &text, Registries::BUILT_IN, &env);
    loaded
        .map(|(config, _)| config)
        .map_err(|problems| problems.into_iter().map(|p| (p.path, p.what)).collect())
}

const URL: &str = "service: { public_url: 'https://status.example/' }\n";

#[test]
fn without_the_section_nobody_outside_is_written_to() {
    assert_eq!(judged(URL).ok().unwrap().subscriptions, None);
}

#[test]
fn it_names_a_channel_of_mails_with_or_without_words_of_ones_own() {
    let config = judged(&format!("{URL}subscriptions: {{ channel: mail }}\n")).ok().unwrap();
    assert_eq!(config.subscriptions, Some(Subscriptions { channel: "mail".into(), per_minute: 60 }));
    let templated = "- { type: email, name: own, host: localhost, tls: none, from: s@example.org, to: [o@example.org], template: { title: hello } }\n";
    let config = judged(&format!("{templated}{URL}subscriptions: {{ channel: own, per_minute: 600 }}\n"));
    assert_eq!(config.ok().unwrap().subscriptions.unwrap().per_minute, 600);
}

#[test]
fn what_cannot_be_meant_is_told_where_it_stands() {
    for (rest, path, what) in [
        (
            "subscriptions: { channel: hook }",
            "subscriptions.channel",
            "is of type webhook, which sends no mails",
        ),
        ("subscriptions: { channel: mial }", "subscriptions.channel", "there is no channel `mial`"),
        (
            "subscriptions: { channel: mail, per_minute: 0 }",
            "subscriptions.per_minute",
            "not between 1 and 600",
        ),
        ("subscriptions: { channel: mail, from: x }", "subscriptions.from", "unknown key `from`"),
        ("subscriptions: {}", "subscriptions", "missing key `channel`"),
    ] {
        let problems = judged(&format!("{URL}{rest}\n")).err().unwrap();
        assert!(problems.iter().any(|(p, w)| p == path && w.contains(what)), "{rest}: {problems:?}");
    }
    let problems = judged("subscriptions: { channel: mail }\n").err().unwrap();
    assert!(problems.iter().any(|(_, w)| w.contains("where people reach the pages")), "{problems:?}");
}
