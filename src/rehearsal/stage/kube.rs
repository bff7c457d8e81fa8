//! Kubernetes API of a member: as much of it as a monitor reads, made of the crowd and the file.

mod events;
mod nodes;
mod parts;
mod pods;
mod selector;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use http::Uri;

pub(crate) use self::nodes::names;
use self::pods::Drawn;
use self::selector::Selector;
use super::crowd::Crowd;
use super::house::House;
use crate::standin::{answer, stream};

/// A cluster's API.
pub(crate) struct Api {
    pub(crate) house: Arc<House>,
    /// Answers of this second, by path.
    kept: Mutex<((i64, u64), BTreeMap<String, Bytes>)>,
    drawn: Drawn,
}

/// An object of a list: its labels, and itself as JSON.
#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) name: Arc<str>,
    pub(crate) labels: Arc<[(&'static str, String)]>,
    pub(crate) json: Arc<str>,
}

pub(crate) fn router(house: Arc<House>) -> Router {
    let api = Arc::new(Api { house, kept: Mutex::default(), drawn: Drawn::default() });
    Router::new()
        .route("/version", get(version))
        .route("/api/v1/{kind}", get(all))
        .route("/api/v1/namespaces/{ns}/{kind}", get(of_namespace))
        .route("/api/v1/namespaces/{ns}/{kind}/{name}", get(one))
        .route("/api/v1/namespaces/{ns}/pods/{name}/log", get(log))
        .route("/apis/metrics.k8s.io/v1beta1/namespaces/{ns}/pods", get(usage))
        .fallback(unknown)
        .with_state(api)
}

async fn version() -> Response {
    answer::json(200, r#"{"major":"1","minor":"33","gitVersion":"v1.33.0"}"#.to_owned())
}

async fn unknown() -> Response {
    status(404, "NotFound", "the server could not find the requested resource")
}

/// An error as Kubernetes writes it.
fn status(code: u16, reason: &str, message: &str) -> Response {
    let body = serde_json::json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    });
    answer::json(code, body.to_string())
}

async fn all(State(api): State<Arc<Api>>, Path(kind): Path<String>, request: Request) -> Response {
    listed(&api, &kind, request.uri()).await
}

async fn of_namespace(
    State(api): State<Arc<Api>>,
    Path((_, kind)): Path<(String, String)>,
    request: Request,
) -> Response {
    listed(&api, &kind, request.uri()).await
}

async fn usage(State(api): State<Arc<Api>>, request: Request) -> Response {
    listed(&api, "usage", request.uri()).await
}

async fn listed(api: &Arc<Api>, kind: &str, uri: &Uri) -> Response {
    if !matches!(kind, "pods" | "nodes" | "events" | "resourcequotas" | "usage") {
        return unknown().await;
    }
    if query(uri, "watch").is_some_and(|w| w == "true" || w == "1") {
        return watch(api, kind, uri);
    }
    answer::answer(200, "application/json", api.list(kind, uri))
}

impl Api {
    /// A list, made once a second.
    fn list(&self, kind: &str, uri: &Uri) -> Bytes {
        let t = self.house.t();
        #[expect(clippy::cast_possible_truncation, reason = "saturates")]
        let second = t.floor() as i64;
        let version = self.house.own().version;
        let path = format!("{kind}?{}", uri.query().unwrap_or_default());
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.0 != (second, version) {
            *kept = ((second, version), BTreeMap::new());
        }
        let made = || Bytes::from(written(kind, &self.chosen(kind, uri, t), uri, second));
        kept.1.entry(path).or_insert_with(made).clone()
    }

    fn objects(&self, kind: &str, selector: &Selector, t: f64) -> Vec<Object> {
        let house = &self.house;
        match kind {
            "nodes" => nodes::objects(house, t),
            "events" => events::objects(house, t),
            "resourcequotas" => nodes::quotas(house, t),
            "usage" => parts::usage(house, t),
            _ => {
                let mut all = Vec::new();
                if selector.may_be("component", "singleuser-server") {
                    all.extend(pods::users(house, &self.drawn, t));
                }
                all.extend(pods::builds(house, t));
                all.extend(pods::placeholders(house, t));
                all.extend(parts::pods(house, t));
                all
            }
        }
    }

    fn chosen(&self, kind: &str, uri: &Uri, t: f64) -> Vec<Object> {
        let selector = Selector::read(&query(uri, "labelSelector").unwrap_or_default());
        let fields = query(uri, "fieldSelector").unwrap_or_default();
        let named = fields.strip_prefix("metadata.name=");
        if let Some(name) = named.filter(|name| kind == "pods" && Crowd::is_own(&self.house, name)) {
            return pods::own(&self.house, name, t).into_iter().collect();
        }
        let mut all = self.objects(kind, &selector, t);
        all.retain(|o| selector.fits(&o.labels) && named.is_none_or(|n| *n == *o.name));
        all
    }
}

