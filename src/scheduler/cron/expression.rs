//! The whole expression: five fields, or one of the words that stand for them.

use super::CronError;
use super::field::{DAY_OF_MONTH, DAY_OF_WEEK, Field, HOUR, MINUTE, MONTH};

/// The `@` words, each with the five fields it stands for.
const WORDS: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

const FIVE: &str = "write five fields: minute hour day-of-month month day-of-week, such as `*/10 * * * *`";

#[derive(Clone, Debug)]
pub(super) struct Fields {
    pub(super) minute: Field,
    pub(super) hour: Field,
    pub(super) day_of_month: Field,
    pub(super) month: Field,
    pub(super) day_of_week: Field,
}

/// Reads five fields, or one of the `@` words.
pub(super) fn fields(expression: &str) -> Result<Fields, CronError> {
    if expression.to_ascii_uppercase().contains("TZ=") {
        return Err(CronError::new(
            format!("the schedule `{expression}` carries a time zone"),
            "take TZ= or CRON_TZ= out and name the zone under the time zone key, as in a Kubernetes CronJob",
        ));
    }
    let meant = WORDS.iter().find(|(word, _)| *word == expression).map_or(expression, |(_, fields)| fields);
    let texts: Vec<&str> = meant.split_whitespace().collect();
    let [minute, hour, day_of_month, month, day_of_week] = texts.as_slice() else {
        return Err(miscounted(expression, &texts));
    };
    Ok(Fields {
        minute: MINUTE.read(minute)?,
        hour: HOUR.read(hour)?,
        day_of_month: DAY_OF_MONTH.read(day_of_month)?,
        month: MONTH.read(month)?,
        day_of_week: DAY_OF_WEEK.read(day_of_week)?,
    })
}

/// What to say to a schedule that has not five fields.
fn miscounted(expression: &str, texts: &[&str]) -> CronError {
    let found = |count| format!("found {count} instead of five in `{expression}`");
    match texts {
        [] => CronError::new("the schedule is empty", FIVE),
        [word] if word.starts_with('@') => unknown_word(word),
        [word] => {
            let with_at = format!("@{}", word.to_ascii_lowercase());
            match WORDS.iter().find(|(known, _)| *known == with_at) {
                Some((known, _)) => CronError::new(found("one field"), format!("did you mean `{known}`?")),
                None => CronError::new(found("one field"), format!("{FIVE}, or a delay such as `@every 5m`")),
            }
        }
        [_, five @ ..] if five.len() == 5 => CronError::new(
            found("six fields"),
            format!("Kubernetes and launchwatch count five fields; drop the seconds: `{}`", five.join(" ")),
        ),
        [_, five @ .., _] if five.len() == 5 => CronError::new(
            found("seven fields"),
            format!(
                "Kubernetes and launchwatch count five fields; drop the seconds and the year: `{}`",
                five.join(" ")
            ),
        ),
        _ => CronError::new(found(&format!("{} fields", texts.len())), FIVE),
    }
}

fn unknown_word(word: &str) -> CronError {
    let lower = word.to_ascii_lowercase();
    let known = WORDS.iter().map(|(known, _)| *known);
    let nearest = known
        .map(|known| (strsim::normalized_damerau_levenshtein(&lower, known), known))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = match nearest {
        Some((likeness, known)) if likeness >= 0.7 => format!("did you mean `{known}`?"),
        _ => {
            let words: Vec<&str> = WORDS.iter().map(|(known, _)| *known).collect();
            format!("the words are {} and `@every 5m`", words.join(", "))
        }
    };
    CronError::new(format!("`{word}` is not a word that Kubernetes knows"), hint)
}
