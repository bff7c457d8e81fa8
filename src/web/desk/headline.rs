//! What an incident is, in the words in which people were told of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use launchwatch_alerts::{
    Alert, AlertState, Facts, Failing, Incident, IncidentState, Notification, NotificationId,
    NotificationKind,
};
use launchwatch_probes::Verdict;

use crate::observation::ProbeId;
use crate::pipeline::board::Board;

/// The alerts that tell what fails (of one that is over: what failed): one of each series, the loudest and oldest.
pub(super) fn failing(incident: &Incident) -> Vec<&Alert> {
    let over = incident.state == IncidentState::Resolved;
    let mut by_series: BTreeMap<_, &Alert> = BTreeMap::new();
    for alert in incident.alerts.values().filter(|a| over || a.state == AlertState::Firing) {
        let better = |known: &&Alert| {
            let rank = |a: &Alert| (std::cmp::Reverse(a.severity), a.fired_at.unwrap_or(a.since));
            rank(alert) < rank(known)
        };
        by_series
            .entry((&alert.key.series.target, &alert.key.series.probe))
            .and_modify(|known| {
                if better(known) {
                    *known = alert;
                }
            })
            .or_insert(alert);
    }
    by_series.into_values().collect()
}

/// Probes of the incident's target that work.
pub(super) fn working(board: &Board, incident: &Incident, now: Timestamp) -> Vec<String> {
    let fails = |probe: &ProbeId| {
        let firing = |a: &&Alert| a.state == AlertState::Firing;
        incident.alerts.values().filter(firing).any(|a| board.is_about(&a.key.series, probe))
    };
    let own = board.probes.range(ProbeId::new(&incident.target, "")..).map(|(_, p)| p);
    own.take_while(|p| p.id.target() == incident.target)
        .filter(|p| {
            p.last.as_ref().is_some_and(|(at, outcome)| {
                matches!(outcome.verdict, Verdict::Passed | Verdict::Degraded) && !p.stale(*at, now)
            })
        })
        .filter(|p| !fails(&p.id))
        .map(|p| board.called(&p.id))
        .collect()
}

/// The headline: what users are without, since when; or what they were without, and for how long.
pub(super) fn headline(incident: &Incident, working: Vec<String>, now: Timestamp) -> String {
    let over = incident.state == IncidentState::Resolved;
    let failing: Vec<Failing> = failing(incident).into_iter().map(|a| told(a, &incident.target)).collect();
    let facts = Facts {
        until: incident.resolved_at,
        recovered: incident.recovered_at.filter(|_| !over),
        targets: u32::try_from(incident.targets.len()).unwrap_or(u32::MAX),
        failing,
        working,
        note: incident.merged_into.as_ref().map(|into| format!("goes on as {into}")),
        ..Facts::bare(&incident.target, incident.since)
    };
    let recovered = facts.recovered.is_some();
    let kind = match over {
        true => NotificationKind::Resolved,
        false if recovered => NotificationKind::Update,
        false => NotificationKind::Opened,
    };
    let title = launchwatch_alerts::text::title(&Notification {
        id: NotificationId(incident.id.0.clone()),
        incident: incident.id.clone(),
        kind,
        severity: incident.severity,
        at: now,
        to: Vec::new(),
        facts,
    });
    launchwatch_alerts::text::one_line(&title, 200)
}

fn told(alert: &Alert, of: &str) -> Failing {
    Failing { evidence: Vec::new(), ..Failing::of(alert, of) }
}
