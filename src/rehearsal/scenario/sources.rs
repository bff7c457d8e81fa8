//! Sources: health pages, the Hub's API, logs, figures, the redirector of a federation, certificates.

use std::collections::BTreeMap;

use super::check;
use super::desk::{At, Desk};

/// One check of a health page.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Its name, as BinderHub writes it.
    pub service: String,
    /// Whether it holds.
    pub ok: bool,
    /// It does not count.
    pub ignored: bool,
    /// The quota, of the check that has one.
    pub quota: Option<f64>,
    /// Pods it counted, where the file says so; else those of the cluster.
    pub total_pods: Option<f64>,
}

/// What the health pages of a member say within an interval. What is absent stays as it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// First second.
    pub from: f64,
    /// End.
    pub to: f64,
    /// Member, `any` or `all`.
    pub member: String,
    /// Status of `/health`; 0 for no answer.
    pub status: Option<u16>,
    /// Its verdict.
    pub ok: Option<bool>,
    /// Whether the body is JSON.
    pub json: bool,
    /// Its checks.
    pub checks: Vec<Check>,
    /// Status of `/versions`; 0 for no answer.
    pub versions_status: Option<u16>,
    /// Equal tags are equal documents.
    pub versions_tag: Option<String>,
    /// Status of the Hub's `hub/api/health`; 0 for no answer.
    pub hub_status: Option<u16>,
    /// Milliseconds it takes.
    pub hub_latency_ms: Option<f64>,
}

/// What the Hub's API yields from `t` on.
#[derive(Debug, Clone, PartialEq)]
pub struct HubPoint {
    /// Second.
    pub t: f64,
    /// Of whom.
    pub member: String,
    /// Status; 0 for no answer.
    pub http_status: u16,
    /// Milliseconds a request takes.
    pub latency_ms: f64,
    /// Users; `None` where no file says.
    pub users_total: Option<f64>,
    /// Servers that are ready or pending.
    pub servers_active: Option<f64>,
    /// Starting.
    pub pending_spawn: f64,
    /// Stopping.
    pub pending_stop: f64,
    /// Pods without server.
    pub orphan_pods: f64,
    /// Starting although the pod runs.
    pub pod_running_server_pending: f64,
    /// Servers without pod.
    pub server_without_pod: f64,
}

/// Lines of a log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLine {
    /// First second.
    pub t: f64,
    /// End; just after `t` for a single line.
    pub until: f64,
    /// Of whom.
    pub member: String,
    /// `hub`, `binder`, `proxy` …
    pub source: String,
    /// `E`, `W` …
    pub level: String,
    /// Text with placeholders.
    pub text: String,
    /// Lines per minute; `None` for a single line.
    pub per_min: Option<f64>,
}

/// A figure on a metrics page.
#[derive(Debug, Clone, PartialEq)]
pub struct Gauge {
    /// First second.
    pub t: f64,
    /// End.
    pub until: f64,
    /// Of whom.
    pub member: String,
    /// Name, perhaps with labels.
    pub name: String,
    /// Its value.
    pub value: Option<f64>,
    /// Its increase per minute, for counters.
    pub per_min: Option<f64>,
}

/// What the redirector of a federation does within an interval.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Redirect {
    /// First second.
    pub from: f64,
    /// End.
    pub to: f64,
    /// Members that it lists.
    pub active: Option<Vec<String>>,
    /// Share of launches by member.
    pub share: BTreeMap<String, f64>,
}

/// A certificate within an interval.
#[derive(Debug, Clone, PartialEq)]
pub struct Tls {
    /// First second.
    pub from: f64,
    /// End.
    pub to: f64,
    /// Member, `any` or `all`.
    pub member: String,
    /// When it expires, seconds relative to `t0`.
    pub not_after: f64,
}

fn list<'n>(at: Option<At<'n>>) -> Vec<At<'n>> {
    at.map(|a| a.items()).unwrap_or_default()
}

