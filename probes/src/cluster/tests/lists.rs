//! Lists: whole or not at all.

use serde_json::{Value, json};

use crate::Reason;
use crate::cluster::staged::{Answer, cluster};
use crate::cluster::{Trouble, pod, pods};

fn named(name: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "binder"}})
}

fn page(version: &str, next: &str, names: &[&str]) -> Answer {
    let items: Vec<Value> = names.iter().map(|n| named(n)).collect();
    Answer::json(200, &json!({"metadata": {"resourceVersion": version, "continue": next}, "items": items}))
}

/// Plays the answers in order, the last one for ever.
async fn listing(answers: Vec<Answer>) -> (Result<usize, Trouble>, Vec<String>) {
    let (cluster, asked) = cluster(20, move |_, before| answers[before.min(answers.len() - 1)].clone());
    let seen = pods(&cluster, "binder", "component=singleuser-server").await.map(|pods| pods.len());
    let asked = asked.lock().unwrap().clone();
    (seen, asked)
}

#[tokio::test(start_paused = true)]
async fn pages_are_asked_for_one_after_the_other_until_none_is_left() {
    let (seen, asked) =
        listing(vec![page("7", "a", &["x", "y"]), page("7", "b", &["z"]), page("7", "", &[])]).await;
    assert_eq!(seen.unwrap(), 3);
    let first = "/api/v1/namespaces/binder/pods?limit=500&labelSelector=component=singleuser-server";
    assert_eq!(asked, [first.to_owned(), format!("{first}&continue=a"), format!("{first}&continue=b")]);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_expires_between_pages_is_begun_anew_once() {
    let gone = || Answer::refusal(410, "The provided continue parameter is too old");
    let (seen, asked) =
        listing(vec![page("7", "a", &["x"]), gone(), page("9", "b", &["x"]), page("9", "", &["y"])]).await;
    assert_eq!((seen.unwrap(), asked.len()), (2, 4));
    let (seen, asked) = listing(vec![page("7", "a", &["x"]), gone(), page("9", "b", &["x"]), gone()]).await;
    let trouble = seen.unwrap_err();
    assert_eq!((trouble.reason, asked.len()), (Reason::HalfAnswer, 4), "{trouble}");
}

#[tokio::test(start_paused = true)]
async fn half_an_answer_is_no_list() {
    let head = r#"{"metadata": {"resourceVersion": "7"}, "items": [{"metadata": {"name": "x"}}"#;
    let mixed = || vec![page("7", "a", &["x"]), page("8", "", &["y"])];
    let remaining = json!({"metadata": {"resourceVersion": "7", "remainingItemCount": 3}, "items": []});
    let cases = [
        ("breaks off", vec![Answer::text(200, head)]),
        ("is cut", vec![Answer::text(200, head).cut()]),
        ("is cut on the second page", vec![page("7", "a", &["x"]), Answer::text(200, head).cut()]),
        ("has no metadata", vec![Answer::json(200, &json!({"items": []}))]),
        ("has no items", vec![Answer::json(200, &json!({"metadata": {"resourceVersion": "7"}}))]),
        ("is empty", vec![Answer::text(200, "")]),
        ("repeats a token", vec![page("7", "a", &["x"]), page("7", "a", &["y"])]),
        ("repeats an object", vec![page("7", "a", &["x"]), page("7", "", &["x"])]),
        ("has an object without name", vec![page("7", "", &[""])]),
        ("has pages of two moments, twice", [mixed(), mixed()].concat()),
        ("says that more remain", vec![Answer::json(200, &remaining)]),
    ];
    for (case, answers) in cases {
        let (seen, _) = listing(answers).await;
        let trouble = seen.expect_err(case);
        assert_eq!(trouble.reason, Reason::HalfAnswer, "{case}: {trouble}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_with_what_was_tried() {
    let slow_down = Answer::refusal(429, "slow down").with("retry-after", "7");
    let cases = [
        (Answer::refusal(401, "Unauthorized"), Reason::ProbeAuth, "401: Unauthorized"),
        (Answer::refusal(403, "may not list"), Reason::ProbeAuth, "403: may not list"),
        (Answer::refusal(404, ""), Reason::NotFound, "answered 404"),
        (slow_down, Reason::RateLimited, "asks to come again in 7 s"),
        (Answer::text(500, "<html>"), Reason::HttpStatus, "answered 500"),
        (Answer::text(200, "<html>"), Reason::Garbled, "not what was asked for"),
        (Answer::text(200, "{").wait(60), Reason::Timeout, "no answer in time"),
    ];
    for (answer, reason, words) in cases {
        let (seen, asked) = listing(vec![answer]).await;
        let trouble = seen.unwrap_err();
        assert_eq!((trouble.reason, asked.len()), (reason, 1), "{trouble}");
        assert!(
            trouble.what.starts_with("list pods in binder: ") && trouble.what.contains(words),
            "{trouble}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_without_entries_may_say_null() {
    let empty = json!({"metadata": {"resourceVersion": "7"}, "items": null});
    assert_eq!(listing(vec![Answer::json(200, &empty)]).await.0.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn one_pod_is_there_or_not_and_no_other() {
    let (there, asked) = cluster(20, |_, _| Answer::json(200, &named("jupyter-x")));
    assert!(pod(&there, "binder", "jupyter-x").await.unwrap().is_some());
    assert_eq!(asked.lock().unwrap()[0], "/api/v1/namespaces/binder/pods/jupyter-x");
    assert_eq!(pod(&there, "binder", "jupyter-y").await.unwrap_err().reason, Reason::HalfAnswer);
    let (gone, _) = cluster(20, |_, _| Answer::refusal(404, "pods \"jupyter-x\" not found"));
    assert!(pod(&gone, "binder", "jupyter-x").await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_a_name_gets_into_no_path() {
    let (cluster, asked) = cluster(20, |_, _| Answer::json(200, &named("x")));
    for name in ["../nodes", "a/b", "a?watch=1", "", "A", ".."] {
        assert_eq!(pod(&cluster, "binder", name).await.unwrap_err().reason, Reason::Garbled, "{name}");
        assert_eq!(pods(&cluster, name, "").await.unwrap_err().reason, Reason::Garbled, "{name}");
    }
    assert!(asked.lock().unwrap().is_empty());
}
