//! Figures: BinderHub's metrics page, with counters that follow the outcomes of the file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use crate::rehearsal::Scenario;
use crate::rehearsal::scenario::Kind;
use crate::rehearsal::stage::house::House;
use crate::rehearsal::stage::launch::succeeds;
use crate::standin::answer;

/// Launches of real people a minute.
const LAUNCHES: f64 = 30.0;
/// Builds of real people a minute.
const BUILDS: f64 = 3.0;

pub(super) async fn page(State(house): State<Arc<House>>) -> Response {
    super::awake(&house).await;
    let t = house.t();
    let mut rows: BTreeMap<String, f64> = BTreeMap::new();
    for (kind, per_minute, what) in [(Kind::Cached, LAUNCHES, "launch"), (Kind::Uncached, BUILDS, "build")] {
        let (good, bad) = shares(&house, kind, t);
        for (status, minutes) in [("success", good), ("failure", bad)] {
            let total = (minutes * per_minute / 60.0).floor();
            rows.insert(format!("binderhub_{what}_count_total{{status=\"{status}\"}}"), total);
            let retries = if status == "success" { "0" } else { "-1" };
            let labels = if what == "launch" { format!(",retries=\"{retries}\"") } else { String::new() };
            rows.insert(format!("binderhub_{what}_time_seconds_count{{status=\"{status}\"{labels}}}"), total);
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "thousands at most")]
    let builds = house.courses.builds.count(t) as f64;
    rows.insert("binderhub_inprogress_builds".to_owned(), builds);
    rows.insert(
        "binderhub_inprogress_launches".to_owned(),
        house.hub_point(t).map_or(0.0, |p| p.pending_spawn),
    );
    rows.insert("binderhub_github_rate_limit_remaining".to_owned(), 4500.0);
    told(&house, t, &mut rows);
    let mut text = String::new();
    for (name, value) in rows {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name} {value}");
    }
    answer::answer(200, "text/plain; version=0.0.4; charset=utf-8", text)
}

/// What the file says of figures by name; names in prose are left aside.
fn told(house: &House, t: f64, rows: &mut BTreeMap<String, f64>) {
    let mut counters: BTreeMap<String, f64> = BTreeMap::new();
    let mine = house.scenario.metrics.iter().filter(|g| Scenario::concerns(&g.member, &house.name));
    for gauge in mine {
        if gauge.name.contains(' ') || !gauge.name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        if let Some(per_minute) = gauge.per_min {
            let lasted = (t.min(gauge.until) - gauge.t).max(0.0);
            *counters.entry(gauge.name.clone()).or_default() += lasted / 60.0 * per_minute;
        } else if let Some(value) = gauge.value
            && t >= gauge.t
            && t < gauge.until
        {
            rows.insert(gauge.name.clone(), value);
        }
    }
    rows.extend(counters.into_iter().map(|(name, value)| (name, value.floor())));
}

/// Seconds so far, weighed by how likely success and failure were.
fn shares(house: &House, kind: Kind, t: f64) -> (f64, f64) {
    let prober = &house.scenario.prober;
    let (mut good, mut bad) = (3600.0, 0.0);
    if !prober.knows(&house.name, kind) {
        return (good + (t - house.scenario.start).max(0.0), bad);
    }
    for segment in &prober.segments {
        if !Scenario::concerns(&segment.target, &house.name)
            || (segment.probe != kind && segment.probe != Kind::Any)
        {
            continue;
        }
        let lasted = (t.min(segment.to) - segment.from.max(house.scenario.start)).max(0.0);
        for (name, p) in &segment.mix {
            let ends_well = prober.outcomes.get(name).is_some_and(succeeds);
            *(if ends_well { &mut good } else { &mut bad }) += lasted * p;
        }
    }
    (good, bad)
}
