//! What lies beside the code says the truth: the reference, the examples, the README.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use launchwatch::cli::reference::reference;
use launchwatch::config::{self, Registries};
use launchwatch_probes::cluster::{RIGHTS, Right, Scope};
use serde_json::Value;

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
    let [first, told, seen, elsewhere, replicas] = blocks[..] else { panic!("{} blocks", blocks.len()) };
    assert_eq!(first.lines().count(), 5);
    let secrets = tempfile::tempdir().unwrap();
    std::fs::write(secrets.path().join("smtp"), "a-password").unwrap();
    let whole = [first, told, seen].concat().replace("/run/secrets", secrets.path().to_str().unwrap());
    let env = |name: &str| {
        let store = "postgres://launchwatch:a-password@db.example.org/launchwatch";
        Some(
            if name == "LAUNCHWATCH_STORE" { store } else { "a-secret-of-more-than-thirty-two-letters" }
                .to_owned(),
        )
    };
    let (elsewhere, replicas) = (format!("version: 1\n{elsewhere}"), format!("{first}{replicas}"));
    for text in [first, &whole, &elsewhere, &replicas] {
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

#[test]
fn the_image_has_one_file_and_the_chart_starts_it_as_it_is() {
    let docker = read("deploy/Dockerfile");
    let (build, image) = docker.split_once("\nFROM scratch\n").expect("nothing below the program");
    assert!(build.contains("target-feature=+crt-static") && build.contains("--locked"), "{build}");
    let version = build.lines().find_map(|l| l.strip_prefix("FROM rust:")?.split('-').next()).unwrap();
    assert!(read("Cargo.toml").contains(&format!("rust-version = \"{version}\"")), "{version}");
    let one = |begin: &str| image.lines().filter_map(|l| l.strip_prefix(begin)).collect::<Vec<_>>();
    assert_eq!((one("USER "), one("ENTRYPOINT ")), (vec!["65532:65532"], vec![r#"["/launchwatch"]"#]));
    assert_eq!(image.matches("COPY ").count() + image.matches("RUN ").count(), 1, "{image}");
    let pods = read("deploy/chart/templates/_pods.tpl");
    for id in ["runAsUser: 65532", "runAsGroup: 65532", "fsGroup: 65532"] {
        assert!(pods.contains(id), "{id}");
    }
    let words = |text: &str| text.replace(['"', ','], " ").split_whitespace().collect::<Vec<_>>().join(" ");
    let begins = words(one("CMD ")[0]);
    assert!(words(&pods).contains(begins.trim_matches(['[', ']', ' '])), "{begins}");
}

/// What the rules of a Role or ClusterRole allow, each as scope, group, resource and verb.
fn allowed(manifest: &Value) -> Vec<(Scope, String, String, String)> {
    let scope = match (manifest["kind"].as_str().unwrap(), manifest["metadata"]["namespace"].as_str()) {
        ("ClusterRole", None) => Scope::Cluster,
        ("Role", Some("default")) => Scope::Default,
        ("Role", Some("binder")) => Scope::Namespace,
        other => panic!("{other:?} is not expected here"),
    };
    let words = |rule: &Value, key: &str| -> Vec<String> {
        rule[key].as_array().unwrap().iter().map(|w| w.as_str().unwrap().to_owned()).collect()
    };
    let mut all = Vec::new();
    for rule in manifest["rules"].as_array().unwrap() {
        for group in words(rule, "apiGroups") {
            for resource in words(rule, "resources") {
                for verb in words(rule, "verbs") {
                    all.push((scope, group.clone(), resource.clone(), verb));
                }
            }
        }
    }
    all
}

#[test]
fn the_manifest_allows_in_the_cluster_what_is_asked_for_and_nothing_else() {
    let text = read("deploy/rbac.yaml");
    let manifests: Vec<Value> =
        text.split("\n---\n").map(|part| serde_saphyr::from_str(part).unwrap()).collect();
    let kinds =
        |kind: &str| manifests.iter().filter(|m| m["kind"].as_str().unwrap() == kind).collect::<Vec<_>>();
    let roles = [kinds("Role"), kinds("ClusterRole")].concat();
    let all: Vec<_> = roles.iter().flat_map(|m| allowed(m)).collect();
    let given: BTreeSet<_> = all.iter().cloned().collect();
    assert_eq!(given.len(), all.len(), "nothing is allowed twice");
    let table = |Right { scope, group, resource, verb }: &Right| {
        (*scope, (*group).to_owned(), (*resource).to_owned(), verb.as_str().to_owned())
    };
    assert_eq!(given, RIGHTS.iter().map(table).collect::<BTreeSet<_>>());
    let name =
        |m: &&Value| (m["metadata"]["namespace"].clone().to_string(), m["metadata"]["name"].to_string());
    let bindings = [kinds("RoleBinding"), kinds("ClusterRoleBinding")].concat();
    let bound: BTreeSet<_> = bindings
        .iter()
        .map(|b| (b["metadata"]["namespace"].to_string(), b["roleRef"]["name"].to_string()))
        .collect();
    assert_eq!(bound, roles.iter().map(name).collect::<BTreeSet<_>>(), "each role is bound where it is");
    let account = kinds("ServiceAccount")[0];
    for binding in bindings {
        let subject = &binding["subjects"][0];
        assert_eq!(
            (&subject["name"], &subject["namespace"]),
            (&account["metadata"]["name"], &account["metadata"]["namespace"])
        );
    }
}

/// Every word that begins like this in what lies in a folder.
fn words_of(folder: &str, begin: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(root().join(folder)).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        // What stands behind a colon is the middle of a name that a rule records.
        let mut pieces = text.split(begin).peekable();
        while let (Some(before), Some(rest)) = (pieces.next(), pieces.peek()) {
            if before.ends_with(':') {
                continue;
            }
            let word: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            found.insert(format!("{begin}{word}"));
        }
    }
    found
}

#[tokio::test(start_paused = true)]
async fn dashboards_and_rules_name_only_metrics_and_measurements_that_there_are() {
    let export = "exports: [{ type: remote_write, url: http://prometheus.example/api/v1/write }]\n";
    let dead_man = "witnesses: [], dead_man: { url: env:HOOK }";
    let text = format!("{}{export}", crate::world::THREE_PROBES.replace("witnesses: []", dead_man));
    let world = crate::world::World::start(crate::world::configuration(&text), 1).await;
    world.run_for(std::time::Duration::from_secs(600)).await;
    world.break_hub(launchwatch::standin::Fault::SpawnerRaises);
    world.run_for(std::time::Duration::from_secs(1_200)).await;
    let (_, mut shown) = world.get("/metrics").await;
    world.stop().await;
    // Nobody looks from elsewhere in this world.
    let agents = launchwatch::telemetry::Metrics::new(&[]).unwrap();
    let now = crate::world::START.parse().unwrap();
    agents.agent("frankfurt", now, Some(jiff::SignedDuration::from_secs(1)), 7, 2);
    agents.ingested("frankfurt", "taken", 1);
    shown.push_str(&agents.text().unwrap());
    let there: BTreeSet<&str> = shown.lines().filter_map(|l| l.split(['{', ' ']).next()).collect();
    let mut named = words_of("deploy/grafana", "launchwatch_");
    named.extend(words_of("deploy/prometheus", "launchwatch_"));
    let missing: Vec<_> = named.iter().filter(|name| !there.contains(name.as_str())).collect();
    assert!(named.len() > 15 && missing.is_empty(), "no run shows {missing:?} of {named:?}");
    let mut measured = BTreeSet::new();
    for entry in std::fs::read_dir(root().join("deploy/grafana")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let names =
            text.split(r#"{name=\""#).skip(1).filter_map(|rest| rest.split('\\').next().map(str::to_owned));
        measured.extend(names);
    }
    let known = |name: &String| {
        launchwatch_alerts::diagnosis::NAMES.contains(&name.as_str())
            || shown.contains(&format!(r#"launchwatch_measurement{{name="{name}""#))
    };
    let unknown: Vec<_> = measured.iter().filter(|name| !known(name)).collect();
    assert!(measured.len() > 15 && unknown.is_empty(), "no probe measures {unknown:?}");
}
