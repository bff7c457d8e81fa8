//! Health: BinderHub's `/health`, `/versions` and `/metrics`, with the same blind spots as the real ones.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::answer::{self, answer, json};
use super::fault::Fault;
use super::odd;
use super::wire::Json;
use super::world::World;

const VERSION: &str = "0.2.0+2227.gb9fad995";
const BUILDER: &str = "quay.io/jupyterhub/repo2docker:2024.07.0";

/// 200 or 503 with the checks; slow when the hub is; 500 and not JSON when BinderHub itself trips.
pub(crate) async fn health(State(world): State<Arc<World>>) -> Response {
    match world.global_fault() {
        Fault::InternalError => return odd::server_error(),
        Fault::NoFirstByte => return answer::never().await,
        Fault::HubDown | Fault::ProxyDown => world.wait(2.0).await,
        Fault::HubHangs => world.wait(11.0).await,
        _ => world.wait(0.02).await,
    }
    let (ok, body) = checks(&world);
    json(if ok { 200 } else { 503 }, body)
}

/// Whether all hard checks hold, and the whole document. Never looks at whether servers can be started.
pub(crate) fn checks(world: &World) -> (bool, String) {
    let fault = world.global_fault();
    let hub = !matches!(fault, Fault::HubDown | Fault::HubHangs | Fault::ProxyDown);
    let registry = fault != Fault::RegistryDown;
    let (users, builds) = {
        let state = world.state();
        (state.pods() as u64, state.builds.len() as u64)
    };
    let quota = match (fault, world.settings.total_quota) {
        (Fault::TotalQuota, _) => Some(users + builds),
        (_, quota) => quota.map(|q| q as u64),
    };
    let check = |name: &str, ok: bool| Json::new().text("service", name).flag("ok", ok).end();
    // The real check compares `<=`, so a full BinderHub still calls itself healthy.
    let pods = Json::new()
        .text("service", "Pod quota")
        .number("total_pods", users + builds)
        .number("build_pods", builds)
        .number("user_pods", users)
        .raw("quota", &quota.map_or_else(|| "null".to_owned(), |q| q.to_string()))
        .flag("ok", quota.is_none_or(|q| users + builds <= q))
        .flag("_ignore_failure", true)
        .end();
    let all = [check("Docker registry", registry), check("JupyterHub API", hub), pods].join(", ");
    (hub && registry, Json::new().flag("ok", hub && registry).raw("checks", &format!("[{all}]")).end())
}

/// The document of `/versions`.
pub(crate) fn versions() -> String {
    let info = Json::new().text("build_image", BUILDER).end();
    Json::new().raw("builder_info", &info).text("binderhub", VERSION).text("builder", BUILDER).end()
}

pub(crate) async fn versions_page(State(world): State<Arc<World>>) -> Response {
    match world.global_fault() {
        Fault::NoFirstByte => answer::never().await,
        _ => json(200, versions()),
    }
}

/// The few metrics of BinderHub that say something about launches.
pub(crate) async fn metrics(State(world): State<Arc<World>>) -> Response {
    let state = world.state();
    let counts = &state.counts;
    let text = format!(
        "# HELP binderhub_inprogress_builds Builds currently in progress\n\
         # TYPE binderhub_inprogress_builds gauge\n\
         binderhub_inprogress_builds {}.0\n\
         # HELP binderhub_inprogress_launches Launches currently in progress\n\
         # TYPE binderhub_inprogress_launches gauge\n\
         binderhub_inprogress_launches {}.0\n\
         # HELP binderhub_launch_time_seconds Histogram of launch times\n\
         # TYPE binderhub_launch_time_seconds histogram\n\
         binderhub_launch_time_seconds_count{{retries=\"0\",status=\"success\"}} {}.0\n\
         binderhub_launch_time_seconds_count{{retries=\"-1\",status=\"failure\"}} {}.0\n",
        state.builds.len(),
        counts.in_flight,
        counts.ready,
        counts.failed
    );
    answer(200, "text/plain; version=0.0.4; charset=utf-8", text)
}
