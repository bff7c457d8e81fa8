//! Every query of every dashboard has an answer in a real Prometheus that scrapes a real run, every rule is evaluated without error.

mod asked;
mod grafana;
mod stage;

use serde_json::Value;

use self::asked::Asked;
use self::grafana::{Panel, annotations, dashboards, panels, variables};
use self::stage::Run;
use crate::kit::stage::Place;
use crate::kit::wait::{so, until};

/// Longest that all answers may take after the faults: a group of rules is evaluated every 30 s.
const PATIENCE: u64 = 120;

/// Panels whose figures are rightly zero in a run of a minute, and why.
const ZERO: &[(&str, &str, &str)] = &[
    ("overview", "Notifications owed", "what is owed is delivered at once, or the fallback told it"),
    (
        "launches",
        "Launches in flight",
        "the count is taken now and then, and a launch takes a fraction of a second",
    ),
    ("cluster", "Drift", "a pod is an orphan when two looks two minutes apart agree"),
    ("cluster", "Share of pods that are orphans", "the same"),
    ("alerting", "Owed", "as in the overview"),
    ("alerting", "Oldest of them", "as in the overview"),
    ("alerting", "Owed by channel", "as in the overview"),
    ("alerting", "How long the oldest waits", "as in the overview"),
    ("ourselves", "Results dropped, last day", "the inbox is never full here"),
    ("ourselves", "Servers still to be shut down", "they are shut down within the second"),
    ("ourselves", "Debts", "the same"),
    ("ourselves", "Faults", "neither disk nor clock nor process has a fault"),
    ("ourselves", "Slots missed", "no run is longer than its interval for long"),
    ("ourselves", "Changes of the lead, last day", "nobody else could lead here"),
    ("ourselves", "How far exports are behind", "a minute that is over is sent within ten seconds"),
    ("ourselves", "Samples handed over", "the first whole minute is over after the run"),
];

/// Panels that are rightly empty here, and why.
const EMPTY: &[(&str, &str, &str)] =
    &[("ourselves", "Since the lead was last confirmed", "only replicas on PostgreSQL have a lease")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_panel_of_every_dashboard_has_data_and_every_rule_is_evaluated() {
    let _place = Place::take().await;
    let run = Run::start().await;
    let asked = Asked::of(run.prometheus.fact("url"));
    run.works().await;
    run.reports().await;
    run.breaks().await;
    run.tells().await;
    run.reports().await;
    run.heals().await;

    let mut all: Vec<Panel> = dashboards().iter().flat_map(|(name, board)| panels(name, board)).collect();
    all.retain(|p| {
        !EMPTY.iter().any(|(board, title, _)| (*board, *title) == (p.board.as_str(), p.title.as_str()))
    });
    assert!(all.len() > 50, "{} queries: have the dashboards moved?", all.len());
    until("every panel to have data", PATIENCE, async || {
        let mut silent = Vec::new();
        for panel in &all {
            if let Err(why) = asked.panel(panel).await {
                silent.push(format!("{panel}: {why}"));
            }
        }
        so(silent.is_empty(), silent)
    })
    .await;
    until("every panel to show what happened", PATIENCE, async || {
        let mut flat = Vec::new();
        for (board, title) in titles(&all) {
            if ZERO.iter().any(|(b, t, _)| (*b, *t) == (board, title)) {
                continue;
            }
            let mut most: f64 = 0.0;
            for panel in all.iter().filter(|p| p.board == board && p.title == title) {
                most = most.max(asked.panel(panel).await?);
            }
            if most == 0.0 {
                flat.push(format!("{board} / {title}"));
            }
        }
        so(flat.is_empty(), flat)
    })
    .await;
    eprintln!("{} queries have data", all.len());
    choices_and_marks_are_there(&asked).await;
    rules_are_evaluated(&asked).await;
    run.stop().await;
}

/// Board and title of each panel, once.
fn titles(all: &[Panel]) -> Vec<(&str, &str)> {
    let mut titles: Vec<_> = all.iter().map(|p| (p.board.as_str(), p.title.as_str())).collect();
    titles.dedup();
    titles
}

/// What a dashboard offers to choose from, and the marks over its panels.
async fn choices_and_marks_are_there(asked: &Asked) {
    for (name, board) in dashboards() {
        for (label, series) in variables(&board) {
            let values = asked.values(&label, &series).await;
            assert!(!values.is_empty(), "{name}: nothing to choose from for {label}");
        }
        for expression in annotations(&board) {
            let most = asked.most(&expression, &[]).await;
            assert!(matches!(most, Ok(1.0..)), "{name}: no mark of the incident: {most:?}");
        }
    }
}

/// All rules of `deploy/prometheus`, loaded as they are.
async fn rules_are_evaluated(asked: &Asked) {
    let rules = until("every rule to be evaluated", PATIENCE, async || {
        let rules = asked.rules().await?;
        so(rules.iter().all(|r| r["health"] != "unknown"), &rules).map(|()| rules)
    })
    .await;
    let bad: Vec<&Value> = rules.iter().filter(|r| r["health"] != "ok").collect();
    assert!(bad.is_empty() && rules.len() > 10, "{} rules: {bad:#?}", rules.len());
    for rule in rules.iter().filter(|r| r["type"] == "recording") {
        let name = rule["name"].as_str().expect("a name");
        assert!(asked.most(name, &["target", "probe"]).await.is_ok(), "nothing recorded as {name}");
    }
    let told = |name: &str, state: &str| format!("ALERTS{{alertname=\"{name}\",alertstate=~\"{state}\"}}");
    assert!(
        asked.most(&told("LaunchwatchIncident", ".*"), &["target"]).await.is_ok(),
        "the incident is no alert"
    );
    assert!(asked.most(&told("LaunchwatchGone", "firing"), &[]).await.is_err(), "it was there all the time");
}
