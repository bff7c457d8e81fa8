//! The incident as Alertmanager's alerts (`postableAlerts` of its api/v2/openapi.yaml).

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::text::{self, Story, at_most, one_line};
use crate::{Notification, NotificationKind, Severity};

/// A test is over after this long.
const TEST: SignedDuration = SignedDuration::from_mins(5);
/// Bytes of the description: it goes into the messages of others.
const DESCRIPTION: usize = 8000;

/// One alert. Its labels are its name for life.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Alert {
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<&'static str, String>,
    starts_at: Timestamp,
    ends_at: Timestamp,
    #[serde(rename = "generatorURL", skip_serializing_if = "Option::is_none")]
    generator: Option<String>,
}

/// The alert of an incident. Its end also ends the alert that it was before its severity rose, if it did: Alertmanager
/// takes the end of an alert that it never had without a word.
pub(super) fn of(n: &Notification, labels: &BTreeMap<String, String>, keep: Duration) -> Vec<Alert> {
    let ends = match n.kind {
        NotificationKind::Test => later(n.at, TEST),
        NotificationKind::Resolved => n.facts.until.unwrap_or(n.at).min(n.at),
        _ => {
            let quiet = n.facts.ack.as_ref().map_or(n.at, |a| a.until.max(n.at));
            later(quiet, SignedDuration::try_from(keep).unwrap_or(TEST))
        }
    };
    let first = one(n, n.severity, ends, labels);
    let risen = n.severity == Severity::Page && n.kind == NotificationKind::Resolved;
    let before = risen.then(|| one(n, Severity::Ticket, ends, labels));
    std::iter::once(first).chain(before).collect()
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

fn one(n: &Notification, severity: Severity, ends: Timestamp, labels: &BTreeMap<String, String>) -> Alert {
    let story = Story::of(n);
    let name = if n.kind == NotificationKind::Test { "LaunchwatchTest" } else { "LaunchwatchIncident" };
    let ours = [
        ("alertname", name.to_owned()),
        ("target", one_line(&n.facts.target, 200)),
        ("severity", severity.as_str().to_owned()),
        ("incident", text::key(&n.incident.0, 200)),
    ];
    let mut labels = labels.clone();
    labels.extend(ours.map(|(name, value)| (name.to_owned(), value)));
    let link = story.link.as_ref().map(|l| l.as_str().to_owned());
    let mut annotations = BTreeMap::from([
        ("summary", story.title.clone()),
        ("description", at_most(&text::pieces_as_text(&story), DESCRIPTION)),
        ("kind", n.kind.as_str().to_owned()),
    ]);
    annotations.extend(link.clone().map(|l| ("link", l)));
    annotations.extend(n.facts.ack.as_ref().map(|a| ("acknowledged_by", one_line(&a.by, 80))));
    // It refuses what ends before it begins.
    let starts = n.facts.since.min(ends);
    Alert { labels, annotations, starts_at: starts, ends_at: ends, generator: link }
}
