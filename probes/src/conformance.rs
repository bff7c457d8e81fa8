//! What every kind in the registry must hold, whatever the network does to it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use crate::kinds::KINDS;
use crate::net::script::{self, Play, Script, Told};
use crate::{Cx, Kind, Outcome, Probe, Reason, Stage, Verdict};

const DEADLINE: Duration = Duration::from_secs(20);
/// Reading more than this of a flood means that somebody keeps it.
const MOST_READ: u64 = 8 << 20;
/// Largest outcome as JSON: 40 lines of evidence with 400 characters each, and room for the rest.
const LARGEST_OUTCOME: usize = 128 << 10;
/// Kinds that only look: when they cannot, nobody is accused.
const ONLOOKERS: [&str; 3] = ["kubernetes", "kubernetes-logs", "hub-drift"];
const SECRET: &str = "s3cr3t-Wert-9f1c";

/// Kinds that look for themselves: the others never touch the network.
fn looking() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().filter(|k| !k.passive)
}

fn target() -> Url {
    Url::parse("https://hub.example.org/").unwrap()
}

fn example(kind: &Kind) -> Value {
    serde_saphyr::from_str(kind.example).unwrap_or_else(|e| panic!("example of {}: {e}", kind.name))
}

fn build(kind: &Kind, settings: Value) -> Box<dyn Probe> {
    kind.build(settings, &target()).unwrap_or_else(|r| panic!("{} refuses its example: {r:?}", kind.name))
}

async fn play(kind: &Kind, play: Play) -> (Outcome, Arc<Script>, Told) {
    let (net, told) = (Arc::new(Script::new(play)), Told::default());
    let probe = build(kind, example(kind));
    let began = Instant::now();
    let outcome = script::run_over(Arc::clone(&net), &*probe, DEADLINE, &told).await;
    assert!(began.elapsed() <= DEADLINE + Duration::from_millis(1), "{} overran its deadline", kind.name);
    for measured in &outcome.measurements {
        assert!(
            declared(kind, &measured.name),
            "{} does not say that it makes `{}`",
            kind.name,
            measured.name
        );
    }
    (outcome, net, told)
}

/// Whether a kind says that it makes a measurement of this name; one `*` stands for any text.
fn declared(kind: &Kind, name: &str) -> bool {
    kind.measurements.iter().any(|pattern| match pattern.split_once('*') {
        None => *pattern == name,
        Some((head, tail)) => name.strip_prefix(head).is_some_and(|rest| rest.ends_with(tail)),
    })
}

#[test]
fn names_are_unique_and_written_with_hyphens() {
    for (n, kind) in KINDS.iter().enumerate() {
        assert!(kind.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", kind.name);
        assert!(KINDS.iter().skip(n + 1).all(|other| other.name != kind.name), "{} occurs twice", kind.name);
        assert!(!kind.summary.is_empty() && !kind.stages.is_empty(), "{}", kind.name);
        let in_time = kind.cadence.deadline <= kind.cadence.every;
        assert!(kind.launches || in_time, "{}: a run would still go on at the next slot", kind.name);
    }
}

#[test]
fn each_file_is_a_row_of_the_registry() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/kinds");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| path.file_stem().unwrap().to_string_lossy().replace('_', "-"))
        .filter(|name| name != "mod")
        .collect();
    files.sort();
    let mut rows: Vec<_> = KINDS.iter().map(|k| k.name.to_owned()).collect();
    rows.sort();
    assert_eq!(files, rows, "one file and one line a kind");
}

#[test]
fn the_example_builds_and_uses_only_known_keys() {
    for kind in KINDS {
        let settings = example(kind);
        let known = kind.schema().to_value();
        let unknown: Vec<_> = settings
            .as_object()
            .unwrap_or_else(|| panic!("the example of {} is no mapping", kind.name))
            .keys()
            .filter(|key| known["properties"].get(key).is_none())
            .cloned()
            .collect();
        assert!(unknown.is_empty(), "{}: {unknown:?}", kind.name);
        build(kind, settings);
    }
}

