//! Replays: the fixtures can be read, cover every situation, and are played as written.

use super::kit::{launch, settings, stand_in};
use crate::standin::{Ending, FIXTURE_TOKEN, FIXTURE_USER, Replay, Script, fixture, fixtures};

#[test]
fn there_is_a_script_for_every_situation_and_each_event_is_json() {
    let all = fixtures().unwrap();
    let count = |prefix: &str| all.iter().filter(|s| s.name.starts_with(prefix)).count();
    assert_eq!((count("v010-"), count("hub-progress-"), all.len()), (10, 9, 67));
    let mut names: Vec<_> = all.iter().map(|s| s.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all.len());
    for script in &all {
        for piece in &script.pieces {
            let text = std::str::from_utf8(&piece.bytes).unwrap();
            assert!(!text.contains('$'), "{}: {text}", script.name);
            if let Some(json) = text.strip_prefix("data: ") {
                serde_json::from_str::<serde_json::Value>(json)
                    .unwrap_or_else(|e| panic!("{}: {e}: {json}", script.name));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_script_is_played_at_its_own_pace_and_ends_its_own_way() {
    let play =
        async |name: &str, seconds: u64| launch(&Replay::new(fixture(name).unwrap()).router(), seconds).await;
    let cached = play("success-cached", 100).await;
    assert_eq!(cached.phases(), "built launching ready");
    assert!(cached.closed && (cached.took - 3.86).abs() < 0.01, "{}", cached.took);
    let ready = cached.events().pop().unwrap();
    assert_eq!(ready["token"], FIXTURE_TOKEN);
    assert!(ready["url"].as_str().unwrap().contains(FIXTURE_USER));
    let failure = play("build-failure", 90).await;
    assert!(!failure.closed && failure.body.matches(":keepalive").count() == 3);
    let killed = play("hub-killed-mid-launch", 300).await;
    assert!(!killed.closed && killed.body.matches(":keepalive").count() == 11);
    let refused = play("binderhub-down", 5).await;
    assert!(refused.closed && refused.head.is_empty());
    let page = play("unknown-path", 5).await;
    assert_eq!(page.header("content-type").as_deref(), Some("text/html; charset=UTF-8"));
    assert_eq!(play("hub-progress-no-server", 5).await.status(), 404);
}

#[tokio::test(start_paused = true)]
async fn a_cut_script_breaks_the_connection_and_other_paths_are_the_stand_ins() {
    let text = "[cut]\n0 event {\"phase\": \"launching\"}\n1.5 raw data: {\"ph\n2 cut\n";
    let script = Script::read_all(text).unwrap().remove(0);
    assert_eq!(script.ending, Ending::Cut(2.0));
    let router = Replay::new(script).over(stand_in(settings()).router());
    let heard = launch(&router, 60).await;
    let wire: String = heard.reads.iter().map(|(_, text)| text.as_str()).collect();
    assert!(heard.closed && (heard.took - 2.0).abs() < 0.01 && !wire.ends_with("0\r\n\r\n"), "{wire}");
    let health = super::kit::hear(&router, &super::kit::get("/health", ""), 5).await;
    assert_eq!(health.status(), 200);
}

#[test]
fn a_script_that_cannot_be_read_is_told_by_its_line() {
    let table = [
        ("0 event {}", "script line 1: stands outside of any script"),
        ("[a]\n0 event {}\n[b]", "script line 3: script \"a\" has no end"),
        ("[a]\n0 event {}", "script line 2: script \"a\" has no end"),
        ("[a]\n2 event {}\n1 event {}\nstay", "script line 3: 1 lies before the line above"),
        ("[a]\nsoon event {}", "script line 2: \"soon\" is no number of seconds"),
        ("[a]\n1 dance", "script line 2: \"dance\" is nothing that can be sent"),
    ];
    for (text, want) in table {
        assert_eq!(Script::read_all(text).unwrap_err().to_string(), want);
    }
}
