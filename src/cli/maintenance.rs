//! Maintenances on the command line: those that people begin, and those that the configuration plans.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};

use super::client::{Failure, ended};
use super::shown::{self, list as list_of, word};
use super::silence::{End, Look, Wish, add, row, stop, table};
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
    let answer = look.reach.client()?.get(&["maintenance"], &[("limit", "500")]).await?;
    let now = Clock::system().now();
    let all: Vec<&Value> = mine(&answer, look.all);
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

/// Those of an answer that are not over, or all.
fn mine(answer: &Value, all: bool) -> Vec<&Value> {
    list_of(answer, "/maintenance").iter().filter(|m| all || word(m, "/ended").is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_and_what_is_planned_is_listed_until_it_is_over() {
        let of = json!({"targets": ["hub"], "probes": [], "series": []});
        let (from, until) = ("2018-07-07T13:00:00Z", "2018-07-07T14:00:00Z");
        let answer = json!({"maintenance": [
            {"id": "move", "by": "configuration", "of": of, "from": from, "until": until, "ended": null},
            {"id": "done", "by": "ada", "of": of, "from": from, "until": until, "ended": "ended by ada"},
            {"id": "nights", "by": "configuration", "of": of, "reason": "every Tuesday at 04:00 UTC for 1h"},
        ]});
        let now = "2018-07-07T12:00:00Z".parse().unwrap();
        let rows: Vec<_> = mine(&answer, false).iter().map(|m| row(m, now).join(" · ")).collect();
        let expected = [
            "move · planned · 14:00 UTC · configuration · 0 · hub · ",
            "nights ·  ·  · configuration · 0 · hub · every Tuesday at 04:00 UTC for 1h",
        ];
        assert_eq!(rows, expected);
        assert_eq!(mine(&answer, true).len(), 3);
    }
}
