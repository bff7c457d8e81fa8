//! What is told over HTTP, to a recorder that only answers.

mod speed;

use std::io::Write as _;
use std::sync::Mutex;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, header};
use flate2::{Compression, write::GzEncoder};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;
use crate::inbox::{Inbox, Letter, inbox};
use crate::observation::Observation;
use crate::store::{ApiToken, AuditRow, Digest, Role};
use crate::web::testing;

/// A service whose recorder knows a slot once it has heard of it.
struct House {
    router: Router,
    told: Arc<Mutex<Vec<Observation>>>,
    suspects: Arc<Mutex<Vec<Suspect>>>,
    _inbox: Inbox,
    _tasks: crate::tasks::Tasks,
}

async fn house(recorder: bool) -> House {
    let (inbox, mut letters) = inbox();
    let mut sources = testing::sources();
    (sources.agents, sources.orders) = (testing::agents(), inbox.orders());
    let now = sources.clock.now();
    for (secret, location, role) in [
        ("agent", Some("frankfurt"), Role::Viewer),
        ("gone", Some("oslo"), Role::Viewer),
        ("ops", None, Role::Operator),
    ] {
        let token = ApiToken {
            id: secret.into(),
            name: secret.into(),
            role,
            location: location.map(str::to_owned),
            created_by: "ada".into(),
            created_at: now,
            expires_at: None,
            last_used: None,
            revoked_at: None,
            revoked_by: None,
        };
        let [who, via, what, about, came_to] = std::array::from_fn(|_| String::new());
        let row = AuditRow { at: now, who, via, what, about, came_to };
        sources.store.make_token(token, Digest::of(secret), row).await.unwrap();
    }
    let (told, suspects) = <(Arc<Mutex<Vec<Observation>>>, Arc<Mutex<Vec<Suspect>>>)>::default();
    let (seen, suspected) = (Arc::clone(&told), Arc::clone(&suspects));
    let tasks = crate::tasks::Tasks::new();
    tasks.spawn("recorder", crate::tasks::OnExit::Fine, async move {
        while let Some(letter) = letters.recv().await {
            match letter {
                Letter::Reported { observations, answer } if recorder => {
                    let mut told = seen.lock().unwrap();
                    let news = observations.into_iter().map(|one| {
                        let new = !told.iter().any(|t| (&t.probe, t.slot) == (&one.probe, one.slot));
                        told.push(one);
                        new
                    });
                    drop(answer.send(news.collect()));
                }
                Letter::Suspect(suspect) => suspected.lock().unwrap().push(suspect),
                _ => {}
            }
        }
    });
    House { router: crate::web::router(sources), told, suspects, _inbox: inbox, _tasks: tasks }
}

