//! Planned work: what people began, and what the configuration plans.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use launchwatch_alerts::{Maintenance, Selector, Silence, Window};
use schemars::JsonSchema;
use serde::Serialize;

use super::letter::Asked;
use super::lists::{DEEP, Maintenances, Paged};
use crate::web::Sources;
use crate::web::problem::Problem;

/// Planned work.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::web) struct MaintenanceView {
    /// Its name.
    id: String,
    /// Who announced it.
    by: String,
    /// What it is about.
    of: Selector,
    /// Why; of what comes every week, when.
    reason: Option<String>,
    /// From when.
    from: Option<Timestamp>,
    /// Until when.
    until: Option<Timestamp>,
    /// It is over, and why.
    ended: Option<String>,
}

/// Maintenances of people, those in force first, the ones that are over too; then those of the configuration.
pub(in crate::web) async fn list(
    State(sources): State<Sources>,
    Asked(paged): Asked<Paged>,
) -> Result<Json<Maintenances>, Problem> {
    let now = sources.clock.now();
    let silences = sources.store.silences(DEEP).await?;
    let begun = silences.into_iter().filter(|s| s.maintenance).map(MaintenanceView::from);
    let planned = sources.planned.iter().map(|m| planned(m, now));
    paged.of(begun.chain(planned), |m| m.id.clone()).map(|page| Json(page.into()))
}

impl From<Silence> for MaintenanceView {
    fn from(silence: Silence) -> Self {
        Self {
            id: silence.id,
            by: silence.by,
            of: silence.of,
            reason: Some(silence.reason),
            from: Some(silence.from),
            until: Some(silence.until),
            ended: silence.ended,
        }
    }
}

/// A planned maintenance in the form of one that somebody began; what comes every week has its time in words.
fn planned(planned: &Maintenance, now: Timestamp) -> MaintenanceView {
    let mut view = MaintenanceView {
        id: planned.name.clone(),
        by: "configuration".to_owned(),
        of: planned.of.clone(),
        reason: None,
        from: None,
        until: None,
        ended: None,
    };
    match &planned.when {
        Window::Once { from, until } => {
            view.ended = (*until <= now).then(|| "its time is over".to_owned());
            (view.from, view.until) = (Some(*from), Some(*until));
        }
        Window::Weekly { days, at, lasts, time_zone } => {
            let days: Vec<String> = days.iter().map(|d| format!("{d:?}")).collect();
            let days = if days.is_empty() { "day".to_owned() } else { days.join(", ") };
            let zone = time_zone.iana_name().unwrap_or("UTC");
            let lasts = humantime::format_duration(*lasts);
            view.reason = Some(format!("every {days} at {} {zone} for {lasts}", at.strftime("%H:%M")));
        }
    }
    view
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_the_configuration_plans_says_when_in_moments_or_in_words() {
        let now: Timestamp = "2018-07-07T12:00:00Z".parse().unwrap();
        let work = |when| {
            json!(planned(&Maintenance { name: "work".into(), of: Selector::target("hub"), when }, now))
        };
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
