use serde_json::json;

use super::*;
use crate::conformance::fixture::{body, done, example, http_reply, opened, resolved};
use crate::text::Story;

fn dressed(channel: &str, templates: serde_json::Value) -> Box<dyn Channel> {
    serde_json::from_value::<Templates>(templates).unwrap().over(example(channel))
}

/// Fails only where there is evidence of four lines, which no sample has.
const FAILS_AT_NIGHT: &str =
    "{% for f in failing %}{% if f.evidence|length == 4 %}{{ nowhere }}{% endif %}{% endfor %}ok";

#[test]
fn own_words_stand_in_every_channel_and_the_rest_stays_ours() {
    let templates = json!({
        "title": "{{ target }} is {{ word }}\nreally",
        "text": "Call <b>Ada</b>.\n\n- {{ failing|length }} fail\n* since {{ lasted }}",
    });
    let slack = body(dressed("slack", templates.clone()).compose(&opened(), &[], None)).to_string();
    for words in [
        "mybinder is DOWN really",
        "Call &lt;b&gt;Ada&lt;/b&gt;.",
        "• 1 fail",
        "• since 2 min",
        "Open the incident",
    ] {
        assert!(slack.contains(words), "{words}: {slack}");
    }
    assert!(!slack.contains("Still works"), "{slack}");
    let matrix = body(dressed("matrix", templates.clone()).compose(
        &opened(),
        &[http_reply(200, &[], r#"{"room_id":"!r"}"#)],
        None,
    ));
    assert!(
        matrix["formatted_body"].as_str().unwrap().contains("<li>1 fail</li><li>since 2 min</li>"),
        "{matrix}"
    );
    let hook = body(dressed("webhook", templates).compose(&opened(), &[], None));
    assert_eq!(hook["title"], "mybinder is DOWN really");
    assert!(hook["facts"].get("words").is_none());
}

#[test]
fn a_headline_alone_leaves_the_text_ours() {
    let mut n = opened();
    n.facts.words = Some(Templates::default().words(&n));
    assert_eq!(Story::of(&n), Story::of(&opened()));
    let hook = body(dressed("webhook", json!({"title": "own"})).compose(&opened(), &[], None));
    assert!(
        hook["title"] == "own" && hook["text"].as_str().unwrap().contains("Still works: hub-health"),
        "{hook}"
    );
}

#[test]
fn a_template_that_fails_is_told_beside_our_words() {
    let channel = dressed("webhook", json!({"title": "own", "text": FAILS_AT_NIGHT}));
    let told = body(channel.compose(&opened(), &[], None));
    assert_eq!(told["title"], "own", "what works is kept");
    let text = told["text"].as_str().unwrap();
    assert!(text.contains("Note: template error: text, line 1: undefined value"), "{text}");
    assert!(text.contains("Still works: hub-health"), "{text}");
    let receipt = done(channel.compose(&opened(), &[http_reply(200, &[], "")], None));
    let Receipt::Remarked { message: None, remark } = receipt else { panic!("{receipt:?}") };
    assert!(remark.starts_with("template error: text, line 1"), "{remark}");
    // It is no reason to doubt that an incident is over.
    let mut over = resolved();
    over.facts.words = Some(Words { fault: Some("template error: x".into()), ..Words::default() });
    assert!(Story::of(&over).title.contains("works again"));
    let busy = done(channel.compose(&opened(), &[http_reply(503, &[], "")], None));
    assert_eq!(busy, Receipt::Retry { after: None, why: "HTTP 503".into() });
}

#[test]
fn a_long_text_is_cut_and_says_so() {
    let long = "{% for i in range(500) %}line {{ i }}\n{% endfor %}";
    let mut n = opened();
    n.facts.words = Some(Words { text: Some(String::new()), ..Words::default() });
    assert_eq!(Story::of(&n).pieces, Story::of(&opened()).pieces, "blank is ours");
    let told = body(dressed("webhook", json!({"text": long})).compose(&opened(), &[], None));
    let text = told["text"].as_str().unwrap();
    assert!(text.contains("line 59\n… and 440 more lines."), "{text}");
}

#[test]
fn a_test_says_so_whatever_the_words_are() {
    let n = Notification::test(opened().at, "x");
    for templates in [json!({"title": "DOWN"}), json!({"text": "all is lost"}), json!({})] {
        let told = body(dressed("webhook", templates).compose(&n, &[], None));
        assert!(told["text"].as_str().unwrap().contains("test message"), "{told}");
    }
}
