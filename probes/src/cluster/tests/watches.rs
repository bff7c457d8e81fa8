//! Watches of one pod: what is said of it, and that they do not end early.

use std::pin::pin;

use futures::StreamExt;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::Reason;
use crate::cluster::staged::{Answer, cluster};
use crate::cluster::{Sight, watch_pod};

fn pod(version: &str, phase: &str) -> Value {
    json!({"metadata": {"name": "jupyter-x", "resourceVersion": version}, "status": {"phase": phase}})
}

fn listed(version: &str, pods: &[Value]) -> Answer {
    Answer::json(200, &json!({"metadata": {"resourceVersion": version}, "items": pods}))
}

fn line(kind: &str, object: &Value) -> String {
    format!("{}\n", json!({"type": kind, "object": object}))
}

/// Everything that is seen within some seconds, in short, and what the API was asked.
async fn watching(seconds: u64, answers: Vec<Answer>) -> (Vec<String>, Vec<String>) {
    let silent = Answer::text(200, "").wait(3600);
    let (cluster, asked) =
        cluster(seconds, move |_, before| answers.get(before).cloned().unwrap_or(silent.clone()));
    let began = Instant::now();
    let mut sights = pin!(watch_pod(&cluster, "binder", "jupyter-x"));
    let mut seen = Vec::new();
    while let Some(sight) = sights.next().await {
        seen.push(match sight {
            Sight::Pod(pod) => pod.status.phase,
            Sight::Absent => "absent".to_owned(),
            Sight::Trouble(trouble) => trouble.reason.to_string(),
        });
    }
    assert!(began.elapsed().as_secs() <= seconds, "the deadline is kept");
    let from = |asked: &String| {
        asked.split_once("&resourceVersion=").map_or("list".to_owned(), |(_, v)| v.to_owned())
    };
    let asked = asked.lock().unwrap().iter().map(from).collect();
    (seen, asked)
}

#[tokio::test(start_paused = true)]
async fn a_pod_is_listed_then_watched_until_it_is_gone() {
    let changes = Answer::text(200, &line("ADDED", &pod("8", "Pending")))
        .wait(2)
        .then(&line("MODIFIED", &pod("9", "Running")))
        .then(&line("DELETED", &pod("10", "Running")))
        .wait(600);
    let (seen, asked) = watching(30, vec![listed("7", &[]), changes]).await;
    assert_eq!(seen, ["absent", "Pending", "Running", "absent"]);
    assert_eq!(asked, ["list", "7"]);
}

#[tokio::test(start_paused = true)]
async fn an_expired_watch_begins_with_a_new_list() {
    let expired =
        line("ERROR", &json!({"kind": "Status", "code": 410, "message": "too old resource version"}));
    let answers = vec![
        listed("7", &[pod("6", "Pending")]),
        Answer::text(200, &expired),
        listed("90", &[pod("88", "Running")]),
        Answer::refusal(410, "Expired"),
        listed("99", &[]),
    ];
    let (seen, asked) = watching(30, answers).await;
    assert_eq!(seen, ["Pending", "Running", "absent"]);
    assert_eq!(asked, ["list", "7", "list", "90", "list", "99"]);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_ends_or_is_cut_is_taken_up_where_it_was() {
    let half = r#"{"type": "MODIFIED", "object": {"metadata": {"name": "jupyter-x", "resourceV"#;
    let answers = vec![
        listed("7", &[pod("6", "Pending")]),
        Answer::text(200, &line("BOOKMARK", &json!({"metadata": {"resourceVersion": "20"}}))),
        Answer::text(200, &line("MODIFIED", &pod("21", "Running"))).then(half),
        Answer::text(200, half).cut(),
        Answer::text(200, &line("DELETED", &pod("22", "Running"))),
    ];
    let (seen, asked) = watching(30, answers).await;
    assert_eq!(seen, ["Pending", "Running", "half_answer", "absent"]);
    assert_eq!(asked[..6], ["list", "7", "20", "21", "21", "22"]);
}

#[tokio::test(start_paused = true)]
async fn troubles_are_told_and_tried_again_with_growing_pauses() {
    let (seen, asked) = watching(60, vec![Answer::text(500, ""); 40]).await;
    assert_eq!(seen.len(), asked.len());
    assert!((5..=8).contains(&asked.len()), "{asked:?}");
    assert!(seen.iter().all(|s| s == Reason::HttpStatus.as_str()));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_ends_the_watch() {
    let answers = vec![listed("7", &[pod("6", "Pending")]), Answer::refusal(403, "may not watch")];
    let (seen, asked) = watching(600, answers).await;
    assert_eq!(seen, ["Pending", "probe_auth"]);
    assert_eq!(asked, ["list", "7"]);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_lasted_is_taken_up_at_once() {
    let opened = std::sync::Mutex::new(Vec::new());
    let began = Instant::now();
    let (cluster, asked) = cluster(200, move |_, before| {
        opened.lock().unwrap().push(began.elapsed().as_secs());
        assert_eq!(opened.lock().unwrap().last(), Some(&(60 * before.saturating_sub(1) as u64)));
        if before == 0 { listed("7", &[]) } else { Answer::text(200, "").wait(60) }
    });
    let sights: Vec<Sight> = watch_pod(&cluster, "binder", "jupyter-x").collect().await;
    assert_eq!((sights.len(), asked.lock().unwrap().len()), (1, 5));
}
