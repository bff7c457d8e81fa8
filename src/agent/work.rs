//! What is to be looked at from here: from the service's plan, or from a configuration of our own.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::config::{self, Config, Environment, ProbeConfig, Registries, RunBy, Target};
use crate::observation::ProbeId;
use crate::wire::Plan;

/// Probes, each with what it was made of: when that is the same, it is the same probe.
#[derive(Default)]
pub struct Work {
    /// Which plan this is; empty for a configuration of our own.
    pub version: String,
    /// The name of this place.
    pub location: String,
    /// What is cared about.
    pub targets: Vec<Target>,
    /// How it is looked at.
    pub probes: Vec<(String, ProbeConfig)>,
    /// The last slot of each that the service knows of.
    pub last_slots: BTreeMap<ProbeId, Timestamp>,
    /// What of the plan cannot be used here, in words.
    pub troubles: Vec<String>,
}

impl Work {
    /// What a plan asks for. Each probe is read by itself: what is wrong with one, such as a secret that is not here,
    /// does not keep us from the others.
    pub fn of_plan(plan: &Plan, env: Environment<'_>) -> Self {
        let (version, location) = (plan.version.clone(), plan.location.clone());
        let mut work = Self { version, location, ..Self::default() };
        let targets = plan.configuration.get("targets").and_then(Value::as_array);
        for target in targets.into_iter().flatten() {
            for probe in target.get("probes").and_then(Value::as_array).into_iter().flatten() {
                work.add(target, probe, env);
            }
        }
        let bare = |(id, slot): (&ProbeId, &Timestamp)| (ProbeId::new(id.target(), id.bare()), *slot);
        work.last_slots = plan.last_slots.iter().map(bare).collect();
        work
    }

    /// What a configuration asks of this location: what it says an agent here runs, or, where it says nothing of that,
    /// everything.
    pub fn of_config(config: &Config, location: &str) -> Self {
        let ours = |p: &&ProbeConfig| matches!(&p.by, RunBy::Agent(at) if &**at == location);
        let mut probes: Vec<&ProbeConfig> = config.probes.iter().filter(ours).collect();
        if probes.is_empty() {
            probes = config.probes.iter().filter(|p| p.by == RunBy::Us).collect();
        }
        let probes = probes.into_iter().map(|p| (String::new(), here(p))).collect();
        Self { targets: config.targets.clone(), location: location.to_owned(), probes, ..Self::default() }
    }

    fn add(&mut self, target: &Value, probe: &Value, env: Environment<'_>) {
        let (mut target, mut probe) = (target.clone(), probe.clone());
        // Where it runs, and what hangs together, is the service's affair.
        for key in ["locations", "depends_on", "was"] {
            [&mut target, &mut probe].into_iter().filter_map(Value::as_object_mut).for_each(|map| {
                map.remove(key);
            });
        }
        let name = target.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(map) = target.as_object_mut() {
            map.insert("probes".to_owned(), json!([probe]));
        }
        let text = json!({ "version": 1, "targets": [target] }).to_string();
        match config::load_text("plan", &text, Registries::BUILT_IN, env) {
            Ok((config, _)) => {
                let known = self.targets.iter().any(|t| t.name == name);
                self.targets.extend(config.targets.into_iter().filter(|_| !known));
                let runs = config.probes.iter().filter(|p| p.by != RunBy::Others).map(here);
                self.probes.extend(runs.map(|p| (text.clone(), p)));
            }
            Err(problems) => {
                let which = ["name", "type"].iter().find_map(|key| probe.get(*key)?.as_str()).unwrap_or("?");
                let wrong = problems.iter().filter(|p| p.severity == config::Severity::Error);
                let wrong: Vec<String> = wrong.map(|p| format!("{} ({})", p.what, p.hint)).collect();
                self.troubles.push(format!("{name}/{which} cannot be run here: {}", wrong.join("; ")));
            }
        }
    }
}

/// A probe, run by this process.
fn here(probe: &ProbeConfig) -> ProbeConfig {
    let id = ProbeId::new(probe.id.target(), probe.id.bare());
    ProbeConfig { id, by: RunBy::Us, ..probe.clone() }
}

/// A plan on disk, so that we can begin without the service.
#[derive(Debug, Clone)]
pub(super) struct Kept(PathBuf);

impl Kept {
    /// In a state directory.
    pub(super) fn of(state: &Path) -> Self {
        Self(state.join("plan.json"))
    }

    /// The plan that was followed last.
    pub(super) fn read(&self) -> Option<Plan> {
        let text = std::fs::read(&self.0).ok()?;
        match serde_json::from_slice(&text) {
            Ok(plan) => Some(plan),
            Err(error) => {
                tracing::warn!(%error, "the plan in {} cannot be read; it is fetched anew", self.0.display());
                None
            }
        }
    }

    /// Keeps a plan in place of the last one.
    pub(super) fn write(&self, plan: &Plan) {
        if let Err(error) = replace(&self.0, plan) {
            tracing::warn!(%error, "cannot keep the plan in {}", self.0.display());
        }
    }
}

/// Writes a file in place of the last one: it is there whole and for good, or not at all.
pub(super) fn replace(path: &Path, what: &impl serde::Serialize) -> std::io::Result<()> {
    let draft = path.with_extension("new");
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(&serde_json::to_vec(what)?)?;
    file.sync_all()?;
    std::fs::rename(&draft, path)?;
    path.parent().map_or(Ok(()), |folder| std::fs::File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        let configuration = json!({ "version": 1, "targets": [
            { "name": "hub", "url": "https://hub.example/", "locations": ["fra"], "depends_on": ["other"], "probes": [
                { "type": "http", "every": "30s", "locations": ["fra", "here"] },
                { "type": "jupyterhub-health", "token": "env:NOT_HERE" },
            ] },
        ] });
        serde_json::from_value(json!({
            "version": "1", "location": "fra", "now": "2018-07-07T12:00:00Z", "configuration": configuration,
            "last_slots": { "hub/http@fra": "2018-07-07T11:59:30Z" },
        }))
        .unwrap()
    }

    #[test]
    fn what_is_wrong_with_one_probe_of_a_plan_does_not_keep_us_from_the_others() {
        let work = Work::of_plan(&plan(), &|_| None);
        let ids: Vec<_> = work.probes.iter().map(|(_, p)| p.id.as_str().to_owned()).collect();
        assert_eq!(ids, ["hub/http"]);
        assert_eq!(work.troubles.len(), 1, "{:?}", work.troubles);
        assert!(work.troubles[0].starts_with("hub/jupyterhub-health"), "{:?}", work.troubles);
        assert!(work.last_slots.contains_key(&ProbeId::new("hub", "http")), "by their bare names");
    }

    #[test]
    fn a_plan_survives_on_disk_and_garbage_is_no_plan() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::of(folder.path());
        assert!(kept.read().is_none());
        kept.write(&plan());
        assert_eq!(kept.read().unwrap().location, "fra");
        std::fs::write(folder.path().join("plan.json"), "{").unwrap();
        assert!(kept.read().is_none());
    }
}
