//! Real outages, played to the whole service and held against what they expect.

use std::path::{Path, PathBuf};
use std::process::Command;

use launchwatch::rehearsal::{Hindsight, Scenario, play, report, timeline};
use serde_json::Value;

use crate::judge;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

pub fn file(name: &str) -> PathBuf {
    let all = judge::scenarios(&folder());
    all.into_iter().find(|f| f.to_string_lossy().contains(name)).unwrap()
}

/// What a rehearsal up to second `end` says, in JSON and in words; without the time that it took.
fn rehearse(file: &Path, end: f64, seed: u64) -> (Value, String) {
    let mut scenario = Scenario::open(file).unwrap_or_else(|p| panic!("{}", launchwatch::config::told(&p)));
    scenario.end = scenario.end.min(end);
    let hindsight = Hindsight::read(&std::fs::read_to_string(file).unwrap());
    let played = play(&scenario, None, seed).unwrap();
    let found = report(&played, &hindsight);
    let mut json = serde_json::to_value(&found).unwrap();
    json.as_object_mut().unwrap().remove("wall_ms");
    (json, timeline(&played, &found, &hindsight))
}

#[test]
fn the_twelve_scenarios_can_be_read_and_say_what_they_expect() {
    let all = judge::scenarios(&folder());
    assert_eq!(all.len(), 12);
    for file in all {
        let scenario = Scenario::open(&file).unwrap_or_else(|p| panic!("{}", launchwatch::config::told(&p)));
        assert_eq!(Some(scenario.id.as_str()), file.file_stem().and_then(|n| n.to_str()));
        assert!(judge::expectation(&file).unwrap()["diagnosis"].is_object(), "{}", file.display());
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_one_other_ones() {
    let file = file("2018-02-22");
    let one = rehearse(&file, 300.0, 7);
    let again = rehearse(&file, 300.0, 7);
    assert_eq!(one.0.to_string(), again.0.to_string());
    assert_eq!(one.1, again.1);
    assert_ne!(one.0.to_string(), rehearse(&file, 300.0, 8).0.to_string());
}

#[test]
fn the_outage_of_july_2018_pages_within_four_minutes_and_names_the_reflector_first() {
    let (json, words) = rehearse(&file("2018-07-07"), 600.0, 1);
    let page = json["alerts"].as_array().unwrap().iter().find(|a| a["severity"] == "critical");
    let page = page.unwrap_or_else(|| panic!("{words}"));
    // The Hub hears nothing more of its pods from second -153 on.
    assert!(page["fired_at"].as_f64().unwrap() < -153.0 + 240.0, "{words}");
    let first = json["diagnosis"].as_array().unwrap().iter().find(|d| d["rank"] == 1);
    assert_eq!(first.map(|d| &d["label"]), Some(&Value::from("hub-pod-reflector-stale")), "{words}");
    assert!(words.ends_with("people noticed after 4 h 18 min\n"), "{words}");
}

#[test]
fn outages_are_told_in_time_explained_and_nothing_else_is() {
    let mut misses = Vec::new();
    for part in QUICK {
        let file = file(part);
        let (json, _) = rehearse(&file, f64::MAX, 1);
        let score = judge::judge(&judge::expectation(&file).unwrap(), &json);
        misses.extend(score.misses.into_iter().map(|m| format!("{part}: {m}")));
    }
    assert!(misses.is_empty(), "{misses:#?}");
}

/// Those that are quick to play; `cargo bench --bench rehearse` plays all.
const QUICK: [&str; 3] = ["2017-11-30", "2018-02-12", "2018-02-22"];

#[test]
fn a_broken_scenario_is_told_with_its_place_and_a_hint() {
    let dir = tempfile::tempdir().unwrap();
    let run = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        let ran =
            Command::new(env!("CARGO_BIN_EXE_launchwatch")).arg("rehearse").arg(&path).output().unwrap();
        (ran.status.code(), String::from_utf8(ran.stderr).unwrap(), String::from_utf8(ran.stdout).unwrap())
    };
    let good = std::fs::read_to_string(file("2018-02-22")).unwrap();
    let table = [
        ("not-yaml.yaml", "schema: [".to_owned(), "not-yaml.yaml:"),
        ("other-schema.yaml", good.replace("scenario/1", "scenario/9"), "other-schema.yaml:1:9: schema: "),
        ("no-time.yaml", good.replace("  t0: ", "  tO: "), "t0"),
        (
            "no-outcome.yaml",
            good.replace("[{outcome: down,", "[{outcome: dwon,"),
            "segments[1].mix[0].outcome",
        ),
        ("empty.yaml", String::new(), "empty.yaml"),
    ];
    for (name, text, says) in table {
        let (code, error, out) = run(name, &text);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{name}: {error}");
        assert!(error.contains(says), "{name}: {error}");
        let plain = error.contains("not YAML") || error.contains("nothing is written");
        assert!(error.contains("hint: ") || plain, "{name}: {error}");
    }
}
