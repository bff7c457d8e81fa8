//! Hub of a member: its API as the file says, and the servers of own launches behind its proxy.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::{any, delete, get};
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::crowd::{Doing, Server};
use super::house::House;
use super::kube::query;
use super::launch::{Attempt, Launch};
use crate::rehearsal::scenario::Fate;
use crate::standin::wire::quote;
use crate::standin::{Fault, answer};

/// Users in an answer to a client that does not ask for pages: cut without any notice.
const CUT: usize = 200;
const PAGE: usize = 50;
const PAGES: &str = "application/jupyterhub-pagination+json";
/// Prefix of what servers with a broken kernel are made from.
const BROKEN: &str = "rehearsal/broken";

pub(crate) fn router(house: Arc<House>) -> Router {
    house.servers.set_fault(Some(BROKEN), Fault::KernelHangs);
    Router::new()
        .route("/hub/api/health", get(health))
        .route("/hub/health", get(health))
        .route("/hub/api", get(version))
        .route("/hub/api/", get(version))
        .route("/hub/api/metrics", get(figures))
        .route("/hub/metrics", get(figures))
        .route("/hub/api/users", get(users))
        .route("/hub/api/users/{name}", get(one).delete(remove))
        .route("/hub/api/users/{name}/server", delete(remove))
        .route("/hub/api/users/{name}/servers/{server}", delete(remove))
        .route("/user/{name}/{*rest}", any(server))
        .fallback(missing)
        .with_state(house)
}

async fn missing() -> Response {
    answer::json(404, json!({"status": 404, "message": "Not Found"}).to_string())
}

async fn health(State(house): State<Arc<House>>) -> Response {
    let told = house.health(house.t());
    let status = told.and_then(|h| h.hub_status).unwrap_or(200);
    let latency = told.and_then(|h| h.hub_latency_ms).unwrap_or(20.0);
    wait(latency).await;
    match status {
        0 => answer::never().await,
        200 => answer::empty(200),
        _ => answer::html(status, answer::page("error", "upstream error")),
    }
}

async fn wait(millis: f64) {
    tokio::time::sleep(Duration::from_secs_f64((millis / 1000.0).clamp(0.0, 3600.0))).await;
}

/// Whether the API answers now: what it says instead, if not. Takes as long as the file says.
async fn disturbed(house: &House) -> Option<Response> {
    let (status, latency) = house.hub_answers(house.t());
    wait(latency).await;
    match status {
        200 => None,
        0 => Some(answer::never().await),
        _ => Some(answer::html(status, answer::page("error", "upstream error"))),
    }
}

async fn version(State(house): State<Arc<House>>) -> Response {
    match disturbed(&house).await {
        Some(instead) => instead,
        None => answer::json(200, json!({"version": "5.4.0"}).to_string()),
    }
}

async fn figures(State(house): State<Arc<House>>) -> Response {
    if let Some(instead) = disturbed(&house).await {
        return instead;
    }
    let crowd = house.crowd();
    let text = format!(
        "jupyterhub_running_servers {}\njupyterhub_total_users {}\n",
        crowd.servers.len(),
        crowd.users_total
    );
    answer::answer(200, "text/plain; version=0.0.4; charset=utf-8", text)
}

fn admitted(house: &House, request: &Request) -> Option<Response> {
    let given =
        request.headers().get(header::AUTHORIZATION).and_then(|a| a.to_str().ok()).unwrap_or_default();
    let token = given.split_once(' ').map_or("", |(_, token)| token.trim());
    (token != house.hub_token).then(|| {
        answer::json(403, json!({"status": 403, "message": "Missing or invalid credentials."}).to_string())
    })
}

