//! Settings that are refused, and those that work.

use serde_json::{Value, json};
use url::Url;

use crate::kinds::kind;

fn refusals(settings: Value, target: &str) -> Vec<String> {
    let target = Url::parse(target).unwrap();
    match kind("binder-launch").unwrap().build(settings, &target) {
        Ok(_) => Vec::new(),
        Err(refused) => refused.into_iter().map(|r| format!("{}: {}", r.path, r.what)).collect(),
    }
}

#[test]
fn good_settings_are_taken() {
    for settings in [
        json!({"spec": "gh/binder-examples/requirements/50533eb"}),
        json!({"spec": "git/https%3A%2F%2Fgit.example.org%2Facme%2Ftiny/0123456789012345678901234567890123456789"}),
        json!({"spec": "git/https%3A%2F%2F{nonce}%40git.example.org%2Fa/abc", "mode": "fresh", "follow_for": "1h"}),
        json!({"spec": "zenodo/10.5281/zenodo.1", "origin": "https://mybinder.org", "slow_after": "45s"}),
    ] {
        assert_eq!(refusals(settings.clone(), "https://binder.example.org/base/"), [""; 0], "{settings}");
    }
}

#[test]
fn bad_settings_are_refused_with_their_path() {
    for (settings, start) in [
        (json!({"spec": "https://mybinder.org/v2/gh/a/b/c"}), "spec: the spec is only"),
        (json!({"spec": "v2/gh/a/b"}), "spec: the spec is only"),
        (json!({"spec": "gh"}), "spec: the spec must name"),
        (json!({"spec": "gh/a/b c"}), "spec: the spec holds characters"),
        (json!({"spec": "gh/a/b?x=1"}), "spec: the spec holds characters"),
        (json!({"spec": "gh/a/b/{nonce}"}), "spec: `{nonce}` makes"),
        (json!({"spec": "gh/a/b", "origin": "mybinder.org"}), "origin: an origin is"),
        (json!({"spec": "gh/a/b", "code": " "}), "code: there is nothing"),
        (json!({"spec": "gh/a/b", "mode": "warm"}), "mode: "),
        (json!({"spec": "gh/a/b", "retry_patience": "soon"}), "retry_patience: `soon` is no duration"),
        (json!({"spec": "gh/a/b", "colour": 1}), "colour: unknown field"),
        (json!({}), ": missing field `spec`"),
    ] {
        let refused = refusals(settings.clone(), "https://binder.example.org/");
        assert!(refused.iter().any(|r| r.starts_with(start)), "{settings}: {refused:?}");
    }
    assert!(refusals(json!({"spec": "gh/a/b"}), "ftp://x/")[0].contains("http or https"));
}

#[test]
fn a_token_does_not_show_in_debug() {
    let settings: super::super::Settings =
        serde_json::from_value(json!({"spec": "gh/a/b", "auth": {"api_token": "hub-t0ken-of-ours"}}))
            .unwrap();
    assert!(!format!("{settings:?}").contains("hub-t0ken-of-ours"));
}
