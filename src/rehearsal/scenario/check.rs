//! Check: whom facts are about, and members that only facts name.

use super::desk::At;
use super::prober::Prober;
use super::{Deployment, Told};

/// The member that a fact is about.
pub(super) fn whom(at: &At<'_>, otherwise: &str) -> String {
    let named = ["member", "target", "cluster"].iter().find_map(|key| at.get(key)?.text());
    named.unwrap_or(otherwise).to_owned()
}

/// Whoever launches are sent to, or who has a health page, is a member, listed or not.
pub(super) fn members(deployment: &mut Deployment, prober: &Prober, told: &Told) {
    let launched = prober.segments.iter().map(|s| s.target.as_str());
    let healthy = told.health.iter().map(|h| h.member.as_str());
    for name in launched.chain(healthy) {
        let general = matches!(name, "all" | "any" | "*");
        if !general && !deployment.members.iter().any(|m| m == name) {
            deployment.members.push(name.to_owned());
        }
    }
}
