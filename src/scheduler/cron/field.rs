//! One field of an expression, read into the values it stands for.

use std::collections::BTreeSet;

use super::CronError;

/// One of the five fields: what it is called and what it may hold.
pub(super) struct Kind {
    name: &'static str,
    low: u8,
    high: u8,
    /// The highest value that may be written; for days of the week one more than there are, as 7 is Sunday.
    top: u8,
    /// The names of the values from `low` on.
    names: &'static [&'static str],
}

pub(super) const MINUTE: Kind = Kind { name: "minute", low: 0, high: 59, top: 59, names: &[] };
pub(super) const HOUR: Kind = Kind { name: "hour", low: 0, high: 23, top: 23, names: &[] };
pub(super) const DAY_OF_MONTH: Kind = Kind { name: "day-of-month", low: 1, high: 31, top: 31, names: &[] };
pub(super) const MONTH: Kind = Kind {
    name: "month",
    low: 1,
    high: 12,
    top: 12,
    names: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
};
pub(super) const DAY_OF_WEEK: Kind = Kind {
    name: "day-of-week",
    low: 0,
    high: 6,
    top: 7,
    names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
};

#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) values: BTreeSet<u8>,
    /// Whether the field leaves its values open, which decides how the two day fields are joined.
    pub(super) starred: bool,
}

impl Field {
    pub(super) fn all(kind: &Kind) -> Field {
        Field { values: (kind.low..=kind.high).collect(), starred: true }
    }

    /// The values as a comma list, each moved up by `shift`.
    pub(super) fn list(&self, shift: u8) -> String {
        let values: Vec<String> = self.values.iter().map(|value| (value + shift).to_string()).collect();
        values.join(",")
    }
}

/// One part of a comma list: every `step`-th value of a range.
struct Span {
    from: u8,
    to: u8,
    step: u8,
    starred: bool,
}

impl Kind {
    /// Reads one field: parts with commas between them.
    pub(super) fn read(&self, text: &str) -> Result<Field, CronError> {
        let mut field = Field { values: BTreeSet::new(), starred: false };
        for part in text.split(',') {
            let span = self.span(part).map_err(|error| error.within(self.name, text))?;
            let values = (span.from..=span.to).step_by(usize::from(span.step));
            // Only Sunday written as 7 lies above the highest value.
            field.values.extend(values.map(|value| if value > self.high { self.low } else { value }));
            field.starred |= span.starred;
        }
        Ok(field)
    }

    /// Reads `*`, `?`, `a` or `a-b`, each with or without `/step`.
    fn span(&self, part: &str) -> Result<Span, CronError> {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(self.step(step)?)),
            None => (part, None),
        };
        let stride = step.unwrap_or(1);
        if range == "*" || range == "?" {
            // As in robfig/cron v3, a star that leaves values out is a restriction like any other.
            return Ok(Span { from: self.low, to: self.high, step: stride, starred: stride == 1 });
        }
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (self.value(from)?, self.value(to)?),
            None => {
                let from = self.value(range)?;
                (from, if step.is_some() { self.high } else { from })
            }
        };
        if from > to {
            return Err(self.backwards(range, from, to));
        }
        Ok(Span { from, to, step: stride, starred: false })
    }

    fn step(&self, text: &str) -> Result<u8, CronError> {
        let count = self.high - self.low + 1;
        let hint = format!("write a step from 1 to {count}");
        match number(text) {
            None => Err(CronError::new(format!("the step `{text}` is not a number"), hint)),
            Some(0) => Err(CronError::new("a step of 0 never moves on", hint)),
            Some(step) if step > count => Err(CronError::new(
                format!("a step of {text} is longer than the field, which has {count} values"),
                "Kubernetes would run at the first value only: write that alone, or a delay of `@every` so many hours or minutes",
            )),
            Some(step) => Ok(step),
        }
    }

    fn value(&self, text: &str) -> Result<u8, CronError> {
        if let Some((_, value)) = self.named().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
            return Ok(value);
        }
        match number(text) {
            Some(value) if (self.low..=self.top).contains(&value) => Ok(value),
            Some(_) => Err(CronError::new(
                format!("{text} is outside {} to {}", self.low, self.top),
                format!("write {}", self.allowed()),
            )),
            None => Err(self.not_a_value(text)),
        }
    }

    fn named(&self) -> impl Iterator<Item = (&'static str, u8)> {
        self.names.iter().copied().zip(self.low..)
    }

    fn not_a_value(&self, text: &str) -> CronError {
        let lower = text.to_ascii_lowercase();
        let longer = self.named().find(|(name, _)| lower.starts_with(&name.to_ascii_lowercase()));
        let plain = format!("`{text}` is not a value of this field");
        match (lower.as_str(), longer) {
            ("", _) => CronError::new(
                "a value is missing",
                format!("write one at each end of a range and after each comma: {}", self.allowed()),
            ),
            ("*" | "?", _) => CronError::new(
                format!("`{text}` cannot begin or end a range"),
                format!(
                    "write `{text}` alone, or numbers on both sides, such as `{}-{}`",
                    self.low, self.high
                ),
            ),
            (_, Some((name, _))) => {
                CronError::new(plain, format!("names have three letters; did you mean `{name}`?"))
            }
            (word, _) if word.contains('-') => {
                CronError::new(plain, "a range has one hyphen, such as `1-5`; numbers cannot be negative")
            }
            (word, _) if word == "h" || word.starts_with("h(") => CronError::new(
                plain,
                "only Jenkins knows H; write a value, and different ones for different probes",
            ),
            (word, _) if word.contains(['#', 'l', 'w']) => CronError::new(
                plain,
                format!("Kubernetes knows no L, W or # as Quartz does; write {}", self.allowed()),
            ),
            _ => CronError::new(plain, format!("write {}", self.allowed())),
        }
    }

    fn backwards(&self, range: &str, from: u8, to: u8) -> CronError {
        if from > self.high {
            return CronError::new(
                format!("{from} is the last day of the week, nothing follows it"),
                format!("write Sunday as {} where a range or steps begin with it", self.low),
            );
        }
        let span = |from: u8, to: u8| if from == to { from.to_string() } else { format!("{from}-{to}") };
        CronError::new(
            format!("the range {range} runs backwards"),
            format!("write it as two: `{},{}`", span(from, self.high), span(self.low, to)),
        )
    }

    /// What may stand in this field, for hints.
    fn allowed(&self) -> String {
        let numbers = format!("`*` or numbers from {} to {}", self.low, self.top);
        match (self.names.first(), self.names.last()) {
            (Some(first), Some(last)) => format!("{numbers}, or names {first} to {last}"),
            _ => numbers,
        }
    }
}

/// Digits only; a number too large for every field stays too large.
fn number(text: &str) -> Option<u8> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u8::MAX))
}
