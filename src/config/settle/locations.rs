//! Judges from where a probe looks: `locations` of targets and probes.

use std::sync::Arc;

use super::Desk;
use crate::config::path::Path;
use crate::config::settled::{AgentConfig, ProbeConfig, RunBy, Service};
use crate::config::tree::{Content, Node};
use crate::config::words;

/// The places from which can be looked: where this process is, and those of the agents.
pub(super) struct Places {
    own: Arc<str>,
    agents: Vec<Arc<str>>,
}

impl Places {
    /// The place of the service, and those of its agents.
    pub(super) fn of(service: &Service, agents: &[AgentConfig]) -> Self {
        let agents = agents.iter().map(|a| Arc::clone(&a.name)).collect();
        Self { own: Arc::clone(&service.location), agents }
    }

    /// Who runs what this is written at; `None` if nothing is written. What cannot be used is told, and left out.
    pub(super) fn named(&self, node: &Node, path: &Path, desk: &mut Desk<'_, '_>) -> Option<Vec<RunBy>> {
        let (_, written) = node.entry("locations")?;
        // What is no list is told with the other keys.
        let Content::List(items) = &written.content else { return None };
        let path = path.key("locations");
        if items.is_empty() {
            let hint = "name at least one place, or leave it off to look from here";
            desk.report.error(written.place, path, "nobody would look at it: the list is empty", hint);
            return None;
        }
        let mut all = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let Some(name) = item.text() else { continue };
            let path = path.index(at);
            let Some(by) = self.run_by(name) else {
                let (what, hint) = (format!("there is no location `{name}`"), self.hint(name));
                desk.report.error(item.place, path, what, hint);
                continue;
            };
            if all.contains(&by) {
                desk.report.error(item.place, path, format!("`{name}` is named twice"), "name it once");
            } else {
                all.push(by);
            }
        }
        (!all.is_empty()).then_some(all)
    }

    fn run_by(&self, name: &str) -> Option<RunBy> {
        if *self.own == *name {
            return Some(RunBy::Us);
        }
        self.agents.iter().find(|agent| ***agent == *name).map(|agent| RunBy::Agent(Arc::clone(agent)))
    }

    fn hint(&self, name: &str) -> String {
        let known: Vec<&str> = std::iter::once(&self.own).chain(&self.agents).map(AsRef::as_ref).collect();
        let hint = words::did_you_mean(name, &known);
        format!("{hint}; others are declared as `agents: [{{ name: … }}]`")
    }
}

impl ProbeConfig {
    /// The same probe, run by somebody.
    pub(super) fn run_by(&self, by: RunBy) -> Self {
        let id = match &by {
            RunBy::Agent(location) => self.id.at(location),
            RunBy::Us | RunBy::Others => self.id.clone(),
        };
        // What only others tell us of stays so.
        let by = if self.by == RunBy::Others { RunBy::Others } else { by };
        Self { id, by, ..self.clone() }
    }
}
