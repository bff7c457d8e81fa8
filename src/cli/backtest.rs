//! `launchwatch backtest`: recorded history under other rules.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::check::Answer;
use super::{FAILED, MISCONFIGURED, WithConfig, answer, database, kept, world};
use crate::backtest::{self, Stretch};
use crate::clock::Clock;
use crate::config::{self, Environment, Registries};
use crate::store::{SqliteStore, Store};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    with: WithConfig,
    /// Judge by the rules of this file (or folder) instead: a configuration, or one that has nothing but `rules`.
    #[arg(long)]
    rules: Option<PathBuf>,
    /// From when: `2026-05-01`, `2026-05-01T18:00:00Z`; all that is kept without it.
    #[arg(long, value_parser = moment)]
    from: Option<Timestamp>,
    /// Until when; until the last run without it.
    #[arg(long, value_parser = moment)]
    to: Option<Timestamp>,
    /// Keep the report in the state directory: the service shows it under /rehearsals.
    #[arg(long)]
    keep: bool,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    answer(&backtest(arguments, &world::env).await?)
}

/// Reads the store beside a service that may be running; writes nothing.
async fn backtest(arguments: &Arguments, env: Environment<'_>) -> anyhow::Result<Answer> {
    let path = &arguments.with.config;
    let loaded = match &arguments.rules {
        None => config::load(path, Registries::BUILT_IN, env),
        Some(rules) => config::load_with_rules(path, rules, Registries::BUILT_IN, env),
    };
    let config = match loaded {
        Ok((config, warnings)) => {
            eprint!("{}", config::told(&warnings));
            config
        }
        Err(problems) => return Ok(Answer { text: config::told(&problems), code: MISCONFIGURED }),
    };
    let (state, retention) = (&config.service.state, config.service.retention);
    let clock = Clock::system();
    let store: Box<dyn Store> = match database::database(&config.service, &clock).await? {
        Some(store) => Box::new(store),
        None => Box::new(
            SqliteStore::open_beside(state, retention)
                .with_context(|| format!("cannot read the store in {}", state.display()))?,
        ),
    };
    let kept = backtest::everything(&*store, retention.runs).await.context("cannot read the store")?;
    let Some(kept) = kept else {
        return Ok(Answer { text: format!("no run is on record in {}\n", state.display()), code: FAILED });
    };
    let stretch = Stretch { from: arguments.from.unwrap_or(kept.from), to: arguments.to.unwrap_or(kept.to) };
    if stretch.from >= stretch.to {
        let text = format!("nothing lies between {} and {}\n", stretch.from, stretch.to);
        return Ok(Answer { text, code: MISCONFIGURED });
    }
    let plan = config.plan(config.rules.clone(), stretch.from);
    let report = backtest::run(&*store, plan, stretch).await.context("cannot read what is on record")?;
    if arguments.keep {
        let name = match &arguments.rules {
            Some(rules) => format!("the rules of {}", rules.display()),
            None => "the rules of today".to_owned(),
        };
        kept::now(state, "backtest", &name, backtest::told(&report), &report)?;
    }
    let text = match arguments.json {
        true => format!("{}\n", serde_json::to_string_pretty(&report)?),
        false => backtest::told(&report),
    };
    Ok(Answer { text, code: 0 })
}

/// A moment, or the beginning of a day (UTC).
pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    let day: jiff::civil::Date =
        text.parse().map_err(|_| "write a moment such as 2026-05-01T18:00:00Z, or a day".to_owned())?;
    day.to_zoned(TimeZone::UTC).map(|day| day.timestamp()).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{at, batch, failed, passed};
    use crate::store::{Retention, Store};

    const CONFIG: &str = "\
version: 1
service: { state: state }
targets:
  - name: hub
    url: https://hub.example.org
    probes:
      - { name: site, type: http, every: 5m }
rules:
  - { name: three, failures: 3 }
";

    #[tokio::test]
    async fn a_store_that_a_service_holds_is_judged_by_its_own_rules_or_by_others() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let config = file("launchwatch.yaml", CONFIG);
        let held = SqliteStore::open(&dir.path().join("state"), Retention::default()).unwrap();
        let site =
            |i: i64| if i == 50 || i == 51 { failed("site", 300 * i) } else { passed("site", 300 * i) };
        held.record(batch((0..100).map(site).collect())).await.unwrap();
        let try_with = async |rules: Option<PathBuf>, from: Option<i64>, json| {
            let with = WithConfig { config: config.clone() };
            let arguments = Arguments { with, rules, from: from.map(at), to: None, keep: true, json };
            backtest(&arguments, &|_| None).await.unwrap()
        };
        let own = try_with(None, None, false).await;
        assert!(own.code == 0 && own.text.contains("judged by: three"), "{}", own.text);
        assert!(own.text.contains("0 pages"), "{}", own.text);
        let kept = crate::kept::list(&crate::kept::folder(&dir.path().join("state")));
        assert_eq!(
            kept.first().map(|(_, one)| one.text.as_str()),
            Some(own.text.as_str()),
            "it is kept as it was told"
        );
        let two = file("two.yaml", "rules:\n  - { name: two, failures: 2 }\n");
        let other = try_with(Some(two.clone()), None, false).await;
        assert!(other.text.contains("judged by: two") && other.text.contains("1 page,"), "{}", other.text);
        assert_eq!(try_with(Some(two.clone()), Some(300 * 51), true).await.code, 0, "and half of it");
        let json: serde_json::Value =
            serde_json::from_str(&try_with(Some(two), None, true).await.text).unwrap();
        assert_eq!(json["summary"]["pages"], 1);
        let none = try_with(Some(file("none.yaml", "targets: []\n")), None, false).await;
        assert!(none.code == MISCONFIGURED && none.text.contains("no rules"), "{}", none.text);
        let late = try_with(None, Some(300 * 1_000), false).await;
        assert_eq!(late.code, MISCONFIGURED, "{}", late.text);
    }

    #[test]
    fn a_day_is_its_beginning() {
        assert_eq!(moment("2026-01-02"), Ok("2026-01-02T00:00:00Z".parse().unwrap()));
        assert_eq!(moment("2026-01-02T05:00:00+02:00"), Ok("2026-01-02T03:00:00Z".parse().unwrap()));
        assert!(moment("yesterday").is_err());
    }
}
