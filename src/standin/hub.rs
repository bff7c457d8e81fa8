//! Hub: JupyterHub's REST API for users and their servers.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderMap, Method, Uri, header};
use serde_json::{Value, json};

use super::answer::{self, empty, with};
use super::fault::Fault;
use super::spawn::Order;
use super::world::{Stage, World};
use super::{hub_list, hub_progress, odd};

/// Bytes of a request body that are read; the rest is refused.
const BODY: usize = 64 << 10;

/// Handles every request below `/hub/api`.
pub(crate) async fn api(State(world): State<Arc<World>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().trim_start_matches("/hub/api").trim_matches('/').to_owned();
    let steps: Vec<&str> = path.split('/').collect();
    let name = steps.get(1).copied().unwrap_or_default();
    if let Some(trouble) = trouble(&world, name, &parts.uri).await {
        return headed(trouble);
    }
    let response = match steps.as_slice() {
        [""] => says(200, &json!({"version": "5.3.0"})),
        ["health"] => empty(200),
        _ if !admitted(&world, &parts.headers) => refusal(403, "Missing or invalid credentials."),
        ["info"] => says(200, &json!({"version": "5.3.0", "spawner": {"class": "kubespawner.KubeSpawner"}})),
        ["users"] => hub_list::users(&world, &parts.uri, &parts.headers),
        ["users", name] => user(&world, &parts.method, name).await,
        ["users", name, "server" | "servers"] => server(&world, &parts.method, name, body).await,
        ["users", name, "server" | "servers", "progress"] | ["users", name, "servers", "", "progress"] => {
            hub_progress::progress(&world, name)
        }
        _ => refusal(404, "Not Found"),
    };
    headed(response)
}

/// `/hub/health` and everything else of the hub that is not its API.
pub(crate) async fn pages(State(world): State<Arc<World>>, uri: Uri) -> Response {
    if let Some(trouble) = trouble(&world, "", &uri).await {
        return trouble;
    }
    let path = uri.path();
    if path == "/hub/health" {
        return empty(200);
    }
    if path == "/hub/login" {
        return answer::html(403, answer::page("403 : Forbidden", "You are not logged in here."));
    }
    answer::redirect(302, &format!("/hub/login?next={}", path.replace('/', "%2F")))
}

/// What a hub in trouble answers instead.
async fn trouble(world: &World, name: &str, uri: &Uri) -> Option<Response> {
    match fault_of(world, name) {
        Fault::HubDown => Some(answer::unavailable()),
        Fault::HubHangs | Fault::NoFirstByte => Some(answer::never().await),
        Fault::ProxyDown => Some(answer::hang_up()),
        Fault::InternalError => Some(refusal(500, "Internal Server Error")),
        Fault::Html => Some(odd::web_page()),
        Fault::RedirectLoop => Some(odd::around_again(uri)),
        Fault::TokenRefused => Some(refusal(403, "Missing or invalid credentials.")),
        _ => None,
    }
}

/// The fault of a user: its server's, or that of the prefix `hub/`.
pub(crate) fn fault_of(world: &World, name: &str) -> Fault {
    let spec = world.state().server(name).map(|s| s.spec.clone());
    world.fault(&spec.unwrap_or_else(|| format!("hub/{name}")))
}

/// Whether the request carries one of the hub's tokens.
pub(crate) fn admitted(world: &World, headers: &HeaderMap) -> bool {
    bearer(headers).is_some_and(|token| world.settings.hub_tokens.iter().any(|t| t == token))
}

/// The token of an `Authorization: token …` or `Bearer …` header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (kind, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    (kind.eq_ignore_ascii_case("token") || kind.eq_ignore_ascii_case("bearer")).then_some(token.trim())
}

async fn user(world: &Arc<World>, method: &Method, name: &str) -> Response {
    match method.as_str() {
        "POST" if world.add_user(name, false) => describe(world, 201, name),
        "POST" => refusal(409, &format!("User {name} already exists")),
        "DELETE" => {
            if world.state().server(name).is_some_and(|s| s.stage == Stage::Stopping) {
                return refusal(400, &format!("{name}'s server is in the process of stopping, please wait."));
            }
            if !world.state().users.contains_key(name) {
                return refusal(404, "Not Found");
            }
            if stop(world, name).await.status() != 204 {
                return refusal(400, &format!("{name}'s server is in the process of stopping, please wait."));
            }
            world.state().users.remove(name);
            empty(204)
        }
        "GET" | "HEAD" => describe(world, 200, name),
        _ => refusal(405, "Method Not Allowed"),
    }
}

fn describe(world: &World, status: u16, name: &str) -> Response {
    let state = world.state();
    match state.users.get(name) {
        Some(user) => says(status, &hub_list::model(name, user)),
        None => refusal(404, "Not Found"),
    }
}

async fn server(world: &Arc<World>, method: &Method, name: &str, body: Body) -> Response {
    if !world.state().users.contains_key(name) {
        return refusal(404, &format!("No such user: {name}"));
    }
    match method.as_str() {
        "POST" => start(world, name, body).await,
        "DELETE" => stop(world, name).await,
        _ => refusal(405, "Method Not Allowed"),
    }
}

async fn start(world: &Arc<World>, name: &str, body: Body) -> Response {
    let spec = format!("hub/{name}");
    let fault = world.fault(&spec);
    let pods = world.state().pods();
    if matches!(fault, Fault::TotalQuota | Fault::RepoQuota | Fault::RateLimited)
        || world.settings.server_limit.is_some_and(|limit| pods >= limit)
    {
        let text = "Active server limit exceeded. Try again in a few minutes.";
        return with(refusal(429, text), "retry-after", "60");
    }
    let Ok(bytes) = to_bytes(body, BODY).await else {
        return refusal(400, "Invalid JSON in body of request");
    };
    let options: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let text = |key: &str| options.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (mut image, mut token) = (text("image"), text("token"));
    if image.is_empty() {
        "registry.internal/notebook:latest".clone_into(&mut image);
    }
    if token.is_empty() {
        token = world.dice().token();
    }
    let order = Order { user: name.to_owned(), spec, image, token, attempt: None };
    match world.start(order) {
        Some(_) => empty(202),
        None => refusal(400, &format!("{name} is already running")),
    }
}

/// Stops a server: 204 once it is gone, 202 when that takes longer than the hub waits.
async fn stop(world: &World, name: &str) -> Response {
    let stuck = fault_of(world, name) == Fault::TeardownStuck;
    let found = {
        let mut state = world.state();
        let server = state.server(name);
        server.map(|server| {
            let first = server.stage != Stage::Stopping;
            if server.stage != Stage::Starting && !stuck {
                server.stage = Stage::Stopping;
            }
            if !stuck {
                server.bell.notify_one();
            }
            first
        })
    };
    match found {
        None => empty(204),
        Some(_) if stuck => {
            world.wait(10.0).await;
            empty(202)
        }
        Some(true) => {
            world.wait(1.2).await;
            empty(204)
        }
        Some(false) => empty(202),
    }
}

pub(crate) fn says(status: u16, body: &Value) -> Response {
    answer::json(status, body.to_string())
}

/// An error as the hub writes it.
pub(crate) fn refusal(status: u16, message: &str) -> Response {
    says(status, &json!({"status": status, "message": message}))
}

fn headed(response: Response) -> Response {
    with(response, "x-jupyterhub-version", "5.3.0")
}
