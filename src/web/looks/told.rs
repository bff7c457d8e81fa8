//! Of what others tell us, on the page of the probe: when they last did, when they are expected, and how they do.

use jiff::Timestamp;
use maud::{Markup, html};

use super::probe::duration;
use super::{ago, said};
use crate::observation::ProbeId;
use crate::pings::Standing;
use crate::web::{Sources, words};

/// Rows of the list about a probe; nothing for what we run ourselves.
pub(super) fn rows(sources: &Sources, probe: &ProbeId, now: Timestamp) -> Markup {
    let heard = |at: Option<Timestamp>| match at {
        Some(at) => ago(at, now),
        None => html! { "not since launchwatch began" },
    };
    match sources.pings.standing(probe) {
        None => html! {},
        Some(Standing::Heartbeat { heard: last, expected, grace, running_since }) => html! {
            dt { "Last ping" } dd { @match last { Some(at) => { (ago(at, now)) }, None => { "none yet" } } }
            @if let Some(since) = running_since { dt { "Runs since" } dd { (words::moment(since)) } }
            dt { "Next ping" } dd { @match expected {
                Some(at) => { "expected " (words::moment(at)) ", late after " (duration(grace)) " more" },
                None => { "none is expected" },
            } }
            dt { "To ping" } dd { code { "curl -fsS --retry 5 " (address(sources, "/ping/<key>")) }
                " when it has ended, with " code { "/start" } " when it begins and " code { "/fail" } " or "
                code { "/$?" } " when it failed; the key is in the configuration" }
        },
        Some(Standing::Alerts { heard: last, firing, watchdog }) => html! {
            dt { "Last heard" } dd { (heard(last)) }
            dt { "Firing" } dd { (firing) }
            @if let Some((name, at)) = watchdog { dt { "Watchdog" } dd { code { (said(&name)) } " " (heard(at)) } }
            dt { "To tell" } dd { code { (address(sources, "/hooks/alertmanager/<key>")) }
                " as a webhook of Alertmanager, or as " code { "path_prefix" } " of an Alertmanager of Prometheus" }
        },
    }
}

/// An address of ours, as others reach it.
fn address(sources: &Sources, path: &str) -> String {
    match &sources.public.url {
        Some(url) => format!("{}{path}", url.as_str().trim_end_matches('/')),
        None => sources.to(path),
    }
}
