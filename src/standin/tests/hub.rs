//! Hub: users, servers, progress and tear-down through JupyterHub's API.

use std::time::Duration;

use super::kit::{Heard, get, hear, request, settings, stand_in};
use crate::standin::{Fault, Settings, StandIn};

const KEY: &str = "authorization: token hub-key\r\n";

async fn call(binder: &StandIn, method: &str, path: &str, body: &str) -> Heard {
    hear(&binder.router(), &request(method, &format!("/hub/api/{path}"), KEY, body), 400).await
}

#[tokio::test(start_paused = true)]
async fn a_server_is_started_followed_used_and_removed() {
    let binder = stand_in(settings());
    assert_eq!(call(&binder, "POST", "users/gauge", "").await.status(), 201);
    assert_eq!(call(&binder, "POST", "users/gauge", "").await.status(), 409);
    assert_eq!(
        call(&binder, "GET", "users/gauge/server/progress", "").await.body,
        "{\"status\": 404, \"message\": null}"
    );
    assert_eq!(call(&binder, "POST", "users/gauge/servers/", "{\"token\": \"own-key\"}").await.status(), 202);
    assert_eq!(call(&binder, "POST", "users/gauge/server", "").await.status(), 400);
    let model = call(&binder, "GET", "users/gauge", "").await.json();
    assert_eq!(
        (&model["servers"][""]["pending"], &model["servers"][""]["ready"]),
        (&"spawn".into(), &false.into())
    );
    let progress = call(&binder, "GET", "users/gauge/server/progress", "").await;
    assert!(
        progress.closed
            && progress
                .body
                .starts_with("\n\ndata: {\"progress\": 0, \"message\": \"Server requested\"}\n\n")
    );
    let last = progress.events().pop().unwrap();
    assert_eq!((&last["ready"], &last["url"]), (&true.into(), &"/user/gauge/".into()));
    let again = call(&binder, "GET", "users/gauge/server/progress", "").await;
    assert!(again.body.starts_with("data: {\"progress\": 100, \"ready\": true"));
    let status = get("/user/gauge/api/status", "authorization: token own-key\r\n");
    assert_eq!(hear(&binder.router(), &status, 5).await.json()["kernels"], 0);
    assert_eq!(call(&binder, "DELETE", "users/gauge/server", "").await.status(), 204);
    assert_eq!(call(&binder, "DELETE", "users/gauge", "").await.status(), 204);
    assert_eq!(call(&binder, "GET", "users/gauge", "").await.status(), 404);
    assert_eq!(binder.snapshot().servers_running, 0);
}

#[tokio::test(start_paused = true)]
async fn the_hub_tells_why_a_start_failed_also_afterwards() {
    let binder = stand_in(settings());
    binder.set_fault(Some("hub/"), Fault::NeverReady);
    call(&binder, "POST", "users/gauge", "").await;
    call(&binder, "POST", "users/gauge/servers/", "").await;
    let live = call(&binder, "GET", "users/gauge/server/progress", "").await;
    assert!(live.closed && (29.0..34.0).contains(&live.took), "{}", live.took);
    assert_eq!(live.events().pop().unwrap()["failed"], true);
    let after = call(&binder, "GET", "users/gauge/server/progress", "").await;
    assert_eq!(after.events().len(), 1);
    assert!(
        after.body.starts_with(
            "data: {\"progress\": 100, \"failed\": true, \"message\": \"Spawn failed: Server at"
        )
    );
    assert_eq!(binder.snapshot().servers_starting, 0);
}

