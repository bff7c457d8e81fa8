//! The working pages of those who see to things: incidents, rules, silences, channels, rehearsals; and their forms.

mod answers;
mod cause;
pub(super) mod channels;
pub(super) mod forms;
mod headline;
pub(super) mod incident;
pub(super) mod incidents;
mod links;
pub(super) mod rehearsals;
pub(super) mod rules;
pub(super) mod silences;
mod timeline;
mod trial;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::response::{IntoResponse, Redirect, Response};
use launchwatch_alerts::{Incident, Post};

use super::Sources;
use super::access::{self, Who};
use super::problem::Problem;
use crate::config::ChannelConfig;

/// What the working pages need besides what all pages do.
#[derive(Clone, Default)]
pub struct Desk {
    /// Who can be told, to be shown and tried.
    channels: Arc<[ChannelConfig]>,
    /// The door through which a trial leaves; without it, none can be made.
    post: Option<Arc<dyn Post>>,
    /// The folder of what `rehearse --keep` and `backtest --keep` kept.
    rehearsals: Option<PathBuf>,
    /// The last trial of each channel.
    trials: Arc<Mutex<BTreeMap<String, trial::Trial>>>,
}

impl Desk {
    /// These channels, tried through this door, and this folder of what was kept.
    pub fn new(channels: &[ChannelConfig], post: Arc<dyn Post>, rehearsals: PathBuf) -> Self {
        Self { channels: channels.into(), post: Some(post), rehearsals: Some(rehearsals), ..Self::default() }
    }
}

/// Whether somebody may see an incident at all: some targets are not for the public.
fn visible(sources: &Sources, who: &Who, incident: &Incident) -> bool {
    who.known()
        || incident.targets.iter().any(|target| sources.status.shows(target))
        || incident.targets.is_empty()
}

/// To the page that shows what came of a form.
fn back_to(sources: &Sources, path: &str) -> Response {
    Redirect::to(&sources.to(path)).into_response()
}

/// A command was not obeyed: why, as a page.
fn refused(sources: &Sources, who: &Who, problem: &Problem) -> Response {
    let (status, what, hint) = problem.said();
    let hint = if hint.is_empty() { "Go back and look how it stands. Nothing was changed." } else { hint };
    access::refusal(sources, who, status, what, hint)
}
