//! The list of names that causes ask for is complete and holds nothing else.

use std::path::Path;

use super::*;

/// The calls that take the name of a measurement.
const CALLS: [&str; 14] = [
    "value(",
    "when(",
    "below(",
    "lately(",
    "least(",
    "held(",
    "change(",
    "before(",
    "held_for(",
    "usual(",
    "first(",
    "figure(",
    "ready(",
    "lasting(",
];

fn sources() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/diagnosis");
    let mut files: Vec<_> =
        std::fs::read_dir(root.join("causes")).unwrap().map(|f| f.unwrap().path()).collect();
    files.push(root.join("remedies.rs"));
    files.push(root.join("scene/signs.rs"));
    files.sort();
    files.iter().map(|f| std::fs::read_to_string(f).unwrap()).collect()
}

/// Texts that are the first text in a call of such a name.
fn asked(source: &str, calls: &[&str]) -> BTreeSet<String> {
    let pieces: Vec<&str> = source.split('"').collect();
    let name = |t: &str| {
        !t.is_empty() && t.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    let texts = pieces.windows(2).step_by(2);
    texts
        .filter(|two| {
            let before = two[0].trim_end().trim_end_matches("scene,").trim_end();
            calls.iter().any(|c| before.ends_with(c)) && name(two[1])
        })
        .map(|two| two[1].to_owned())
        .collect()
}

#[test]
fn the_list_of_names_is_what_causes_ask_for() {
    let listed: BTreeSet<String> = NAMES.iter().map(|n| (*n).to_owned()).collect();
    let source = sources();
    let asked_for = asked(&source, &CALLS);
    assert!(asked_for.len() > 60, "{}", asked_for.len());
    assert_eq!(asked_for.difference(&listed).collect::<Vec<_>>(), Vec::<&String>::new());
    for name in &listed {
        let made = name.starts_with("component_") && name.ends_with("_oom_killed");
        assert!(made || source.contains(&format!("\"{name}\"")), "{name} is asked for by nobody");
    }
    let facts: BTreeSet<String> = FACTS.iter().map(|n| (*n).to_owned()).collect();
    assert_eq!(asked(&source, &["fact("]).difference(&facts).collect::<Vec<_>>(), Vec::<&String>::new());
}
