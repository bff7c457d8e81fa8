//! Words: moments in a zone, minutes, and foreign text that stays text in Markdown.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// What marks a place that only a person can fill.
pub(super) const TODO: &str = "TODO(human): ";

/// A place that only a person can fill.
pub(super) fn todo(what: &str) -> String {
    format!("{TODO}{what}")
}

/// Clock times of one report: all in one zone, its offset said where it changes in between.
pub(super) struct Clock<'z> {
    zone: &'z TimeZone,
    /// More than one offset is in force in the time of the report.
    changes: bool,
    offsets: Vec<(String, String)>,
}

impl<'z> Clock<'z> {
    /// The clock for times between two moments.
    pub(super) fn new(zone: &'z TimeZone, from: Timestamp, to: Timestamp) -> Self {
        let mut offsets = vec![named(zone, from)];
        for turn in zone.following(from).take(8).take_while(|t| t.timestamp() <= to) {
            let next = named(zone, turn.timestamp());
            if offsets.last() != Some(&next) {
                offsets.push(next);
            }
        }
        Self { zone, changes: offsets.len() > 1, offsets }
    }

    /// `All times in CEST (Europe/Berlin, UTC+02:00).`
    pub(super) fn line(&self) -> String {
        let offset = |(short, utc): &(String, String)| {
            if short == utc { utc.clone() } else { format!("{short}, {utc}") }
        };
        let Some(first) = self.offsets.first() else { return String::new() };
        if self.zone == &TimeZone::UTC {
            return "All times in UTC (UTC+00:00).".to_owned();
        }
        let zone = self.zone.iana_name().unwrap_or(&first.0);
        let all: Vec<String> = self.offsets.iter().map(offset).collect();
        let also =
            if self.changes { " The clocks change in between: each time says which it is." } else { "" };
        format!("All times in {zone} ({}).{also}", all.join(", then "))
    }

    /// `2018-07-07 18:27`, with the offset where it changes.
    pub(super) fn full(&self, at: Timestamp) -> String {
        self.form(at, "%Y-%m-%d %H:%M")
    }

    /// `18:27`.
    pub(super) fn short(&self, at: Timestamp) -> String {
        self.form(at, "%H:%M")
    }

    /// `18:27:05 CEST (16:27:05 UTC)`.
    pub(super) fn both(&self, at: Timestamp, other: Timestamp) -> String {
        let here = self.exact(at, other);
        if self.zone == &TimeZone::UTC {
            return here;
        }
        format!("{here} ({} UTC)", at.to_zoned(TimeZone::UTC).strftime("%H:%M:%S"))
    }

    /// `18:27:05 CEST` of the day of `other`, else with its date.
    pub(super) fn exact(&self, at: Timestamp, other: Timestamp) -> String {
        let same = self.date(at) == self.date(other);
        let zoned = at.to_zoned(self.zone.clone());
        let form = if same { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
        format!("{} {}", zoned.strftime(form), named(self.zone, at).0)
    }

    /// `2018-07-07` in the zone.
    pub(super) fn date(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d").to_string()
    }

    fn form(&self, at: Timestamp, form: &str) -> String {
        let text = at.to_zoned(self.zone.clone()).strftime(form).to_string();
        if self.changes { format!("{text} {}", named(self.zone, at).0) } else { text }
    }
}

/// Abbreviation and offset that are in force at a moment: `CEST`, `UTC+02:00`.
fn named(zone: &TimeZone, at: Timestamp) -> (String, String) {
    let info = zone.to_offset_info(at);
    let offset = info.offset();
    let seconds = offset.seconds();
    let (sign, s) = (if seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs());
    let utc = format!("UTC{sign}{:02}:{:02}", s / 3_600, s / 60 % 60);
    let short = info.abbreviation();
    let letters = short.chars().all(|c| c.is_ascii_alphabetic()) && !short.is_empty();
    let short = if letters { short.to_owned() } else { utc.clone() };
    (short, utc)
}

/// `4 h 18 min`, of minutes.
pub(super) fn span(minutes: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "minutes of an incident")]
    let m = minutes.round() as i64;
    match m {
        ..=0 if minutes > 0.0 => "less than a minute".to_owned(),
        ..=119 => format!("{} min", m.max(0)),
        _ if m % 60 == 0 => format!("{} h", m / 60),
        _ => format!("{} h {} min", m / 60, m % 60),
    }
}

/// From one moment to another: `45 s`, `4 min 10 s`, `4 h 18 min`.
pub(super) fn between(from: Timestamp, to: Timestamp) -> String {
    let s = to.duration_since(from).as_secs().max(0);
    match s {
        0..=59 => format!("{s} s"),
        60..=599 if s % 60 != 0 => format!("{} min {} s", s / 60, s % 60),
        #[expect(clippy::cast_precision_loss, reason = "seconds of an incident")]
        _ => span(s as f64 / 60.0),
    }
}

