//! Draws a frame: what is known, as wide and high as there is room.

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph, Row as Cells, Table, TableState, Wrap};
use serde_json::Value;

use super::state::{Mode, Row, State, clean};
use crate::cli::shown::{list, word};

/// Draws all.
pub(super) fn draw(frame: &mut Frame<'_>, state: &mut State, now: Timestamp) {
    // The service's clock counts: ages must not depend on this machine's.
    let now = if state.lost.is_some() { now } else { state.told_at.map_or(now, |told| told.max(now)) };
    let [head, main, foot] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(3), Constraint::Length(1)])
            .areas(frame.area());
    frame.render_widget(title(state, now), head);
    if state.mode == Mode::Details {
        details(frame, state, main, now);
    } else {
        all(frame, state, main, now);
    }
    frame.render_widget(last_line(state), foot);
}

fn paint(state: &State, colour: Color) -> Style {
    if state.colours { Style::new().fg(colour) } else { Style::new() }
}

/// The mark, word and style of a verdict: never told by its colour alone.
fn verdict(state: &State, row: &Row) -> (String, Style) {
    let (mark, colour) = match row.verdict.as_str() {
        "passed" => ("✓", Color::Green),
        "degraded" => ("!", Color::Yellow),
        "failed" => ("✗", Color::Red),
        _ => ("?", Color::DarkGray),
    };
    let said = if row.verdict.is_empty() { "not yet" } else { row.verdict.as_str() };
    if row.stale {
        return (format!("? old {said}"), paint(state, Color::DarkGray));
    }
    let style = paint(state, colour);
    (
        format!("{mark} {said}"),
        if row.verdict == "failed" { style.add_modifier(Modifier::BOLD) } else { style },
    )
}

fn title(state: &State, now: Timestamp) -> Line<'static> {
    let clock = now.strftime("%H:%M:%S UTC").to_string();
    let standing = match (&state.lost, state.told_at, state.stale) {
        (Some(_), ..) => Span::styled(
            "does not answer, trying again",
            paint(state, Color::Red).add_modifier(Modifier::BOLD),
        ),
        (None, None, _) => Span::raw("asking …"),
        (None, Some(_), true) => Span::styled(
            "the recorder is silent: believe nothing",
            paint(state, Color::Red).add_modifier(Modifier::BOLD),
        ),
        (None, Some(_), false) => Span::styled("live", paint(state, Color::Green)),
    };
    let bold = Style::new().add_modifier(Modifier::BOLD);
    Line::from(vec![
        Span::styled("launchwatch", bold),
        Span::raw(format!("  {}  {clock}  ", state.root)),
        standing,
    ])
}

fn last_line(state: &State) -> Line<'static> {
    let dim = Style::new().add_modifier(Modifier::DIM);
    match &state.mode {
        Mode::Filter => Line::raw(format!("/{}▏ enter keeps it, esc drops it", state.typed)),
        Mode::Name(incident) => Line::raw(format!("who sees to {incident}? {}▏", state.typed)),
        _ if state.lost.is_some() => Line::raw(state.lost.as_deref().map(clean).unwrap_or_default()),
        _ if !state.word.is_empty() => Line::raw(clean(&state.word)),
        Mode::Details => Line::styled("esc back · ↑↓ other probe · a acknowledge · q quit", dim),
        Mode::All => Line::styled("q quit · ↑↓ select · enter details · a acknowledge · / filter", dim),
    }
}

fn all(frame: &mut Frame<'_>, state: &mut State, area: Rect, now: Timestamp) {
    let count = u16::try_from(state.troubles.len()).unwrap_or(u16::MAX).clamp(1, (area.height / 4).max(1));
    let rows = u16::try_from(state.shown().len()).unwrap_or(u16::MAX);
    let table = Constraint::Length(rows.saturating_add(2).min(area.height.saturating_sub(count + 4)).max(3));
    let [probes, incidents, events] =
        Layout::vertical([table, Constraint::Length(count + 1), Constraint::Min(1)]).areas(area);
    self::probes(frame, state, probes, now);
    frame.render_widget(troubles(state, incidents, now), incidents);
    frame.render_widget(happened(state, events), events);
}

