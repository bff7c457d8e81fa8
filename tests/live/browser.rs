//! The pages in a real Chromium: stories told in `browser/*.mjs`, against the demo as people start it.
//!
//! Pictures of what was seen are kept in `tests/artefacts/pictures`.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::kit::service::Demo;
use crate::kit::stage::{self, Place};

/// Longest a story may take.
const STORY: Duration = Duration::from_secs(400);

/// Tells a story to Chromium; what it says is shown when it fails.
pub(super) async fn tell(story: &str, base: &str, more: &[(&str, &str)]) {
    let folder = stage::tests().join("live/browser");
    let script = folder.join(format!("{story}.mjs"));
    assert!(folder.join("node_modules").exists(), "run tests/setup browser first");
    let mut command = Command::new("node");
    command.arg(&script).env("BASE", base).env("PICTURES", pictures()).envs(more.iter().copied());
    for proxy in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    let run = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(STORY, run).await;
    let output = output.unwrap_or_else(|_| panic!("{story} did not end within {STORY:?}"));
    let output = output.unwrap_or_else(|e| panic!("node cannot be run: {e}"));
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    eprintln!("{story}:\n{said}");
    assert!(output.status.success(), "the story {story} ended badly:\n{said}");
}

fn pictures() -> PathBuf {
    stage::tests().join("artefacts/pictures")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_appears_in_an_open_page_and_goes_again() {
    let _place = Place::take().await;
    let demo = Demo::start().await;
    tell("outage", &demo.url, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_on_call_answers_with_a_keyboard_alone() {
    let _place = Place::take().await;
    let demo = Demo::start().await;
    tell("operate", &demo.url, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_accessible_and_fits_wide_and_narrow_light_and_dark() {
    let _place = Place::take().await;
    let demo = Demo::start().await;
    tell("faces", &demo.url, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_scripts_everything_can_be_read_and_said() {
    let _place = Place::take().await;
    let demo = Demo::start().await;
    tell("plain", &demo.url, &[]).await;
}
