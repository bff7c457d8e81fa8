//! What a launch on a staged BinderHub comes to.

mod bad_servers;
mod cut_off;
mod garbage;
mod own_pod;
mod request;
mod settings;
mod transcripts;
mod waiting;

use serde_json::{Value, json};

use crate::staged::{Play, Ran, Stage, run};

/// Settings as most tests want them.
fn settings() -> Value {
    json!({"spec": "gh/acme/tiny/HEAD"})
}

/// A run of a recorded stream with the usual deadline.
async fn play(fixture: &str) -> Ran {
    run("binder-launch", settings(), Stage { build: Play::fixture(fixture), ..Stage::default() }, 120).await
}
