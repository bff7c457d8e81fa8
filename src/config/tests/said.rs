//! What the operator reads: every fixture, printed as `launchwatch check` prints it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{environment, kinds};
use crate::cli::check::check;
use crate::config::{Registries, reference, schema};

const FIXTURES: &str = "tests/fixtures/config";

/// The fixtures: files, and folders that are read as one configuration.
fn fixtures() -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(FIXTURES).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "yaml") || p.extension().is_some_and(|e| e == "d"));
    paths.sort();
    paths
}

fn said(path: &Path) -> (String, u8) {
    let answer = check(path, kinds::REGISTRIES, &environment, false);
    (answer.text, answer.code)
}

#[test]
fn every_mistake_is_told_in_words_with_its_place() {
    let fixtures = fixtures();
    assert!(fixtures.len() > 20, "{fixtures:?}");
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path(PathBuf::from("../../../").join(FIXTURES).join("said"));
    settings.set_omit_expression(true);
    for path in fixtures {
        let (text, code) = said(&path);
        let good = path.file_name().unwrap().to_string_lossy().starts_with("good");
        assert_eq!(code, if good { 0 } else { 2 }, "{}: {text}", path.display());
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        settings.bind(|| insta::assert_snapshot!(name, text));
    }
}

#[test]
fn nothing_said_holds_a_secret() {
    for path in fixtures() {
        let (text, _) = said(&path);
        let json = check(&path, kinds::REGISTRIES, &environment, true).text;
        for secret in ["s3cr3t", "t0k3n", "h1dd3n"] {
            assert!(!text.contains(secret) && !json.contains(secret), "{}: {text}", path.display());
        }
    }
}

#[test]
fn a_file_that_is_not_there_is_told() {
    insta::assert_snapshot!(said(Path::new("tests/fixtures/config/none.yaml")).0, @"
    tests/fixtures/config/none.yaml: cannot be read: No such file or directory (os error 2)
        hint: `launchwatch init URL` writes a file to start from

    tests/fixtures/config/none.yaml cannot be used: 1 problem
    ");
}

#[test]
fn a_file_of_more_than_four_mebibytes_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.yaml");
    std::fs::write(&path, "#".repeat(4 * 1024 * 1024 + 1)).unwrap();
    let (text, code) = said(&path);
    assert!(code == 2 && text.contains("larger than 4 MiB"), "{text}");
}

#[test]
fn the_json_form_has_everything_but_the_source_line() {
    insta::assert_snapshot!(
        check(&Path::new(FIXTURES).join("secrets.yaml"), kinds::REGISTRIES, &environment, true).text
    );
}

#[test]
fn the_reference_names_every_key() {
    insta::assert_snapshot!(reference(kinds::REGISTRIES));
}

#[test]
fn the_schema_describes_the_file_to_editors() {
    insta::assert_snapshot!(format!("{:#}", schema(kinds::REGISTRIES)));
}

#[test]
fn every_reference_in_the_schema_leads_somewhere() {
    fn visit(root: &Value, node: &Value, seen: &mut usize) {
        match node {
            Value::Array(items) => items.iter().for_each(|item| visit(root, item, seen)),
            Value::Object(entries) => {
                if let Some(reference) = entries.get("$ref").and_then(Value::as_str) {
                    assert!(root.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
                    *seen += 1;
                }
                entries.values().for_each(|value| visit(root, value, seen));
            }
            _ => {}
        }
    }
    for registries in [kinds::REGISTRIES, Registries::BUILT_IN] {
        let (schema, mut seen) = (schema(registries), 0);
        visit(&schema, &schema, &mut seen);
        assert!(seen > 5);
    }
}
