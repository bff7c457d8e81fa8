//! Pages: the launch page, which hands out build tokens, and the page that answers every unknown path.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use maud::{DOCTYPE, PreEscaped, html};

use super::answer::{self, html as html_answer, json};
use super::fault::Fault;
use super::token;
use super::wire::Json;
use super::world::World;

/// `/v2/<provider>/<spec>`: the page a person sees while launching.
pub(crate) async fn launch_page(State(world): State<Arc<World>>, request: Request) -> Response {
    if world.settings.api_only {
        return not_found();
    }
    let spec = request.uri().path().strip_prefix("/v2/").unwrap_or_default();
    if world.fault(spec) == Fault::NoFirstByte {
        return answer::never().await;
    }
    let origin = token::origin(request.headers());
    let token = token::issue(&world.settings.token_secret, spec, &origin, world.now());
    page(config().text("buildToken", &token))
}

/// Any other path: the front page with status 200, or 404 in API-only mode.
pub(crate) async fn other(State(world): State<Arc<World>>) -> Response {
    if world.settings.api_only { not_found() } else { page(config()) }
}

/// `/api/repoproviders`.
pub(crate) async fn providers() -> Response {
    let row = |id: &str, name: &str| Json::new().text("displayName", name).text("id", id).end();
    json(200, format!("[{}, {}]", row("gh", "GitHub"), row("git", "Git repository")))
}

fn config() -> Json {
    Json::new().text("badgeBaseUrl", "").text("baseUrl", "/").text("binderVersion", "0.2.0+2227.gb9fad995")
}

fn page(config: Json) -> Response {
    // The config is JSON from our own writer; `<` is the only character a script element could trip over.
    let script = format!("window.pageConfig = {};", config.end().replace('<', "\\u003c"));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { "Binder" } script { (PreEscaped(script)) } }
            body { div id="root" {} }
        }
    };
    html_answer(200, page.into_string())
}

fn not_found() -> Response {
    html_answer(404, answer::page("404 : Not Found", "There is nothing here."))
}
