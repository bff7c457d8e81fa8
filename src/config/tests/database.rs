//! Where everything is kept, and by what secrets in it are sealed.

use super::judged;

fn with(service: &str) -> String {
    format!(
        "version: 1\nservice: {{ {service} }}\ntargets:\n  - name: hub\n    url: https://hub.example.org\n    probes: [web]\n"
    )
}

#[test]
fn a_database_is_named_by_a_secret_and_never_shown() {
    let (config, problems) = judged(&with("store: env:DATABASE, seal: env:SEAL"));
    let service = config.unwrap_or_else(|| panic!("{problems:?}")).service;
    assert!(service.store.is_some() && service.seal.is_some());
    assert!(!format!("{service:?}").contains("s3cr3t"));
    let (config, _) = judged(&with("listen: 127.0.0.1:0"));
    assert!(config.is_some_and(|c| c.service.store.is_none() && c.service.seal.is_none()));
}

#[test]
fn what_is_no_address_or_too_short_is_refused_without_being_told() {
    for (written, key, word) in [
        ("store: env:WEB_TOKEN", "store", "makes no sense"),
        ("store: env:CHAT_WEBHOOK", "store", "makes no sense"),
        ("store: 'postgres://me:s3cr3t@db/x'", "store", "env:"),
        ("seal: env:WEB_TOKEN", "seal", "too short"),
    ] {
        let (_, problems) = judged(&with(written));
        assert!(problems.iter().any(|p| p.severity == crate::config::Severity::Error), "{written}");
        let all = format!("{problems:?}");
        assert!(
            all.contains(key) && all.contains(word) && !all.contains("s3cr3t") && !all.contains("t0k3n"),
            "{all}"
        );
    }
}
