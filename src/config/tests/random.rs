//! Files that nobody would write: the loader answers, whatever it is given.

use proptest::prelude::*;

use super::judged;

const GOOD: &str = include_str!("../../../tests/fixtures/config/good.yaml");

/// Pieces that YAML treats in its own ways.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ": ",
    "- ",
    "\n",
    "\n  ",
    "\t",
    "&a ",
    "*a",
    "!!str ",
    "!x ",
    "|\n",
    ">\n",
    "\"",
    "'",
    "#",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "? ",
    "<<: *a",
    "null",
    "~",
    "1e999",
    "env:",
    "file:",
    "\u{feff}",
    "\0",
    "世",
    "\r",
    "\\",
    "@",
    "`",
    "version",
    "targets",
    "probes",
    "type",
    "web",
    "every",
    "cron",
    "* * * * *",
    "rules",
    "when",
    "people",
    "teams",
    "routes",
    "off",
    "0",
    "-1",
    "99999999999",
    "9999999999w",
    "584542046090y",
    "mon-sun",
    "00:00",
    "2026-01-05T09:00",
    "team:hubs",
    "launchwatch",
];

/// Where in a text something may be put in: between letters.
fn border(text: &str, at: usize) -> usize {
    let at = at % (text.len() + 1);
    (0..=at).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_loader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        judged(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_heap_of_yaml_makes_the_loader_panic(pieces in proptest::collection::vec(0..PIECES.len(), 0..60)) {
        judged(&pieces.into_iter().map(|at| PIECES[at]).collect::<String>());
    }

    #[test]
    fn no_change_of_a_good_file_makes_the_loader_panic(
        changes in proptest::collection::vec((any::<usize>(), 0_usize..40, 0..PIECES.len()), 1..6)
    ) {
        let mut text = GOOD.to_owned();
        for (at, gone, piece) in changes {
            let start = border(&text, at);
            let end = border(&text, start.saturating_add(gone).min(text.len())).max(start);
            text.replace_range(start..end, PIECES[piece]);
        }
        for problem in judged(&text).1 {
            prop_assert!(problem.line <= text.lines().count() + text.matches('\r').count() + 1);
            prop_assert!(!problem.to_string().contains("s3cr3t"));
        }
    }
}

#[test]
fn deep_and_wide_files_are_answered_soon() {
    for text in [
        "[".repeat(100_000),
        "{a: ".repeat(100_000),
        "- ".repeat(10_000),
        "? ".repeat(1_000),
        "a: &a [x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c]\ne: &e [*d, *d, *d, *d, *d, *d]\nf: &f [*e, *e, *e, *e, *e, *e]\ng: [*f, *f, *f, *f, *f, *f]".to_owned(),
        "a: &a [*a]".to_owned(),
        (0..50_000).map(|at| format!("k{at}: 1\n")).collect(),
    ] {
        let (_, problems) = judged(&text);
        assert!(!problems.is_empty() &&problems.len() <= 201, "{}", problems.len());
    }
}
