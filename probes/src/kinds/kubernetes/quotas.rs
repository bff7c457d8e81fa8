//! Quotas of the namespace: how full the fullest is.

use crate::Cx;
use crate::cluster::Quota;

/// Measures the quota that leaves the least room for pods, where one speaks of pods.
pub(super) fn measure(cx: &mut Cx, quotas: &[Quota]) {
    let share = |(used, hard): (f64, f64)| if hard > 0.0 { used / hard } else { 1.0 };
    let of_pods = quotas.iter().filter_map(|q| Some((q.metadata.name.as_str(), q.pods()?)));
    let fullest = of_pods.reduce(|a, b| if share(b.1) > share(a.1) { b } else { a });
    let Some((name, (used, hard))) = fullest else { return };
    cx.measure("quota_pods_used", used);
    cx.measure("quota_pods_hard", hard);
    cx.measure("quota_pods_used_ratio", share((used, hard)));
    cx.measure("quota_blocked", if used >= hard { 1.0 } else { 0.0 });
    cx.fact("quota_name", name);
}
