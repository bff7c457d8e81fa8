//! Build tokens: good for one spec, one origin and five minutes.

use std::time::Duration;

use super::kit::{get, hear, settings, stand_in};

#[tokio::test(start_paused = true)]
async fn a_build_token_opens_exactly_its_spec_from_its_origin_for_five_minutes() {
    let router = stand_in(settings()).router();
    let spec = "gh/harbour/tide-tables/HEAD";
    let page = hear(&router, &get(&format!("/v2/{spec}"), ""), 2).await.body;
    let token = page.split("\"buildToken\": \"").nth(1).and_then(|t| t.split('"').next()).unwrap().to_owned();
    let ask = |spec: &str, token: &str, headers: &str| {
        let headers = format!("accept: text/event-stream\r\n{headers}");
        get(&format!("/build/{spec}?build_token={token}"), &headers)
    };
    let other = "origin: https://elsewhere.test\r\n";
    let same = "origin: https://binder.test\r\n";
    let table = [
        ("as issued", ask(spec, &token, ""), true),
        ("same origin by header", ask(spec, &token, same), true),
        ("other origin", ask(spec, &token, other), false),
        ("other ref", ask("gh/harbour/tide-tables/main", &token, ""), false),
        ("escaped otherwise", ask("gh/harbour/tide%2Dtables/HEAD", &token, ""), false),
        ("altered", ask(spec, &format!("{token}x"), ""), false),
        ("nonsense", ask(spec, "a.b", ""), false),
    ];
    for (name, request, good) in &table {
        let body = hear(&router, request, 1).await.body;
        assert_eq!(body.contains("\"phase\": \"built\""), *good, "{name}: {body}");
        assert_eq!(
            body.contains("\"status_code\": 403, \"message\": \"Invalid build token\\n\""),
            !good,
            "{name}"
        );
    }
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert!(hear(&router, &ask(spec, &token, ""), 1).await.body.contains("Invalid build token"));
}

#[tokio::test(start_paused = true)]
async fn launches_with_a_token_are_not_limited() {
    let router = stand_in(settings()).router();
    for _ in 0..12 {
        let page = hear(&router, &get("/v2/gh/harbour/tide-tables/HEAD", ""), 2).await.body;
        let token =
            page.split("\"buildToken\": \"").nth(1).and_then(|t| t.split('"').next()).unwrap().to_owned();
        let path = format!("{}?build_token={token}", super::kit::SPEC);
        let heard = hear(&router, &get(&path, "accept: text/event-stream\r\n"), 1).await;
        assert!(heard.body.contains("built") && heard.header("x-ratelimit-limit").is_none());
    }
}
