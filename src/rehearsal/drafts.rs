//! Drafts: the incident reports that would have been made, with what people of the day did as told afterwards.

use jiff::{SignedDuration, Timestamp};
use launchwatch_alerts::Incident;

use super::Hindsight;
use super::play::Played;
use crate::report::{Draft, Late, Wording, draft, facts};

/// A report of every incident of a target: what wakes people first, then by their opening.
#[must_use]
pub fn drafts(played: &Played, hindsight: &Hindsight, wording: &Wording) -> Vec<Draft> {
    let mut all: Vec<_> = played.materials.iter().collect();
    let loudest = |incident: &Incident| (std::cmp::Reverse(incident.severity), incident.opened_at);
    all.sort_by_key(|material| loudest(&material.incident));
    let late = late(played.t0, hindsight);
    let of = |(n, material): (usize, &&crate::report::Material)| {
        // What people did belongs to one outage: the first.
        let late: &[Late] = if n == 0 { &late } else { &[] };
        draft(facts(material, late), wording)
    };
    all.iter().enumerate().map(of).collect()
}

/// All of them as one text.
#[must_use]
pub fn joined(drafts: &[Draft]) -> String {
    if drafts.is_empty() {
        return "Nothing was wrong as far as launchwatch could see; nobody would have been told.\n"
            .to_owned();
    }
    drafts.iter().map(|d| d.markdown.as_str()).collect::<Vec<_>>().join("\n---\n\n")
}

fn late(t0: Timestamp, hindsight: &Hindsight) -> Vec<Late> {
    let mut all = Vec::new();
    let mut told = |second: Option<f64>, what: String| {
        let at = second.and_then(|s| t0.checked_add(SignedDuration::try_from_secs_f64(s).ok()?).ok());
        all.extend(at.map(|at| Late { at, what }));
    };
    let by = hindsight.human_noticed_by.as_deref().unwrap_or("somebody");
    told(hindsight.human_noticed, format!("noticed by {by}"));
    told(hindsight.investigation, "people begin to look into it".to_owned());
    for deed in &hindsight.deeds {
        let of = if deed.target.is_empty() { String::new() } else { format!(": {}", deed.target) };
        told(Some(deed.t), format!("{}{of}", deed.action));
    }
    told(hindsight.mitigated, "over for users".to_owned());
    all
}