async fn users(State(house): State<Arc<House>>, request: Request) -> Response {
    if let Some(instead) = disturbed(&house).await {
        return instead;
    }
    if let Some(refused) = admitted(&house, &request) {
        return refused;
    }
    let uri = request.uri();
    let number = |name: &str| query(uri, name).and_then(|n| n.parse::<usize>().ok());
    let paged = request.headers().get(header::ACCEPT).and_then(|a| a.to_str().ok()) == Some(PAGES);
    let offset = number("offset").unwrap_or(0);
    let limit = number("limit").unwrap_or(if paged { PAGE } else { CUT }).clamp(1, CUT);
    let wanted = query(uri, "state");
    let crowd = house.crowd();
    let ready = |s: &&Server| wanted.as_deref() != Some("ready") || s.doing != Doing::Spawn;
    let none = wanted.as_deref() == Some("inactive");
    let servers: Vec<&Server> = crowd.servers.iter().filter(ready).filter(|_| !none).collect();
    let idle = if matches!(wanted.as_deref(), None | Some("inactive")) {
        crowd.users_total.saturating_sub(crowd.servers.len())
    } else {
        0
    };
    let total = servers.len() + idle;
    let mut items: Vec<String> = servers.iter().skip(offset).take(limit).map(|s| user(&house, s)).collect();
    let before = offset.max(servers.len());
    for n in before..total.min(offset + limit) {
        items.push(nobody(&house, n - servers.len()));
    }
    let after = offset + items.len();
    let items = items.join(",");
    if !paged {
        return answer::json(200, format!("[{items}]"));
    }
    let state = wanted.map_or_else(String::new, |s| format!("&state={s}"));
    let base = format!("{}hub/api/users?offset={after}&limit={limit}{state}", house.hub_url);
    let next =
        if after < total { json!({"offset": after, "limit": limit, "url": base}) } else { Value::Null };
    let pages = json!({"offset": offset, "limit": limit, "total": total, "next": next});
    let body = format!(r#"{{"items":[{items}],"_pagination":{pages}}}"#);
    answer::answer(200, PAGES, body)
}

/// A user with a server, as the Hub describes it.
fn user(house: &House, server: &Server) -> String {
    let (pending, ready) = match server.doing {
        Doing::Spawn => ("\"spawn\"", false),
        Doing::Stop => ("\"stop\"", true),
        Doing::Nothing => ("null", true),
    };
    let (started, active) = (house.date(server.started), house.date(server.last_activity));
    let name = quote(&server.user);
    let user = &server.user;
    format!(
        "{{\"name\":{name},\"kind\":\"user\",\"admin\":false,\"created\":\"{started}\",\"last_activity\":\"{active}\",\
            \"pending\":{pending},\"server\":null,\"servers\":{{\"\":{{\"name\":\"\",\"ready\":{ready},\"pending\":{pending},\
            \"stopped\":false,\"started\":\"{started}\",\"last_activity\":\"{active}\",\"url\":\"/user/{user}/\",\
            \"progress_url\":\"/hub/api/users/{user}/server/progress\",\"user_options\":{{\"token\":\"not-a-real-one\"}}}}}}}}",
    )
}

fn nobody(house: &House, n: usize) -> String {
    let name = house.dice(71, n as u64).word(10);
    format!(
        r#"{{"name":"visitor-{name}","kind":"user","admin":false,"pending":null,"server":null,"servers":{{}}}}"#
    )
}

async fn one(State(house): State<Arc<House>>, Path(name): Path<String>, request: Request) -> Response {
    if let Some(instead) = disturbed(&house).await {
        return instead;
    }
    if let Some(refused) = admitted(&house, &request) {
        return refused;
    }
    match house.crowd().servers.iter().find(|s| s.user == name) {
        Some(server) => answer::json(200, user(&house, server)),
        None => missing().await,
    }
}

/// Ends a server. Only own ones can be ended: nobody else's may be touched.
async fn remove(State(house): State<Arc<House>>, request: Request) -> Response {
    if let Some(instead) = disturbed(&house).await {
        return instead;
    }
    if let Some(refused) = admitted(&house, &request) {
        return refused;
    }
    let name =
        request.uri().path().trim_start_matches("/hub/api/users/").split('/').next().unwrap_or_default();
    let running = house.crowd().servers.iter().any(|s| s.user == name);
    if house.end_server(name) && running { answer::empty(204) } else { missing().await }
}

/// The server of an own launch; what it is like, the outcome says.
async fn server(
    State(house): State<Arc<House>>,
    Path((name, rest)): Path<(String, String)>,
    request: Request,
) -> Response {
    let fate = {
        let own = house.own();
        let mine = |l: &&Launch| l.attempts.iter().any(|a| a.user == name);
        own.launches.iter().rev().find(mine).map(|l| l.outcome.server)
    };
    let Some(fate) = fate else { return answer::html(404, answer::page("404", "no such server")) };
    if rest == "api/shutdown" && request.method() == Method::POST {
        house.end_server(&name);
        let answer = house.servers.router().oneshot(request).await;
        return match fate.shutdown_status {
            0 => answer::never().await,
            200 => answer.unwrap_or_else(|never| match never {}),
            status => answer::html(status, answer::page("error", "the server does not end")),
        };
    }
    if fate.api_status != 200 {
        return match fate.api_status {
            0 => answer::never().await,
            status => answer::html(status, answer::page("error", "the server does not answer")),
        };
    }
    match house.servers.router().oneshot(request).await {
        Ok(mut response) => {
            // The proxy's own page for a route that is gone.
            if response.status() == StatusCode::FOUND {
                response = answer::html(424, answer::page("424", "the server is not running"));
            }
            response
        }
        Err(never) => match never {},
    }
}

impl House {
    /// Puts the server of a launch in its place.
    pub(crate) fn adopt(&self, launch: &Launch, attempt: &Attempt) {
        let spec = match launch.outcome.server.kernel {
            Fate::Works => "rehearsal/works",
            Fate::Fails => BROKEN,
        };
        self.servers.adopt(&attempt.user, &launch.token, spec);
    }
}