impl House {
    async fn ask(&self, request: Request<Body>) -> (StatusCode, HeaderMap, Value) {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        (parts.status, parts.headers, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn tell(&self, token: &str, path: &str, body: impl Into<Body>) -> (StatusCode, Value) {
        let request = request(Method::POST, path, token).body(body.into()).unwrap();
        let (status, _, body) = self.ask(request).await;
        (status, body)
    }
}

fn request(method: Method, path: &str, token: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path).header(header::AUTHORIZATION, format!("Bearer {token}"))
}

fn seen(slot: &str) -> Value {
    let stages =
        json!([{ "stage": "body", "start": { "secs": 0, "nanos": 0 }, "took": { "secs": 1, "nanos": 0 } }]);
    json!({ "probe": "hub/site", "slot": slot, "outcome": { "verdict": "passed", "reason": null, "stages": stages } })
}

fn body(observations: &[Value]) -> String {
    json!({ "version": "9.9", "observations": observations, "what-comes-later": 1 }).to_string()
}

const REPORT: &str = "/api/v1/agent/report";
const SLOT: &str = "2018-07-07T11:59:30Z";

#[tokio::test]
async fn what_is_told_is_taken_once_and_known_after_that() {
    let house = house(true).await;
    let two = body(&[seen(SLOT), seen("2018-07-07T11:59:00.123456789Z")]);
    let (status, first) = house.tell("agent", REPORT, two.clone()).await;
    assert_eq!((status, &first["taken"], &first["known"]), (StatusCode::OK, &json!(2), &json!(0)), "{first}");
    assert!(first["now"].as_str().unwrap().starts_with("2018-07-07T12:00:0"), "{first}");
    let (_, again) = house.tell("agent", REPORT, two).await;
    assert_eq!((&again["taken"], &again["known"], &again["refused"]), (&json!(0), &json!(2), &json!([])));
    let told = house.told.lock().unwrap();
    assert_eq!((told[0].probe.as_str(), &*told[0].location), ("hub/site@frankfurt", "frankfurt"));
    assert_eq!(told[1].slot, "2018-07-07T11:59:00.123456Z".parse::<Timestamp>().unwrap());
}

#[tokio::test]
async fn each_observation_is_refused_for_itself_with_a_reason() {
    let house = house(true).await;
    let with = |key: &str, value: Value| {
        let mut one = seen(SLOT);
        one[key] = value;
        one
    };
    let mut long = seen(SLOT);
    long["outcome"]["stages"][0]["took"]["secs"] = json!(90_000);
    let table = [
        (with("probe", json!("hub/other")), "hub/other is not looked at from frankfurt"),
        (with("probe", json!("hub/site@oslo")), "hub/site@oslo is not looked at from frankfurt"),
        (with("probe", json!(7)), "it cannot be read: invalid type"),
        (with("slot", json!("2018-07-07T12:01:01Z")), "its slot lies in the future"),
        (with("slot", json!("2018-06-01T12:00:00Z")), "it is older than anything that is kept"),
        (with("slot", json!("yesterday")), "it cannot be read"),
        (
            with("outcome", json!({ "verdict": "splendid", "stages": [] })),
            "it cannot be read: unknown variant",
        ),
        (with("lag_us", json!(86_400_000_001_u64)), "no run takes longer than a day"),
        (long, "no run takes longer than a day"),
        (json!("a text"), "it cannot be read"),
    ];
    let mut all: Vec<Value> = table.iter().map(|(one, _)| one.clone()).collect();
    all.extend([seen("2018-07-07T12:00:59Z"), with("probe", json!("hub/site@frankfurt"))]);
    let (status, answer) = house.tell("agent", REPORT, body(&all)).await;
    assert_eq!((status, &answer["taken"]), (StatusCode::OK, &json!(2)), "{answer}");
    for (at, (_, why)) in table.iter().enumerate() {
        let said = answer["refused"][at]["why"].as_str().unwrap();
        assert!(said.starts_with(why), "{at}: {said}");
    }
    assert_eq!(answer["refused"].as_array().map(Vec::len), Some(table.len()));
}

#[tokio::test]
async fn hostile_texts_are_made_harmless_and_everything_is_bounded() {
    let house = house(true).await;
    let mut one = seen(SLOT);
    let bad = "\u{202e}<b>\u{1b}[31m\n".repeat(200);
    one["outcome"]["summary"] = json!(bad);
    one["outcome"]["reason"] = json!("timeout");
    one["outcome"]["evidence"] = json!(vec![bad.clone(); 500]);
    one["outcome"]["facts"] =
        (0..500).map(|n| (format!("k{n:03}"), json!(bad))).collect::<serde_json::Map<_, _>>().into();
    let measurements = (0..500).map(|n| json!({ "name": format!("m{n}"), "value": 1.0 }));
    let odd = json!({ "name": "no\"label", "value": 1.0 });
    one["outcome"]["measurements"] = std::iter::once(odd).chain(measurements).collect();
    let (status, answer) = house.tell("agent", REPORT, body(&[one])).await;
    assert_eq!((status, &answer["taken"]), (StatusCode::OK, &json!(1)), "{answer}");
    let told = house.told.lock().unwrap();
    let outcome = &told[0].outcome;
    let counts = (outcome.evidence.len(), outcome.facts.len(), outcome.measurements.len());
    assert_eq!(counts, (check_counts().0, check_counts().1, check_counts().2));
    assert_eq!((outcome.reason, outcome.measurements[0].name.as_str()), (None, "m0"));
    let text = format!("{}{:?}{:?}", outcome.summary, outcome.evidence, outcome.facts);
    assert!(!text.contains('\u{202e}') && !text.contains('\u{1b}') && outcome.summary.len() <= 600);
}

const fn check_counts() -> (usize, usize, usize) {
    (60, 64, 128)
}

#[tokio::test]
async fn bodies_are_bounded_before_and_after_they_are_unpacked() {
    let house = house(true).await;
    let pack = |text: &[u8]| {
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        packer.write_all(text).unwrap();
        packer.finish().unwrap()
    };
    let tell = |coding: &'static str, body: Vec<u8>| {
        let request = request(Method::POST, REPORT, "agent").header(header::CONTENT_ENCODING, coding);
        house.ask(request.body(Body::from(body)).unwrap())
    };
    let good = body(&[seen(SLOT)]);
    assert_eq!(tell("gzip", pack(good.as_bytes())).await.0, StatusCode::OK);
    assert_eq!(tell("br", good.clone().into()).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(tell("gzip", good.clone().into()).await.0, StatusCode::BAD_REQUEST);
    let bomb = pack(&vec![b' '; 64 << 20]);
    assert!(bomb.len() < 100_000);
    assert_eq!(tell("gzip", bomb).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(tell("identity", vec![b' '; (4 << 20) + 1]).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    let many = vec![seen(SLOT); 501];
    assert_eq!(house.tell("agent", REPORT, body(&many)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    for (nonsense, expected) in [
        ("[]", StatusCode::BAD_REQUEST),
        ("{", StatusCode::BAD_REQUEST),
        ("{\"observations\": 7}", StatusCode::BAD_REQUEST),
        ("{\"sent_at\": \"soon\"}", StatusCode::BAD_REQUEST),
        ("{\"suspects\": [7, {}]}", StatusCode::OK),
        ("{}", StatusCode::OK),
    ] {
        assert_eq!(house.tell("agent", REPORT, nonsense.to_owned()).await.0, expected, "{nonsense}");
    }
}

#[tokio::test]
async fn everybody_tells_of_their_own_place_only() {
    let house = house(true).await;
    let good = body(&[seen(SLOT)]);
    for (token, path, expected) in [
        ("agent", REPORT, StatusCode::OK),
        ("gone", REPORT, StatusCode::FORBIDDEN),
        ("ops", REPORT, StatusCode::FORBIDDEN),
        ("agent", "/api/v1/observations", StatusCode::OK),
        ("agent", "/api/v1/observations?location=frankfurt", StatusCode::OK),
        ("agent", "/api/v1/observations?location=oslo", StatusCode::FORBIDDEN),
        ("ops", "/api/v1/observations?location=frankfurt", StatusCode::OK),
        ("ops", "/api/v1/observations?location=here", StatusCode::FORBIDDEN),
        ("ops", "/api/v1/observations", StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        assert_eq!(house.tell(token, path, good.clone()).await.0, expected, "{token} {path}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_written_down_is_answered_by_try_again() {
    let house = house(false).await;
    let request = request(Method::POST, REPORT, "agent").body(Body::from(body(&[seen(SLOT)]))).unwrap();
    let (status, headers, _) = house.ask(request).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(headers.contains_key(header::RETRY_AFTER));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_tells_too_often_waits() {
    let house = house(true).await;
    for _ in 0..60 {
        assert_eq!(house.tell("agent", REPORT, "{}").await.0, StatusCode::OK);
    }
    let request = request(Method::POST, REPORT, "agent").body(Body::from("{}")).unwrap();
    let (status, headers, _) = house.ask(request).await;
    assert_eq!(
        (status, &headers[header::RETRY_AFTER]),
        (StatusCode::TOO_MANY_REQUESTS, &HeaderValue::from_static("1"))
    );
}

#[tokio::test]
async fn runs_under_way_are_told_of_as_those_of_the_place() {
    let house = house(true).await;
    let suspect = json!({ "probe": "hub/site", "slot": SLOT, "began": SLOT, "reason": "timeout", "line": "a\u{202e}b" });
    let mut other = suspect.clone();
    other["probe"] = json!("hub/none");
    let (status, _) = house.tell("agent", REPORT, json!({ "suspects": [other, suspect] }).to_string()).await;
    assert_eq!(status, StatusCode::OK);
    tokio::task::yield_now().await;
    let told = house.suspects.lock().unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].probe.as_str(), told[0].line.as_str()), ("hub/site@frankfurt", "ab"));
}

#[tokio::test]
async fn a_plan_is_told_once_and_after_that_only_when_it_changed() {
    let house = house(true).await;
    let ask = |tag: Option<&str>| {
        let mut request = request(Method::GET, "/api/v1/agent/plan", "agent");
        if let Some(tag) = tag {
            request = request.header(header::IF_NONE_MATCH, tag);
        }
        house.ask(request.body(Body::empty()).unwrap())
    };
    let (status, headers, plan) = ask(None).await;
    assert_eq!((status, &plan["location"]), (StatusCode::OK, &json!("frankfurt")), "{plan}");
    assert_eq!(plan["configuration"]["targets"][0]["probes"][0], json!({ "name": "site", "type": "http" }));
    let tag = headers[header::ETAG].to_str().unwrap().to_owned();
    assert_eq!(tag, format!("{:?}", plan["version"].as_str().unwrap()));
    assert_eq!(ask(Some(&tag)).await.0, StatusCode::NOT_MODIFIED);
    assert_eq!(ask(Some("\"other\"")).await.0, StatusCode::OK);
}
