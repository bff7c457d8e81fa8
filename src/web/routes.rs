//! THE TABLE of routes: what is asked, who may ask it, who answers. The router, the policy and its tests are made from it.

use axum::Router;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter};

use super::access::{self, Need};
use super::{Sources, api, assets, desk, feeds, health, live, looks, pings, report, runbook, status};

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
    // What the public takes away.
    GET    "/badge/{target}/{file}"                    Public   feeds::badge::one;
    GET    "/feed.atom"                                Public   feeds::atom::feed;
    GET    "/feed.json"                                Public   feeds::json_feed::feed;
    GET    "/widget"                                   Public   feeds::widget::page;
    GET    "/widget.json"                              Public   feeds::widget::data;
    GET    "/subscribe"                                Public   feeds::subscribe::page;
    POST   "/subscribe"                                Public   feeds::subscribe::ask;
    GET    "/subscribe/confirm/{token}"                Anybody  feeds::links::confirm_page;
    POST   "/subscribe/confirm/{token}"                Anybody  feeds::links::confirm;
    GET    "/unsubscribe/{token}"                      Anybody  feeds::links::leave_page;
    POST   "/unsubscribe/{token}"                      Anybody  feeds::links::leave;
    // What others tell us: the key in the address is the proof.
    GET    "/ping/{key}"                               Anybody  pings::success;
    POST   "/ping/{key}"                               Anybody  pings::success;
    GET    "/ping/{key}/{word}"                        Anybody  pings::word;
    POST   "/ping/{key}/{word}"                        Anybody  pings::word;
    POST   "/hooks/alertmanager/{key}"                 Anybody  pings::webhook;
    POST   "/hooks/alertmanager/{key}/api/v2/alerts"   Anybody  pings::as_alertmanager;
    // Operators' looking pages.
    GET    "/overview"                                 Viewer   looks::overview::page;
    GET    "/targets/{target}"                         Viewer   looks::target::page;
    GET    "/probes/{target}/{probe}"                  Viewer   looks::probe::page;
    GET    "/runs/{target}/{probe}/{slot}"             Viewer   looks::run::page;
    GET    "/cluster"                                  Viewer   looks::cluster::page;
    GET    "/agents"                                   Viewer   looks::agents::page;
    // The working pages of those who see to things, and their forms.
    GET    "/incidents"                                Public   desk::incidents::page;
    GET    "/incidents/{id}"                           Public   desk::incident::page;
    POST   "/incidents/{id}/acknowledge"               Operator desk::forms::acknowledge;
    POST   "/incidents/{id}/unacknowledge"             Operator desk::forms::unacknowledge;
    POST   "/incidents/{id}/assign"                    Operator desk::forms::assign;
    POST   "/incidents/{id}/comment"                   Operator desk::forms::comment;
    POST   "/incidents/{id}/label"                     Operator desk::forms::label;
    POST   "/incidents/{id}/merge"                     Operator desk::forms::merge;
    POST   "/incidents/{id}/split"                     Operator desk::forms::split;
    POST   "/incidents/{id}/silence"                   Operator desk::forms::silence;
    GET    "/rules"                                    Viewer   desk::rules::page;
    GET    "/silences"                                 Viewer   desk::silences::page;
    POST   "/silences"                                 Operator desk::silences::add;
    POST   "/silences/{id}/end"                        Operator desk::silences::end;
    GET    "/channels"                                 Viewer   desk::channels::page;
    POST   "/channels/{name}/test"                     Operator desk::channels::test;
    GET    "/rehearsals"                               Viewer   desk::rehearsals::page;
    GET    "/rehearsals/{file}"                        Viewer   desk::rehearsals::one;
    // Signing in and out, and who may come in.
    GET    "/sign-in"                                  Anybody  access::sign_in::page;
    POST   "/sign-in"                                  Anybody  access::sign_in::with_password;
    POST   "/sign-out"                                 Anybody  access::sign_in::out;
    GET    "/sign-in/jupyterhub"                       Anybody  access::jupyterhub::start;
    GET    "/sign-in/jupyterhub/callback"              Anybody  access::jupyterhub::back;
    GET    "/sign-in/oidc"                             Anybody  access::oidc::start;
    GET    "/sign-in/oidc/callback"                    Anybody  access::oidc::back;
    GET    "/tokens"                                   Admin    access::tokens::page;
    POST   "/tokens"                                   Admin    access::tokens::made;
    POST   "/tokens/{id}/revoke"                       Admin    access::tokens::taken_back;
    GET    "/audit"                                    Admin    access::audit::page;
    GET    "/api/v1/tokens"                            Admin    access::tokens::list;
    POST   "/api/v1/tokens"                            Admin    access::tokens::add;
    DELETE "/api/v1/tokens/{id}"                       Admin    access::tokens::end;
    GET    "/api/v1/audit"                             Admin    access::audit::api;
    // The API.
    GET    "/api/v1/status"                            Public   api::status::status;
    GET    "/api/v1/incidents"                         Public   api::incidents::list;
    GET    "/api/v1/incidents/{id}"                    Public   api::incidents::one;
    POST   "/api/v1/incidents/{id}/acknowledge"        Operator api::incidents::acknowledge;
    POST   "/api/v1/incidents/{id}/unacknowledge"      Operator api::incidents::unacknowledge;
    POST   "/api/v1/incidents/{id}/assign"             Operator api::incidents::assign;
    POST   "/api/v1/incidents/{id}/comment"            Operator api::incidents::comment;
    POST   "/api/v1/incidents/{id}/label"              Operator api::incidents::label;
    POST   "/api/v1/incidents/{id}/merge"              Operator api::regroup::merge;
    POST   "/api/v1/incidents/{id}/split"              Operator api::regroup::split;
    GET    "/api/v1/deploys"                           Viewer   api::regroup::deploys;
    POST   "/api/v1/deploys"                           Operator api::regroup::deployed;
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
    // What is seen from elsewhere.
    GET    "/api/v1/agent/plan"                        Agent    api::ingest::plan;
    POST   "/api/v1/agent/report"                      Agent    api::ingest::report;
    POST   "/api/v1/observations"                      Sender   api::ingest::observations;
    // Reports.
    GET    "/api/v1/incidents/{id}/report"             Viewer   api::report::incident;
    GET    "/api/v1/slo"                               Viewer   api::report::service_level;
    GET    "/report/{id}"                              Viewer   report::one;
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
            // What anybody may ask for themselves; the links in mails prove who presses them.
            let own =
                ["/sign-in", "/sign-out", "/subscribe", "/subscribe/confirm/{token}", "/unsubscribe/{token}"]
                    .contains(&row.path);
            // The key in the address proves who speaks, and all that they can say is how something of theirs stands.
            let told = row.path.starts_with("/ping/{key}") || row.path.starts_with("/hooks/");
            assert!(reads || own || told || row.need >= Need::Operator, "{} {}", row.method, row.path);
        }
    }
}
