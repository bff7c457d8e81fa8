//! Incidents that are one trouble or two, and deployments, on the command line.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::client::{Failure, Reach, ended};
use super::shown::{self, word};

#[derive(Args)]
pub(super) struct Merge {
    /// The incident that ends in the other one, open or over; a target's name stands for its open one.
    pub(super) from: String,
    /// The incident that goes on with all that belongs to both.
    pub(super) into: String,
    /// Who says so.
    #[arg(long, env = "USER")]
    by: String,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Args)]
pub(super) struct Split {
    /// The incident; a target's name stands for its open one.
    id: String,
    /// What is another trouble: alerts as the timeline names them, such as `success-zero over hub/launch from here`.
    #[arg(required = true)]
    alerts: Vec<String>,
    /// Who says so.
    #[arg(long, env = "USER")]
    by: String,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Args)]
pub(super) struct Deploy {
    /// The target that was deployed to.
    target: String,
    /// What was deployed: a version, a pull request.
    what: String,
    /// What came of it.
    #[arg(long, default_value = "ok")]
    result: Result,
    /// Where to read more.
    #[arg(long)]
    link: Option<String>,
    /// Who says so: a person or a pipeline.
    #[arg(long, env = "USER")]
    by: String,
    #[command(flatten)]
    reach: Reach,
}

/// What came of a deployment.
#[derive(Clone, Copy, ValueEnum)]
enum Result {
    /// It runs.
    Ok,
    /// It does not.
    Failed,
}

pub(super) async fn merge(said: &Merge) -> anyhow::Result<ExitCode> {
    let body = json!({"by": said.by, "into": said.into});
    ended(tell(&said.reach, &["incidents", &said.from, "merge"], &body, "goes on with both").await)
}

pub(super) async fn split(said: &Split) -> anyhow::Result<ExitCode> {
    let body = json!({"by": said.by, "alerts": said.alerts});
    ended(
        tell(
            &said.reach,
            &["incidents", &said.id, "split"],
            &body,
            "split; `launchwatch incidents` lists both",
        )
        .await,
    )
}

pub(super) async fn deploy(said: &Deploy) -> anyhow::Result<ExitCode> {
    let result = match said.result {
        Result::Ok => "ok",
        Result::Failed => "failed",
    };
    let (target, what, link, by) = (&said.target, &said.what, &said.link, &said.by);
    let body = json!({"target": target, "what": what, "result": result, "url": link, "by": by});
    ended(tell(&said.reach, &["deploys"], &body, "on record").await)
}

async fn tell(
    reach: &Reach,
    path: &[&str],
    body: &serde_json::Value,
    words: &str,
) -> std::result::Result<(), Failure> {
    let answer = reach.client()?.post(path, body).await?;
    if reach.json {
        shown::json(&answer);
    } else {
        let name =
            if word(&answer, "/id").is_empty() { word(&answer, "/target") } else { word(&answer, "/id") };
        println!("{name}: {words}");
    }
    Ok(())
}
