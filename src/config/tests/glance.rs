use std::path::Path;

use super::super::*;

fn glanced(text: &str) -> Result<(String, String), String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.yaml");
    std::fs::write(&file, text).unwrap();
    let nothing = |_: &str| None;
    let config = glance(&file, Registries::BUILT_IN, &nothing).map_err(|p| told(&p))?;
    let state = config.service.state.strip_prefix(folder.path()).unwrap_or(Path::new("elsewhere"));
    Ok((config.service.listen.to_string(), state.display().to_string()))
}

#[test]
fn who_only_speaks_to_the_service_needs_none_of_its_secrets() {
    let channels = "channels: [{ type: slack, bot_token: env:BOT, channel: C1 }]\n";
    let service = "service: { listen: \"127.0.0.1:9000\", state: here }\n";
    let text = format!("version: 1\n{service}{channels}");
    assert_eq!(glanced(&text), Ok(("127.0.0.1:9000".into(), "here".into())));
    assert_eq!(glanced("version: 1\n"), Ok(("127.0.0.1:8480".into(), "state".into())));
}

#[test]
fn but_where_the_service_is_must_be_readable() {
    for (text, words) in [
        ("version: 1\nservice: { listen: nowhere }\n", "service.listen"),
        ("version: 1\nservice: 7\n", "service"),
        ("a: [", "c.yaml"),
    ] {
        let said = glanced(text).unwrap_err();
        assert!(said.contains(words), "{said}");
    }
}