fn ruled(title: String) -> Block<'static> {
    Block::new().borders(Borders::TOP).title(title)
}

fn probes(frame: &mut Frame<'_>, state: &State, area: Rect, now: Timestamp) {
    let strip_width = usize::from(area.width.saturating_sub(62)).clamp(8, 72);
    let shown = state.shown();
    let rows: Vec<Cells<'_>> = shown
        .iter()
        .map(|row| {
            let (word, style) = verdict(state, row);
            let took = row.seconds.map_or_else(String::new, super::state::seconds);
            Cells::new(vec![
                Span::raw(row.target.clone()),
                Span::raw(row.probe.clone()),
                Span::styled(word, style),
                Span::raw(row.ended_at.map_or_else(|| "–".to_owned(), |at| age(at, now))),
                Span::raw(took),
                Span::raw(strip(&row.strip, strip_width)),
            ])
        })
        .collect();
    let widths = [
        Constraint::Fill(3),
        Constraint::Fill(3),
        Constraint::Length(12),
        Constraint::Length(7),
        Constraint::Length(8),
        Constraint::Length(u16::try_from(strip_width).unwrap_or(8)),
    ];
    let head = Cells::new(["TARGET", "PROBE", "VERDICT", "AGE", "TOOK", "LAST HOURS"]);
    let title = match (shown.len(), state.filter.is_empty()) {
        (n, true) => format!("{n} probes "),
        (n, false) => format!("{n} of {} probes: {} ", state.rows.len(), clean(&state.filter)),
    };
    let table = Table::new(rows, widths)
        .header(head.style(Style::new().add_modifier(Modifier::DIM)))
        .block(ruled(title))
        .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED));
    let mut at = TableState::default().with_selected(state.position());
    frame.render_stateful_widget(table, area, &mut at);
}

/// The last hours, a letter for some minutes: low works, high fails, a dot is nothing known.
fn strip(cells: &[(u64, u64)], width: usize) -> String {
    let each = cells.len().div_ceil(width.max(1)).max(1);
    let mark = |some: &[(u64, u64)]| {
        let (good, bad) = some.iter().fold((0, 0), |(good, bad), cell| (good + cell.0, bad + cell.1));
        match (good, bad) {
            (0, 0) => '·',
            (_, 0) => '▁',
            (0, _) => '█',
            (good, bad) if bad * 2 >= good => '▆',
            _ => '▃',
        }
    };
    cells.rchunks(each).map(mark).collect::<Vec<_>>().into_iter().rev().collect()
}

fn troubles(state: &State, area: Rect, now: Timestamp) -> Paragraph<'static> {
    let room = usize::from(area.height.saturating_sub(1));
    let line = |trouble: &super::state::Trouble| {
        let since = trouble.since.map_or_else(String::new, |since| age(since, now));
        let who = match trouble.acknowledged.as_str() {
            "" => "nobody sees to it".to_owned(),
            by => format!("{by} sees to it"),
        };
        let words = format!("{} {} for {since}, {who}: {}", trouble.target, trouble.id, trouble.what);
        Line::styled(words, paint(state, Color::Red))
    };
    let mut lines: Vec<Line<'static>> = state.troubles.iter().take(room).map(line).collect();
    if lines.is_empty() && state.told_at.is_some() {
        lines.push(Line::raw("nothing is open"));
    }
    Paragraph::new(lines).block(ruled(match state.troubles.len() {
        1 => "1 open incident ".to_owned(),
        several => format!("{several} open incidents "),
    }))
}

