//! What a plain YAML word means: null, true, a number or text, by the core schema of YAML 1.2.

use serde_json::Number;

use super::tree::Content;

/// Reads a plain (unquoted) scalar. Unlike YAML 1.1, `yes`, `on` and `0777` are a text, a text and 777.
pub(crate) fn resolve(text: &str) -> Content {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Content::Null,
        "true" | "True" | "TRUE" => Content::Bool(true),
        "false" | "False" | "FALSE" => Content::Bool(false),
        _ => number(text).map_or_else(|| Content::Text(text.to_owned()), Content::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    let radix = |digits: &str, radix| {
        digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u64::from_str_radix(digits, radix).ok())?
    };
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16).map(Number::from);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8).map(Number::from);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if unsigned.bytes().all(|b| b.is_ascii_digit()) {
        if let Ok(whole) = text.parse::<i64>() {
            return Some(Number::from(whole));
        }
        if let Ok(whole) = text.parse::<u64>() {
            return Some(Number::from(whole));
        }
    }
    // `.inf` and `.nan` are left as texts: JSON has no such numbers, and no setting wants them.
    let decimal =
        unsigned.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    decimal.then(|| text.parse::<f64>().ok().and_then(Number::from_f64)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_mean_what_yaml_1_2_says() {
        let number = |n: &str| Content::Number(serde_json::from_str(n).unwrap());
        let text = |t: &str| Content::Text(t.to_owned());
        for (word, meaning) in [
            ("", Content::Null),
            ("~", Content::Null),
            ("nUll", text("nUll")),
            ("True", Content::Bool(true)),
            ("yes", text("yes")),
            ("off", text("off")),
            ("0", number("0")),
            ("-17", number("-17")),
            ("+17", number("17")),
            ("0777", number("777")),
            ("0o17", number("15")),
            ("0xfF", number("255")),
            ("0x+f", text("0x+f")),
            ("0x", text("0x")),
            ("18446744073709551615", number("18446744073709551615")),
            ("1.5", number("1.5")),
            (".5", number("0.5")),
            ("1.", number("1.0")),
            ("12e3", number("12000.0")),
            ("1e999", text("1e999")),
            (".", text(".")),
            ("1-2", text("1-2")),
            ("1.2.3", text("1.2.3")),
            (".inf", text(".inf")),
            ("90s", text("90s")),
            ("50533eb", text("50533eb")),
            ("-", text("-")),
            ("127.0.0.1:80", text("127.0.0.1:80")),
        ] {
            assert_eq!(resolve(word), meaning, "{word}");
        }
    }
}
