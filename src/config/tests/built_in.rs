//! The kinds that are built in, and the examples that are delivered.

use std::fmt::Write as _;
use std::path::Path;

use crate::cli::check::check;
use crate::config::{Registries, example, load};

/// An environment in which everything is set.
fn everything(name: &str) -> Option<String> {
    let address = name.ends_with("URL") || name.ends_with("WEBHOOK");
    let other = || if address { "https://hooks.example.org/x" } else { "x" };
    example::secret(name, Registries::BUILT_IN).or_else(|| Some(other().to_owned()))
}

fn indented(lines: &[String]) -> String {
    lines.iter().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "    {line}");
        text
    })
}

#[test]
fn the_example_of_every_kind_passes_the_check() {
    let mut text =
        "version: 1\ntargets:\n- name: hub\n  url: https://hub.example.org\n  probes:\n".to_owned();
    for kind in Registries::BUILT_IN.probes {
        let settings = indented(&example::lines(kind.name, kind.example, &kind.schema().to_value()));
        let _ = write!(text, "  - type: {}\n{settings}", kind.name);
    }
    text.push_str("channels:\n");
    for kind in Registries::BUILT_IN.channels {
        let settings = indented(&example::lines(kind.name, kind.example, &kind.schema().to_value()));
        let _ = write!(text, "  - type: {}\n{settings}", kind.name);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.yaml");
    std::fs::write(&path, text).unwrap();
    let answer = check(&path, Registries::BUILT_IN, &everything, false);
    assert_eq!(answer.code, 0, "{}", answer.text);
}

#[test]
fn the_delivered_examples_pass_the_check() {
    let mut seen = 0;
    for entry in std::fs::read_dir("deploy/examples").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "yaml") {
            let answer = check(&path, Registries::BUILT_IN, &everything, false);
            assert_eq!(answer.code, 0, "{}", answer.text);
            // The smallest says that nobody is told yet.
            assert!(path.ends_with("minimal.yaml") || !answer.text.contains("warning"), "{}", answer.text);
            seen += 1;
        }
    }
    assert!(seen > 0);
}

#[test]
fn ten_thousand_probes_are_read() {
    let mut text = "version: 1\ntargets:\n".to_owned();
    for target in 0..1_000 {
        let _ = writeln!(text, "- name: hub-{target}\n  url: https://hub-{target}.example.org\n  probes:");
        for probe in 0..10 {
            let _ = writeln!(
                text,
                "  - type: http\n    name: page-{probe}\n    path: page/{probe}\n    every: 30s"
            );
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.yaml");
    std::fs::write(&path, text).unwrap();
    let (config, _) = load(Path::new(&path), Registries::BUILT_IN, &everything).unwrap();
    assert_eq!(config.probes.len(), 10_000);
}