#[tokio::test(start_paused = true)]
async fn a_hub_in_trouble_answers_as_the_proxy_does() {
    let binder = stand_in(settings());
    let table = [
        (Fault::HubDown, 503, true),
        (Fault::InternalError, 500, true),
        (Fault::TokenRefused, 403, true),
        (Fault::ProxyDown, 0, true),
        (Fault::HubHangs, 0, false),
    ];
    for (fault, status, closed) in table {
        binder.set_fault(None, fault);
        let heard = call(&binder, "GET", "users", "").await;
        assert_eq!((heard.status(), heard.closed), (status, closed), "{fault}");
    }
    binder.clear_faults();
    assert_eq!(hear(&binder.router(), &get("/hub/api/users", ""), 5).await.status(), 403);
    assert_eq!(hear(&binder.router(), &get("/hub/api/", ""), 5).await.json()["version"], "5.3.0");
    assert_eq!(hear(&binder.router(), &get("/hub/api/health", ""), 5).await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_long_list_is_cut_without_notice_unless_pages_are_asked_for() {
    let binder = stand_in(settings());
    for n in 0..230 {
        binder.adopt(&format!("gauge-{n:03}"), "own-key", "gh/harbour/tide-tables/HEAD");
    }
    assert_eq!(call(&binder, "GET", "users?state=active", "").await.json().as_array().unwrap().len(), 200);
    let pages = format!("{KEY}accept: application/jupyterhub-pagination+json\r\n");
    let mut path = "/hub/api/users?state=active&limit=100".to_owned();
    let mut names = Vec::new();
    loop {
        let page = hear(&binder.router(), &get(&path, &pages), 5).await.json();
        names.extend(page["items"].as_array().unwrap().iter().map(|u| u["name"].to_string()));
        assert_eq!(page["_pagination"]["total"], 230);
        match page["_pagination"]["next"]["url"].as_str() {
            Some(next) => next.clone_into(&mut path),
            None => break,
        }
    }
    names.dedup();
    assert_eq!(names.len(), 230);
}

#[tokio::test(start_paused = true)]
async fn a_full_hub_says_so_with_429() {
    let binder = stand_in(Settings { server_limit: Some(0), ..settings() });
    call(&binder, "POST", "users/gauge", "").await;
    let heard = call(&binder, "POST", "users/gauge/servers/", "").await;
    assert_eq!((heard.status(), heard.header("retry-after").as_deref()), (429, Some("60")));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_shut_itself_down_is_unavailable_then_forgotten() {
    let binder = stand_in(settings());
    binder.adopt("gauge", "own-key", "gh/harbour/tide-tables/HEAD");
    let own = "authorization: token own-key\r\n";
    let stop = request("POST", "/user/gauge/api/shutdown", own, "");
    assert_eq!(hear(&binder.router(), &stop, 5).await.status(), 200);
    assert_eq!(hear(&binder.router(), &get("/user/gauge/api/status", own), 5).await.status(), 503);
    assert_eq!(binder.snapshot().servers_running, 0);
    tokio::time::sleep(Duration::from_secs(31)).await;
    let lost = hear(&binder.router(), &get("/user/gauge/api/status", own), 5).await;
    assert_eq!(
        (lost.status(), lost.header("location").as_deref()),
        (302, Some("/hub/user/gauge/api/status"))
    );
    let login = hear(&binder.router(), &get("/hub/user/gauge/api/status", ""), 5).await;
    assert!(login.header("location").unwrap().starts_with("/hub/login?next="));
    assert_eq!(hear(&binder.router(), &get("/hub/login", ""), 5).await.status(), 403);
}

#[tokio::test(start_paused = true)]
async fn a_stuck_tear_down_accepts_everything_and_the_server_stays() {
    let binder = stand_in(settings());
    binder.adopt("gauge", "own-key", "gh/harbour/tide-tables/HEAD");
    binder.set_fault(None, Fault::TeardownStuck);
    let stop = request("POST", "/user/gauge/api/shutdown", "authorization: token own-key\r\n", "");
    assert_eq!(hear(&binder.router(), &stop, 5).await.status(), 200);
    assert_eq!(call(&binder, "DELETE", "users/gauge/server", "").await.status(), 202);
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(binder.snapshot().servers_running, 1);
    binder.clear_faults();
    assert_eq!(call(&binder, "DELETE", "users/gauge/server", "").await.status(), 204);
    assert_eq!(binder.snapshot().servers_running, 0);
}