pub(super) fn health(at: Option<At<'_>>, prime: &str, desk: &mut Desk<'_>) -> Vec<Health> {
    let mut all = Vec::new();
    for at in list(at) {
        let Some((from, to)) = desk.span(&at) else { continue };
        let (page, versions, hub) = (at.get("health"), at.get("versions"), at.get("hub_health"));
        let body = page.as_ref().and_then(|p| p.get("body")).and_then(|b| b.text());
        let tag = versions.as_ref().and_then(|v| v.get("tag"));
        all.push(Health {
            from,
            to,
            member: check::whom(&at, prime),
            status: page.as_ref().and_then(|p| desk.status(p, "status")),
            ok: page.as_ref().and_then(|p| p.get("ok")).and_then(|o| o.flag()),
            json: body.is_none_or(|b| b == "json"),
            checks: checks(page.and_then(|p| p.get("checks")).as_ref(), desk),
            versions_status: versions.as_ref().and_then(|v| desk.status(v, "status")),
            versions_tag: tag
                .and_then(|t| t.text().map(str::to_owned).or_else(|| Some(t.figure()?.to_string()))),
            hub_status: hub.as_ref().and_then(|h| desk.status(h, "status")),
            hub_latency_ms: hub.and_then(|h| desk.count(&h, "latency_ms")),
        });
    }
    all
}

fn checks(at: Option<&At<'_>>, desk: &mut Desk<'_>) -> Vec<Check> {
    let mut all = Vec::new();
    for (name, at) in at.map(At::entries).unwrap_or_default() {
        let flag = |key: &str| at.get(key).and_then(|f| f.flag());
        all.push(Check {
            service: name.to_owned(),
            ok: at.flag().or_else(|| flag("ok")).unwrap_or(true),
            ignored: flag("ignored").unwrap_or(name == "Pod quota"),
            quota: desk.count(&at, "quota"),
            total_pods: at.get("total_pods").and_then(|t| t.figure()),
        });
    }
    all
}

pub(super) fn hub_api(at: Option<At<'_>>, prime: &str, desk: &mut Desk<'_>) -> Vec<HubPoint> {
    let mut last: BTreeMap<String, HubPoint> = BTreeMap::new();
    let mut all = Vec::new();
    for at in list(at) {
        let Some(t) = desk.need(&at, "t") else { continue };
        let member = check::whom(&at, prime);
        let was = last.get(&member).cloned().unwrap_or_else(|| HubPoint {
            t: f64::NEG_INFINITY,
            member: member.clone(),
            http_status: 200,
            latency_ms: 30.0,
            users_total: None,
            servers_active: None,
            pending_spawn: 0.0,
            pending_stop: 0.0,
            orphan_pods: 0.0,
            pod_running_server_pending: 0.0,
            server_without_pod: 0.0,
        });
        if was.t > t {
            desk.error(&at, "earlier than the one before it", "points stand in the order of time");
        }
        let point = HubPoint {
            t,
            member: member.clone(),
            http_status: desk.status(&at, "http_status").unwrap_or(was.http_status),
            latency_ms: desk.count(&at, "latency_ms").unwrap_or(was.latency_ms),
            users_total: desk.count(&at, "users_total").or(was.users_total),
            servers_active: desk.count(&at, "servers_active").or(was.servers_active),
            pending_spawn: desk.count(&at, "pending_spawn").unwrap_or(was.pending_spawn),
            pending_stop: desk.count(&at, "pending_stop").unwrap_or(was.pending_stop),
            orphan_pods: desk.count(&at, "orphan_pods").unwrap_or(was.orphan_pods),
            pod_running_server_pending: desk
                .count(&at, "pod_running_server_pending")
                .unwrap_or(was.pod_running_server_pending),
            server_without_pod: desk.count(&at, "server_without_pod").unwrap_or(was.server_without_pod),
        };
        last.insert(member, point.clone());
        all.push(point);
    }
    all
}

