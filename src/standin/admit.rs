//! Admit: `/build/<provider>/<spec>` up to the moment the stream begins: who may launch, in the real server's order.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderMap, Method, Uri, header};

use super::answer::{self, events, with};
use super::fault::Fault;
use super::federation::{self, MemberName};
use super::launch::{self, Asked};
use super::stream::{self, KeepAlive};
use super::wire::Json;
use super::world::World;
use super::{odd, token};

/// The client's address, put on every request by the server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Seconds between the comments of the launch stream.
const KEEP_ALIVE: f64 = 25.0;
/// Seconds of the rate limit's window.
const WINDOW: i64 = 3600;

/// Handles every request below `/build/`.
pub(crate) async fn build(State(world): State<Arc<World>>, request: Request) -> Response {
    let raw = request.uri().path().strip_prefix("/build/").unwrap_or_default().to_owned();
    if !raw.contains('/') {
        return odd::web_page();
    }
    let fault = world.fault(&raw);
    let member = request.extensions().get::<MemberName>().cloned();
    if member.is_none() && !world.settings.members.is_empty() {
        return federation::send_on(&world, &request);
    }
    if fault == Fault::FederationBadMember && federation::is_bad(&world, member.as_ref()) {
        return odd::bad_gateway();
    }
    match fault {
        Fault::NoFirstByte => answer::never().await,
        Fault::Html => odd::web_page(),
        Fault::Garbage => odd::garbage(world.dice()),
        Fault::EndlessFlood => odd::flood(),
        Fault::HugeLine => odd::huge_line(),
        Fault::RedirectLoop => odd::around_again(request.uri()),
        _ => admit(world, raw, fault, &request),
    }
}

fn admit(world: Arc<World>, raw: String, fault: Fault, request: &Request) -> Response {
    if !wants_events(request.headers()) {
        return Refusal(400, "Missing Accept header: text/event-stream").answer();
    }
    if request.method() != Method::GET {
        return Refusal(405, "Method Not Allowed").answer();
    }
    let client = request.extensions().get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.0);
    let token = query(request.uri(), "build_token").filter(|token| !token.is_empty());
    let left = match gate(&world, &raw, fault, token, client, request.headers()) {
        Ok(left) => left,
        Err(refusal) => return refusal.answer(),
    };
    let build_only = query(request.uri(), "build_only") == Some("true");
    if build_only && !world.settings.api_only {
        return Refusal(
            400,
            "Building but not launching is not permitted when the API only mode was not enabled by setting \
             `enable_api_only_mode` to True. ",
        )
        .answer();
    }
    let host = request.headers().get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or("localhost");
    let here = format!("http://{host}/");
    let hub = world.settings.public_url.clone().unwrap_or_else(|| here.clone());
    let asked = Asked { raw, hub, here, client, build_only };
    let beat = KeepAlive { every: world.span(KEEP_ALIVE), line: ":keepalive\n\n" };
    let response = events(stream::body(Some(beat), move |out| launch::run(world, asked, out)));
    match left {
        Some(left) => left.onto(response),
        None => response,
    }
}

/// Token and rate limit. `Ok(None)`: let in by a token or because there is no limit.
fn gate(
    world: &World,
    raw: &str,
    fault: Fault,
    token: Option<&str>,
    client: IpAddr,
    headers: &HeaderMap,
) -> Result<Option<Allowance>, Refusal> {
    if fault == Fault::RateLimited {
        return Err(OVER_LIMIT);
    }
    let Some(token) = token else {
        return match fault {
            Fault::TokenRefused => Err(Refusal(403, "Forbidden")),
            _ => allowance(world, client).ok_or(OVER_LIMIT),
        };
    };
    let secret = &world.settings.token_secret;
    if fault == Fault::TokenRefused || !token::good(secret, token, raw, &token::origin(headers), world.now())
    {
        return Err(Refusal(403, "Invalid build token"));
    }
    Ok(None)
}

/// What the rate limit leaves to a client.
struct Allowance {
    left: i64,
    reset: i64,
    limit: u32,
}

impl Allowance {
    fn onto(&self, response: Response) -> Response {
        let response = with(response, "x-ratelimit-remaining", &self.left.to_string());
        let response = with(response, "x-ratelimit-reset", &self.reset.to_string());
        with(response, "x-ratelimit-limit", &self.limit.to_string())
    }
}

/// Takes one launch from the client's window: none if nothing is left, `Some(None)` without a limit.
fn allowance(world: &World, client: IpAddr) -> Option<Option<Allowance>> {
    let Some(limit) = world.settings.rate_limit else {
        return Some(None);
    };
    let now = world.now().as_second();
    let mut state = world.state();
    let (reset, left) = state.allowance.entry(client).or_insert((now + WINDOW, i64::from(limit)));
    if *reset <= now {
        (*reset, *left) = (now + WINDOW, i64::from(limit));
    }
    *left -= 1;
    (*left >= 0).then_some(Some(Allowance { left: *left, reset: *reset, limit }))
}

/// An error of this endpoint: status 200, one event that carries the code.
struct Refusal(u64, &'static str);

const OVER_LIMIT: Refusal = Refusal(429, "Rate limit exceeded. Try again in 3600 seconds.");

impl Refusal {
    fn answer(&self) -> Response {
        let event = Json::phase("failed").number("status_code", self.0);
        events(format!("data: {}\n\n", event.text("message", &format!("{}\n", self.1)).end()))
    }
}

/// Exactly `text/event-stream`, with or without parameters; split at `;` only, as the real server does.
fn wants_events(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|a| a.to_str().ok()).unwrap_or_default();
    accept.split(';').next().map(str::trim) == Some("text/event-stream")
}

/// A query parameter as it stands.
pub(crate) fn query<'a>(uri: &'a Uri, name: &str) -> Option<&'a str> {
    let pairs = uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
}
