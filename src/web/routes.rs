//! THE TABLE of routes: what is asked, who may ask it, who answers. The router, the policy and its tests are made from it.

use axum::Router;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter};

use super::access::{self, Need};
use super::{Sources, api, assets, health, live, looks, runbook, status};

/// One route.
pub(super) struct Row {
    pub(super) method: Method,
    /// As axum writes it: `/incidents/{id}`.
    pub(super) path: &'static str,
    pub(super) need: Need,
    handler: fn() -> MethodRouter<Sources>,
}

macro_rules! routes {
    ($($method:ident $path:literal $need:ident $handler:path;)*) => {
        /// Every route there is.
        pub(super) fn all() -> Vec<Row> {
            vec![$(Row {
                method: Method::$method,
                path: $path,
                need: Need::$need,
                handler: || axum::routing::on(MethodFilter::$method, $handler),
            }),*]
        }
    };
}

routes! {
    // What keeps others informed about the process itself.
    GET    "/healthz"                                  Anybody  health::live;
    GET    "/readyz"                                   Anybody  health::ready;
    GET    "/metrics"                                  Anybody  super::metrics;
    GET    "/assets/{name}"                            Anybody  assets::one;
    // What the public sees.
    GET    "/"                                         Public   status::front;
    GET    "/status/{target}"                          Public   status::target;
    GET    "/history"                                  Public   status::past;
    GET    "/live"                                     Public   live::stream;
    GET    "/runbooks"                                 Public   runbook::list;
    GET    "/runbooks/{label}"                         Public   runbook::one;
    // Operators' looking pages.
    GET    "/overview"                                 Viewer   looks::overview::page;
    GET    "/targets/{target}"                         Viewer   looks::target::page;
    GET    "/probes/{target}/{probe}"                  Viewer   looks::probe::page;
    GET    "/runs/{target}/{probe}/{slot}"             Viewer   looks::run::page;
    GET    "/cluster"                                  Viewer   looks::cluster::page;
    // The API.
    GET    "/api/v1/status"                            Public   api::status::status;
    GET    "/api/v1/incidents"                         Public   api::incidents::list;
    GET    "/api/v1/incidents/{id}"                    Public   api::incidents::one;
    POST   "/api/v1/incidents/{id}/acknowledge"        Operator api::incidents::acknowledge;
    POST   "/api/v1/incidents/{id}/unacknowledge"      Operator api::incidents::unacknowledge;
    POST   "/api/v1/incidents/{id}/assign"             Operator api::incidents::assign;
    POST   "/api/v1/incidents/{id}/comment"            Operator api::incidents::comment;
    POST   "/api/v1/incidents/{id}/label"              Operator api::incidents::label;
    GET    "/api/v1/alerts"                            Public   api::alerts::alerts;
    GET    "/api/v1/hidden"                            Viewer   api::alerts::hidden;
    GET    "/api/v1/deliveries"                        Viewer   api::alerts::deliveries;
    GET    "/api/v1/maintenance"                       Viewer   api::maintenance::list;
    GET    "/api/v1/silences"                          Viewer   api::silences::list;
    POST   "/api/v1/silences"                          Operator api::silences::add;
    DELETE "/api/v1/silences/{id}"                     Operator api::silences::end;
    GET    "/api"                                      Public   api::describe::page;
    GET    "/api/v1/openapi.json"                      Public   api::describe::openapi;
    GET    "/api/v1/targets"                           Public   api::targets::list;
    GET    "/api/v1/targets/{target}"                  Public   api::targets::one;
    GET    "/api/v1/probes"                            Public   api::targets::probes;
    GET    "/api/v1/probes/{target}/{probe}"           Public   api::targets::probe;
    GET    "/api/v1/runs"                              Public   api::runs::list;
    GET    "/api/v1/runs/{target}/{probe}/{slot}"      Public   api::runs::one;
    GET    "/api/v1/runs.csv"                          Viewer   api::export::csv;
    GET    "/api/v1/runs.ndjson"                       Viewer   api::export::ndjson;
    GET    "/api/v1/series"                            Public   api::series::series;
    GET    "/api/v1/channels"                          Viewer   api::channels::list;
    GET    "/api/v1/rules"                             Viewer   api::rules::list;
    GET    "/api/v1/causes"                            Public   api::rules::causes;
    GET    "/api/v1/events"                            Viewer   api::events::stream;
}

/// The table as a router; every route is guarded as its row says.
pub(super) fn router(sources: &Sources) -> Router<Sources> {
    all().into_iter().fold(Router::new(), |router, row| {
        let guard = from_fn_with_state((sources.clone(), row.need), access::guard);
        router.route(row.path, (row.handler)().layer(guard))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_changes_something_is_open_to_the_public() {
        for row in all() {
            let reads = row.method == Method::GET;
            assert!(reads || row.need >= Need::Operator, "{} {}", row.method, row.path);
        }
    }
}
