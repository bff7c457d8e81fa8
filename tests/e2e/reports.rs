//! Reports of incidents and months, from the service's own record.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use launchwatch::rehearsal::{Hindsight, Scenario, drafts, play, report};
use launchwatch::report::Wording;
use launchwatch::standin::Fault;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::commands::say;
use crate::judge;
use crate::world::{THREE_PROBES, TOKEN, World, configuration};

const MINUTE: Duration = Duration::from_secs(60);
/// The day of the report that lies beside the code.
const JULY: &str = "2018-07-07-hub-pod-reflector-stale-prod";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn seconds(value: &Value) -> f64 {
    ["r", "a"].iter().find_map(|k| value[*k].as_f64()).unwrap_or(f64::NAN)
}

#[test]
fn the_report_of_july_2018_agrees_with_the_facts_of_that_day_and_lies_in_the_docs() {
    let file = judge::scenarios(&root().join("tests/scenarios"))
        .into_iter()
        .find(|f| f.to_string_lossy().contains("2018-07-07"))
        .unwrap();
    let scenario = Scenario::open(&file).unwrap_or_else(|p| panic!("{}", launchwatch::config::told(&p)));
    let hindsight = Hindsight::read(&std::fs::read_to_string(&file).unwrap());
    let played = play(&scenario, None, 1).unwrap();
    let wording = Wording { zone: launchwatch::report::zone("Europe/Berlin").unwrap(), names: false };
    let made = drafts(&played, &hindsight, &wording);
    let facts = &made[0].facts;
    let second = |at: Timestamp| played.second(at);

    // What the file knows of that day.
    let text = std::fs::read_to_string(&file).unwrap();
    let whole: Value = serde_saphyr::from_str(&text).unwrap();
    let segments = whole["channels"]["prober"]["segments"].as_array().unwrap();
    let of = |outcome: &str| segments.iter().find(|s| s["mix"][0]["outcome"] == outcome).unwrap();
    let (down, up) = (seconds(&of("stuck")["from"]), seconds(&of("full")["to"]));
    let expect = &whole["expect"];

    // Onset: the bracket holds the moment, and neither end is a minute away from it.
    let good = second(facts.onset.last_good.as_ref().unwrap().value);
    let bad = second(facts.onset.first_bad.as_ref().unwrap().value);
    assert!(good <= down && down <= bad && down - good <= 60.0 && bad - down <= 60.0, "{good} {down} {bad}");
    // Recovery, and how long nothing worked.
    let again = second(facts.recovery.first_good.as_ref().unwrap().value);
    assert!((again - up).abs() <= 60.0, "{again}");
    assert_eq!(up, seconds(&whole["clock"]["mitigated"]));
    let zero = facts.impact[0].zero_minutes.value;
    assert!((zero - (up - down) / 60.0).abs() <= 1.0, "{zero}");
    let (least, most) = facts.impact[0].zero_bounds;
    assert!(least <= (up - down) / 60.0 && (up - down) / 60.0 <= most, "{least} {most}");
    let told = second(facts.recovery.recovered.as_ref().unwrap().value);
    let recovered = &expect["recovered"];
    assert!(told >= seconds(&recovered["after_t"]));
    assert!(told <= seconds(&recovered["after_t"]) + seconds(&recovered["max_delay_s"]), "{told}");
    // First told: when the page went out, which the file wants within its delay.
    let found = report(&played, &hindsight);
    let page = found.alerts.iter().find(|a| a.severity == "critical").unwrap();
    let alert = expect["alerts"].as_array().unwrap().iter().find(|a| a["id"] == page.id.as_str()).unwrap();
    let first = second(facts.detection.told_page.as_ref().unwrap().value);
    assert!((first - page.fired_at).abs() <= 60.0, "{first}");
    assert!(first <= seconds(&alert["after_t"]) + seconds(&alert["max_delay_s"]), "{first}");
    // First cause, in time, and who noticed on the day.
    let cause = &facts.causes[0];
    assert_eq!(expect["diagnosis"]["label"], cause.label.as_str());
    let named = second(cause.first.as_ref().unwrap().value);
    assert!(named <= down + seconds(&expect["diagnosis"]["max_delay_s"]), "{named}");
    let noticed = facts.events.iter().find(|e| e.afterwards && e.what.starts_with("noticed")).unwrap();
    assert_eq!(second(noticed.at), seconds(&whole["clock"]["human_noticed"]));

    the_one_in_the_docs_is(&made[0]);
}

