//! What goes over the wire: headers, tokens, redirects, the raw spec.

use serde_json::json;

use super::settings;
use crate::staged::{Play, Stage, run};
use crate::{Reason, Verdict};

const MEMBER: &str = "https://member-2.example.org/build/gh/acme/tiny/HEAD?build_token=build-t0ken.of.today";

#[tokio::test(start_paused = true)]
async fn a_launch_asks_as_a_browser_does_and_exactly_once() {
    let ran = run("binder-launch", settings(), Stage::default(), 120).await;
    assert_eq!(ran.outcome().verdict, Verdict::Passed);
    let builds = ran.world.asked("GET https://hub.example.org/build/");
    assert_eq!(builds.len(), 1, "a second request is a second launch");
    assert!(builds[0].line.ends_with("/build/gh/acme/tiny/HEAD?build_token=build-t0ken.of.today"));
    assert_eq!(builds[0].headers["accept"], "text/event-stream");
    assert_eq!(builds[0].headers.get_all("accept").iter().count(), 1);
    assert_eq!(builds[0].headers["user-agent"], "launchwatch/test");
    assert!(!builds[0].headers.contains_key("origin"));
    assert!(!builds[0].headers.contains_key("authorization"));
}

#[tokio::test(start_paused = true)]
async fn the_spec_goes_out_byte_for_byte_and_the_nonce_is_put_in() {
    let spec = "git/https%3A%2F%2F{nonce}%40git.example.org%2facme%2Ftiny/%2e%2e";
    let stage = Stage { build: Play::fixture("success-build"), ..Stage::default() };
    let ran = run("binder-launch", json!({"spec": spec, "mode": "fresh"}), stage, 900).await;
    assert_eq!(ran.outcome().verdict, Verdict::Passed, "{:?}", ran.outcome());
    let wanted = spec.replace("{nonce}", "abcdefgh12345678");
    assert_eq!(ran.world.asked(&format!("GET https://hub.example.org/v2/{wanted}")).len(), 1);
    assert_eq!(ran.world.asked(&format!("GET https://hub.example.org/build/{wanted}?build_token=")).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fresh_launch_without_a_build_says_nothing() {
    let ran =
        run("binder-launch", json!({"spec": "gh/acme/tiny/daily", "mode": "fresh"}), Stage::default(), 900)
            .await;
    let outcome = ran.outcome();
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Unknown, Some(Reason::Prober)));
    assert!(outcome.summary.contains("not a fresh build"));
    assert!(ran.world.server_ended());
}

#[tokio::test(start_paused = true)]
async fn a_federation_is_followed_once_with_the_origin_and_the_member_written_down() {
    let stage = Stage { redirects: vec![MEMBER.into()], ..Stage::default() };
    let ran = run("binder-launch", settings(), stage, 120).await;
    assert_eq!(ran.outcome().verdict, Verdict::Passed);
    assert_eq!(ran.outcome().facts["member"], "member-2.example.org");
    let there = ran.world.asked(&format!("GET {MEMBER}"));
    assert_eq!(there.len(), 1);
    assert_eq!(there[0].headers["origin"], "https://hub.example.org");
    assert_eq!(there[0].headers["accept"], "text/event-stream");
    assert!(!there[0].headers.contains_key("cookie"));
}

#[tokio::test(start_paused = true)]
async fn a_hub_token_admits_and_is_not_shown_to_another_host() {
    let settings = json!({"spec": "gh/acme/tiny/HEAD", "auth": {"api_token": "hub-t0ken-of-ours"}});
    let stage = Stage { redirects: vec![MEMBER.into()], ..Stage::default() };
    let ran = run("binder-launch", settings, stage, 120).await;
    assert!(ran.world.asked("GET https://hub.example.org/v2/").is_empty());
    let home = ran.world.asked("GET https://hub.example.org/build/");
    assert_eq!(home[0].headers["authorization"], "token hub-t0ken-of-ours");
    assert!(!ran.world.asked(&format!("GET {MEMBER}"))[0].headers.contains_key("authorization"));
}