/// A list with `limit` and `continue`; what continues is a plain number.
fn written(kind: &str, objects: &[Object], uri: &Uri, second: i64) -> String {
    let from = query(uri, "continue").and_then(|c| c.parse::<usize>().ok()).unwrap_or(0);
    let limit = query(uri, "limit").and_then(|l| l.parse::<usize>().ok()).filter(|l| *l > 0);
    let page = objects.iter().skip(from).take(limit.unwrap_or(usize::MAX));
    let size: usize = page.clone().map(|o| o.json.len() + 1).sum();
    let after = from + page.len();
    let (version, name) = match kind {
        "usage" => ("metrics.k8s.io/v1beta1", "PodMetricsList"),
        "pods" => ("v1", "PodList"),
        "nodes" => ("v1", "NodeList"),
        "events" => ("v1", "EventList"),
        _ => ("v1", "ResourceQuotaList"),
    };
    let mut text = String::with_capacity(size + 200);
    let revision = second.unsigned_abs() + 1;
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        r#"{{"kind":"{name}","apiVersion":"{version}","metadata":{{"resourceVersion":"{revision}""#
    );
    if after < objects.len() {
        let _ = write!(text, r#","continue":"{after}","remainingItemCount":{}"#, objects.len() - after);
    }
    text.push_str("},\"items\":[");
    for (n, object) in page.enumerate() {
        if n > 0 {
            text.push(',');
        }
        text.push_str(&object.json);
    }
    text.push_str("]}");
    text
}

async fn one(State(api): State<Arc<Api>>, Path((_, kind, name)): Path<(String, String, String)>) -> Response {
    if kind != "pods" {
        return unknown().await;
    }
    let t = api.house.t();
    let found = if Crowd::is_own(&api.house, &name) {
        pods::own(&api.house, &name, t)
    } else {
        api.objects("pods", &Selector::default(), t).into_iter().find(|o| *o.name == *name)
    };
    match found {
        Some(object) => answer::json(200, object.json.to_string()),
        None => status(404, "NotFound", &format!("pods \"{name}\" not found")),
    }
}

/// Looks once a second and tells what changed.
fn watch(api: &Arc<Api>, kind: &str, uri: &Uri) -> Response {
    let (api, kind, uri) = (Arc::clone(api), kind.to_owned(), uri.clone());
    let seconds = query(&uri, "timeoutSeconds").and_then(|s| s.parse::<u32>().ok()).unwrap_or(290);
    // Without a version everything that is there counts as new.
    let fresh = query(&uri, "resourceVersion").is_none_or(|v| v.is_empty() || v == "0");
    let body = stream::body(None, move |out| async move {
        let seen = |api: &Api| -> BTreeMap<Arc<str>, Arc<str>> {
            let now = api.chosen(&kind, &uri, api.house.t());
            now.into_iter().map(|o| (o.name, o.json)).collect()
        };
        let mut before = if fresh { BTreeMap::new() } else { seen(&api) };
        for _ in 0..seconds {
            let now = seen(&api);
            for (name, json) in &now {
                let what = match before.get(name) {
                    None => "ADDED",
                    Some(was) if was != json => "MODIFIED",
                    Some(_) => continue,
                };
                out.bytes(format!("{{\"type\":\"{what}\",\"object\":{json}}}\n")).await;
            }
            for (_, json) in before.iter().filter(|(name, _)| !now.contains_key(*name)) {
                out.bytes(format!("{{\"type\":\"DELETED\",\"object\":{json}}}\n")).await;
            }
            before = now;
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
    });
    answer::answer(200, "application/json", body)
}

async fn log(
    State(api): State<Arc<Api>>,
    Path((_, name)): Path<(String, String)>,
    request: Request,
) -> Response {
    let t = api.house.t();
    let works = api.house.snapshot(t).map_or(200, |s| s.log_status);
    if works != 200 {
        return status(
            works,
            "InternalError",
            "Get \"https://node:10250/containerLogs\": dial tcp: i/o timeout",
        );
    }
    let since = query(request.uri(), "sinceSeconds").and_then(|s| s.parse::<f64>().ok()).unwrap_or(3600.0);
    let stamps = query(request.uri(), "timestamps").is_some_and(|s| s == "true");
    match events::log(&api.house, &name, t, since, stamps) {
        Some(text) => answer::answer(200, "text/plain", text),
        None => status(404, "NotFound", &format!("pods \"{name}\" not found")),
    }
}

/// A parameter, decoded.
pub(crate) fn query(uri: &Uri, name: &str) -> Option<String> {
    let pairs = url::form_urlencoded::parse(uri.query()?.as_bytes());
    pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
