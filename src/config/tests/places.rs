//! Every problem points at the text it is about.

use super::judged;

const GOOD: &str = include_str!("../../../tests/fixtures/config/good.yaml");

/// Lines with a key: number, column of the key, the key, column of the value, the value.
fn keys() -> Vec<(usize, usize, String, usize, String)> {
    let mut keys = Vec::new();
    for (at, line) in GOOD.lines().enumerate() {
        let start = line.len() - line.trim_start_matches([' ', '-']).len();
        let Some((key, value)) = line.get(start..).and_then(|l| l.split_once(':')) else { continue };
        if key.starts_with('#') || key.contains([' ', '{', '[']) {
            continue;
        }
        let value_at = start + key.len() + 1 + value.len() - value.trim_start().len();
        let value = value.trim_start().split(" #").next().unwrap_or_default().to_owned();
        keys.push((at + 1, start + 1, key.to_owned(), value_at + 1, value));
    }
    keys
}

fn with_line(number: usize, line: &str) -> String {
    let lines = GOOD.lines().enumerate().map(|(at, l)| if at + 1 == number { line } else { l });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_misspelt_key_is_pointed_at_wherever_it_stands() {
    assert!(judged(GOOD).1.is_empty(), "{:?}", judged(GOOD).1);
    let keys = keys();
    assert!(keys.len() > 40, "{keys:?}");
    for (number, column, key, ..) in keys {
        // Labels and headers have the operator's own keys.
        if ["team", "accept"].contains(&key.as_str()) {
            continue;
        }
        let line = GOOD.lines().nth(number - 1).unwrap();
        let (before, after) = line.split_at(column - 1);
        let broken = with_line(number, &format!("{before}{key}q{}", after.split_at(key.len()).1));
        let problems = judged(&broken).1;
        let mut here = problems.iter().filter(|p| (p.line, p.column) == (number, column));
        let hit = here.find(|p| p.what.starts_with("unknown"));
        let what = hit.map(|p| p.what.as_str());
        assert_eq!(what, Some(format!("unknown key `{key}q`").as_str()), "line {number}: {problems:#?}");
        let excerpt = hit.and_then(|p| p.excerpt.as_ref());
        assert!(
            excerpt.is_none_or(
                |e| e.line.chars().skip(e.indent).take(e.carets).collect::<String>() == format!("{key}q")
            ),
            "{hit:?}"
        );
    }
}

#[test]
fn a_value_of_a_wrong_type_is_pointed_at_wherever_it_stands() {
    for (number, _, key, column, value) in keys() {
        if value.is_empty() {
            continue;
        }
        let line = GOOD.lines().nth(number - 1).unwrap();
        let (before, _) = line.split_at(column - 1);
        let broken = with_line(number, &format!("{before}[[7]]"));
        let problems = judged(&broken).1;
        assert!(
            problems.iter().any(|p| p.line == number && p.column >= column && p.column <= column + 2),
            "{key} in line {number}: {problems:#?}"
        );
    }
}

#[test]
fn wide_letters_and_every_line_end_keep_the_place() {
    for (text, place) in [
        ("version: 1\r\ntargets: []\r\nwat: 1", (3, 1)),
        ("version: 1\ntargets: [] # grüße 世界\n\"wät\": 1", (3, 1)),
        ("# 世界\n{version: 1, \"世界\": 2}", (2, 14)),
    ] {
        let problems = judged(text).1;
        let found = problems.iter().find(|p| p.what.starts_with("unknown key")).map(|p| (p.line, p.column));
        assert_eq!(found, Some(place), "{text}");
    }
}
