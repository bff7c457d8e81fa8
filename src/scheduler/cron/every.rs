//! `@every`: a fixed delay, written as Go writes durations.

use jiff::SignedDuration;

use super::CronError;

/// The units Go knows, and no others: `5min` or `1d` would be refused by Kubernetes.
const UNITS: [&str; 8] = ["h", "m", "s", "ms", "us", "µs", "μs", "ns"];

/// What stands after `@every`, if the expression begins with it.
pub(super) fn after_keyword(expression: &str) -> Option<&str> {
    let rest = expression.strip_prefix("@every")?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| rest.trim())
}

/// The delay in whole seconds (a rest is dropped, as Kubernetes does), at least 1.
pub(super) fn seconds(text: &str) -> Result<i64, CronError> {
    let delay = go_duration(text).ok_or_else(|| {
        CronError::new(
            format!("@every `{text}`: not a duration"),
            "write a number and h, m or s, largest first, such as `@every 5m` or `@every 1h30m`; \
             a day is `24h`",
        )
    })?;
    if delay < SignedDuration::from_secs(1) {
        return Err(CronError::new(
            format!("@every `{text}`: shorter than a second"),
            "write a delay of at least one second; a launch takes minutes, so `@every 5m` is a good start",
        ));
    }
    Ok(delay.as_secs())
}

/// Reads what Go's `time.ParseDuration` reads, if it is not negative and fits Go's 292 years.
fn go_duration(text: &str) -> Option<SignedDuration> {
    if text == "0" {
        return Some(SignedDuration::ZERO);
    }
    let mut words = text.split(|c: char| c.is_ascii_digit() || c == '.').filter(|word| !word.is_empty());
    if !words.all(|word| UNITS.contains(&word)) {
        return None;
    }
    let duration: SignedDuration = text.parse().ok()?;
    i64::try_from(duration.as_nanos()).is_ok().then_some(duration)
}