#[test]
fn every_setting_is_documented() {
    for kind in KINDS {
        let schema = kind.schema().to_value();
        let definitions = schema["$defs"].as_object().cloned().unwrap_or_default();
        let all = std::iter::once((kind.name.to_owned(), schema.clone())).chain(definitions);
        for (name, part) in all {
            assert!(
                part["description"].is_string() || name == kind.name,
                "{}: {name} has no docs",
                kind.name
            );
            for (field, shape) in part["properties"].as_object().into_iter().flatten() {
                assert!(shape["description"].is_string(), "{}: {name}.{field} has no docs", kind.name);
            }
        }
    }
}

#[test]
fn settings_of_a_wrong_type_are_refused_with_their_path() {
    for kind in KINDS {
        for (field, _) in kind.schema().to_value()["properties"].as_object().into_iter().flatten() {
            let mut settings = example(kind);
            settings[field] = serde_json::json!([[{"no": "such"}]]);
            let refused =
                kind.build(settings, &target()).err().unwrap_or_else(|| panic!("{}.{field}", kind.name));
            assert!(
                refused.iter().any(|r| r.path.starts_with(field.as_str())),
                "{}.{field}: {refused:?}",
                kind.name
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_the_network_does_becomes_an_outcome_in_time() {
    let plays = [
        ("silent", Play::Silent),
        ("drip", Play::Drip),
        ("flood", Play::Flood),
        ("long line", Play::LongLine),
        ("garbage", Play::Garbage),
        ("half", Play::Half),
        ("circle", Play::Circle),
        ("close", Play::Close),
        ("empty", Play::Answer(vec![])),
    ];
    for kind in KINDS {
        for (name, obstacle) in &plays {
            let (seen, net, _) = play(kind, obstacle.clone()).await;
            let case = format!("{} under {name}: {}", kind.name, seen.summary);
            assert_eq!(seen.reason.is_none(), seen.verdict == Verdict::Passed, "{case}");
            let given = *net.given.lock().unwrap();
            if *name == "flood" || *name == "long line" {
                // A launch follows its stream to the end, but keeps only lines; pages have a bound.
                assert!(kind.launches || given <= MOST_READ, "{case}: read {given} bytes");
            }
            let size = serde_json::to_vec(&seen).unwrap().len();
            assert!(size <= LARGEST_OUTCOME, "{case}: {size} bytes");
            for time in &seen.stages {
                assert!(kind.stages.contains(&time.stage), "{case}: {} is not in its row", time.stage);
            }
            assert!(seen.took() <= DEADLINE + Duration::from_millis(1), "{case}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn silence_fails_in_a_named_stage() {
    for kind in looking() {
        let (seen, ..) = play(kind, Play::Silent).await;
        let verdict = if ONLOOKERS.contains(&kind.name) { Verdict::Unknown } else { Verdict::Failed };
        assert_eq!(seen.verdict, verdict, "{}", kind.name);
        assert!(seen.failed_stage.is_some(), "{}: {}", kind.name, seen.summary);
    }
}

#[tokio::test(start_paused = true)]
async fn faults_of_the_network_keep_their_class() {
    let cases = [
        (Play::Refuse, Verdict::Failed, Reason::Connect),
        (Play::NoName, Verdict::Failed, Reason::Dns),
        (Play::Ours, Verdict::Unknown, Reason::Prober),
    ];
    for kind in looking() {
        for (obstacle, verdict, reason) in cases.clone() {
            let (seen, net, _) = play(kind, obstacle).await;
            let verdict = if ONLOOKERS.contains(&kind.name) { Verdict::Unknown } else { verdict };
            if reason == Reason::Connect && !*net.connected.lock().unwrap() {
                continue; // Asks only for names: nobody can refuse it a connection.
            }
            assert_eq!(
                (seen.verdict, seen.reason),
                (verdict, Some(reason)),
                "{}: {}",
                kind.name,
                seen.summary
            );
        }
    }
}

/// Puts the secret into every setting that holds one, by the schema.
fn plant(schema: &Value, root: &Value, settings: &mut Value) -> usize {
    let schema = match schema["$ref"].as_str().and_then(|r| r.strip_prefix('#')) {
        Some(pointer) => root.pointer(pointer).unwrap_or(schema),
        None => schema,
    };
    if schema["format"] == "secret" {
        *settings = Value::from(SECRET);
        return 1;
    }
    let mut planted = 0;
    if !schema["additionalProperties"]["format"].is_null()
        && schema["additionalProperties"]["format"] == "secret"
    {
        *settings = serde_json::json!({"authorization": format!("token {SECRET}")});
        return 1;
    }
    for (field, part) in schema["properties"].as_object().into_iter().flatten() {
        let mut inner = settings.get(field).cloned().unwrap_or(Value::Null);
        let found = plant(part, root, &mut inner);
        if found > 0 {
            settings[field] = inner;
        }
        planted += found;
    }
    planted
}

#[tokio::test(start_paused = true)]
async fn secrets_appear_nowhere() {
    use crate::net::script::Reply;
    let echo = format!("data: {{\"phase\": \"failed\", \"message\": \"bad token {SECRET}\"}}\n\n");
    let plays = [
        Play::Answer(vec![Reply::new(500, &echo)]),
        Play::Answer(vec![Reply::new(200, &echo)]),
        Play::Refuse,
    ];
    let mut planted = 0;
    for kind in KINDS {
        let mut settings = example(kind);
        let schema = kind.schema().to_value();
        planted += plant(&schema, &schema, &mut settings);
        for obstacle in plays.clone() {
            let (net, told) = (Arc::new(Script::new(obstacle)), Told::default());
            let probe = build(kind, settings.clone());
            let mut cx = Cx::new(script::parts(net, DEADLINE, &told));
            // Kinds without a secret of their own are told of one, as the service does with a target's token.
            cx.hide(SECRET);
            let end = cx.deadline();
            let seen = match tokio::time::timeout_at(end, probe.run(&mut cx)).await {
                Ok(seen) => seen,
                Err(_) => cx.timed_out(),
            };
            let left =
                format!("{seen:?}\n{}\n{:?}", serde_json::to_string(&seen).unwrap(), told.lock().unwrap());
            assert!(!left.contains(SECRET), "{}: {left}", kind.name);
        }
    }
    assert!(planted > 0, "no kind has a secret any more: this test watches nothing");
}

#[tokio::test(start_paused = true)]
async fn a_secret_given_in_the_settings_is_hidden_by_the_kind_itself() {
    use crate::net::script::Reply;
    for kind in KINDS {
        let mut settings = example(kind);
        let schema = kind.schema().to_value();
        if plant(&schema, &schema, &mut settings) == 0 {
            continue;
        }
        let net = Arc::new(Script::new(Play::Answer(vec![Reply::new(500, &format!("no {SECRET} here"))])));
        let told = Told::default();
        let seen = script::run_over(net, &*build(kind, settings), DEADLINE, &told).await;
        let left = format!("{seen:?} {:?}", told.lock().unwrap());
        assert!(!left.contains(SECRET), "{}: {left}", kind.name);
    }
}

#[test]
fn the_stages_of_a_row_are_named_once() {
    for kind in KINDS {
        let mut stages: Vec<Stage> = kind.stages.to_vec();
        stages.sort();
        stages.dedup();
        assert_eq!(stages.len(), kind.stages.len(), "{}", kind.name);
    }
}

#[tokio::test(start_paused = true)]
async fn kinds_that_are_told_say_so_in_their_row_and_know_nothing_by_themselves() {
    for kind in KINDS {
        let passive = build(kind, example(kind)).passive();
        assert_eq!(passive.is_some(), kind.passive, "{}", kind.name);
        if passive.is_some() {
            let (seen, net, _) = play(kind, Play::Answer(vec![])).await;
            assert_eq!(
                (seen.verdict, seen.reason),
                (Verdict::Unknown, Some(Reason::Missed)),
                "{}",
                kind.name
            );
            assert_eq!(*net.given.lock().unwrap(), 0, "{} touches the network", kind.name);
        }
    }
}

#[test]
fn what_proves_who_speaks_is_not_shown() {
    for kind in KINDS.iter().filter(|k| k.passive) {
        let mut settings = example(kind);
        settings["key"] = SECRET.into();
        let shown = format!("{:?}", build(kind, settings).passive());
        assert!(!shown.contains(SECRET), "{shown}");
    }
}
