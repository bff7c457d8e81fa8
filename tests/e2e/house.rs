//! The law of arrows: a room uses only rooms on a lower floor, and every file says what it is for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Rooms of `src` by floor, lowest first.
const FLOORS: [&[&str]; 11] = [
    &["clock", "cron", "dice", "kept", "lead", "news", "observation", "runbooks", "tasks"],
    &["inbox", "standin", "store", "wire"],
    &["config", "edges"],
    &["telemetry"],
    &["ourselves"],
    &["scheduler"],
    &["exchange", "hearing", "pings", "pipeline", "report"],
    &["follower", "web"],
    &["app", "backtest"],
    &["agent", "demo", "rehearsal", "terms"],
    &["cli"],
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

fn files_of(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    rust_files(&root().join(folder), &mut files);
    files.sort();
    files
}

#[test]
fn a_room_uses_only_rooms_on_lower_floors() {
    let floor: BTreeMap<&str, usize> =
        FLOORS.iter().enumerate().flat_map(|(n, rooms)| rooms.iter().map(move |r| (*r, n))).collect();
    let mut wrong = Vec::new();
    for file in files_of("src") {
        let inside = file.strip_prefix(root().join("src")).unwrap().to_owned();
        let room = inside
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_str()
            .unwrap()
            .trim_end_matches(".rs")
            .to_owned();
        let of_tests = inside.components().any(|c| c.as_os_str() == "tests");
        if of_tests || matches!(room.as_str(), "lib" | "main") {
            continue;
        }
        let mine = *floor.get(room.as_str()).unwrap_or_else(|| panic!("room `{room}` has no floor"));
        for used in std::fs::read_to_string(&file).unwrap().split("crate::").skip(1) {
            let used: String = used.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            if used != room && floor.get(used.as_str()).is_some_and(|theirs| *theirs >= mine) {
                wrong.push(format!("{} uses {used}", inside.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn probes_and_alerts_do_not_know_each_other() {
    for (folder, other) in [("probes/src", "launchwatch_alerts"), ("alerts/src", "launchwatch_probes")] {
        for file in files_of(folder) {
            assert!(!std::fs::read_to_string(&file).unwrap().contains(other), "{}", file.display());
        }
    }
}

#[test]
fn every_file_says_what_it_is_for_and_none_is_a_hall() {
    let mut wrong = Vec::new();
    for folder in ["src", "probes/src", "alerts/src"] {
        for file in files_of(folder) {
            let text = std::fs::read_to_string(&file).unwrap();
            let in_tests = file.to_string_lossy().contains("test");
            if !in_tests && !text.starts_with("//!") {
                wrong.push(format!("{} does not begin with what it is for", file.display()));
            }
            if text.lines().count() > 390 {
                wrong.push(format!("{} has {} lines", file.display(), text.lines().count()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_whole_house_is_drawn() {
    let plan = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for room in FLOORS.iter().flat_map(|f| f.iter()) {
        assert!(plan.contains(room), "ARCHITECTURE.md does not know {room}");
    }
}
