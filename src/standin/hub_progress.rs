//! Hub progress: the hub's own event stream about one start of a server.

use std::sync::Arc;

use axum::response::Response;

use super::answer::{events, json};
use super::fault::Fault;
use super::stream::{self, KeepAlive, Out};
use super::tape::Tape;
use super::wire::Json;
use super::world::{Progress, Stage, World};
use super::{hub, odd};

/// Seconds between the blank lines that keep the stream alive.
const KEEP_ALIVE: f64 = 8.0;

/// `GET users/<name>/server/progress`.
pub(crate) fn progress(world: &Arc<World>, name: &str) -> Response {
    match hub::fault_of(world, name) {
        Fault::Garbage => return odd::garbage(world.dice()),
        Fault::EndlessFlood => return odd::flood(),
        Fault::HugeLine => return odd::huge_line(),
        _ => {}
    }
    let (running, tape) = {
        let state = world.state();
        let Some(user) = state.users.get(name) else {
            return missing();
        };
        let running = user.server.as_ref().is_some_and(|s| s.stage != Stage::Starting);
        (running, user.progress.clone())
    };
    let Some(tape) = tape else {
        return missing();
    };
    // Of a start that is over, the hub tells only how it ended.
    let over = tape.last().filter(|last| last.end.is_some());
    if over.as_ref().is_some_and(|last| last.end == Some(Ok(()))) && !running {
        return missing();
    }
    let beat = KeepAlive { every: world.span(KEEP_ALIVE), line: "\n\n" };
    let (world, name) = (Arc::clone(world), name.to_owned());
    events(stream::body(Some(beat), move |out| async move {
        match over {
            Some(last) => out.event(&event(&name, &last)).await,
            None => follow(&world, &name, &tape, &out).await,
        }
    }))
}

async fn follow(world: &World, name: &str, tape: &Tape<Progress>, out: &Out) {
    out.bytes("\n\n").await;
    for at in 0.. {
        let Some(line) = tape.line(at).await else { return };
        match hub::fault_of(world, name) {
            Fault::Silent | Fault::HubDown | Fault::HubHangs => return futures::future::pending().await,
            Fault::StreamCut if at > 0 => return out.cut().await,
            _ => {}
        }
        out.event(&event(name, &line)).await;
    }
}

fn event(name: &str, line: &Progress) -> String {
    let json = Json::new().number("progress", line.percent);
    let path = format!("/user/{name}/");
    match line.end {
        None => json.text("message", &line.message).end(),
        Some(Err(())) => json.flag("failed", true).text("message", &line.message).end(),
        Some(Ok(())) => json
            .flag("ready", true)
            .text("message", &line.message)
            .text("html_message", &format!("Server ready at <a href=\"{path}\">{path}</a>"))
            .text("url", &path)
            .end(),
    }
}

fn missing() -> Response {
    json(404, "{\"status\": 404, \"message\": null}".to_owned())
}
