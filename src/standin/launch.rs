//! Launch: what BinderHub does for one admitted request, from the ref to `ready` or `failed`.

use std::net::IpAddr;
use std::sync::Arc;

use super::attempt::{self, Miss};
use super::fault::Fault;
use super::flight::Flight;
use super::spec::{BadSpec, Spec};
use super::stream::Out;
use super::wire::Json;
use super::world::{BuildLine, World};

/// An admitted request.
pub(crate) struct Asked {
    /// `<provider>/<spec>` as in the path.
    pub(crate) raw: String,
    /// Public base URL of the hub.
    pub(crate) hub: String,
    /// Base URL under which BinderHub was asked.
    pub(crate) here: String,
    pub(crate) client: IpAddr,
    pub(crate) build_only: bool,
}

/// Attempts per launch; each makes a new user.
const ATTEMPTS: u32 = 4;
/// Seconds that a launch after a build keeps the stream open after `ready`.
const HOLD: f64 = 60.0;

/// Writes the whole stream. Dropped when the client leaves; what the hub has begun goes on without it.
pub(crate) async fn run(world: Arc<World>, asked: Asked, out: Out) {
    if world.fault(&asked.raw) == Fault::Silent {
        return futures::future::pending().await;
    }
    world.wait(0.01).await;
    let spec = match resolve(&world, &asked.raw) {
        Ok(spec) => spec,
        Err(why) => return fail(&out, &why).await,
    };
    let fresh = needs_build(&world, &spec);
    if fresh && !build(&world, &spec, &asked, &out).await {
        return;
    }
    let image = spec.image();
    if asked.build_only {
        let text = if fresh { "Done! Image built\n" } else { "Done! Found built image\n" };
        return out.event(&built("ready", &image, text)).await;
    }
    let text = if fresh { "Built image, launching...\n" } else { "Found built image, launching...\n" };
    out.event(&built("built", &image, text)).await;
    if launch(&world, &spec, &asked, &out).await && fresh {
        world.wait(HOLD).await;
    }
}

fn built(phase: &str, image: &str, text: &str) -> String {
    Json::phase(phase).text("imageName", image).text("message", text).end()
}

/// A failure that BinderHub foresees: no status code.
async fn fail(out: &Out, message: &str) {
    out.event(&Json::phase("failed").text("message", message).end()).await;
}

/// A failure by exception, which carries the code the HTTP answer would have had.
async fn crash(out: &Out, message: &str) {
    let event = Json::phase("failed").number("status_code", 500).text("message", &format!("{message}\n"));
    out.event(&event.end()).await;
}

fn resolve(world: &World, raw: &str) -> Result<Spec, String> {
    let spec = Spec::read(raw).map_err(|bad| match bad {
        BadSpec::Provider(text) | BadSpec::Form(text) => text,
    })?;
    match world.fault(raw) {
        Fault::Banned => Err(format!(
            "Sorry, {} is not allowed to launch. Please contact admins for more info!",
            spec.bare()
        )),
        Fault::GithubRateLimit => Err(format!(
            "Error resolving ref for {}: GitHub rate limit exceeded. Try again in 60 minutes.\n",
            spec.key()
        )),
        Fault::RefNotFound => Err(format!(
            "Could not resolve ref for {}. Double check your URL and that your repo is public.\n",
            spec.key()
        )),
        _ => Ok(spec),
    }
}

fn needs_build(world: &World, spec: &Spec) -> bool {
    let fault = world.fault(&spec.raw);
    if matches!(fault, Fault::BuildFails | Fault::BuildHangs | Fault::PushFails | Fault::RegistryDown) {
        return true;
    }
    let fresh = world.settings.uncached.iter().any(|prefix| spec.raw.starts_with(prefix.as_str()));
    fresh && !world.state().images.contains(&spec.image())
}

/// Follows the build to its end; false if no image came of it. After a failed build this never returns.
async fn build(world: &Arc<World>, spec: &Spec, asked: &Asked, out: &Out) -> bool {
    if let Some(refusal) = over_quota(world, spec).filter(|_| !asked.build_only) {
        fail(out, &refusal).await;
        return false;
    }
    out.event(&Json::phase("waiting").text("message", "Waiting for build to start...\n").end()).await;
    let tape = world.build(spec);
    for at in 0.. {
        match tape.line(at).await {
            Some(BuildLine::Log(json)) => out.log(&json).await,
            Some(BuildLine::Pod(json)) => out.event(&json).await,
            Some(BuildLine::Built) => return true,
            None => return futures::future::pending().await,
        }
    }
    false
}

/// BinderHub's own refusal to launch more, if there is one.
fn over_quota(world: &World, spec: &Spec) -> Option<String> {
    let pods = world.state().pods();
    match world.fault(&spec.raw) {
        Fault::TotalQuota => Some("Too many users on this BinderHub! Try again soon.\n".to_owned()),
        Fault::RepoQuota => Some(format!("Too many users running {}! Try again soon.\n", spec.repo_url())),
        _ if world.settings.total_quota.is_some_and(|quota| pods >= quota) => {
            Some("Too many users on this BinderHub! Try again soon.\n".to_owned())
        }
        _ => None,
    }
}

/// Up to four attempts, four, eight and sixteen seconds apart; true if one of them said `ready`.
async fn launch(world: &Arc<World>, spec: &Spec, asked: &Asked, out: &Out) -> bool {
    if let Some(refusal) = over_quota(world, spec) {
        fail(out, &refusal).await;
        return false;
    }
    if world.fault(&spec.raw) == Fault::InternalError {
        crash(out, "Internal Server Error").await;
        return false;
    }
    let flight = Flight::begin(Arc::clone(world));
    note(out, "Launching server...").await;
    let mut pause = 4.0;
    for number in 1..=ATTEMPTS {
        match attempt::attempt(world, spec, number, out).await {
            Ok(server) => {
                flight.ready();
                out.event(&server.ready(spec, asked)).await;
                return true;
            }
            Err(Miss::Cut) => {
                flight.failed();
                out.cut().await;
                return false;
            }
            Err(Miss::Failed(why)) if number == ATTEMPTS => {
                flight.failed();
                crash(out, &why).await;
                return false;
            }
            Err(Miss::Failed(_)) => {
                note(out, &format!("Launch attempt {number} failed, retrying...")).await;
                world.wait(pause).await;
                pause *= 2.0;
            }
        }
    }
    false
}

pub(crate) async fn note(out: &Out, text: &str) {
    out.event(&Json::phase("launching").text("message", &format!("{text}\n")).end()).await;
}
