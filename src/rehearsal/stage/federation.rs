//! Federation: the redirector before the members. Launches go on to one of them, everything else to the prime one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;
use serde_json::json;
use tower::ServiceExt as _;

use super::house::House;
use super::{Member, binder};
use crate::rehearsal::scenario::Redirect;
use crate::standin::answer;

/// The redirector.
pub(crate) struct Federation {
    /// Members with their houses; the prime one first.
    members: Vec<(Member, Arc<House>)>,
    requests: Mutex<u64>,
}

pub(crate) fn router(members: Vec<(Member, Arc<House>)>) -> Router {
    let federation = Arc::new(Federation { members, requests: Mutex::new(0) });
    Router::new()
        .route("/build/{*rest}", get(build))
        .route("/active_hosts", get(active_hosts))
        .fallback(prime)
        .with_state(federation)
}

impl Federation {
    /// What the file says of a moment, the latest word first.
    fn said<T>(&self, pick: impl Fn(&Redirect) -> Option<T>) -> Option<T> {
        let (_, house) = self.members.first()?;
        let t = house.t();
        let now = house.scenario.federation.iter().filter(|r| t >= r.from && t < r.to);
        now.filter_map(|r| Some((r.from, pick(r)?)))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, value)| value)
    }

    fn active(&self) -> Vec<&(Member, Arc<House>)> {
        if let Some(names) = self.said(|r| r.active.clone()) {
            return self.members.iter().filter(|(m, _)| names.contains(&m.name)).collect();
        }
        let healthy = |house: &House| {
            house.health(house.t()).is_none_or(|h| {
                h.status.unwrap_or(200) == 200
                    && h.ok != Some(false)
                    && h.versions_status.unwrap_or(200) == 200
                    && h.checks.iter().all(|c| c.ok)
            })
        };
        self.members.iter().filter(|(_, house)| healthy(house)).collect()
    }

    fn share(&self) -> BTreeMap<String, f64> {
        self.said(|r| (!r.share.is_empty()).then(|| r.share.clone())).unwrap_or_default()
    }

    /// The member for the next launch.
    fn choose(&self) -> Option<&Member> {
        let number = {
            let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
            *requests += 1;
            *requests
        };
        let (prime, house) = self.members.first()?;
        let share = self.share();
        let mut weighed: Vec<(&Member, f64)> = if share.is_empty() {
            self.active().iter().map(|(m, _)| (m, 1.0)).collect()
        } else {
            self.members.iter().filter_map(|(m, _)| Some((m, *share.get(&m.name)?))).collect()
        };
        weighed.retain(|(_, share)| *share > 0.0);
        let all: f64 = weighed.iter().map(|(_, share)| share).sum();
        let mut left = house.dice(73, number).unit() * all;
        for (member, share) in weighed {
            left -= share;
            if left < 0.0 {
                return Some(member);
            }
        }
        Some(prime)
    }
}

async fn build(State(federation): State<Arc<Federation>>, request: Request) -> Response {
    let Some(member) = federation.choose() else { return answer::empty(500) };
    let path = request.uri().path_and_query().map_or("/", |p| p.as_str());
    answer::redirect(307, &format!("{}{}", member.url, path.trim_start_matches('/')))
}

async fn active_hosts(State(federation): State<Arc<Federation>>) -> Response {
    let share = federation.share();
    let prime = federation.members.first().map(|(m, _)| m.name.clone());
    let mut hosts = serde_json::Map::new();
    for (member, house) in federation.active() {
        let health = house.health(house.t());
        let tag = health.and_then(|h| h.versions_tag.clone()).unwrap_or_else(|| "v1".to_owned());
        let row = json!({
            "url": member.url,
            "weight": share.get(&member.name).copied().unwrap_or(1.0),
            "health": {"ok": true},
            "versions": {"builder_info": {"build_image": format!("repo2docker:{tag}")}, "binderhub": tag},
            "prime": prime.as_ref() == Some(&member.name),
        });
        hosts.insert(member.name.clone(), row);
    }
    answer::json(200, json!({"active_hosts": hosts}).to_string())
}

/// Everything else is the prime member's answer; its silence is ours after five seconds.
async fn prime(State(federation): State<Arc<Federation>>, request: Request) -> Response {
    let Some((_, house)) = federation.members.first() else { return answer::empty(500) };
    let asked = binder::router(Arc::clone(house)).oneshot(request);
    match tokio::time::timeout(std::time::Duration::from_secs(5), asked).await {
        Ok(Ok(response)) => response,
        Ok(Err(never)) => match never {},
        Err(_) => answer::html(599, answer::page("599", "no answer from the prime member")),
    }
}