pub(super) fn logs(at: Option<At<'_>>, prime: &str, desk: &mut Desk<'_>) -> Vec<LogLine> {
    let mut all = Vec::new();
    for at in list(at) {
        let Some((t, until)) = desk.span(&at) else { continue };
        let text = |key: &str| at.get(key).and_then(|t| t.text()).unwrap_or_default().to_owned();
        let until = if until.is_finite() { until } else { t + 1.0 };
        let per_min = desk.count(&at, "per_min");
        all.push(LogLine {
            t,
            until,
            member: check::whom(&at, prime),
            source: text("source"),
            level: text("level"),
            text: text("text"),
            per_min,
        });
    }
    all
}

pub(super) fn metrics(at: Option<At<'_>>, prime: &str, desk: &mut Desk<'_>) -> Vec<Gauge> {
    let mut all = Vec::new();
    for at in list(at) {
        let Some((t, until)) = desk.span(&at) else { continue };
        let name = at.get("name").and_then(|n| n.text()).unwrap_or_default().to_owned();
        all.push(Gauge {
            t,
            until,
            member: check::whom(&at, prime),
            name,
            value: at.get("value").and_then(|v| v.figure()),
            per_min: at.get("per_min").and_then(|v| v.figure()),
        });
    }
    all
}

pub(super) fn federation(at: Option<At<'_>>, desk: &mut Desk<'_>) -> Vec<Redirect> {
    let Some(at) = at else { return Vec::new() };
    let mut all = Vec::new();
    for key in ["active_hosts", "redirect_share"] {
        let Some(series) = at.get(key) else { continue };
        if !series.items().iter().any(|i| !i.entries().is_empty()) {
            // One value for the whole time.
            all.push(redirect(&series, f64::NEG_INFINITY, f64::INFINITY));
            continue;
        }
        for at in series.items() {
            let Some((from, to)) = desk.span(&at) else { continue };
            let keys = ["hosts", "active_hosts", "members", "active", "share", "shares", "redirect_share"];
            let value = keys.iter().find_map(|k| at.get(k));
            all.push(redirect(&value.unwrap_or(at), from, to));
        }
    }
    all
}

fn redirect(at: &At<'_>, from: f64, to: f64) -> Redirect {
    let listed = at.items();
    let named: Vec<String> = listed.iter().filter_map(|i| i.text().map(str::to_owned)).collect();
    let entries = at.entries();
    let flags = entries.iter().filter(|(_, v)| v.flag().is_some()).count();
    let on = entries.iter().filter(|(_, v)| v.flag() == Some(true)).map(|(k, _)| (*k).to_owned());
    let times = ["t", "from", "to", "until"];
    let share = entries
        .iter()
        .filter(|(k, _)| !times.contains(k))
        .filter_map(|(k, v)| Some(((*k).to_owned(), v.figure()?)))
        .collect();
    let active = if at.is_list() { Some(named) } else { (flags > 0).then(|| on.collect()) };
    Redirect { from, to, active, share }
}

pub(super) fn tls(at: Option<At<'_>>, desk: &mut Desk<'_>) -> Vec<Tls> {
    let Some(at) = at else { return Vec::new() };
    let mut all = Vec::new();
    for at in if at.is_list() { at.items() } else { vec![at] } {
        let timed = at.get("from").is_some() || at.get("t").is_some();
        let span = if timed { desk.span(&at) } else { Some((f64::NEG_INFINITY, f64::INFINITY)) };
        let Some((from, to)) = span else { continue };
        let figure = |key: &str| at.get(key).and_then(|n| n.figure());
        let days =
            ["days_left", "expires_in_days", "not_after_days", "valid_days"].iter().find_map(|k| figure(k));
        let start = if from.is_finite() { from } else { 0.0 };
        let seconds = figure("not_after").or_else(|| figure("not_after_s")).or_else(|| figure("expires_t"));
        let Some(not_after) = seconds.or(days.map(|d| start + d * 86_400.0)) else { continue };
        all.push(Tls { from, to, member: check::whom(&at, "all"), not_after });
    }
    all
}