/// `1 launch`, `2 launches`.
pub(super) fn many(count: usize, one: &str, more: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {more}") }
}

/// A figure: whole numbers without a point.
pub(super) fn number(of: f64) -> String {
    if (of - of.round()).abs() < 0.005 { format!("{of:.0}") } else { format!("{of:.2}") }
}

/// Foreign text as part of a line of Markdown: no markup, no HTML, no links, no mentions.
pub(super) fn plain(text: &str) -> String {
    let line = launchwatch_alerts::text::one_line(text, 600);
    let mut out = String::with_capacity(line.len() + 16);
    let mut before: Option<char> = None;
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let next = rest.peek().copied();
        match c {
            '_' if word(before) && word(next) => out.push('_'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '$' => out.extend(['\\', c]),
            '&' => out.push_str("&amp;"),
            // Between scheme and colon: what is no address is not made a link.
            ':' if next == Some('/') => out.extend(['\u{2060}', ':']),
            '.' if out.to_ascii_lowercase().ends_with("www") => out.extend(['\u{2060}', '.']),
            '@' | '#' if word(next) => out.extend([c, '\u{2060}']),
            '#' | '+' | '-' | '=' | '!' if before.is_none() => out.extend(['\\', c]),
            '.' | ')' if out.chars().all(|c| c.is_ascii_digit()) => out.extend(['\\', c]),
            c => out.push(c),
        }
        before = Some(c);
    }
    out
}

/// Foreign text as code: it cannot end it, whatever it holds.
pub(super) fn code(text: &str) -> String {
    let line = launchwatch_alerts::text::one_line(text, 400).replace('`', "\u{2cb}").replace('|', "\u{2223}");
    if line.is_empty() { "` `".to_owned() } else { format!("`{line}`") }
}

/// A part of a file's name: small letters, digits and `-`.
pub(super) fn slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => out.push(c),
            _ if out.ends_with('-') || out.is_empty() => {}
            _ => out.push('-'),
        }
        if out.len() >= 80 {
            break;
        }
    }
    let out = out.trim_end_matches('-');
    if out.is_empty() { "incident".to_owned() } else { out.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_zone_is_named_with_its_offset_and_a_change_of_clocks_is_said() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let kathmandu = TimeZone::get("Asia/Kathmandu").unwrap();
        let (from, to) = (at("2018-07-07T16:00:00Z"), at("2018-07-07T23:00:00Z"));
        for (zone, expected) in [
            (&TimeZone::UTC, "All times in UTC (UTC+00:00)."),
            (&berlin, "All times in Europe/Berlin (CEST, UTC+02:00)."),
            (&kathmandu, "All times in Asia/Kathmandu (UTC+05:45)."),
        ] {
            assert_eq!(Clock::new(zone, from, to).line(), expected);
        }
        let night = Clock::new(&berlin, at("2018-10-28T00:00:00Z"), at("2018-10-28T03:00:00Z"));
        assert_eq!(
            night.line(),
            "All times in Europe/Berlin (CEST, UTC+02:00, then CET, UTC+01:00). \
             The clocks change in between: each time says which it is."
        );
        assert_eq!(night.short(at("2018-10-28T00:30:00Z")), "02:30 CEST");
        assert_eq!(night.short(at("2018-10-28T01:30:00Z")), "02:30 CET");
    }

    #[test]
    fn foreign_text_stays_text() {
        for (text, expected) in [
            ("# a **b** [c](http://x.example)", "\\# a \\*\\*b\\*\\* \\[c\\](http\u{2060}://x.example)"),
            ("<script>alert(1)</script> &amp;", r"\<script\>alert(1)\</script\> &amp;amp;"),
            ("launch_success_zero `rm`", r"launch_success_zero \`rm\`"),
            ("1. one\n2. two", r"1\. one 2. two"),
            ("- item | cell", r"\- item \| cell"),
            ("ask @ada about #12 $x$", "ask @\u{2060}ada about #\u{2060}12 \\$x\\$"),
            ("a\u{202e}b\0c", "abc"),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
        assert_eq!(code("a `b` |c"), "`a ˋbˋ ∣c`");
        assert!(plain(&"*".repeat(5_000_000)).len() < 1_500);
    }

    #[test]
    fn names_of_files_are_plain() {
        for (text, expected) in [
            ("Hub pod reflector stale, prod", "hub-pod-reflector-stale-prod"),
            ("../../etc/passwd", "etc-passwd"),
            ("\u{202e}", "incident"),
        ] {
            assert_eq!(slug(text), expected);
        }
    }
}
