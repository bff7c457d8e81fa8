//! How answers of the service are shown to people: moments, spans, tables.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use launchwatch_alerts::text::lasted;
use serde_json::Value;

/// A word of an answer; empty where it is not there.
pub(super) fn word<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A moment of an answer.
pub(super) fn at(value: &Value, pointer: &str) -> Option<Timestamp> {
    word(value, pointer).parse().ok()
}

/// A list of an answer.
pub(super) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// `12:03 UTC`, with the date where it is another day.
pub(super) fn moment(at: Timestamp, now: Timestamp) -> String {
    let (at, now) = (at.to_zoned(TimeZone::UTC), now.to_zoned(TimeZone::UTC));
    let form = if at.date() == now.date() { "%H:%M UTC" } else { "%Y-%m-%d %H:%M UTC" };
    at.strftime(form).to_string()
}

/// How long something lasts that has perhaps not ended yet.
pub(super) fn span(from: Option<Timestamp>, to: Option<Timestamp>, now: Timestamp) -> String {
    from.map_or_else(String::new, |from| lasted(from, to.unwrap_or(now)))
}

/// Rows under a headline, each column as wide as its widest cell; the last one as it is.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let length = |text: &str| text.chars().count();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|r| r.get(column)).map(|c| length(c));
        cells.chain(head.get(column).map(|h| length(h))).max().unwrap_or_default()
    };
    let line = |cells: &[&str]| {
        let mut out = String::new();
        for (column, cell) in cells.iter().enumerate() {
            let pad = if column + 1 == cells.len() { 0 } else { width(column) + 2 };
            out.push_str(&format!("{cell:pad$}"));
        }
        format!("{}\n", out.trim_end())
    };
    let rows = rows.iter().map(|row| line(&row.iter().map(String::as_str).collect::<Vec<_>>()));
    std::iter::once(line(head)).chain(rows).collect()
}

/// Prints an answer as it came.
pub(super) fn json(value: &Value) {
    println!("{value:#}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["für".to_owned(), "x".to_owned()], vec!["a".to_owned(), String::new()]];
        assert_eq!(table(&["A", "LAST"], &rows), "A    LAST\nfür  x\na\n");
    }
}