#[tokio::test(start_paused = true)]
async fn circles_and_long_chains_of_redirects_end() {
    let home = "https://hub.example.org/build/gh/acme/tiny/HEAD?build_token=build-t0ken.of.today";
    let far = |n: u32| format!("https://member-{n}.example.org/build/x");
    for chain in [vec![home.to_owned()], vec![far(1), far(2), far(3)], vec![MEMBER.into(), home.into()]] {
        let ran = run("binder-launch", settings(), Stage { redirects: chain, ..Stage::default() }, 120).await;
        assert_eq!(ran.outcome().reason, Some(Reason::Redirects));
    }
}

#[tokio::test(start_paused = true)]
async fn the_launch_page_decides_who_is_at_fault() {
    use Verdict::{Failed, Passed, Unknown};
    for (page, verdict, reason) in [
        ((404, ""), Passed, None),
        ((200, "<html>no token here</html>"), Passed, None),
        ((400, "<html>Spec is not of the form</html>"), Passed, None),
        ((429, ""), Unknown, Some(Reason::RateLimited)),
        ((401, ""), Unknown, Some(Reason::ProbeAuth)),
        ((403, "Requests from that-cloud are not allowed"), Unknown, Some(Reason::Banned)),
        ((503, "<html>default backend</html>"), Failed, Some(Reason::HttpStatus)),
    ] {
        let stage = Stage { page: (page.0, page.1.into()), ..Stage::default() };
        let ran = run("binder-launch", settings(), stage, 120).await;
        assert_eq!((ran.outcome().verdict, ran.outcome().reason), (verdict, reason), "{page:?}");
        if verdict == Passed {
            assert!(ran.outcome().facts.contains_key("build_token"));
            assert!(ran.world.asked("GET https://hub.example.org/build/gh/acme/tiny/HEAD?").is_empty());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_status_before_binderhub_is_told_from_its_own_answers() {
    for (status, verdict, reason) in [
        (503, Verdict::Failed, Reason::HttpStatus),
        (404, Verdict::Failed, Reason::HttpStatus),
        (429, Verdict::Unknown, Reason::RateLimited),
    ] {
        let stage = Stage { build: Play::Status(status), ..Stage::default() };
        let ran = run("binder-launch", settings(), stage, 120).await;
        assert_eq!((ran.outcome().verdict, ran.outcome().reason), (verdict, Some(reason)), "{status}");
        assert!(ran.outcome().evidence.iter().any(|l| l.contains("upstream is not there")));
    }
}

#[tokio::test(start_paused = true)]
async fn pod_node_and_image_are_noted() {
    let ran = super::play("k8s-assigned-and-ready").await;
    let facts = &ran.outcome().facts;
    assert_eq!(facts["pod"], "jupyter-acme-tiny-x1y2z3");
    assert_eq!(facts["node"], "node-7");
    assert!(facts["image"].ends_with("acme-2dtiny:0f1e2d3c4b5a"));
    assert!(ran.outcome().evidence.iter().any(|l| l.contains("Started container notebook")));
}

#[tokio::test(start_paused = true)]
async fn the_stages_of_a_fresh_build_follow_each_other() {
    use crate::Stage::{Build, Kernel, Launch, Push, Resolve, Server, Teardown, Token};
    let ran = super::play("success-build").await;
    let stages: Vec<_> = ran.outcome().stages.iter().map(|s| s.stage).collect();
    assert_eq!(stages, [Token, Resolve, Build, Push, Launch, Server, Kernel, Teardown]);
    let launch = ran.outcome().stages[4];
    assert!((launch.took.as_secs_f64() - 5.86).abs() < 0.02, "{launch:?}");
}

#[tokio::test(start_paused = true)]
async fn slower_than_the_limit_is_degraded() {
    let settings = json!({"spec": "gh/acme/tiny/HEAD", "slow_after": "20s"});
    let stage = Stage { build: Play::fixture("launch-slow-15"), ..Stage::default() };
    let ran = run("binder-launch", settings, stage, 120).await;
    assert_eq!((ran.outcome().verdict, ran.outcome().reason), (Verdict::Degraded, Some(Reason::Slow)));
}
