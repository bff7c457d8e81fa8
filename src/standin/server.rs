//! Server: the REST API of a single-user Jupyter server, as seen through the proxy.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use http::{Method, Uri};
use serde_json::{Value, json};

use super::admit::query;
use super::answer::{self, empty, redirect, with};
use super::fault::Fault;
use super::hub::{self, says};
use super::world::{Kernel, Stage, World};
use super::{channels, wire};

/// Handles every request below `/user/<name>/`.
pub(crate) async fn user(State(world): State<Arc<World>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let rest = path.trim_start_matches("/user/");
    let (name, rest) = rest.split_once('/').unwrap_or((rest, ""));
    let known = world.state().server(name).map(|s| (s.spec.clone(), s.stage));
    let fault = match &known {
        Some((spec, _)) => world.fault(spec),
        None => world.global_fault(),
    };
    match (fault, known) {
        (Fault::ProxyDown, _) => answer::hang_up(),
        (_, None | Some((_, Stage::Starting))) | (Fault::ServerLoginRedirect, _) => {
            redirect(302, &format!("/hub/user/{name}/{rest}"))
        }
        (Fault::Server503, _) | (_, Some((_, Stage::Ended | Stage::Stopping))) => answer::unavailable(),
        (fault, Some(_)) => inside(&world, name, rest, fault, request).await,
    }
}

/// The server itself.
async fn inside(world: &Arc<World>, name: &str, rest: &str, fault: Fault, request: Request) -> Response {
    let steps: Vec<&str> = rest.trim_matches('/').split('/').collect();
    if steps == ["api"] {
        return says(200, &json!({"version": "2.17.0"}));
    }
    if !admitted(world, name, &request) {
        return says(403, &json!({"message": "Forbidden", "reason": null}));
    }
    let method = request.method().clone();
    match (method.as_str(), steps.as_slice()) {
        ("GET", ["api", "status"]) => status(world, name),
        ("GET", ["api", "kernels"]) => kernels(world, name),
        ("POST", ["api", "kernels"]) => {
            touch(world, name);
            create(world, name, request.uri()).await
        }
        (_, ["api", "kernels", id]) => kernel(world, name, id, &method),
        ("GET", ["api", "kernels", id, "channels"]) => {
            touch(world, name);
            channels::open(world, name, id, fault, request).await
        }
        ("POST", ["api", "shutdown"]) => {
            shut_down(world, name, fault);
            says(200, &json!({"message": "Shutting down Jupyter server"}))
        }
        _ => says(404, &json!({"message": "Not Found", "reason": null})),
    }
}

fn admitted(world: &World, name: &str, request: &Request) -> bool {
    let given = hub::bearer(request.headers()).or_else(|| query(request.uri(), "token"));
    let own = world.state().server(name).is_some_and(|s| given == Some(s.token.as_str()));
    own || hub::admitted(world, request.headers())
}

fn touch(world: &World, name: &str) {
    let now = world.now();
    if let Some(server) = world.state().server(name) {
        server.last_activity = now;
        server.active_at = tokio::time::Instant::now();
    }
}

fn status(world: &World, name: &str) -> Response {
    let mut state = world.state();
    let Some(server) = state.server(name) else {
        return answer::unavailable();
    };
    let body = json!({
        "connections": 0,
        "kernels": server.kernels.len(),
        "last_activity": server.last_activity.to_string(),
        "started": server.started.to_string(),
    });
    says(200, &body)
}

fn model(id: &str, kernel: &Kernel) -> Value {
    json!({
        "id": id,
        "name": kernel.name,
        "last_activity": kernel.started.to_string(),
        "execution_state": "starting",
        "connections": 0,
    })
}

fn kernels(world: &World, name: &str) -> Response {
    let mut state = world.state();
    let list = state.server(name).map(|s| s.kernels.iter().map(|(id, k)| model(id, k)).collect::<Vec<_>>());
    says(200, &Value::Array(list.unwrap_or_default()))
}

/// 201, also when the kernel is about to die: the server does not wait to see.
async fn create(world: &World, name: &str, uri: &Uri) -> Response {
    world.wait(0.1).await;
    let id = world.dice().uuid();
    let kernel = Kernel { name: "python3".to_owned(), started: world.now() };
    let body = model(&id, &kernel);
    if let Some(server) = world.state().server(name) {
        server.kernels.insert(id.clone(), kernel);
    }
    with(says(201, &body), "location", &format!("{}/{id}", uri.path().trim_end_matches('/')))
}

fn kernel(world: &World, name: &str, id: &str, method: &Method) -> Response {
    let mut state = world.state();
    let found = state.server(name).and_then(|server| {
        let body = model(id, server.kernels.get(id)?);
        if method == Method::DELETE {
            server.kernels.remove(id);
        }
        Some(body)
    });
    match found {
        Some(_) if method == Method::DELETE => empty(204),
        Some(body) => says(200, &body),
        None => says(
            404,
            &json!({"message": format!("Kernel does not exist: {}", wire::quote(id)), "reason": null}),
        ),
    }
}

/// The process ends while answering; the hub notices at its next poll.
fn shut_down(world: &World, name: &str, fault: Fault) {
    if fault == Fault::TeardownStuck {
        return;
    }
    if let Some(server) = world.state().server(name) {
        server.stage = Stage::Ended;
        server.bell.notify_one();
    }
}
