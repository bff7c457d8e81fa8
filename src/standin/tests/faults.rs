//! Faults: what each one looks like on the launch stream, and how long it takes.

use super::kit::{SPEC, get, hear, launch, settings, stand_in};
use crate::standin::{Fault, Member, Settings};

/// Fault, phases, part of the last event, seconds until the server closes (none: never).
type Row = (Fault, &'static str, &'static str, Option<(f64, f64)>);

const AT_ONCE: Option<(f64, f64)> = Some((0.0, 0.2));

#[rustfmt::skip]
const TABLE: &[Row] = &[
    (Fault::None, "built launching ready", "\"phase\": \"ready\"", Some((3.0, 6.0))),
    (Fault::HubDown, "built launching failed", "\"status_code\": 500, \"message\": \"Failed to create temporary user for registry", Some((139.5, 141.0))),
    (Fault::ProxyDown, "built launching failed", "Failed to create temporary user", Some((139.5, 141.0))),
    (Fault::HubHangs, "built launching failed", "Failed to create temporary user", Some((459.5, 461.0))),
    (Fault::SpawnerRaises, "built launching failed", "\"message\": \"Spawn failed: the spawner gave up", Some((29.0, 32.0))),
    (Fault::NeverReady, "built launching failed", "didn't respond in 30 seconds\\n", Some((148.0, 162.0))),
    (Fault::Unschedulable, "built launching failed", "did not start in 300 seconds!\\n", Some((1228.0, 1231.0))),
    (Fault::NodeComing, "built launching ready", "\"phase\": \"ready\"", Some((182.0, 190.0))),
    (Fault::PodQuota, "built launching failed", "exceeded quota: user-pods", Some((29.0, 34.0))),
    (Fault::SlowLaunch, "built launching ready", "\"phase\": \"ready\"", Some((25.0, 40.0))),
    (Fault::LaunchRetriesOnce, "built launching ready", "\"phase\": \"ready\"", Some((7.0, 11.0))),
    (Fault::BuildFails, "waiting - fetching building failed", "{\"phase\": \"failed\"}", None),
    (Fault::BuildHangs, "waiting - fetching building", "---> Running in", None),
    (Fault::PushFails, "waiting - fetching building pushing failed", "{\"phase\": \"failed\"}", None),
    (Fault::RegistryDown, "waiting - fetching building pushing built launching ready", "\"phase\": \"ready\"", Some((78.0, 92.0))),
    (Fault::TotalQuota, "built failed", "{\"phase\": \"failed\", \"message\": \"Too many users on this BinderHub! Try again soon.\\n\"}", AT_ONCE),
    (Fault::RepoQuota, "built failed", "Too many users running https://github.com/harbour/tide-tables!", AT_ONCE),
    (Fault::RateLimited, "failed", "\"status_code\": 429", AT_ONCE),
    (Fault::Banned, "failed", "Sorry, harbour/tide-tables/HEAD is not allowed to launch.", AT_ONCE),
    (Fault::RefNotFound, "failed", "Could not resolve ref for gh:harbour/tide-tables/HEAD.", AT_ONCE),
    (Fault::GithubRateLimit, "failed", "GitHub rate limit exceeded. Try again in 60 minutes.", AT_ONCE),
    (Fault::TokenRefused, "failed", "\"status_code\": 403", AT_ONCE),
    (Fault::StreamCut, "built launching", "Server requested", Some((0.3, 5.0))),
    (Fault::Silent, "", "", None),
    (Fault::InternalError, "built failed", "\"status_code\": 500, \"message\": \"Internal Server Error\\n\"", AT_ONCE),
    (Fault::Server503, "built launching ready", "\"phase\": \"ready\"", Some((3.0, 6.0))),
];

