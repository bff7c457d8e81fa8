//! What lies beside the code says the truth: the reference, the examples, the README.

use std::path::{Path, PathBuf};

use launchwatch::cli::reference::reference;
use launchwatch::config::{self, Registries};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

#[test]
fn the_reference_of_the_configuration_is_the_one_that_the_program_prints() {
    let made = reference(Registries::BUILT_IN, false).text;
    assert!(
        made == read("deploy/config-reference.md"),
        "run: launchwatch reference > deploy/config-reference.md"
    );
}

#[test]
fn the_schema_for_editors_is_the_one_that_the_program_prints() {
    let made = reference(Registries::BUILT_IN, true).text;
    assert!(
        made == read("deploy/config-schema.json"),
        "run: launchwatch reference --json > deploy/config-schema.json"
    );
}

#[test]
fn every_configuration_in_the_readme_is_good_and_the_first_has_five_lines() {
    let readme = read("README.md");
    let blocks: Vec<&str> = readme.split("```yaml\n").skip(1).filter_map(|b| b.split("```").next()).collect();
    assert_eq!(blocks.len(), 2);
    assert_eq!(blocks[0].lines().count(), 5);
    let secrets = tempfile::tempdir().unwrap();
    std::fs::write(secrets.path().join("smtp"), "a-password").unwrap();
    let whole = blocks.concat().replace("/run/secrets", secrets.path().to_str().unwrap());
    let env = |_: &str| Some("a-secret-of-good-length".to_owned());
    for text in [blocks[0], &whole] {
        let loaded = config::load_text("README.md", text, Registries::BUILT_IN, &env);
        assert!(loaded.is_ok(), "{}", config::told(&loaded.err().unwrap()));
    }
}

#[test]
fn every_file_that_the_readme_points_to_is_there() {
    let readme = read("README.md");
    for link in readme.split("](").skip(1).filter_map(|l| l.split(')').next()) {
        if !link.starts_with("http") {
            assert!(root().join(Path::new(link)).exists(), "{link}");
        }
    }
}

#[test]
fn the_change_log_knows_every_command() {
    let log = read("CHANGELOG.md");
    for command in ["serve", "probe", "check", "init", "test-alert", "demo", "reference", "completions"] {
        assert!(log.contains(&format!("`{command}`")), "{command}");
    }
}
