//! The state folder and the memory of the real binary.

use std::time::Duration;

use crate::kit::chat::Sink;
use crate::kit::service::Home;
use crate::kit::stage;
use crate::kit::wait::{so, until};

/// Targets that nobody listens at.
fn targets(count: usize) -> String {
    let target = |n: usize| {
        format!(
            "  - {{ name: t{n}, url: \"http://127.0.0.1:9/\", probes: [{{ type: http, every: 1s, deadline: 900ms }}] }}\n"
        )
    };
    (0..count).map(target).collect()
}

fn yaml(service: &str, count: usize) -> String {
    format!(
        "version: 1\nservice: {{ listen: \"127.0.0.1:0\", witnesses: [], {service} }}\ntargets:\n{}\
         channels:\n  - {{ type: webhook, name: hook, url: \"env:HOOK\" }}\nrules: [{{ name: quick, failures: 2 }}]\n",
        targets(count)
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_folder_that_cannot_be_written_to_is_told_and_the_watch_goes_on() {
    let sink = Sink::start().await;
    // Nobody may make a folder there, not even who may do everything else.
    let home = Home::new(&yaml("state: /sys/launchwatch", 1), &[("HOOK", sink.url.as_str())]);
    let serve = home.serve().await;
    for target in ["launchwatch", "t0"] {
        until(&format!("people to be told of {target}"), 60, async || {
            let told = sink.of_kind("opened").into_iter().map(|p| p.body["facts"]["target"].clone());
            let told: Vec<_> = told.collect();
            so(told.iter().any(|t| t == target), told)
        })
        .await;
    }
    let ready = stage::client().get(format!("{}readyz", serve.url)).send().await.expect("an answer");
    assert_eq!(ready.status(), 503);
    let why = ready.text().await.expect("words");
    assert!(why.contains("/sys/launchwatch") && why.contains("nothing outlives this process"), "{why}");
    assert_eq!(serve.stop(60).await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_targets_that_all_fail_are_three_messages_and_little_memory() {
    let sink = Sink::start().await;
    let home = Home::new(&yaml("limits: { runs: 2000 }", 1000), &[("HOOK", sink.url.as_str())]);
    let serve = home.serve().await;
    until("the flood to be told", 90, async || {
        let told = sink.of_kind("opened");
        so(told.iter().any(|p| p.body["facts"]["targets"].as_u64() > Some(900)), told.len())
    })
    .await;
    // Whatever else there is to tell, it is gathered.
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(sink.posts().len() <= 3, "{} messages", sink.posts().len());
    let status = std::fs::read_to_string(format!("/proc/{}/status", serve.pid())).expect("it runs");
    let line = status.lines().find(|l| l.starts_with("VmHWM")).expect("its memory");
    let kib: u64 = line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number");
    eprintln!("1,000 failing targets: {} MB at the highest", kib / 1000);
    assert!(kib < 150_000, "{line}");
    assert_eq!(serve.stop(60).await, Some(0));
}