#[tokio::test(start_paused = true)]
async fn each_fault_is_heard_on_the_stream_as_the_real_one_is() {
    for (fault, phases, last, closes) in TABLE {
        let binder = stand_in(settings());
        binder.set_fault(None, *fault);
        let heard = launch(&binder.router(), 2000).await;
        assert_eq!(heard.phases(), *phases, "{fault}");
        let end = heard.body.lines().rfind(|l| l.starts_with("data: ")).unwrap_or_default();
        assert!(end.contains(last), "{fault}: {end}");
        assert_eq!(heard.closed, closes.is_some(), "{fault}");
        if let Some((least, most)) = closes {
            assert!((*least..*most).contains(&heard.took), "{fault} took {}", heard.took);
        }
        let beats = heard.body.matches(":keepalive\n\n").count();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive")]
        let due = (heard.took / 25.0) as usize;
        assert!(beats.abs_diff(due) <= 1, "{fault}: {beats} comments in {} s", heard.took);
    }
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_no_launch_stream_are_as_odd_as_promised() {
    let binder = stand_in(settings());
    let router = binder.router();
    let ask = async |fault: Fault, seconds: u64| {
        binder.set_fault(None, fault);
        launch(&router, seconds).await
    };
    let none = ask(Fault::NoFirstByte, 900).await;
    assert!(!none.closed && none.head.is_empty());
    let html = ask(Fault::Html, 5).await;
    assert!(html.status() == 200 && html.header("content-type").unwrap().starts_with("text/html"));
    let noise = ask(Fault::Garbage, 5).await;
    assert!(noise.closed && noise.status() == 200 && !noise.body.contains("data:"));
    let turn = ask(Fault::RedirectLoop, 5).await;
    assert_eq!((turn.status(), turn.header("location").as_deref()), (307, Some(SPEC)));
    let gateway = ask(Fault::FederationBadMember, 5).await;
    assert_eq!(gateway.status(), 502);
}

#[tokio::test(start_paused = true)]
async fn the_flood_and_the_huge_line_let_simulated_time_go_on() {
    let binder = stand_in(settings());
    binder.set_fault(None, Fault::EndlessFlood);
    let flood = launch(&binder.router(), 1).await;
    assert!(!flood.closed && flood.body.lines().count() > 10_000);
    binder.set_fault(None, Fault::HugeLine);
    let huge = launch(&binder.router(), 60).await;
    assert!(huge.closed && huge.body.len() > 100 << 20 && huge.body.lines().count() == 2);
}

#[tokio::test(start_paused = true)]
async fn a_federation_sends_every_launch_to_a_member_and_one_of_them_may_be_bad() {
    let member = |name: &str| Member { name: name.to_owned(), url: String::new(), weight: 50 };
    let members = vec![member("alder"), member("birch")];
    let binder = stand_in(Settings { members, ..settings() });
    binder.set_fault(None, Fault::FederationBadMember);
    let router = binder.router();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..8 {
        let front = launch(&router, 5).await;
        assert_eq!(front.status(), 307);
        let to = front.header("location").unwrap();
        assert!(front.header("set-cookie").unwrap().starts_with("host=http://binder.test/member/"));
        let path = to.trim_start_matches("http://binder.test").to_owned();
        let heard = hear(&router, &get(&path, "accept: text/event-stream\r\n"), 5).await;
        assert_eq!(heard.status(), if path.contains("alder") { 502 } else { 200 }, "{path}");
        seen.insert(path);
    }
    assert_eq!(seen.len(), 2);
    let sticky = "accept: text/event-stream\r\ncookie: host=http://binder.test/member/birch/\r\n";
    assert!(hear(&router, &get(SPEC, sticky), 5).await.header("location").unwrap().contains("birch"));
    let hosts = hear(&router, &get("/active_hosts", ""), 5).await.json();
    assert_eq!(hosts["active_hosts"]["alder"]["prime"], true);
}

#[test]
fn every_fault_has_one_name_and_one_line_for_people() {
    for fault in Fault::ALL {
        assert_eq!(fault.name().parse(), Ok(*fault));
        assert_eq!(serde_json::to_value(fault).unwrap(), fault.name());
        assert!(fault.describe().len() > 8 && !fault.describe().contains('\n'));
    }
    assert!("no-such".parse::<Fault>().is_err());
}
