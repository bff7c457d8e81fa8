//! A service that agents report to: it counts each observation once, and fails in every way a service can.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use jiff::Timestamp;
use launchwatch::clock::Clock;
use launchwatch::wire::{Plan, Report, Taken};
use serde_json::{Value, json};

pub const TOKEN: &str = "the-token-of-frankfurt";

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    /// It is taken, and the answer never comes.
    SilentAfter,
    /// Nothing is taken, and nothing is answered.
    SilentBefore,
    /// It is taken, and the answer is no answer.
    GarbledAfter,
    /// It says no with this status.
    Refuses(u16),
}

/// The service. Cheap to clone.
#[derive(Clone)]
pub struct Service(Arc<Mutex<Inner>>);

pub struct Inner {
    pub clock: Clock,
    pub fault: Fault,
    pub token: String,
    pub plan: Value,
    pub version: u32,
    pub last_slots: BTreeMap<String, Timestamp>,
    /// Most observations that a report may have here.
    pub most: usize,
    /// This probe's observations make no sense to it.
    pub senseless: Option<String>,
    /// What came, by probe and slot: as it came first, and how often.
    pub came: BTreeMap<(String, Timestamp), (Value, u32)>,
    /// All reports that were understood.
    pub reports: Vec<Report>,
    pub plans: u32,
    pub unchanged: u32,
    pub wrong: Vec<String>,
}

impl Service {
    pub fn new(clock: Clock, targets: Value) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            clock,
            fault: Fault::None,
            token: TOKEN.to_owned(),
            plan: targets,
            version: 1,
            last_slots: BTreeMap::new(),
            most: 500,
            senseless: None,
            came: BTreeMap::new(),
            reports: Vec::new(),
            plans: 0,
            unchanged: 0,
            wrong: Vec::new(),
        })))
    }

    pub fn with<T>(&self, look: impl FnOnce(&mut Inner) -> T) -> T {
        look(&mut self.0.lock().unwrap())
    }

    pub fn set(&self, fault: Fault) {
        self.with(|s| s.fault = fault);
    }

    pub fn router(&self) -> Router {
        Router::new()
            .route("/api/v1/agent/plan", get(plan))
            .route("/api/v1/agent/report", post(report))
            .with_state(self.clone())
    }

    /// Slots of a probe, in order.
    pub fn slots(&self, probe: &str) -> Vec<Timestamp> {
        self.with(|s| s.came.keys().filter(|(p, _)| p == probe).map(|(_, slot)| *slot).collect())
    }

    /// `verdict reason` of a probe's observations, by slot.
    pub fn verdicts(&self, probe: &str) -> Vec<(Timestamp, String)> {
        let said = |value: &Value| {
            let word = |key: &str| value["outcome"][key].as_str().unwrap_or("-").to_owned();
            format!("{} {}", word("verdict"), word("reason"))
        };
        self.with(|s| {
            let ours = s.came.iter().filter(|((p, _), _)| p == probe);
            ours.map(|((_, slot), (value, _))| (*slot, said(value))).collect()
        })
    }

    fn refused(&self, headers: &HeaderMap) -> Option<Response> {
        let (token, fault) = self.with(|s| (s.token.clone(), s.fault));
        let bearer = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
        if bearer != Some(&format!("Bearer {token}")) {
            return Some(problem(401, "this token opens nothing"));
        }
        match fault {
            Fault::Refuses(status) => Some(problem(status, "not now")),
            _ => None,
        }
    }
}

fn problem(status: u16, detail: &str) -> Response {
    let body = Json(json!({ "type": "urn:launchwatch:x", "status": status, "detail": detail, "hint": "" }));
    let status = StatusCode::from_u16(status).unwrap();
    let mut answer = (status, body).into_response();
    if matches!(status.as_u16(), 429 | 503) {
        answer.headers_mut().insert(header::RETRY_AFTER, "7".parse().unwrap());
    }
    answer
}

async fn plan(State(service): State<Service>, headers: HeaderMap) -> Response {
    if let Some(refused) = service.refused(&headers) {
        return refused;
    }
    service.with(|s| {
        let tag = format!("\"{}\"", s.version);
        if headers.get(header::IF_NONE_MATCH).is_some_and(|t| t.to_str().unwrap() == tag) {
            s.unchanged += 1;
            return StatusCode::NOT_MODIFIED.into_response();
        }
        s.plans += 1;
        let last_slots = s.last_slots.iter().map(|(p, slot)| (p.clone().into(), *slot)).collect();
        let plan = Plan {
            version: s.version.to_string(),
            location: "frankfurt".into(),
            now: s.clock.now(),
            configuration: json!({ "version": 1, "targets": s.plan }),
            last_slots,
        };
        ([(header::ETAG, tag)], Json(plan)).into_response()
    })
}

async fn report(State(service): State<Service>, headers: HeaderMap, body: Bytes) -> Response {
    if let Some(refused) = service.refused(&headers) {
        return refused;
    }
    let fault = service.with(|s| s.fault);
    if fault == Fault::SilentBefore {
        std::future::pending::<()>().await;
    }
    let text = if headers.get(header::CONTENT_ENCODING).is_some() {
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut text).unwrap();
        text
    } else {
        body.to_vec()
    };
    let raw: Value = serde_json::from_slice(&text).unwrap();
    let report: Report = serde_json::from_value(raw.clone()).unwrap();
    let refused = service.with(|s| {
        if text.len() > 4 << 20 || report.observations.len() > s.most {
            return Some(problem(413, "too large"));
        }
        let senseless = |p: &str| s.senseless.as_deref() == Some(p);
        report.observations.iter().any(|o| senseless(o.probe.as_str())).then(|| problem(422, "senseless"))
    });
    if let Some(refused) = refused {
        return refused;
    }
    let taken = service.with(|s| take(s, &raw, report));
    match fault {
        Fault::SilentAfter => std::future::pending().await,
        Fault::GarbledAfter => "<html>a proxy</html>".into_response(),
        _ => Json(taken).into_response(),
    }
}

fn take(s: &mut Inner, raw: &Value, report: Report) -> Taken {
    let mut taken = Taken { now: Some(s.clock.now()), plan: s.version.to_string(), ..Taken::default() };
    for (sent, value) in report.observations.iter().zip(raw["observations"].as_array().unwrap()) {
        let key = (sent.probe.as_str().to_owned(), sent.slot);
        match s.came.get_mut(&key) {
            None => {
                taken.taken += 1;
                s.came.insert(key, (value.clone(), 1));
            }
            Some((first, times)) => {
                taken.known += 1;
                *times += 1;
                if first != value {
                    s.wrong.push(format!("{key:?} came as {first} and as {value}"));
                }
            }
        }
    }
    s.reports.push(report);
    taken
}
