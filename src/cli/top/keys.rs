//! What keys do.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::state::{Mode, State};

/// Longest text that can be typed.
const TYPED: usize = 80;
/// Rows that a page key goes.
const PAGE: isize = 10;

/// What a key asks of the world outside.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Enough.
    Quit,
    /// Everything about a probe.
    Details {
        /// Name of its target.
        target: String,
        /// Its name.
        probe: String,
        /// The open incident of the target.
        incident: Option<String>,
    },
    /// Somebody sees to an incident.
    Acknowledge {
        /// Which.
        incident: String,
        /// Who.
        by: String,
    },
}

/// A key was pressed.
pub(super) fn press(state: &mut State, key: KeyEvent) -> Option<Wish> {
    if key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c') {
        return Some(Wish::Quit);
    }
    match state.mode.clone() {
        Mode::Filter => {
            typing(state, key, Mode::All);
            state.filter.clone_from(&state.typed);
            state.reselect();
            None
        }
        Mode::Name(incident) => {
            if typing(state, key, Mode::All) && !state.typed.trim().is_empty() {
                let by = state.typed.trim().to_owned();
                state.name = Some(by.clone());
                return Some(Wish::Acknowledge { incident, by });
            }
            None
        }
        Mode::All | Mode::Details => command(state, key.code),
    }
}

/// A key of somebody who types. True when they are done.
fn typing(state: &mut State, key: KeyEvent, then: Mode) -> bool {
    match key.code {
        KeyCode::Enter => {
            state.mode = then;
            return true;
        }
        KeyCode::Esc => {
            state.typed.clear();
            state.mode = then;
        }
        KeyCode::Backspace => drop(state.typed.pop()),
        KeyCode::Char(letter) if state.typed.len() < TYPED => state.typed.push(letter),
        _ => {}
    }
    false
}

fn command(state: &mut State, code: KeyCode) -> Option<Wish> {
    state.word.clear();
    match code {
        KeyCode::Char('q') => return Some(Wish::Quit),
        KeyCode::Esc if state.mode == Mode::Details => state.mode = Mode::All,
        KeyCode::Up | KeyCode::Char('k') => return moved(state, -1),
        KeyCode::Down | KeyCode::Char('j') => return moved(state, 1),
        KeyCode::PageUp => return moved(state, -PAGE),
        KeyCode::PageDown => return moved(state, PAGE),
        KeyCode::Home => return moved(state, isize::MIN),
        KeyCode::End => return moved(state, isize::MAX),
        KeyCode::Enter if state.mode == Mode::Details => state.mode = Mode::All,
        KeyCode::Enter => return details(state),
        KeyCode::Char('/') => {
            state.typed.clone_from(&state.filter);
            state.mode = Mode::Filter;
        }
        KeyCode::Char('a') => return acknowledge(state),
        _ => {}
    }
    None
}

fn moved(state: &mut State, by: isize) -> Option<Wish> {
    state.go(by);
    if state.mode == Mode::Details { details(state) } else { None }
}

fn details(state: &mut State) -> Option<Wish> {
    let row = state.row()?.clone();
    state.mode = Mode::Details;
    let incident = state.trouble(&row.target).map(|trouble| trouble.id.clone());
    Some(Wish::Details { target: row.target, probe: row.probe, incident })
}

/// The incident of the target that is selected, or the only one there is.
fn acknowledge(state: &mut State) -> Option<Wish> {
    let of_row = state.row().and_then(|row| state.trouble(&row.target));
    let Some(trouble) = of_row.or(state.troubles.first()) else {
        state.word = "nothing is open".to_owned();
        return None;
    };
    let incident = trouble.id.clone();
    if let Some(by) = state.name.clone() {
        return Some(Wish::Acknowledge { incident, by });
    }
    state.typed = std::env::var("USER").unwrap_or_default();
    state.mode = Mode::Name(incident);
    None
}
