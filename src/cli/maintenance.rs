//! Maintenances on the command line: those that people begin, and those that the configuration plans.

use std::process::ExitCode;

use clap::Subcommand;
use jiff::Timestamp;
use launchwatch_alerts::{Maintenance, Window};
use serde_json::{Value, json};

use super::client::{Failure, ended};
use super::shown;
use super::silence::{End, Look, Wish, add, kept, row, stop, table};
use crate::clock::Clock;

#[derive(Subcommand)]
pub(super) enum Do {
    /// Nobody is told of trouble in it, and the next look after its end decides.
    Start(Wish),
    /// Those that go on, and those that the configuration plans.
    List(Look),
    /// It is done.
    End(End),
}

pub(super) async fn run(what: &Do) -> anyhow::Result<ExitCode> {
    ended(match what {
        Do::Start(wish) => add(wish, true).await,
        Do::List(look) => list(look).await,
        Do::End(end) => stop(end).await,
    })
}

async fn list(look: &Look) -> Result<(), Failure> {
    let answer = look.reach.client()?.get(&["silences"], &[("limit", "500")]).await?;
    let planned = look.reach.configuration().map(|c| c.policy.maintenance).unwrap_or_default();
    let now = Clock::system().now();
    let planned: Vec<Value> = planned.iter().filter_map(|m| as_silence(m, now, look.all)).collect();
    let mut all = kept(&answer, true, look.all);
    all.extend(&planned);
    if look.reach.json {
        shown::json(&json!(all));
        return Ok(());
    }
    match all.as_slice() {
        [] => println!("no maintenance goes on, and none is planned"),
        all => print!("{}", table(all.iter().map(|m| row(m, now)).collect())),
    }
    Ok(())
}

/// A planned maintenance in the form of one that somebody began.
fn as_silence(planned: &Maintenance, now: Timestamp, all: bool) -> Option<Value> {
    let (name, of) = (&planned.name, &planned.of);
    match &planned.when {
        Window::Once { from, until } => {
            let over = *until <= now;
            let ended = over.then_some("its time is over");
            (all || !over).then(|| {
                json!({"id": name, "by": "configuration", "of": of, "from": from, "until": until, "ended": ended})
            })
        }
        Window::Weekly { days, at, lasts, time_zone } => {
            let days: Vec<String> = days.iter().map(|d| format!("{d:?}")).collect();
            let days = if days.is_empty() { "day".to_owned() } else { days.join(", ") };
            let zone = time_zone.iana_name().unwrap_or("UTC");
            let lasts = humantime::format_duration(*lasts);
            let when = format!("every {days} at {} {zone} for {lasts}", at.strftime("%H:%M"));
            Some(json!({"id": name, "by": "configuration", "of": of, "reason": when}))
        }
    }
}

#[cfg(test)]
mod tests {
    use launchwatch_alerts::Selector;

    use super::*;

    #[test]
    fn what_the_configuration_plans_is_listed_until_it_is_over() {
        let now: Timestamp = "2018-07-07T12:00:00Z".parse().unwrap();
        let at = |text: &str| text.parse().unwrap();
        let of = Selector::target("hub");
        let once = |from, until| Maintenance {
            name: "move".into(),
            of: of.clone(),
            when: Window::Once { from: at(from), until: at(until) },
        };
        let line = |m: &Maintenance| as_silence(m, now, false).map(|m| row(&m, now).join(" · "));
        let ahead = once("2018-07-07T13:00:00Z", "2018-07-07T14:00:00Z");
        assert_eq!(line(&ahead).as_deref(), Some("move · planned · 14:00 UTC · configuration · 0 · hub · "));
        assert_eq!(line(&once("2018-07-07T10:00:00Z", "2018-07-07T11:00:00Z")), None);
        let weekly = Maintenance {
            name: "nights".into(),
            of,
            when: Window::Weekly {
                days: vec![jiff::civil::Weekday::Tuesday],
                at: jiff::civil::time(4, 0, 0, 0),
                lasts: std::time::Duration::from_secs(3600),
                time_zone: jiff::tz::TimeZone::UTC,
            },
        };
        let expected = "nights ·  ·  · configuration · 0 · hub · every Tuesday at 04:00 UTC for 1h";
        assert_eq!(line(&weekly).as_deref(), Some(expected));
    }
}
