//! What a launch on a staged JupyterHub comes to.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use url::Url;

use crate::cluster::staged::Answer;
use crate::kinds::kind;
use crate::staged::{Api, Entry, Kernel, Play, Ran, SECRETS, SERVER_TOKEN, Stage, World, run, run_until};
use crate::{Reason, Verdict};

const USER: &str = "users/launchwatch-abcdefgh12345678";
const PROGRESS: &str = r#"0.03 {"progress": 0, "message": "Server requested"}
0.03 {"progress": 10, "message": "2026-01-02T10:00:01Z [Normal] Successfully assigned prod/jupyter-x to node-7"}
4.59 {"progress": 100, "ready": true, "message": "Server ready at /user/acme-tiny-x1y2z3/", "url": "/user/acme-tiny-x1y2z3/"}
4.59 close
"#;

fn settings() -> Value {
    json!({"api_token": "hub-t0ken-of-ours"})
}

/// A Hub in good order, with these answers instead.
fn stage(changes: &[(&str, &[(u16, &str)])]) -> Stage {
    let mut stage = Stage { progress: Play::text(PROGRESS), ..Stage::default() };
    let token = format!(r#"{{"token": "{SERVER_TOKEN}"}}"#);
    let mut set = |key: &str, answers: &[(u16, &str)]| {
        let answers = answers.iter().map(|(status, body)| (*status, (*body).to_owned())).collect();
        stage.hub.insert(key.replace("USER", USER), answers);
    };
    set("POST USER", &[(201, "{}")]);
    set("POST USER/tokens", &[(201, &token)]);
    set("POST USER/server", &[(202, "")]);
    set("DELETE USER/server", &[(202, "")]);
    set(
        "GET USER",
        &[(200, r#"{"servers": {"": {"ready": false, "pending": "stop"}}}"#), (200, r#"{"servers": {}}"#)],
    );
    set("DELETE USER", &[(204, "")]);
    for (key, answers) in changes {
        set(key, answers);
    }
    stage
}

async fn launch(stage: Stage) -> Ran {
    let ran = run("jupyterhub-launch", settings(), stage, 120).await;
    for secret in SECRETS {
        assert!(!ran.leavings().contains(secret), "{secret} is shown");
    }
    ran
}

#[tokio::test(start_paused = true)]
async fn a_temporary_user_comes_and_goes() {
    let ran = launch(stage(&[])).await;
    assert_eq!(ran.outcome().verdict, Verdict::Passed, "{:?}", ran.outcome());
    assert_eq!(ran.outcome().facts["node"], "node-7");
    assert_eq!(ran.entry(), Entry::Settled);
    let lines: Vec<_> =
        ran.world.seen().iter().map(|s| s.line.replace("https://hub.example.org/", "")).collect();
    let hub: Vec<_> =
        lines.iter().filter(|l| l.contains("hub/api")).map(|l| l.replace(USER, "USER")).collect();
    assert_eq!(
        hub,
        [
            "POST hub/api/USER",
            "POST hub/api/USER/tokens",
            "POST hub/api/USER/server",
            "GET hub/api/USER/server/progress",
            "DELETE hub/api/USER/server",
            "GET hub/api/USER",
            "DELETE hub/api/USER/server",
            "GET hub/api/USER",
            "DELETE hub/api/USER",
        ]
    );
    let stages: Vec<_> = ran.outcome().stages.iter().map(|s| s.stage.as_str()).collect();
    assert_eq!(stages, ["user", "launch", "server", "kernel", "teardown"]);
}

#[tokio::test(start_paused = true)]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn each_refusal_is_booked_on_the_right_account() {
    use Verdict::{Failed, Unknown};
    let failed = r#"0.02 {"progress": 100, "failed": true, "message": "Spawn failed: the spawner raised"}"#;
    let quota =
        r#"0.02 {"progress": 100, "failed": true, "message": "Spawn failed: (403) exceeded quota: pods"}"#;
    type Row<'a> = (&'a str, u16, &'a str, Verdict, Reason, &'a str);
    let rows: &[Row] = &[
        ("POST USER", 403, "{}", Unknown, Reason::ProbeAuth, "admin:users"),
        ("POST USER", 401, "{}", Unknown, Reason::ProbeAuth, "does not know the token"),
        ("POST USER", 503, "<html>", Failed, Reason::HubUnavailable, "503"),
        ("POST USER/server", 403, "{}", Unknown, Reason::ProbeAuth, "start:servers"),
        (
            "POST USER/server",
            400,
            r#"{"message": "launchwatch is already running"}"#,
            Unknown,
            Reason::Prober,
            "already",
        ),
        (
            "POST USER/server",
            400,
            r#"{"message": "User x already has the maximum of 2 named servers."}"#,
            Unknown,
            Reason::Quota,
            "",
        ),
        (
            "POST USER/server",
            400,
            r#"{"message": "no such profile"}"#,
            Unknown,
            Reason::Prober,
            "no such profile",
        ),
        ("POST USER/server", 404, "{}", Unknown, Reason::NotFound, ""),
        (
            "POST USER/server",
            429,
            r#"{"message": "Too many users trying to log in right now."}"#,
            Failed,
            Reason::NoCapacity,
            "",
        ),
        (
            "POST USER/server",
            429,
            r#"{"message": "Active user limit exceeded."}"#,
            Unknown,
            Reason::Quota,
            "",
        ),
        ("POST USER/server", 429, "<html>", Unknown, Reason::RateLimited, ""),
        (
            "POST USER/server",
            500,
            r#"{"message": "Error in Authenticator.pre_spawn_start"}"#,
            Failed,
            Reason::SpawnFailed,
            "",
        ),
        ("POST USER/server", 502, "", Failed, Reason::HubUnavailable, ""),
        ("progress", 0, failed, Failed, Reason::SpawnFailed, "the spawner raised"),
        ("progress", 0, quota, Failed, Reason::ResourceQuota, "exceeded quota"),
        ("progress", 0, "0.02 {\"message\": \"Server requested\"}\n1.0 close", Failed, Reason::StreamCut, ""),
        (
            "progress",
            0,
            "0.02 {\"message\": \"Server requested\"}",
            Failed,
            Reason::Stalled,
            "nothing new for 105 s after `Server requested`",
        ),
    ];
    for (key, status, body, verdict, reason, words) in rows {
        let mut stage = if *status == 0 { stage(&[]) } else { stage(&[(key, &[(*status, body)])]) };
        if *status == 0 {
            stage.progress = Play::text(body);
        }
        let ran = launch(stage).await;
        let outcome = ran.outcome();
        assert_eq!(
            (outcome.verdict, outcome.reason),
            (*verdict, Some(*reason)),
            "{key} {status} {body}: {outcome:?}"
        );
        assert!(outcome.summary.contains(words), "{key} {status}: {}", outcome.summary);
        assert_eq!(ran.entry(), Entry::Settled, "{key} {status} {body}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_right_to_make_tokens_the_hubs_own_is_used() {
    // The staged server does not know the Hub's token: the text must say which right is missing.
    let ran = launch(stage(&[("POST USER/tokens", &[(403, "{}")])])).await;
    assert_eq!((ran.outcome().verdict, ran.outcome().reason), (Verdict::Unknown, Some(Reason::ProbeAuth)));
    assert!(ran.outcome().summary.contains("access:servers"), "{}", ran.outcome().summary);
    let status = ran.world.asked("GET https://hub.example.org/user/acme-tiny-x1y2z3/api/status");
    assert_eq!(status[0].headers["authorization"], "token hub-t0ken-of-ours");
    assert_eq!(ran.entry(), Entry::Settled);
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_knows_no_narrow_tokens_is_asked_for_a_plain_one() {
    let token = format!(r#"{{"token": "{SERVER_TOKEN}"}}"#);
    let ran = launch(stage(&[("POST USER/tokens", &[(400, "{}"), (201, &token)])])).await;
    assert_eq!(ran.outcome().verdict, Verdict::Passed);
}

#[tokio::test(start_paused = true)]
async fn a_user_of_our_own_keeps_its_account() {
    let mut stage = stage(&[]);
    let theirs: Vec<_> =
        stage.hub.iter().map(|(k, v)| (k.replace(USER, "users/probe%40x"), v.clone())).collect();
    stage.hub.extend(theirs);
    stage.hub.insert("POST users/probe%40x".into(), vec![(409, "{}".into())]);
    let settings = json!({"api_token": "hub-t0ken-of-ours", "user": "probe@x", "profile": "small"});
    let ran = run("jupyterhub-launch", settings, stage, 120).await;
    assert_eq!(ran.outcome().verdict, Verdict::Passed, "{:?}", ran.outcome());
    assert!(ran.world.asked("DELETE https://hub.example.org/hub/api/users/probe%40x/server").len() > 1);
    assert!(
        !ran.world.seen().iter().any(|s| s.line == "DELETE https://hub.example.org/hub/api/users/probe%40x")
    );
    assert_eq!(ran.entry(), Entry::Settled);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_the_hub_does_not_stop_degrades_and_stays_owed() {
    let running = r#"{"servers": {"": {"ready": true}}}"#;
    let ran = launch(stage(&[("GET USER", &[(200, running)])])).await;
    assert_eq!(
        (ran.outcome().verdict, ran.outcome().reason),
        (Verdict::Degraded, Some(Reason::TeardownFailed))
    );
    assert!(matches!(ran.entry(), Entry::Told(_)));
}

#[tokio::test(start_paused = true)]
async fn a_kernel_that_fails_is_named_and_the_user_goes_all_the_same() {
    let mut stage = stage(&[]);
    stage.kernel = Kernel::Dies;
    let ran = launch(stage).await;
    assert_eq!(
        (ran.outcome().reason, ran.outcome().failed_stage),
        (Some(Reason::KernelFailed), Some(crate::Stage::Kernel))
    );
    assert_eq!(ran.entry(), Entry::Settled);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_waits_for_a_node_is_slow_and_one_that_finds_no_room_has_failed() {
    let full =
        r#"2.0 {"progress": 5, "message": "[Warning] 0/9 nodes are available: 9 Insufficient memory."}"#;
    let grows =
        r#"20.0 {"progress": 5, "message": "[Normal] pod triggered scale-up: [{pool 3->4 (max: 10)}]"}"#;
    let quota = r#"2.0 {"progress": 5, "message": "(403) Forbidden: exceeded quota: user-pods"}"#;
    let gave_up = r#"50.0 {"progress": 100, "failed": true, "message": "Spawn failed: pod p/x did not start in 48 seconds!"}"#;
    for (lines, verdict, reason, seconds) in [
        (format!("{full}\n{grows}"), Verdict::Degraded, Reason::WaitsForNode, 105..110),
        (full.to_owned(), Verdict::Failed, Reason::NoCapacity, 105..110),
        (format!("{full}\n{gave_up}"), Verdict::Failed, Reason::NoCapacity, 50..55),
        (quota.to_owned(), Verdict::Failed, Reason::ResourceQuota, 2..6),
    ] {
        let mut stage = stage(&[]);
        stage.progress = Play::text(&lines);
        let ran = launch(stage).await;
        let outcome = ran.outcome();
        assert_eq!((outcome.verdict, outcome.reason), (verdict, Some(reason)), "{lines}: {outcome:?}");
        assert!(seconds.contains(&ran.took.as_secs()), "{lines}: {:?}", ran.took);
        assert_eq!(ran.entry(), Entry::Settled, "{lines}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_is_ready_while_the_hub_does_not_notice_ends_the_start() {
    let api: Api = Arc::new(|asked: &str| {
        let containers = json!([{"name": "notebook", "ready": true, "state": {"running": {}}}]);
        let status = json!({"phase": "Running", "podIP": "10.0.0.7", "containerStatuses": containers});
        let pod =
            json!({"metadata": {"name": "jupyter-x", "uid": "a", "resourceVersion": "7"}, "status": status});
        if asked.contains("watch=true") {
            return Answer::text(200, "").wait(30);
        }
        Answer::json(200, &json!({"metadata": {"resourceVersion": "7"}, "items": [pod]}))
    });
    let lines = PROGRESS.lines().take(2).collect::<Vec<_>>().join("\n");
    let stage = Stage { progress: Play::text(&lines), cluster: Some(api), ..stage(&[]) };
    let settings = json!({"api_token": "hub-t0ken-of-ours", "cluster": {"namespace": "prod"}});
    let ran = run("jupyterhub-launch", settings, stage, 120).await;
    let outcome = ran.outcome();
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Failed, Some(Reason::Unseen)), "{outcome:?}");
    assert!((45..52).contains(&ran.took.as_secs()), "{:?}", ran.took);
    assert_eq!(ran.entry(), Entry::Settled, "the server was not stopped");
}

#[tokio::test(start_paused = true)]
async fn wherever_a_run_is_dropped_the_ledger_knows_of_its_user() {
    for step in 0..400 {
        let world = Arc::new(World::new(stage(&[])));
        let cut = Duration::from_micros(step * 23_100);
        let ran = run_until("jupyterhub-launch", settings(), world, &Arc::default(), 120, Some(cut)).await;
        if ran.world.seen().is_empty() {
            continue;
        }
        assert_eq!(ran.ledger.told().len(), 1, "dropped after {cut:?}");
        let gone = ran.world.seen().iter().any(|s| s.line.ends_with(USER) && s.line.starts_with("DELETE"));
        assert!(gone || matches!(ran.entry(), Entry::Told(_)), "dropped after {cut:?}");
    }
}

#[test]
fn the_target_may_be_root_hub_or_api() {
    for target in
        ["https://h/", "https://h/hub", "https://h/hub/", "https://h/hub/api/", "https://h/x/hub?y#z"]
    {
        let api = super::api_root(&Url::parse(target).unwrap());
        assert!(api == "https://h/hub/api/" || api == "https://h/x/hub/api/", "{target}: {api}");
    }
}

#[test]
fn bad_settings_are_refused_with_their_path() {
    let target = Url::parse("https://h/").unwrap();
    for (settings, path) in [
        (json!({}), ""),
        (json!({"api_token": "x", "user": ""}), "user"),
        (json!({"api_token": "x", "profile": "a", "user_options": {"profile": "b"}}), "profile"),
        (json!({"api_token": "x", "user_options": [1]}), "user_options"),
        (json!({"api_token": "x", "usr": "a"}), "usr"),
    ] {
        let refused = kind("jupyterhub-launch").unwrap().build(settings.clone(), &target).err().unwrap();
        assert_eq!(refused[0].path, path, "{settings}: {refused:?}");
    }
}
