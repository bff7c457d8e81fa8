//! What the `binderhub-health` kind makes of the pages a BinderHub shows.

use super::*;
use crate::Verdict;
use crate::net::script::{self, Play, Reply, Script, Told};

const OK: &str = include_str!("../../../testdata/health-ok.json");
const HUB_DOWN: &str = include_str!("../../../testdata/health-hub-down.json");
const OVER_QUOTA: &str = include_str!("../../../testdata/health-over-quota.json");
const VERSIONS: &str = include_str!("../../../testdata/versions.json");

fn build(settings: &str) -> Result<Health, Vec<Refused>> {
    let spec: HealthSpec = serde_json::from_str(settings).unwrap();
    spec.build(&Url::parse("https://binder.example.org/here/").unwrap())
}

async fn play(settings: &str, reply: Reply) -> Outcome {
    let probe = build(settings).unwrap();
    script::run(&probe, Play::Answer(vec![reply, Reply::new(200, VERSIONS)])).await
}

fn measured(outcome: &Outcome, name: &str) -> Option<f64> {
    outcome.measurements.iter().find(|m| m.name == name).map(|m| m.value)
}

#[tokio::test(start_paused = true)]
async fn a_healthy_page_passes_with_its_numbers_and_versions() {
    let seen = play("{}", Reply::new(200, OK)).await;
    assert_eq!(seen.verdict, Verdict::Passed, "{}", seen.summary);
    let numbers = [
        ("check_docker_registry_ok", 1.0),
        ("check_jupyterhub_api_ok", 1.0),
        ("check_pod_quota_ok", 1.0),
        ("pod_quota_total_pods", 41.0),
        ("pod_quota_build_pods", 2.0),
        ("pod_quota_user_pods", 39.0),
        ("pod_quota_limit", 100.0),
    ];
    for (name, value) in numbers {
        assert_eq!(measured(&seen, name), Some(value), "{name}");
    }
    assert_eq!(seen.facts["binderhub"], "1.0.0-test");
    assert_eq!(seen.facts["builder"], "quay.io/example/repo2docker:2025.01");
}

#[tokio::test(start_paused = true)]
async fn each_page_has_its_verdict() {
    let full = OVER_QUOTA.replace("101", "100").replace("\"ok\": false", "\"ok\": true");
    let soft = r#"{"ok": true, "checks": [{"service": "Thing", "ok": false, "_ignore_failure": true}]}"#;
    let error_page = "<html><title>500: Internal Server Error</title></html>";
    let cases = [
        (Reply::new(503, HUB_DOWN), Verdict::Failed, Some(Reason::Unhealthy), "JupyterHub API"),
        (Reply::new(200, OVER_QUOTA), Verdict::Degraded, Some(Reason::NoCapacity), "101 of 100 pods"),
        (Reply::new(200, &full), Verdict::Degraded, Some(Reason::NoCapacity), "launches are refused"),
        (Reply::new(200, soft), Verdict::Degraded, Some(Reason::Unhealthy), "Thing"),
        (Reply::new(503, OK), Verdict::Failed, Some(Reason::HttpStatus), "503"),
        (Reply::new(500, error_page), Verdict::Failed, Some(Reason::HttpStatus), "cannot list pods"),
        (Reply::new(200, "<html>welcome</html>"), Verdict::Failed, Some(Reason::Garbled), "no health report"),
        (Reply::new(404, "nothing"), Verdict::Failed, Some(Reason::HttpStatus), "404"),
        (Reply::new(429, ""), Verdict::Unknown, Some(Reason::RateLimited), "429"),
    ];
    for (n, (reply, verdict, reason, told)) in cases.into_iter().enumerate() {
        let seen = play("{}", reply).await;
        assert_eq!((seen.verdict, seen.reason), (verdict, reason), "case {n}: {}", seen.summary);
        assert!(seen.summary.contains(told), "case {n}: {}", seen.summary);
    }
}

#[tokio::test(start_paused = true)]
async fn the_pages_stand_under_the_path_of_the_target_and_versions_may_be_left_out() {
    for (settings, expected) in [("{}", 2), (r#"{"versions": false}"#, 1)] {
        let net = Arc::new(Script::new(Play::Answer(vec![Reply::new(200, OK), Reply::new(500, "")])));
        let probe = build(settings).unwrap();
        let seen =
            script::run_over(Arc::clone(&net), &probe, Duration::from_secs(25), &Told::default()).await;
        assert_eq!(seen.verdict, Verdict::Passed, "a page of versions that fails is no failure");
        let asked = net.asked.lock().unwrap();
        assert_eq!(asked[0].uri(), "https://binder.example.org/here/health");
        assert_eq!(asked.len(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_share_of_the_quota_can_warn_early() {
    assert_eq!(
        play(r#"{"quota_warn_ratio": 0.4}"#, Reply::new(200, OK)).await.reason,
        Some(Reason::NoCapacity)
    );
    assert_eq!(build(r#"{"quota_warn_ratio": 40}"#).err().unwrap()[0].path, "quota_warn_ratio");
}
