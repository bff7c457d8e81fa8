//! Launches: a stream of events that goes as the drawn outcome says.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::Response;
use tokio::time::{Instant, sleep_until};

use crate::rehearsal::scenario::{HttpAnswer, Line, StreamEnd};
use crate::rehearsal::stage::house::House;
use crate::rehearsal::stage::launch::{Attempt, Launch};
use crate::rehearsal::stage::words::{Words, filled};
use crate::standin::stream::{self, KeepAlive, Out};
use crate::standin::wire::{Json, stamp};
use crate::standin::{answer, token};

/// `/build/<provider>/<spec>`.
pub(super) async fn build(State(house): State<Arc<House>>, request: Request) -> Response {
    let spec = request.uri().path().strip_prefix("/build/").unwrap_or_default().to_owned();
    let host = token::origin(request.headers());
    let begun = Instant::now();
    let Some((_, launch)) = house.begin(&spec) else {
        return answer::html(503, answer::page("503", "the file has no data for this moment"));
    };
    let HttpAnswer { status, content_type, after, error } = launch.outcome.http.clone();
    sleep_until(begun + span(after)).await;
    if error.is_some() || status == 0 {
        return answer::never().await;
    }
    if status != 200 || !content_type.starts_with("text/event-stream") {
        return answer::html(status, answer::page(&status.to_string(), "the way to the service is broken"));
    }
    if launch.succeeds()
        && let Some(last) = launch.attempts.last()
    {
        house.adopt(&launch, last);
    }
    let every = span(launch.outcome.keepalive);
    let beat = KeepAlive { every, line: ":keepalive\n\n" };
    answer::events(stream::body(Some(beat), move |out| play(house, launch, begun, host, out)))
}

fn span(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::from_secs(86_400 * 365))
}

async fn play(house: Arc<House>, launch: Launch, begun: Instant, host: String, out: Out) {
    for line in &launch.outcome.sse {
        sleep_until(begun + span(line.at)).await;
        let event = event(&house, &launch, line, &host);
        if line.phase.as_deref() == Some("building") {
            out.log(&event).await;
        } else {
            out.event(&event).await;
        }
    }
    match launch.outcome.end {
        StreamEnd::Closes => {}
        StreamEnd::ClosesLate => tokio::time::sleep(Duration::from_secs(60)).await,
        StreamEnd::HoldsOpen => futures::future::pending().await,
    }
}

fn event(house: &House, launch: &Launch, line: &Line, host: &str) -> String {
    let now = launch.begun + line.at;
    let attempt = launch.attempts.iter().rev().find(|a| a.begun <= now + 1e-6).or(launch.attempts.first());
    let text = line.message.as_deref().map(|m| message(house, launch, attempt, m, now));
    let mut json = Json::new();
    if let Some(phase) = &line.phase {
        json = json.text("phase", phase);
    }
    if let Some(status) = line.status_code {
        json = json.number("status_code", u64::from(status));
    }
    match line.phase.as_deref() {
        Some("ready") => {
            let name = attempt.map_or("visitor", |a| a.user.as_str());
            let url = format!("{}user/{name}/", house.hub_url);
            json.text("message", &format!("server running at {url}\n"))
                .text("url", &url)
                .text("token", &launch.token)
                .text("image", &image(launch))
                .text("repo_url", &launch.repo)
                .text("binder_ref_url", &launch.repo)
                .text("binder_launch_host", &format!("http://{host}/"))
                .text("binder_request", &format!("v2/{}", launch.spec))
                .text("binder_persistent_request", &format!("v2/{}", launch.spec))
                .end()
        }
        Some("built") => {
            let json = json.text("message", &text.unwrap_or_default());
            json.text("imageName", &image(launch)).end()
        }
        _ => match text {
            Some(text) => json.text("message", &text).end(),
            None => json.end(),
        },
    }
}

fn image(launch: &Launch) -> String {
    let repo = launch.repo.rsplit('/').next().unwrap_or("x");
    format!("registry.rehearsal/r2d-{repo}:1")
}

fn message(house: &House, launch: &Launch, attempt: Option<&Attempt>, text: &str, now: f64) -> String {
    let Some(attempt) = attempt else {
        let image = image(launch);
        return filled(text, house, &Words { image: &image, repo: &launch.repo, ..Words::default() }) + "\n";
    };
    let names = crate::rehearsal::stage::kube::names(house, now);
    let (ts, pod, image) = (stamp(house.date(now)), attempt.pod(), image(launch));
    let url = format!("{}user/{}/", house.hub_url, attempt.user);
    let podip = format!("10.{}.{}.{}", 4, attempt.address >> 8, attempt.address & 0xff);
    let words = Words {
        ts: &ts,
        pod: &pod,
        node: names.of(attempt.node, false),
        name: &attempt.user,
        image: &image,
        repo: &launch.repo,
        url: &url,
        podip: &podip,
    };
    filled(text, house, &words) + "\n"
}
