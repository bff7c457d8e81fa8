//! What the recorder says: in the log, and where messages lead.

use launchwatch_alerts::{Change, IncidentId};

/// The page of an incident; of what is none, ours.
pub(super) fn page_of(root: &url::Url, incident: &IncidentId) -> Option<String> {
    let mut page = root.join("./").ok()?;
    let ours = incident.0.starts_with("silence-") || incident.0.starts_with("test-");
    if !ours && let Ok(mut segments) = page.path_segments_mut() {
        segments.pop_if_empty().extend(["incidents", incident.0.as_str()]);
    }
    Some(page.into())
}

/// Tells the log.
pub(super) fn say(change: &Change) {
    match change {
        Change::Alert(a) => {
            tracing::info!(alert.rule = %a.key.rule, alert.series = %a.key.series, alert.state = ?a.state,
                alert.failures = a.failures, "alert moved");
        }
        Change::Incident(i) => {
            tracing::info!(incident.id = %i.id, incident.state = ?i.state, target.name = %i.target, "incident moved");
        }
        Change::Silence(s) => {
            tracing::info!(silence.id = %s.id, silence.by = %s.by, silence.until = %s.until, "silence moved");
        }
        Change::Deploy(d) => {
            tracing::info!(target.name = %d.target, deploy.result = d.result.as_str(), "deployment seen");
        }
        Change::Hidden(h) => {
            tracing::info!(alert.series = %h.series, alert.rule = %h.rule, "not told: {}", h.by);
        }
        // Handed over before; the runner says what comes of it.
        Change::Look(_) => {}
        Change::Notify(n) => {
            tracing::info!(notification.id = %n.id, notification.kind = n.kind.as_str(), "notification owed");
        }
    }
}
