//! Frames as people see them, and what keys do.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::{Value, json};

use super::feed::News;
use super::frame;
use super::keys::{Wish, press};
use super::state::{Mode, State};

const NOW: &str = "2018-07-07T18:30:00Z";

fn now() -> jiff::Timestamp {
    NOW.parse().unwrap()
}

fn probe(name: &str, verdict: &str, seconds: f64) -> Value {
    let good = json!({ "passed": 10, "degraded": 0, "failed": 0, "unknown": 0 });
    let bad = json!({ "passed": 0, "degraded": 0, "failed": 10, "unknown": 0 });
    let none = json!({ "passed": 0, "degraded": 0, "failed": 0, "unknown": 0 });
    let mut cells = vec![none; 8];
    cells.extend(vec![good; 60]);
    cells.extend(vec![if verdict == "failed" { bad.clone() } else { cells[20].clone() }; 4]);
    json!({
        "name": name, "type": "http", "verdict": verdict, "stale": false, "ended_at": "2018-07-07T18:29:48Z",
        "seconds": seconds, "summary": if verdict == "failed" { "build failed: \u{1b}[31mno space left" } else { "" },
        "strip": { "probe": name, "cell_seconds": 300, "cells": cells },
    })
}

fn status() -> News {
    let status = json!({ "at": NOW, "stale": false, "targets": [
        { "name": "hub", "probes": [probe("cached-launch", "failed", 61.25), probe("health", "passed", 0.04)] },
        { "name": "mirror", "probes": [probe("front-page", "degraded", 1.5)] },
    ]});
    let incidents = json!({ "incidents": [{
        "id": "hub-20180707T182700Z", "target": "hub", "state": "open", "since": "2018-07-07T18:27:00Z",
        "alerts": [{ "summary": "build failed" }],
        "diagnosis": [{ "title": "the build nodes have no space left" }],
        "acknowledged": null,
    }]});
    News::Status { status, incidents }
}

fn state() -> State {
    let mut state = State::new("http://watch.example/".to_owned());
    state.take(status());
    for event in [
        json!({ "type": "observation", "target": "hub", "probe": "health", "verdict": "passed", "seconds": 0.04,
            "ended_at": "2018-07-07T18:29:48Z", "summary": "" }),
        json!({ "type": "incident", "id": "hub-20180707T182700Z", "target": "hub", "state": "open", "cause": null }),
        json!({ "type": "delivery", "channel": "ops", "state": "delivered", "at": "2018-07-07T18:29:50Z" }),
        json!({ "type": "lagged", "lost": 3 }),
    ] {
        state.take(News::Event(event));
    }
    state
}

fn key(state: &mut State, code: KeyCode) -> Option<Wish> {
    press(state, KeyEvent::new(code, KeyModifiers::NONE))
}

#[test]
fn all_is_seen_on_a_small_terminal() {
    insta::assert_snapshot!(frame(&mut state(), (80, 24), now()));
}

#[test]
fn a_wide_one_shows_more_of_the_last_hours() {
    insta::assert_snapshot!(frame(&mut state(), (140, 30), now()));
}

#[test]
fn before_the_first_answer_and_after_the_last_it_says_so() {
    let mut state = State::new("http://watch.example/".to_owned());
    assert!(frame(&mut state, (80, 24), now()).contains("asking …"));
    state.take(status());
    state.take(News::Lost("no launchwatch answers at http://watch.example/".to_owned()));
    let text = frame(&mut state, (80, 24), now());
    assert!(text.contains("does not answer, trying again"), "{text}");
    assert!(text.contains("no launchwatch answers at"), "{text}");
}

