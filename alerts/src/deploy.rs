//! A deployment, as whoever deploys tells of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What came of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeployResult {
    /// It runs.
    Ok,
    /// It does not: what ran before may still run.
    Failed,
}

impl DeployResult {
    /// The name used in pages, facts and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
        }
    }
}

/// Something was deployed to a target, or could not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deploy {
    /// To which target.
    pub target: String,
    /// What: a version, a pull request.
    pub what: String,
    /// What came of it.
    pub result: DeployResult,
    /// Where to read more; http or https.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Who says so: a person, or the name of a pipeline.
    pub by: String,
    /// When it was heard of.
    pub at: Timestamp,
}

impl Deploy {
    /// In one line, fit for a timeline.
    pub fn says(&self) -> String {
        let Self { target, what, url, .. } = self;
        let words = match self.result {
            DeployResult::Ok => format!("deployed to {target}: {what}"),
            DeployResult::Failed => format!("deployment to {target} failed: {what}"),
        };
        match url {
            Some(url) => format!("{words} ({url})"),
            None => words,
        }
    }
}