fn the_one_in_the_docs_is(made: &launchwatch::report::Draft) {
    let folder = root().join("deploy/reports");
    assert_eq!(made.file, format!("{JULY}.md"));
    let mut files = vec![(made.file.clone(), made.markdown.clone())];
    files.extend(made.pictures.iter().map(|p| (p.name.clone(), p.svg.clone())));
    for (name, text) in files {
        let kept = std::fs::read_to_string(folder.join(&name)).unwrap_or_default();
        assert!(kept == text, "{name} is another one: deploy/reports/README.md says how to make it anew");
    }
    assert!(folder.join(Path::new(&made.file.replace(".md", ".facts.json"))).exists());
}

async fn get(pages: &axum::Router, path: &str, token: bool) -> (u16, String, String) {
    let mut request = http::Request::builder().uri(path);
    if token {
        request = request.header("authorization", format!("Bearer {TOKEN}"));
    }
    let answer = pages.clone().oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
    let status = answer.status().as_u16();
    let kind = answer.headers().get("content-type").map_or("", |v| v.to_str().unwrap()).to_owned();
    let bytes = axum::body::to_bytes(answer.into_body(), 20_000_000).await.unwrap();
    (status, kind, String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test(start_paused = true)]
async fn an_incident_has_its_report_as_text_as_json_and_as_a_page_for_those_who_may_see_it() {
    let world = World::start(configuration(THREE_PROBES), 1).await;
    world.run_for(60 * MINUTE).await;
    world.break_hub(Fault::SpawnerRaises);
    world.run_for(30 * MINUTE).await;
    let body = json!({"by": "ada"});
    assert_eq!(say(&world.pages, "POST", "/api/v1/incidents/hub/acknowledge", body).await.0, 200);
    let path = "/api/v1/incidents/hub/report";
    let (status, kind, text) = get(&world.pages, path, true).await;
    assert_eq!((status, kind.as_str()), (200, "text/markdown; charset=utf-8"));
    assert!(text.contains("no launch worked for") && !text.contains("ada"), "{text}");
    let (_, _, named) = get(&world.pages, &format!("{path}?names=true"), true).await;
    assert!(named.contains("ada: Acknowledged"), "{named}");
    let (status, made) =
        say(&world.pages, "GET", &format!("{path}?format=json&time_zone=Asia/Tokyo"), Value::Null).await;
    assert_eq!((status, made["facts"]["schema"].as_str()), (200, Some("launchwatch-report/1")));
    assert!(made["markdown"].as_str().unwrap().contains("All times in Asia/Tokyo (JST, UTC+09:00)."));
    assert!(made["facts"]["impact"][0]["zero_minutes"]["value"].as_f64().unwrap() > 20.0, "{made}");
    let id = made["facts"]["incident"].as_str().unwrap();
    let (status, kind, page) = get(&world.pages, &format!("/report/{id}"), true).await;
    assert!(status == 200 && kind.starts_with("text/html"), "{status} {kind}");
    assert!(page.contains("Lessons learnt") && page.contains("<svg") && !page.contains("style="), "{page}");
    for (path, expected) in [
        (format!("{path}?time_zone=Mars/Olympus"), 422),
        (format!("{path}?colour=red"), 400),
        ("/api/v1/incidents/nothing/report".to_owned(), 404),
        ("/report/nothing".to_owned(), 404),
    ] {
        assert_eq!(get(&world.pages, &path, true).await.0, expected, "{path}");
    }
    for path in [path, "/api/v1/slo", &format!("/report/{id}")] {
        assert_ne!(get(&world.pages, path, false).await.0, 200, "{path}");
    }
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_month_has_its_service_level_as_json_csv_and_text() {
    let world = World::start(configuration(THREE_PROBES), 1).await;
    world.run_for(120 * MINUTE).await;
    let (status, json) = say(&world.pages, "GET", "/api/v1/slo?objective=99.5", Value::Null).await;
    assert_eq!((status, json["objective"].as_f64()), (200, Some(99.5)));
    assert_eq!(json["targets"][0]["probes"].as_array().unwrap().len(), 3, "{json}");
    assert_eq!(json["targets"][0]["probes"][0]["share"], 1.0, "{json}");
    let (_, kind, table) = get(&world.pages, "/api/v1/slo?format=csv", true).await;
    assert!(kind.starts_with("text/csv") && table.lines().count() == 4, "{table}");
    let (_, _, text) = get(&world.pages, "/api/v1/slo?format=markdown", true).await;
    assert!(text.contains("How it is computed"), "{text}");
    for (query, expected) in
        [("month=2018-13", 422), ("objective=101", 422), ("objective=x", 400), ("month=2000-01", 200)]
    {
        assert_eq!(get(&world.pages, &format!("/api/v1/slo?{query}"), true).await.0, expected, "{query}");
    }
    world.stop().await;
}
