//! The section `exports`: what it comes to, and what is said of it.

use std::time::Duration;

use crate::config::{self, Export, ExportKind, Registries};

/// A file that has this as its exports.
fn judged(exports: &str) -> Result<Vec<Export>, Vec<(String, String)>> {
    let text = format!(
        "version: 1\ntargets: [ {{ name: a, url: 'http://a.example/', probes: [ {{ type: http }} ] }} ]\nexports:\n{exports}\n"
    );
    let env = |name: &str| (name == "TOKEN").then(|| "t0k3n".to_owned());
    let loaded = config::load_text("t", &text, Registries::BUILT_IN, &env);
    loaded
        .map(|(config, _)| config.exports)
        .map_err(|problems| problems.into_iter().map(|p| (p.path, p.what)).collect())
}

#[test]
fn an_export_needs_a_type_and_an_address_and_may_have_a_login() {
    let exports = judged(
        "- { type: remote_write, url: 'https://p.example/api/v1/write' }\n\
         - { type: otlp, url: 'https://c.example/v1/metrics', every: 30s, labels: { env: prod }, username: u, password: env:TOKEN, deltas: true }\n\
         - { type: otlp, name: mine, url: 'https://d.example/v1/metrics', bearer: env:TOKEN, headers: { X-Scope-OrgID: hubs }, secret_headers: { x-key: env:TOKEN } }",
    )
    .unwrap();
    let names: Vec<(&str, ExportKind, u64)> =
        exports.iter().map(|e| (e.name.as_str(), e.kind, e.every.as_secs())).collect();
    let (write, otlp) = (ExportKind::RemoteWrite, ExportKind::Otlp);
    assert_eq!(names, [("remote_write", write, 60), ("otlp", otlp, 30), ("mine", otlp, 60)]);
    assert!(exports[0].headers.is_empty() && !exports[0].deltas && exports[1].deltas);
    assert_eq!(exports[1].headers["authorization"], "Basic dTp0MGszbg==");
    assert_eq!(exports[2].headers["authorization"], "Bearer t0k3n");
    assert_eq!(
        (&exports[2].headers["x-scope-orgid"], exports[2].headers.len()),
        (&"hubs".parse().unwrap(), 3)
    );
    assert!(!format!("{exports:?}").contains("t0k3n"), "a secret is shown");
    assert_eq!(exports[0].every, Duration::from_secs(60));
}

#[test]
fn what_cannot_be_meant_is_told_where_it_stands() {
    let twice = "{ type: otlp, url: 'http://a.example/x' }\n- { type: otlp, url: 'http://b.example/x' }";
    for (export, path, what) in [
        ("{ type: graphite, url: 'http://a.example/x' }", "exports[0].type", "unknown word"),
        ("{ type: otlp }", "exports[0]", "missing key `url`"),
        ("{ url: 'http://a.example/x' }", "exports[0]", "missing key `type`"),
        ("otlp", "exports[0]", "expected a mapping"),
        ("{ type: otlp, urls: x, url: 'http://a.example/x' }", "exports[0].urls", "unknown key"),
        ("{ type: otlp, url: 'http://u:t0k3n@a.example/x' }", "exports[0].url", "no user or password"),
        ("{ type: otlp, name: a b, url: 'http://a.example/x' }", "exports[0].name", "a name may not hold"),
        ("{ type: otlp, every: 1s, url: 'http://a.example/x' }", "exports[0].every", "between 10s and 1h"),
        ("{ type: remote_write, deltas: true, url: 'http://a.example/x' }", "exports[0].deltas", "no deltas"),
        (
            "{ type: otlp, labels: { 1x: y }, url: 'http://a.example/x' }",
            "exports[0].labels.1x",
            "name of a label",
        ),
        (
            "{ type: otlp, labels: { le: y }, url: 'http://a.example/x' }",
            "exports[0].labels.le",
            "label already",
        ),
        ("{ type: otlp, username: u, url: 'http://a.example/x' }", "exports[0].username", "go together"),
        (
            "{ type: otlp, password: env:TOKEN, url: 'http://a.example/x' }",
            "exports[0].password",
            "go together",
        ),
        (
            "{ type: otlp, password: t0k3n, url: 'http://a.example/x' }",
            "exports[0].password",
            "not written into",
        ),
        (
            "{ type: otlp, username: u, bearer: env:TOKEN, url: 'http://a.example/x' }",
            "exports[0].bearer",
            "not both",
        ),
        (
            "{ type: otlp, headers: { host: y }, url: 'http://a.example/x' }",
            "exports[0].headers.host",
            "set already",
        ),
        (
            "{ type: otlp, headers: { 'a b': y }, url: 'http://a.example/x' }",
            "exports[0].headers.a b",
            "not a valid",
        ),
        (
            "{ type: otlp, secret_headers: { x: t0k3n }, url: 'http://a.example/x' }",
            "exports[0].secret_headers.x",
            "not written into",
        ),
        (twice, "exports[1].type", "taken already"),
    ] {
        let problems = judged(&format!("- {export}")).unwrap_err();
        let told = problems.iter().any(|(at, said)| at == path && said.contains(what));
        assert!(told, "{export}: {problems:?}");
        assert!(!format!("{problems:?}").contains("t0k3n"), "a secret is shown: {problems:?}");
    }
}

#[test]
fn no_label_of_the_table_can_be_taken() {
    for label in crate::exchange::OURS {
        let export = format!("- {{ type: otlp, labels: {{ {label}: y }}, url: 'http://a.example/x' }}");
        assert!(judged(&export).is_err(), "{label}");
    }
}