fn happened(state: &State, area: Rect) -> Paragraph<'static> {
    let room = usize::from(area.height.saturating_sub(1));
    let skip = state.events.len().saturating_sub(room);
    let lines: Vec<Line<'static>> = state.events.iter().skip(skip).map(|e| Line::raw(e.clone())).collect();
    Paragraph::new(lines).block(ruled("events ".to_owned()))
}

fn details(frame: &mut Frame<'_>, state: &State, area: Rect, now: Timestamp) {
    let Some(row) = state.row() else { return };
    let (word, style) = verdict(state, row);
    let age = row.ended_at.map_or_else(|| "never ran".to_owned(), |at| format!("{} ago", age(at, now)));
    let mut lines = vec![
        Line::from(vec![Span::styled(word, style), Span::raw(format!("  {age}  {}", row.summary))]),
        Line::raw(strip(&row.strip, usize::from(area.width).min(72))),
    ];
    match state.details.as_ref().filter(|(of, ..)| *of == row.id()) {
        None => lines.push(Line::raw("asking …")),
        Some((_, run, incident)) => {
            lines.extend(stages(run, area.width));
            lines.extend(section("evidence", list(run, "/evidence").iter().filter_map(Value::as_str)));
            lines.extend(self::incident(incident));
        }
    }
    let body = Paragraph::new(lines).wrap(Wrap { trim: false }).block(ruled(format!("{} ", row.id())));
    frame.render_widget(body, area);
}

/// The stages of a run as bars along its time.
fn stages(run: &Value, width: u16) -> Vec<Line<'static>> {
    let number = |stage: &Value, key: &str| stage.get(key).and_then(Value::as_f64).unwrap_or_default();
    let all = list(run, "/stages");
    let end = all.iter().map(|s| number(s, "start_seconds") + number(s, "seconds")).fold(0.0, f64::max);
    let room = f64::from(width.saturating_sub(24).clamp(10, 60));
    let columns = |seconds: f64| {
        let share = if end > 0.0 { seconds / end } else { 0.0 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 60")]
        let columns = (share * room).round() as usize;
        columns
    };
    let line = |stage: &Value| {
        let (start, took) = (number(stage, "start_seconds"), number(stage, "seconds"));
        let bar = "█".repeat(columns(took).max(1));
        Line::raw(format!("{:<11} {took:>7.2} s {}{bar}", word(stage, "/stage"), " ".repeat(columns(start))))
    };
    let mut lines = vec![Line::raw("")];
    lines.extend(all.iter().map(line));
    lines
}

fn section<'a>(title: &str, texts: impl Iterator<Item = &'a str>) -> Vec<Line<'static>> {
    let mut lines: Vec<Line<'static>> = texts.map(|text| Line::raw(format!("  {}", clean(text)))).collect();
    if !lines.is_empty() {
        lines.insert(0, Line::styled(title.to_owned(), Style::new().add_modifier(Modifier::BOLD)));
        lines.insert(0, Line::raw(""));
    }
    lines
}

/// The last of what happened to an incident, and its likely cause.
fn incident(incident: &Value) -> Vec<Line<'static>> {
    const LAST: usize = 8;
    if incident.is_null() {
        return Vec::new();
    }
    let timeline = list(incident, "/timeline");
    let entry = |entry: &Value| {
        let at = crate::cli::shown::at(entry, "/at")
            .map_or_else(String::new, |at| at.strftime("%H:%M:%S").to_string());
        let by = word(entry, "/by");
        let by = if by.is_empty() { String::new() } else { format!(" {by}:") };
        format!("{at}{by} {}", word(entry, "/what"))
    };
    let last: Vec<String> = timeline.iter().skip(timeline.len().saturating_sub(LAST)).map(entry).collect();
    let cause = word(incident, "/diagnosis/0/title");
    let cause = (!cause.is_empty()).then(|| format!("likely cause: {cause}"));
    let lines: Vec<String> = cause.into_iter().chain(last).collect();
    section(&format!("incident {}", word(incident, "/id")), lines.iter().map(String::as_str))
}

fn age(since: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(since).as_secs().max(0);
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}
