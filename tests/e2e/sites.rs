//! Plain sites in memory, each of which can be taken down: `http://sites.example/<name>`.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;

/// The sites.
#[derive(Clone, Default)]
pub struct Sites(Arc<Mutex<(bool, BTreeSet<String>, String)>>);

impl Sites {
    /// Takes one down, or brings it back.
    pub fn down(&self, name: &str, down: bool) {
        let mut sites = self.0.lock().unwrap();
        if down {
            sites.1.insert(name.to_owned());
        } else {
            sites.1.remove(name);
        }
    }

    /// Takes all of them down, or brings them back.
    pub fn all_down(&self, down: bool) {
        self.0.lock().unwrap().0 = down;
    }

    /// What they answer with.
    pub fn say(&self, text: String) {
        self.0.lock().unwrap().2 = text;
    }

    pub fn router(&self) -> Router {
        async fn answer(State(sites): State<Sites>, Path(name): Path<String>) -> (StatusCode, String) {
            let sites = sites.0.lock().unwrap();
            let down = sites.0 || sites.1.contains(&name);
            (if down { StatusCode::BAD_GATEWAY } else { StatusCode::OK }, sites.2.clone())
        }
        Router::new().route("/{name}", get(answer)).with_state(self.clone())
    }
}

/// A configuration with these sites, looked at every ten seconds, and these channels (lines of YAML).
pub fn sites_yaml<'a>(names: impl IntoIterator<Item = &'a str>, channels: &str) -> String {
    let target = |name: &str| {
        format!(
            "  - {{ name: {name}, url: http://sites.example/{name}, probes: [ {{ type: http, every: 10s }} ] }}\n"
        )
    };
    let targets: String = names.into_iter().map(target).collect();
    format!("version: 1\ntargets:\n{targets}channels:\n{channels}rules: [{{ name: quick, failures: 2 }}]\n")
}
