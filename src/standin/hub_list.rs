//! Hub list: the hub's models of users and servers, and the paginated list of them.

use http::{HeaderMap, Uri, header};
use serde_json::{Value, json};

use super::admit::query;
use super::hub::says;
use super::world::{Server, Stage, User, World};
use axum::response::Response;

/// Users in an answer to a client that does not ask for pages: cut without any notice.
const CUT: usize = 200;
const PAGE: usize = 50;
const PAGES: &str = "application/jupyterhub-pagination+json";

/// `GET users`, with `state`, `offset` and `limit`.
pub(crate) fn users(world: &World, uri: &Uri, headers: &HeaderMap) -> Response {
    let number = |name: &str| query(uri, name).and_then(|n| n.parse::<usize>().ok());
    let paged = headers.get(header::ACCEPT).and_then(|a| a.to_str().ok()) == Some(PAGES);
    let offset = number("offset").unwrap_or(0);
    let limit = number("limit").unwrap_or(if paged { PAGE } else { CUT }).min(CUT);
    let wanted = query(uri, "state");
    let state = world.state();
    let all: Vec<Value> = state
        .users
        .iter()
        .filter(|(_, user)| fits(user, wanted))
        .map(|(name, user)| model(name, user))
        .collect();
    let total = all.len();
    let items: Vec<Value> = all.into_iter().skip(offset).take(limit).collect();
    if !paged {
        return says(200, &Value::Array(items));
    }
    let after = offset + items.len();
    let next = (after < total).then(|| {
        let state = wanted.map_or_else(String::new, |s| format!("&state={s}"));
        let url = format!("/hub/api/users?offset={after}&limit={limit}{state}");
        json!({"offset": after, "limit": limit, "url": url})
    });
    let pages = json!({"offset": offset, "limit": limit, "total": total, "next": next});
    says(200, &json!({"items": items, "_pagination": pages}))
}

fn fits(user: &User, wanted: Option<&str>) -> bool {
    match wanted {
        Some("active") => user.server.is_some(),
        Some("ready") => user.server.as_ref().is_some_and(|s| s.stage != Stage::Starting),
        Some("inactive") => user.server.is_none(),
        _ => true,
    }
}

/// A user as the hub describes it.
pub(crate) fn model(name: &str, user: &User) -> Value {
    let servers = match &user.server {
        Some(server) => json!({"": server_model(name, server)}),
        None => json!({}),
    };
    let active = user.server.as_ref().map(|s| s.last_activity.to_string());
    json!({
        "name": name,
        "kind": "user",
        "admin": false,
        "created": user.created.to_string(),
        "last_activity": active,
        "pending": user.server.as_ref().and_then(pending),
        "server": user.server.as_ref().filter(|s| s.stage != Stage::Starting).map(|_| format!("/user/{name}/")),
        "servers": servers,
    })
}

fn server_model(name: &str, server: &Server) -> Value {
    json!({
        "name": "",
        "ready": matches!(server.stage, Stage::Running | Stage::Ended),
        "pending": pending(server),
        "stopped": false,
        "started": server.started.to_string(),
        "last_activity": server.last_activity.to_string(),
        "url": format!("/user/{name}/"),
        "progress_url": format!("/hub/api/users/{name}/server/progress"),
        // The real hub hands the notebook token to anyone who may list servers: a trap for whoever logs this.
        "user_options": {"token": server.token},
    })
}

fn pending(server: &Server) -> Option<&'static str> {
    match server.stage {
        Stage::Starting => Some("spawn"),
        Stage::Stopping => Some("stop"),
        Stage::Running | Stage::Ended => None,
    }
}