#[test]
fn details_show_stages_evidence_and_the_incident() {
    let mut state = state();
    let wish = key(&mut state, KeyCode::Enter);
    let (target, probe) = ("hub".to_owned(), "cached-launch".to_owned());
    let incident = Some("hub-20180707T182700Z".to_owned());
    assert_eq!(wish, Some(Wish::Details { target, probe, incident }));
    assert!(frame(&mut state, (80, 24), now()).contains("asking …"));
    state.take(News::Details {
        of: "hub/cached-launch".into(),
        run: json!({
            "stages": [
                { "stage": "resolve", "start_seconds": 0.0, "seconds": 1.25 },
                { "stage": "build", "start_seconds": 1.25, "seconds": 60.0 },
            ],
            "evidence": ["Step 3/9 : RUN pip install", "no space left on device\u{202e}"],
        }),
        incident: json!({
            "id": "hub-20180707T182700Z",
            "diagnosis": [{ "title": "the build nodes have no space left" }],
            "timeline": [
                { "at": "2018-07-07T18:27:00Z", "what": "the first bad run" },
                { "at": "2018-07-07T18:28:10Z", "by": "ada", "what": "I am on it" },
            ],
        }),
    });
    insta::assert_snapshot!(frame(&mut state, (80, 24), now()));
}

#[test]
fn arrows_select_within_what_the_filter_lets_through() {
    let mut state = state();
    assert_eq!(state.selected.as_deref(), Some("hub/cached-launch"));
    key(&mut state, KeyCode::End);
    key(&mut state, KeyCode::Down);
    assert_eq!(state.selected.as_deref(), Some("mirror/front-page"), "it stops at the end");
    key(&mut state, KeyCode::Char('/'));
    "HEAL".chars().for_each(|c| drop(key(&mut state, KeyCode::Char(c))));
    assert_eq!(state.selected.as_deref(), Some("hub/health"));
    assert_eq!(key(&mut state, KeyCode::Char('q')), None, "a letter of the filter, not a wish");
    key(&mut state, KeyCode::Backspace);
    key(&mut state, KeyCode::Enter);
    assert_eq!((state.filter.as_str(), state.mode.clone()), ("HEAL", Mode::All));
    assert_eq!(key(&mut state, KeyCode::Char('q')), Some(Wish::Quit));
}

#[test]
fn who_acknowledges_is_asked_for_their_name_once() {
    let mut state = state();
    assert_eq!(key(&mut state, KeyCode::Char('a')), None);
    state.typed.clear();
    "ada".chars().for_each(|c| drop(key(&mut state, KeyCode::Char(c))));
    let text = frame(&mut state, (80, 24), now());
    assert!(text.contains("who sees to hub-20180707T182700Z? ada"), "{text}");
    let (incident, by) = ("hub-20180707T182700Z".to_owned(), "ada".to_owned());
    let wish = Some(Wish::Acknowledge { incident, by });
    assert_eq!(key(&mut state, KeyCode::Enter), wish);
    assert_eq!(key(&mut state, KeyCode::Char('a')), wish, "the name is known");
}

#[test]
fn without_colours_nothing_is_coloured_and_nothing_is_lost() {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use ratatui::style::Color;
    let mut state = state();
    let mut draw = |colours| {
        state.colours = colours;
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        terminal.draw(|f| super::view::draw(f, &mut state, now())).unwrap();
        terminal.backend().buffer().clone()
    };
    let (with, without) = (draw(true), draw(false));
    let text =
        |b: &ratatui::buffer::Buffer| b.content().iter().map(|c| c.symbol().to_owned()).collect::<String>();
    assert_eq!(text(&with), text(&without));
    let coloured = |b: &ratatui::buffer::Buffer| b.content().iter().any(|c| c.fg != Color::Reset);
    assert!(coloured(&with) && !coloured(&without));
}

#[test]
fn a_terminal_of_any_size_is_drawn_on() {
    for size in [(1, 1), (10, 3), (20, 5), (79, 7), (300, 100)] {
        let mut state = state();
        frame(&mut state, size, now());
        key(&mut state, KeyCode::Enter);
        frame(&mut state, size, now());
    }
}
