//! What changed, for the log.

use launchwatch_alerts::Change;

/// Says what changed.
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
