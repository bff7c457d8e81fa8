//! BinderHub of a member: pages, health, figures, and launches that go as the file says.

mod figures;
mod launches;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{any, get};
use serde_json::{Value, json};

use super::house::House;
use crate::rehearsal::scenario::NoAnswer;
use crate::standin::{answer, token};

pub(crate) fn router(house: Arc<House>) -> Router {
    Router::new()
        .route("/build/{*rest}", any(launches::build))
        .route("/v2/{*rest}", get(page))
        .route("/health", get(health))
        .route("/versions", get(versions))
        .route("/metrics", get(figures::page))
        .route("/api/repoproviders", get(providers))
        .fallback(front)
        .with_state(house)
}

/// Whether BinderHub's pages answer at all now; waits for ever if not.
pub(crate) async fn awake(house: &House) {
    if house.health(house.t()).is_some_and(|h| h.status == Some(0)) {
        futures::future::pending::<()>().await;
    }
}

/// Why a connection to a host of this member does not come about now, if it does not and the file says how: pages
/// without an answer go the way of launches.
pub(crate) fn broken(house: &House, health_status: Option<u16>) -> Option<NoAnswer> {
    if health_status != Some(0) {
        return None;
    }
    let error = house.peek("gh/launchwatch/cached")?.http.error?;
    (error != NoAnswer::Timeout).then_some(error)
}

async fn page(State(house): State<Arc<House>>, request: Request) -> Response {
    awake(&house).await;
    let spec = request.uri().path().strip_prefix("/v2/").unwrap_or_default();
    let token = token::issue("rehearsal", spec, &token::origin(request.headers()), house.clock.now());
    let config = json!({"baseUrl": "/", "badgeBaseUrl": "", "buildToken": token});
    html(&format!("window.pageConfig = {config};"))
}

async fn front(State(house): State<Arc<House>>) -> Response {
    awake(&house).await;
    html("window.pageConfig = {\"baseUrl\": \"/\"};")
}

fn html(script: &str) -> Response {
    let head = "<!DOCTYPE html><html lang=\"en\"><head><title>Binder</title><script>";
    answer::html(200, format!("{head}{script}</script></head><body><div id=\"root\"></div></body></html>"))
}

async fn providers(State(house): State<Arc<House>>) -> Response {
    awake(&house).await;
    answer::json(200, r#"[{"displayName": "GitHub", "id": "gh"}]"#.to_owned())
}

async fn versions(State(house): State<Arc<House>>) -> Response {
    let t = house.t();
    let health = house.health(t);
    let status = health.and_then(|h| h.versions_status.or(h.status)).unwrap_or(200);
    let tag = health.and_then(|h| h.versions_tag.as_deref()).unwrap_or("v1");
    told(status, &json!({"builder_info": {"build_image": format!("repo2docker:{tag}")}, "binderhub": tag}))
        .await
}

/// A page with a status; 0 is silence, and what is no success has no JSON.
async fn told(status: u16, body: &Value) -> Response {
    match status {
        0 => answer::never().await,
        200..=299 | 503 => answer::json(status, body.to_string()),
        _ => answer::html(status, answer::page("error", "upstream error")),
    }
}

async fn health(State(house): State<Arc<House>>) -> Response {
    let t = house.t();
    let Some(health) = house.health(t) else {
        return told(200, &json!({"ok": true, "checks": checks(&house, t)})).await;
    };
    let status = health.status.unwrap_or(200);
    if status == 0 {
        return answer::never().await;
    }
    tokio::time::sleep(Duration::from_millis(15)).await;
    if !health.json {
        return answer::html(status, answer::page("503 Service Temporarily Unavailable", "nginx"));
    }
    let ok = health.ok.unwrap_or(status == 200);
    let body = json!({"ok": ok, "checks": checks(&house, t)});
    answer::json(status, body.to_string())
}

fn checks(house: &House, t: f64) -> Vec<Value> {
    let told = house.health(t).map(|h| h.checks.as_slice()).unwrap_or_default();
    if told.is_empty() {
        return vec![json!({"service": "JupyterHub API", "ok": true})];
    }
    let mut all = Vec::new();
    for check in told {
        if check.service != "Pod quota" {
            let mut row = json!({"service": check.service, "ok": check.ok});
            if check.ignored
                && let Some(row) = row.as_object_mut()
            {
                row.insert("_ignore_failure".to_owned(), json!(true));
            }
            all.push(row);
            continue;
        }
        let quota = check.quota.or_else(|| house.scenario.deployment.pod_quota.get(&house.name).copied());
        let users = house.courses.users.count(t);
        let builds = house.courses.builds.count(t);
        let total = check.total_pods.map_or(users + builds, super::course::whole);
        let users = if check.total_pods.is_some() { total.saturating_sub(builds) } else { users };
        #[expect(clippy::cast_precision_loss, reason = "thousands at most")]
        let ok = check.ok && quota.is_none_or(|q| total as f64 <= q);
        all.push(json!({
            "service": "Pod quota", "ok": ok, "total_pods": total, "build_pods": total - users.min(total),
            "user_pods": users, "quota": quota.map(super::course::whole), "_ignore_failure": true,
        }));
    }
    all
}
