//! Facts of the protocol: a request and the first thing said to it.

use super::kit::{SPEC, get, hear, launch, request, settings, stand_in};
use crate::standin::Settings;

#[tokio::test(start_paused = true)]
async fn every_request_gets_the_first_event_of_the_real_server() {
    let sse = "accept: text/event-stream\r\n";
    let table: &[(&str, String, &str)] = &[
        (
            "cached",
            get(SPEC, sse),
            "\"phase\": \"built\", \"imageName\": \"registry.internal/r2d-harbour-2dtide",
        ),
        ("q value", get(SPEC, "accept: text/event-stream;q=1\r\n"), "\"phase\": \"built\""),
        (
            "no accept",
            get(SPEC, ""),
            "\"status_code\": 400, \"message\": \"Missing Accept header: text/event-stream\\n\"",
        ),
        ("list", get(SPEC, "accept: text/event-stream, */*\r\n"), "\"status_code\": 400"),
        (
            "post",
            request("POST", SPEC, sse, ""),
            "{\"phase\": \"failed\", \"status_code\": 405, \"message\": \"Method Not Allowed\\n\"}",
        ),
        (
            "provider",
            get("/build/zz/a/b/HEAD", sse),
            "{\"phase\": \"failed\", \"message\": \"No provider found for prefix zz\\n\"}",
        ),
        (
            "half a spec",
            get("/build/gh/a/b", sse),
            "provided: \\\"a/b\\\". Did you mean \\\"a/b/HEAD\\\"?\\n\"}",
        ),
        ("no spec", get("/build/gh/a", sse), "provided: \\\"a\\\".\\n\"}"),
        (
            "build only",
            get(&format!("{SPEC}?build_only=true"), sse),
            "\"status_code\": 400, \"message\": \"Building but not",
        ),
        (
            "token",
            get(&format!("{SPEC}?build_token=x.y.z"), sse),
            "{\"phase\": \"failed\", \"status_code\": 403, \"message\": \"Invalid build token\\n\"}",
        ),
        (
            "git",
            get("/build/git/https%3A%2F%2Fharbour.test%2Ftides/main", sse),
            "r2d-https-2d-2d-2dharbour-2dtest",
        ),
    ];
    let router = stand_in(settings()).router();
    for (name, request, want) in table {
        let heard = hear(&router, request, 2).await;
        assert_eq!(heard.status(), 200, "{name}");
        assert_eq!(heard.header("content-type").as_deref(), Some("text/event-stream"), "{name}");
        let first = heard.body.lines().next().unwrap_or_default();
        assert!(first.starts_with("data: ") && first.contains(want), "{name}: {first}");
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_have_a_length_and_admitted_launches_are_chunked_and_counted() {
    let router = stand_in(settings()).router();
    let refused = hear(&router, &get(SPEC, ""), 2).await;
    assert!(refused.header("content-length").is_some() && refused.header("x-ratelimit-limit").is_none());
    let admitted = launch(&router, 1).await;
    assert_eq!(admitted.header("transfer-encoding").as_deref(), Some("chunked"));
    assert_eq!(admitted.header("x-ratelimit-remaining").as_deref(), Some("9"));
    assert_eq!(admitted.header("date").as_deref(), Some("Sun, 22 Nov 2026 09:00:00 GMT"));
}

#[tokio::test(start_paused = true)]
async fn the_eleventh_launch_without_token_is_refused_until_the_hour_is_over() {
    let router = stand_in(settings()).router();
    for _ in 0..10 {
        assert!(launch(&router, 1).await.body.contains("built"));
    }
    let refused = launch(&router, 1).await;
    assert!(refused.body.contains(
        "\"status_code\": 429, \"message\": \"Rate limit exceeded. Try again in 3600 seconds.\\n\""
    ));
    tokio::time::sleep(std::time::Duration::from_secs(3600)).await;
    assert!(launch(&router, 1).await.body.contains("built"));
}

#[tokio::test(start_paused = true)]
async fn unknown_paths_are_a_page_and_the_documents_have_todays_shape() {
    let router = stand_in(settings()).router();
    let page = hear(&router, &get("/_config", ""), 2).await;
    assert!(
        page.status() == 200 && page.body.contains("window.pageConfig") && !page.body.contains("buildToken")
    );
    let health = hear(&router, &get("/health", ""), 2).await;
    let want = "{\"ok\": true, \"checks\": [{\"service\": \"Docker registry\", \"ok\": true}, {\"service\": \"JupyterHub API\", \"ok\": true}, {\"service\": \"Pod quota\", \"total_pods\": 0, \"build_pods\": 0, \"user_pods\": 0, \"quota\": null, \"ok\": true, \"_ignore_failure\": true}]}";
    assert_eq!(health.body, want);
    let versions = hear(&router, &get("/versions", ""), 2).await.json();
    assert_eq!(versions["builder_info"]["build_image"], versions["builder"]);
    assert!(hear(&router, &get("/metrics", ""), 2).await.body.contains("binderhub_inprogress_launches 0.0"));
}

#[tokio::test(start_paused = true)]
async fn api_only_mode_has_no_pages_and_may_build_without_launching() {
    let router = stand_in(Settings { api_only: true, ..settings() }).router();
    assert_eq!(hear(&router, &get("/v2/gh/harbour/tide-tables/HEAD", ""), 2).await.status(), 404);
    let request = get(&format!("{SPEC}?build_only=true"), "accept: text/event-stream\r\n");
    let heard = hear(&router, &request, 2).await;
    assert!(
        heard.closed
            && heard.body.contains("\"message\": \"Done! Found built image\\n\"")
            && !heard.body.contains("url")
    );
}
