//! Planned work: what people began, and what the configuration plans.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use launchwatch_alerts::{Maintenance, Window};
use serde_json::{Value, json};

use super::letter::{Asked, Limit};
use crate::web::Sources;
use crate::web::problem::Problem;

/// Maintenances of people, those in force first, the ones that are over too; then those of the configuration.
pub(in crate::web) async fn list(
    State(sources): State<Sources>,
    Asked(limit): Asked<Limit>,
) -> Result<Json<Value>, Problem> {
    let (now, rows) = (sources.clock.now(), limit.rows());
    let silences = sources.store.silences(usize::MAX).await?;
    let begun = silences.iter().filter(|s| s.maintenance).map(|s| json!(s));
    let planned = sources.planned.iter().map(|m| planned(m, now));
    let all: Vec<Value> = begun.take(rows).chain(planned).collect();
    Ok(Json(json!({ "maintenance": all })))
}

/// A planned maintenance in the form of one that somebody began; what comes every week has its time in words.
fn planned(planned: &Maintenance, now: Timestamp) -> Value {
    let (name, of) = (&planned.name, &planned.of);
    match &planned.when {
        Window::Once { from, until } => {
            let ended = (*until <= now).then_some("its time is over");
            json!({"id": name, "by": "configuration", "of": of, "from": from, "until": until, "ended": ended})
        }
        Window::Weekly { days, at, lasts, time_zone } => {
            let days: Vec<String> = days.iter().map(|d| format!("{d:?}")).collect();
            let days = if days.is_empty() { "day".to_owned() } else { days.join(", ") };
            let zone = time_zone.iana_name().unwrap_or("UTC");
            let lasts = humantime::format_duration(*lasts);
            let when = format!("every {days} at {} {zone} for {lasts}", at.strftime("%H:%M"));
            json!({"id": name, "by": "configuration", "of": of, "reason": when})
        }
    }
}

#[cfg(test)]
mod tests {
    use launchwatch_alerts::Selector;

    use super::*;

    #[test]
    fn what_the_configuration_plans_says_when_in_moments_or_in_words() {
        let now: Timestamp = "2018-07-07T12:00:00Z".parse().unwrap();
        let work =
            |when| planned(&Maintenance { name: "work".into(), of: Selector::target("hub"), when }, now);
        let once = |from: &str, until: &str| {
            work(Window::Once { from: from.parse().unwrap(), until: until.parse().unwrap() })
        };
        let ahead = once("2018-07-07T13:00:00Z", "2018-07-07T14:00:00Z");
        assert_eq!((&ahead["from"], &ahead["ended"]), (&json!("2018-07-07T13:00:00Z"), &Value::Null));
        let over = once("2018-07-07T10:00:00Z", "2018-07-07T11:00:00Z");
        assert_eq!(over["ended"], "its time is over");
        let weekly = work(Window::Weekly {
            days: vec![jiff::civil::Weekday::Tuesday],
            at: jiff::civil::time(4, 0, 0, 0),
            lasts: std::time::Duration::from_secs(3600),
            time_zone: jiff::tz::TimeZone::UTC,
        });
        assert_eq!(weekly["reason"], "every Tuesday at 04:00 UTC for 1h");
        assert_eq!(
            (&weekly["id"], &weekly["by"], &weekly["until"]),
            (&json!("work"), &json!("configuration"), &Value::Null)
        );
    }
}
