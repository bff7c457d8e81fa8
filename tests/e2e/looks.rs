//! The looking pages of operators: they show an outage, its runs and its cluster, only to those who may look, and stay whole
//! whatever they are asked for.

use std::time::Duration;

use launchwatch::standin::Fault;
use tower::ServiceExt;

use crate::world::{THREE_PROBES, TOKEN, World, configuration};

const MINUTE: Duration = Duration::from_secs(60);

/// What somebody who may look is shown: status and page.
async fn seen(pages: &axum::Router, path: &str) -> (u16, String) {
    let request = http::Request::get(path).header("authorization", format!("Bearer {TOKEN}"));
    let answer = pages.clone().oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
    let status = answer.status().as_u16();
    let body = axum::body::to_bytes(answer.into_body(), 10_000_000).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// For whoever wants to look at it: `LOOKS_DIR` names a folder that pages are kept in.
fn keep(name: &str, page: &str) {
    if let Ok(folder) = std::env::var("LOOKS_DIR") {
        std::fs::write(format!("{folder}/{name}.html"), page).unwrap();
    }
}

#[track_caller]
fn holds(page: &str, words: &[&str]) {
    for word in words {
        assert!(page.contains(word), "{word} is not in {page}");
    }
    // The pages' policy forbids all three.
    for never in ["style=", "<script>", " onclick"] {
        assert!(!page.contains(never), "{never} is in {page}");
    }
}

/// The first address in a page that begins so.
fn link(page: &str, begin: &str) -> String {
    let from = page.find(&format!("href=\"{begin}")).unwrap_or_else(|| panic!("{begin} is not in {page}"));
    page.get(from + 6..).unwrap().split('"').next().unwrap().replace("&amp;", "&")
}

async fn outage() -> World {
    let world = World::start(configuration(THREE_PROBES), 1).await;
    world.run_for(90 * MINUTE).await;
    world.break_hub(Fault::SpawnerRaises);
    world.run_for(20 * MINUTE).await;
    world
}

#[tokio::test(start_paused = true)]
async fn an_outage_can_be_followed_from_the_overview_down_to_a_run() {
    let world = outage().await;
    let (status, overview) = seen(&world.pages, "/overview").await;
    assert_eq!(status, 200);
    holds(&overview, &["1 failed", "2 passed", "incident for", "spawn_failed", "runs in 6 h", "cached"]);
    keep("overview", &overview);

    let (_, bad) = seen(&world.pages, "/overview?only=bad&q=CACHED%20binder").await;
    assert!(bad.contains("/probes/hub/cached") && !bad.contains("/probes/hub/site"), "{bad}");
    let (_, none) = seen(&world.pages, "/overview?q=nobody").await;
    holds(&none, &["Nothing is found"]);

    let (status, target) = seen(&world.pages, "/targets/hub").await;
    assert_eq!(status, 200);
    holds(&target, &["http://hub.example/", "Incident since", "and goes on", "/probes/hub/site"]);
    keep("target", &target);

    let (status, probe) = seen(&world.pages, "/probes/hub/cached").await;
    assert_eq!(status, 200);
    holds(
        &probe,
        &[
            "every 2 min",
            "starts a server each time",
            "spawn_failed: the Hub could not start the server",
            "Success by hour (UTC), 24 hours",
            "How long it took, 24 hours: median",
            "30 days",
        ],
    );
    keep("probe", &probe);

    let (status, run) = seen(&world.pages, &link(&probe, "/runs/hub/cached/")).await;
    assert_eq!(status, 200);
    holds(
        &run,
        &[
            "spawn_failed",
            "it ended in launch",
            "the Hub could not start the server",
            "What it saw",
            "the run before",
            "it is watched whether a server still comes",
            "/incidents/",
        ],
    );
    keep("run", &run);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn runs_come_page_by_page_and_bad_ones_alone() {
    let world = outage().await;
    let (_, all) = seen(&world.pages, "/probes/hub/site").await;
    let rows = |page: &str| page.matches("<tr id=\"r-").count();
    assert_eq!(rows(&all), 50);
    let older = link(&all, "/probes/hub/site?before=");
    let (status, second) = seen(&world.pages, &older).await;
    assert!(status == 200 && rows(&second) == 50, "{second}");
    assert_ne!(link(&all, "/runs/hub/site/"), link(&second, "/runs/hub/site/"));
    let (_, bad) = seen(&world.pages, "/probes/hub/site?only=bad").await;
    holds(&bad, &["Every run on record passed"]);
    let (_, bad) = seen(&world.pages, "/probes/hub/cached?only=bad&span=7d").await;
    assert!(rows(&bad) >= 4 && !bad.contains("badge passed\">passed</span></td>"), "{bad}");
    holds(&bad, &["The last 7 days"]);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn only_those_who_may_look_are_shown_anything() {
    let world = World::start(configuration(THREE_PROBES), 1).await;
    world.run_for(5 * MINUTE).await;
    for path in
        ["/overview", "/cluster", "/targets/hub", "/probes/hub/site", "/runs/hub/site/2018-07-07T12:00:00Z"]
    {
        let (status, body) = world.get(path).await;
        assert!((300..500).contains(&status) && !body.contains("hub.example"), "{path}: {status} {body}");
    }
    let (_, public) = world.get("/").await;
    assert!(!public.contains("href=\"/overview\""), "{public}");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_said_and_hostile_names_stay_text() {
    let world = World::start(configuration(THREE_PROBES), 1).await;
    world.run_for(5 * MINUTE).await;
    let long = "x".repeat(20_000);
    let hostile = "%3Cscript%3Ealert(1)%3C%2Fscript%3E%E2%80%AE%00%22";
    for name in ["nobody", hostile, &long, "..%2F..%2Fetc"] {
        for path in [
            format!("/targets/{name}"),
            format!("/probes/hub/{name}"),
            format!("/probes/{name}/site"),
            format!("/runs/hub/site/{name}"),
            format!("/runs/hub/{name}/2018-07-07T12:00:00Z"),
        ] {
            let (status, page) = seen(&world.pages, &path).await;
            assert_eq!(status, 404, "{path}");
            assert!(page.contains("There is no") && page.contains("/overview?q="), "{page}");
            assert!(
                !page.contains("<script>alert") && !page.contains('\u{202e}') && page.len() < 5_000,
                "{page}"
            );
        }
    }
    // The ends of time, and a probe whose name begins another target's.
    for path in [
        "/runs/hub/site/9999-12-30T22:00:00.999999Z",
        "/runs/hub/site/-009999-01-02T01:59:59Z",
        "/probes/hub%2Fsite/",
    ] {
        assert_eq!(seen(&world.pages, path).await.0, 404, "{path}");
    }
    let (status, page) = seen(&world.pages, &format!("/overview?q={hostile}&only={hostile}")).await;
    assert_eq!(status, 200);
    holds(&page, &["Nothing is found"]);
    for query in ["before=nonsense", "before=9999-12-30T22:00:00Z", "span=1y", "only=%00"] {
        assert_eq!(seen(&world.pages, &format!("/probes/hub/site?{query}")).await.0, 200, "{query}");
    }
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn when_launchwatch_is_stuck_nothing_is_green() {
    let world = World::start(configuration(THREE_PROBES), 1).await;
    world.run_for(10 * MINUTE).await;
    let pages = world.pages.clone();
    world.stop().await;
    tokio::time::sleep(MINUTE).await;
    let (_, page) = seen(&pages, "/overview").await;
    assert!(page.contains("launchwatch itself is stuck") && !page.contains("badge passed"), "{page}");
}

#[tokio::test(start_paused = true)]
async fn an_empty_cluster_page_says_how_to_fill_it() {
    let world = World::start(configuration(THREE_PROBES), 1).await;
    world.run_for(MINUTE).await;
    let (status, page) = seen(&world.pages, "/cluster").await;
    assert_eq!(status, 200);
    holds(&page, &["hub-drift", "jupyterhub-servers", "api_token: env:JUPYTERHUB_TOKEN", "deploy/rbac.yaml"]);
    keep("cluster-empty", &page);
    world.stop().await;
}
