//! Federation: one front that sends every launch to a member by 307 and remembers the choice in a cookie.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use http::header;

use super::answer::{json, redirect, with};
use super::health;
use super::settings::Member;
use super::wire::Json;
use super::world::World;

/// On a request that has reached a member played by this stand-in.
#[derive(Debug, Clone)]
pub(crate) struct MemberName(pub(crate) String);

/// Sends a launch on to a member: the cookie's if it names one, else one drawn by weight.
pub(crate) fn send_on(world: &World, request: &Request) -> Response {
    let members = &world.settings.members;
    let cookie = request.headers().get(header::COOKIE).and_then(|c| c.to_str().ok()).unwrap_or_default();
    let wanted = cookie.split("; ").find_map(|pair| pair.strip_prefix("host=")).unwrap_or_default();
    let here = base(request);
    let known = members.iter().find(|m| address(m, &here) == wanted);
    let Some(member) = known.or_else(|| draw(world)) else {
        return super::odd::bad_gateway();
    };
    let address = address(member, &here);
    let asked = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let response = redirect(307, &format!("{}{asked}", address.trim_end_matches('/')));
    let path = request.uri().path();
    with(response, "set-cookie", &format!("host={address}; Path={path}; Max-Age=14400"))
}

fn draw(world: &World) -> Option<&Member> {
    let members = &world.settings.members;
    let total: u64 = members.iter().map(|m| m.weight).sum();
    let mut at = world.state().dice.below(total);
    for member in members {
        if at < member.weight {
            return Some(member);
        }
        at -= member.weight;
    }
    members.first()
}

fn address(member: &Member, here: &str) -> String {
    if member.url.is_empty() { format!("{here}member/{}/", member.name) } else { member.url.clone() }
}

fn base(request: &Request) -> String {
    let host = request.headers().get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}/")
}

/// The bad member is the first; without a federation everyone is.
pub(crate) fn is_bad(world: &World, member: Option<&MemberName>) -> bool {
    match (world.settings.members.first(), member) {
        (Some(first), Some(MemberName(name))) => first.name == *name,
        _ => true,
    }
}

/// `/active_hosts`: the members the front would choose from. The first is the prime one.
pub(crate) async fn active_hosts(State(world): State<Arc<World>>, request: Request) -> Response {
    let here = base(&request);
    let mut hosts = Json::new();
    for (at, member) in world.settings.members.iter().enumerate() {
        let entry = Json::new()
            .text("url", &address(member, &here))
            .number("weight", member.weight)
            .raw("health", &health::checks(&world).1)
            .raw("versions", &health::versions())
            .flag("prime", at == 0);
        hosts = hosts.raw(&member.name, &entry.end());
    }
    json(200, Json::new().raw("active_hosts", &hosts.end()).end())
}
