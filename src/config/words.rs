//! Turns what serde says into what an operator understands, and guesses what was meant.

use serde_json::Value;

/// The candidate that was probably meant.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|c| (strsim::damerau_levenshtein(&word, &c.to_lowercase()), c))
        .filter(|(distance, c)| {
            // A third of the letters may be wrong; a prefix such as `conf` for `confirm_after` is meant as well.
            let letters = word.chars().count();
            (*distance < letters && *distance * 3 <= letters.max(3))
                || (word.len() >= 4 && c.starts_with(&word))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, c)| c)
}

/// `did you mean …?` and, without a guess, what there is.
pub(crate) fn did_you_mean(word: &str, candidates: &[&str]) -> String {
    match nearest(word, candidates.iter().copied()) {
        Some(guess) => format!("did you mean `{guess}`?"),
        None if candidates.is_empty() => String::new(),
        None => known(candidates),
    }
}

/// What there is to choose from: `known: a, b and c`.
pub(crate) fn known(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|w| format!("`{w}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => format!("known: {last}"),
        Some((last, rest)) => format!("known: {} and {last}", rest.join(", ")),
        None => "none is known".to_owned(),
    }
}

/// A message in the operator's words, with a hint where one is at hand.
pub(crate) fn explain(message: &str, found: Option<&Value>) -> (String, String) {
    if let Some(key) = message.strip_prefix("missing field ") {
        return (format!("missing key {key}"), String::new());
    }
    if let Some(rest) =
        message.strip_prefix("unknown variant ").or_else(|| message.strip_prefix("unknown field "))
    {
        let mut ticks = rest.split('`').skip(1).step_by(2);
        let word = ticks.next().unwrap_or_default();
        let known: Vec<&str> = ticks.collect();
        let what = if message.starts_with("unknown field") { "unknown key" } else { "unknown word" };
        return (format!("{what} `{word}`"), did_you_mean(word, &known));
    }
    for kind in ["invalid type: ", "invalid value: ", "invalid length "] {
        if let Some((what, expected)) =
            message.strip_prefix(kind).and_then(|rest| rest.rsplit_once(", expected "))
        {
            return (
                format!("expected {}, found {}", wanted(expected), name(what)),
                mend(what, expected, found),
            );
        }
    }
    // Channels leave the value out.
    if let Some((expected, what)) = message.strip_prefix("expected ").and_then(|m| m.rsplit_once(", found "))
    {
        return (format!("expected {}, found {}", wanted(expected), name(what)), mend(what, expected, found));
    }
    (message.to_owned(), String::new())
}

/// What is expected, without the words of the programmer.
fn wanted(expected: &str) -> String {
    let most = match expected {
        "u8" => "255",
        "u16" => "65535",
        "u32" => "4294967295",
        "u64" | "usize" | "i8" | "i16" | "i32" | "i64" | "isize" => return "a whole number".to_owned(),
        "f32" | "f64" => return "a number".to_owned(),
        "a sequence" => return "a list".to_owned(),
        "a string" => return "a text".to_owned(),
        "a boolean" => return "`true` or `false`".to_owned(),
        "a map" => return "a mapping".to_owned(),
        "an unsigned duration string" => return "a duration such as `90s`, `2m` or `1h30m`".to_owned(),
        _ if expected.starts_with("struct ") => return "a mapping".to_owned(),
        _ if expected.starts_with("tuple ") => return "a list".to_owned(),
        _ => return expected.to_owned(),
    };
    format!("a whole number up to {most}")
}

fn name(what: &str) -> String {
    match what {
        "null" | "unit value" => "nothing".to_owned(),
        "map" => "a mapping".to_owned(),
        "sequence" => "a list".to_owned(),
        "string" => "a text".to_owned(),
        "integer" | "floating point" => "a number".to_owned(),
        _ => [
            ("string \"", "the text \""),
            ("integer `", "the number `"),
            ("floating point `", "the number `"),
            ("boolean `", "`"),
        ]
        .into_iter()
        .find_map(|(theirs, ours)| Some(format!("{ours}{}", what.strip_prefix(theirs)?)))
        .unwrap_or_else(|| what.to_owned()),
    }
}

fn mend(what: &str, expected: &str, found: Option<&Value>) -> String {
    match found {
        Some(Value::Number(number)) if expected.contains("duration") => {
            format!("with its unit, such as `{number}s`")
        }
        Some(Value::Number(_) | Value::Bool(_)) if expected.contains("string") => {
            let word = what.split('`').nth(1).map_or_else(String::new, |word| format!(": \"{word}\""));
            format!("put it in quotes{word}")
        }
        Some(Value::String(text)) if expected.contains("bool") => match text.to_ascii_lowercase().as_str() {
            "yes" | "on" | "y" | "1" => "write `true`".to_owned(),
            "no" | "off" | "n" | "0" => "write `false`".to_owned(),
            _ => "write `true` or `false`".to_owned(),
        },
        Some(Value::String(text)) if text.parse::<f64>().is_ok() && expected.contains("duration") => {
            format!("with its unit, such as `{text}s`")
        }
        // Whoever wants a text says what it looks like.
        Some(Value::String(text))
            if text.parse::<f64>().is_ok()
                && !expected.contains("string")
                && !expected.contains("such as") =>
        {
            format!("leave the quotes off: {text}")
        }
        Some(Value::String(_)) if expected == "a sequence" => "write a list: [a, b]".to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn messages_become_the_operators_words() {
        for (message, found, what, hint) in [
            ("missing field `url`", json!({}), "missing key `url`", ""),
            (
                "unknown variant `skp`, expected one of `skip`, `queue`",
                json!("skp"),
                "unknown word `skp`",
                "did you mean `skip`?",
            ),
            (
                "unknown variant `x`, expected `a` or `b`",
                json!("x"),
                "unknown word `x`",
                "known: `a` and `b`",
            ),
            (
                "invalid type: integer `7`, expected a string",
                json!(7),
                "expected a text, found the number `7`",
                "put it in quotes: \"7\"",
            ),
            (
                "invalid type: string \"yes\", expected a boolean",
                json!("yes"),
                "expected `true` or `false`, found the text \"yes\"",
                "write `true`",
            ),
            (
                "invalid type: string \"8\", expected u16",
                json!("8"),
                "expected a whole number up to 65535, found the text \"8\"",
                "leave the quotes off: 8",
            ),
            (
                "invalid type: integer `10`, expected an unsigned duration string",
                json!(10),
                "expected a duration such as `90s`, `2m` or `1h30m`, found the number `10`",
                "with its unit, such as `10s`",
            ),
            ("invalid type: null, expected a string", json!(null), "expected a text, found nothing", ""),
            (
                "expected a sequence, found string",
                json!("x"),
                "expected a list, found a text",
                "write a list: [a, b]",
            ),
            (
                "expected a string, found integer",
                json!(7),
                "expected a text, found a number",
                "put it in quotes",
            ),
            ("anything else", json!(null), "anything else", ""),
        ] {
            assert_eq!(explain(message, Some(&found)), (what.to_owned(), hint.to_owned()), "{message}");
        }
    }

    #[test]
    fn a_guess_is_made_only_when_it_is_near() {
        let keys = ["type", "deadline", "confirm_after"];
        for (word, guess) in [
            ("typ", Some("type")),
            ("tpye", Some("type")),
            ("deadlines", Some("deadline")),
            ("Deadline", Some("deadline")),
            ("confirm", Some("confirm_after")),
            ("zzz", None),
            ("date", None),
        ] {
            assert_eq!(nearest(word, keys), guess, "{word}");
        }
    }
}
