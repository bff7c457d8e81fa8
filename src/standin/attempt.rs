//! Attempt: BinderHub asks the hub for one user and one server, and passes on what the hub says meanwhile.

use std::sync::Arc;

use super::fault::Fault;
use super::launch::{Asked, note};
use super::spawn::Order;
use super::spec::Spec;
use super::stream::Out;
use super::tape::Tape;
use super::wire::Json;
use super::world::{Progress, World};

/// A server that came up.
pub(crate) struct Up {
    user: String,
    token: String,
}

/// Why an attempt brought no server.
pub(crate) enum Miss {
    Failed(String),
    /// The stream to the client is to be cut.
    Cut,
}

/// Seconds that BinderHub waits for one answer of the hub.
const PATIENCE: f64 = 20.0;
/// Seconds that BinderHub waits for one server.
const LAUNCH_TIMEOUT: f64 = 600.0;

/// One attempt, `number` from 1.
pub(crate) async fn attempt(world: &Arc<World>, spec: &Spec, number: u32, out: &Out) -> Result<Up, Miss> {
    let image = spec.image();
    if !reach_hub(world, spec).await {
        return Err(Miss::Failed(format!("Failed to create temporary user for {image}")));
    }
    world.wait(0.3).await;
    let mut dice = world.dice();
    let (user, token) = (spec.user(&mut dice), dice.token());
    let full = world.settings.server_limit.is_some_and(|limit| world.state().pods() >= limit);
    world.add_user(&user, true);
    let order = Order {
        user: user.clone(),
        spec: spec.raw.clone(),
        image: image.clone(),
        token: token.clone(),
        attempt: Some(number),
    };
    let Some(tape) = (if full { None } else { world.start(order) }) else {
        return Err(Miss::Failed(format!("Failed to launch image {image}")));
    };
    match tokio::time::timeout(world.span(LAUNCH_TIMEOUT), follow(world, spec, &tape, out)).await {
        Ok(Ok(())) => Ok(Up { user, token }),
        Ok(Err(miss)) => Err(miss),
        Err(_) => Err(Miss::Failed(format!("Image {image} for user {user} took too long to launch"))),
    }
}

/// Four tries with pauses between; false if the hub never answered.
async fn reach_hub(world: &World, spec: &Spec) -> bool {
    for pause in [4.0, 8.0, 16.0, 0.0] {
        match world.fault(&spec.raw) {
            Fault::HubDown | Fault::ProxyDown => {}
            Fault::HubHangs => world.wait(PATIENCE).await,
            _ => return true,
        }
        world.wait(pause).await;
    }
    false
}

/// Passes on the hub's progress. A hub that goes away meanwhile leaves silence: the proxy keeps the stream open.
async fn follow(world: &World, spec: &Spec, tape: &Tape<Progress>, out: &Out) -> Result<(), Miss> {
    for at in 0.. {
        let Some(line) = tape.line(at).await else { break };
        match world.fault(&spec.raw) {
            Fault::HubDown | Fault::HubHangs | Fault::ProxyDown => return futures::future::pending().await,
            Fault::StreamCut if at > 0 => return Err(Miss::Cut),
            _ => {}
        }
        note(out, &line.message).await;
        match line.end {
            Some(Ok(())) => return Ok(()),
            Some(Err(())) => return Err(Miss::Failed(line.message)),
            None => {}
        }
    }
    Err(Miss::Failed(format!("Image {} failed to launch", spec.image())))
}

impl Up {
    /// The `ready` event with everything a client needs.
    pub(crate) fn ready(&self, spec: &Spec, asked: &Asked) -> String {
        let url = format!("{}user/{}/", asked.hub, self.user);
        Json::phase("ready")
            .text("message", &format!("server running at {url}\n"))
            .text("image", &spec.image())
            .text("repo_url", &spec.repo_url())
            .text("token", &self.token)
            .text("binder_ref_url", &spec.ref_url())
            .text("binder_launch_host", &asked.here)
            .text("binder_request", &spec.request(false))
            .text("binder_persistent_request", &spec.request(true))
            .text("binder_client_ip", &asked.client.to_string())
            .text("url", &url)
            .end()
    }
}
