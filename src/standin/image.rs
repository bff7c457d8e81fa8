//! Image: a build and its log. All requests for one image follow the same build; it goes on when they leave.

use std::sync::Arc;

use super::dice::Dice;
use super::fault::Fault;
use super::spec::Spec;
use super::tape::Tape;
use super::wire::Json;
use super::world::{BuildLine, World};

const STEPS: u32 = 8;

impl World {
    /// The build of this image: the one under way, or a new one.
    pub(crate) fn build(self: &Arc<Self>, spec: &Spec) -> Arc<Tape<BuildLine>> {
        let image = spec.image();
        let dice = self.dice();
        let tape = {
            let mut state = self.state();
            if let Some(tape) = state.builds.get(&image) {
                return Arc::clone(tape);
            }
            let tape = Arc::new(Tape::new());
            state.builds.insert(image.clone(), Arc::clone(&tape));
            tape
        };
        let (world, log) = (Arc::clone(self), Arc::clone(&tape));
        let raw = spec.raw.clone();
        self.spawn("stand-in build", async move {
            let end = work(&world, &raw, &image, &log, dice).await;
            let mut state = world.state();
            state.builds.remove(&image);
            if end == End::Built {
                state.images.insert(image);
                log.push(BuildLine::Built);
            }
            log.end();
        });
        tape
    }
}

#[derive(PartialEq, Eq)]
enum End {
    Built,
    Failed,
}

/// repo2docker at work: fetch, eight steps, push.
async fn work(world: &World, raw: &str, image: &str, log: &Tape<BuildLine>, mut dice: Dice) -> End {
    let seconds = dice.around(world.settings.build_seconds);
    world.wait(seconds * 0.2).await;
    say(log, None, "Picked Git content provider.\n");
    say(log, Some("fetching"), &format!("Cloning into '/tmp/repo2docker{}'...\n", dice.word(8)));
    world.wait(seconds * 0.1).await;
    say(log, Some("fetching"), "HEAD is now at 3f1c2aa note the tide tables\n");
    say(log, Some("building"), "Building conda environment for python=3.12\n");
    say(log, Some("building"), "Using PythonBuildPack builder\n");
    for step in 1..=STEPS {
        world.wait(seconds * 0.06).await;
        say(log, Some("building"), &format!("Step {step}/{STEPS} : RUN ./assemble {step}\n"));
        say(log, Some("building"), &format!(" ---> Running in {:012x}\r", dice.below(1 << 48)));
        match world.fault(raw) {
            Fault::BuildHangs if step == 3 => return futures::future::pending().await,
            Fault::BuildFails if step == 5 => {
                let text = "The command '/bin/sh -c ./assemble 5' returned a non-zero code: 1";
                return gone(world, log, text).await;
            }
            _ => {}
        }
    }
    push(world, raw, image, log, seconds).await
}

async fn push(world: &World, raw: &str, image: &str, log: &Tape<BuildLine>, seconds: f64) -> End {
    say(log, Some("building"), &format!("Successfully tagged {image}\n"));
    say(log, Some("pushing"), "Pushing image\n");
    world.wait(seconds * 0.15).await;
    if world.fault(raw) == Fault::PushFails {
        let text =
            format!("Error pushing {image}: received unexpected HTTP status: 500 Internal Server Error");
        return gone(world, log, &text).await;
    }
    say(log, Some("pushing"), &format!("Successfully pushed {image}"));
    world.wait(seconds * 0.07).await;
    End::Built
}

/// A failed build says so three times: in its log, by the pod's phase, by the pod's deletion.
async fn gone(world: &World, log: &Tape<BuildLine>, text: &str) -> End {
    say(log, Some("failed"), text);
    world.wait(0.3).await;
    log.push(BuildLine::Pod(Json::phase("failed").end()));
    log.push(BuildLine::Pod(Json::phase("failed").end()));
    End::Failed
}

/// A line of the log: the message first, then the phase if there is one.
fn say(log: &Tape<BuildLine>, phase: Option<&str>, message: &str) {
    let json = Json::new().text("message", message);
    let json = phase.map_or_else(|| json.clone(), |phase| json.clone().text("phase", phase));
    log.push(BuildLine::Log(json.end()));
}
