use std::time::Duration;

use bytes::Bytes;
use launchwatch_alerts::Order;
use tokio::time::Instant;

use super::*;

/// A script run for real, with a limit in milliseconds.
async fn run(script: &str, limit: u64) -> Result<Reply, Undelivered> {
    let argv = ["sh", "-c", script, "name", "a b", "$HOME"].map(String::from).to_vec();
    let env = vec![("LAUNCHWATCH_KIND".to_owned(), "opened".to_owned())];
    let stdin = Bytes::from_static(b"{\"kind\":\"opened\"}");
    let order = Order { argv, env, stdin, time_limit: Duration::from_millis(limit) };
    post(None).deliver(Envelope::Command(order)).await
}

async fn said(script: &str) -> (Option<i32>, String) {
    match run(script, 20_000).await.unwrap() {
        Reply::Command { code, said } => (code, said),
        other => panic!("{other:?}"),
    }
}

/// Whether a process with this word among its arguments is there.
fn lives(word: &str) -> bool {
    let lines =
        |pid: std::io::Result<std::fs::DirEntry>| std::fs::read(pid.ok()?.path().join("cmdline")).ok();
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(lines)
        .any(|line| line.split(|b| *b == 0).any(|argument| argument == word.as_bytes()))
}

#[tokio::test]
async fn a_program_reads_the_notification_and_its_exit_code_comes_back() {
    assert_eq!(said("cat").await, (Some(0), "{\"kind\":\"opened\"}".into()));
    assert_eq!(said("exit 75").await, (Some(75), String::new()));
    assert_eq!(said("echo out; echo err >&2; exit 3").await, (Some(3), "err\n".into()));
    assert_eq!(said("kill -9 $$").await, (None, String::new()));
}

#[tokio::test]
async fn arguments_are_passed_as_they_are_and_the_environment_is_empty() {
    assert_eq!(said("printf '%s|' \"$@\"").await.1, "a b|$HOME|");
    let (_, environment) = said("env").await;
    let mut names: Vec<&str> = environment.lines().filter_map(|l| l.split('=').next()).collect();
    // The shell's own.
    names.retain(|n| !matches!(*n, "PWD" | "SHLVL" | "_" | "OLDPWD"));
    names.sort_unstable();
    assert_eq!(names, ["LAUNCHWATCH_KIND", "PATH"], "{environment}");
}

#[tokio::test]
async fn a_program_that_says_much_and_reads_nothing_is_heard_to_its_end() {
    let (code, said) = said("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; exit 1").await;
    assert_eq!(code, Some(1));
    assert!(said.len() <= 4096 && said.ends_with("line 19999\n"), "{}", said.len());
}

#[tokio::test]
async fn a_program_that_takes_too_long_is_killed_with_all_that_it_started() {
    let undelivered = run("sleep 98761 & sleep 98762; true", 300).await.unwrap_err();
    assert_eq!(undelivered.step, "run");
    assert!(undelivered.detail.contains("killed"), "{undelivered}");
    let began = Instant::now();
    while lives("98761") || lives("98762") {
        assert!(began.elapsed() < Duration::from_secs(10), "something is left");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn what_a_program_leaves_behind_neither_holds_it_up_nor_stays() {
    let began = Instant::now();
    assert_eq!(said("echo done; sleep 98763 & exit 0").await, (Some(0), "done\n".into()));
    assert!(began.elapsed() < Duration::from_secs(10));
    while lives("98763") {
        assert!(began.elapsed() < Duration::from_secs(20), "something is left");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_delivery_that_is_given_up_ends_its_program() {
    let given_up = tokio::time::timeout(Duration::from_millis(300), run("sleep 98764; true", 60_000)).await;
    assert!(given_up.is_err());
    let began = Instant::now();
    while lives("98764") {
        assert!(began.elapsed() < Duration::from_secs(10), "something is left");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    for argv in [vec![], vec!["/nowhere/at-all".to_owned()]] {
        let order = Order { argv, env: Vec::new(), stdin: Bytes::new(), time_limit: Duration::from_secs(5) };
        let undelivered = post(None).deliver(Envelope::Command(order)).await.unwrap_err();
        assert_eq!(undelivered.step, "start", "{undelivered}");
    }
}
