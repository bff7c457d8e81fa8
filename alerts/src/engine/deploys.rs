//! Deployments: on record beside the troubles that they may have caused, and among what causes are named by.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::trouble::note;
use super::{Change, Engine, OURSELVES};
use crate::diagnosis::{Look, Track};
use crate::text::one_line;
use crate::{Deploy, Disobeyed, Entry, Health, IncidentId, SeriesId};

/// Deployments kept in mind.
const KEPT: usize = 100;
/// A deployment this long before the onset stands in the timeline of an incident, and counts for its causes.
const BEFORE: SignedDuration = SignedDuration::from_mins(90);

impl Engine {
    /// Takes note of a deployment: the open incidents of its target show it, and those to come will.
    pub(super) fn deployed(&mut self, deploy: Deploy, now: Timestamp) -> Result<(), Disobeyed> {
        let target = deploy.target.as_str();
        let known = self.every.keys().any(|series| series.target == target) || self.parents.contains(target);
        if !known || target == OURSELVES {
            let target = one_line(target, 80);
            return Err(Disobeyed::Nonsense(format!("there is no target `{target}` to deploy to")));
        }
        let web = |url: &String| url.starts_with("https://") || url.starts_with("http://");
        let deploy = Deploy {
            what: one_line(&deploy.what, 200),
            url: deploy.url.filter(web).map(|url| one_line(&url, 500)),
            by: one_line(&deploy.by, 80),
            at: now,
            ..deploy
        };
        let (by, words) = (deploy.by.clone(), deploy.says());
        let concerned: Vec<_> = self
            .incidents
            .values()
            .filter(|i| i.targets.iter().any(|t| self.concerns(&deploy, t)))
            .map(|i| i.id.clone())
            .collect();
        for id in concerned {
            if let Some(incident) = self.incidents.get_mut(&id) {
                note(incident, now, Some(&by), words.clone());
                self.dirty.incidents.insert(id);
            }
        }
        self.looked_at.insert(deploy.target.clone());
        self.dirty.out.push(Change::Deploy(deploy.clone()));
        if self.deploys.len() >= KEPT {
            self.deploys.pop_front();
        }
        self.deploys.push_back(deploy);
        Ok(())
    }

    /// Whether a deployment is one to this target, or to something it depends on.
    fn concerns(&self, deploy: &Deploy, target: &str) -> bool {
        deploy.target == target || self.plan.ancestors(target).contains(&deploy.target)
    }

    /// Puts the deployments before the onset into the timeline of an incident that has just been opened.
    pub(super) fn note_deploys(&mut self, id: &IncidentId) {
        let Some(incident) = self.incidents.get(id) else { return };
        let before: Vec<_> = self
            .deploys
            .iter()
            .filter(|d| incident.since.duration_since(d.at) <= BEFORE)
            .filter(|d| incident.targets.iter().any(|t| self.concerns(d, t)))
            .map(|d| Entry { at: d.at, by: Some(d.by.clone()), what: d.says() })
            .collect();
        if let Some(incident) = self.incidents.get_mut(id) {
            incident.timeline.splice(0..0, before);
        }
    }

    /// The last deployment to such a target, as if a probe saw it now: what ran last is so until it is deployed anew.
    pub(super) fn last_deploy(&self, of: impl Fn(&str) -> bool, now: Timestamp) -> Option<(SeriesId, Track)> {
        let fresh = |d: &&Deploy| now.duration_since(d.at) <= BEFORE;
        let last = self.deploys.iter().rev().filter(fresh).find(|d| of(&d.target))?;
        let facts = [("deploy_result", last.result.as_str()), ("deploy_target", last.target.as_str())];
        let look = Look {
            slot: last.at,
            at: now,
            // A deployment is no look at what people use.
            health: Health::Unknown,
            in_flight: false,
            reason: None,
            stage: None,
            summary: last.says(),
            evidence: Vec::new(),
            measurements: BTreeMap::new(),
            facts: facts.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        };
        let series =
            SeriesId { target: last.target.clone(), probe: "deploys".into(), location: String::new() };
        Some((series, Track { kind: "ci".into(), looks: VecDeque::from([look]) }))
    }
}
