use std::time::Duration;

use serde_json::json;

use super::*;
use crate::conformance::body::strings;
use crate::conformance::fixture::{body, done, example, http_reply, opened};

#[test]
fn answers_are_read_as_workflows_and_connectors_give_them() {
    let compose = |reply: Reply| done(example("teams").compose(&opened(), &[reply], None));
    let behind = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId x";
    for (status, headers, said, expected) in [
        (202, &[][..], "", Receipt::Delivered(None)),
        (200, &[], "1", Receipt::Delivered(None)),
        (200, &[], behind, Receipt::Retry { after: None, why: format!("HTTP 429 {behind}") }),
        (
            429,
            &[("retry-after", "12")],
            "slow down",
            Receipt::Retry { after: Some(Duration::from_secs(12)), why: "HTTP 429 slow down".into() },
        ),
        (502, &[], "", Receipt::Retry { after: None, why: "HTTP 502".into() }),
    ] {
        assert_eq!(compose(http_reply(status, headers, said)), expected, "{status} {said}");
    }
    for (status, said, hint) in [
        (401, "DirectApiAuthorizationRequired", "signature"),
        (404, "WorkflowNotFound", "make a new one"),
        (200, "endpoint returned HTTP error 413 with", "too large"),
        (400, "WorkflowTriggerIsNotEnabled", "NotEnabled"),
    ] {
        match compose(http_reply(status, &[], said)) {
            Receipt::Refused { why } => assert!(why.contains(said) && why.contains(hint), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_card_that_would_be_too_large_is_shortened_and_says_so() {
    let mut n = opened();
    n.facts.failing = vec![n.facts.failing[0].clone(); 10];
    for (at, failing) in n.facts.failing.iter_mut().enumerate() {
        failing.probe = format!("probe-{at}");
        failing.summary = "\"".repeat(300);
        failing.evidence = vec!["\\".repeat(150); 12];
    }
    let card = body(example("teams").compose(&n, &[], None));
    assert!(card.to_string().len() < 20_500);
    let words = strings(&card);
    assert!(words.contains(&"… (shortened)") && words.iter().any(|w| w.starts_with("As of ")));
    assert!(!strings(&body(example("teams").compose(&opened(), &[], None))).contains(&"… (shortened)"));
}

#[test]
fn settings_that_cannot_work_are_refused() {
    for url in ["x.example", "ftp://x.example/y", "https://x.example/a b"] {
        assert_eq!(KIND.build(json!({"webhook_url": url})).err().unwrap()[0].path, "webhook_url", "{url}");
    }
}
