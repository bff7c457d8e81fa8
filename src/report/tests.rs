//! Facts and words of incidents that are made by hand.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use launchwatch_alerts::{Ack, Entry, Incident, IncidentState, Label, Named, Severity, Spell};
use launchwatch_probes::{Outcome, Reason, Stage, StageTime, Verdict};

use super::{Facts, Late, Material, Wording, draft, facts};
use crate::observation::{Observation, ProbeId};
use crate::store::testing::{alert, incident};
use crate::store::{Delivery, DeliveryState};

/// The first failing run begins at this second.
const ONSET: i64 = 7_200;

fn at(second: i64) -> Timestamp {
    crate::store::testing::at(second)
}

fn run(probe: &str, second: i64, verdict: Verdict) -> Observation {
    let mut outcome = Outcome::bare(verdict, None, "");
    let (start, took) = (Duration::ZERO, Duration::from_secs(8));
    outcome.stages.push(StageTime { stage: Stage::Launch, start, took });
    if verdict == Verdict::Failed {
        (outcome.reason, outcome.failed_stage) = (Some(Reason::SpawnFailed), Some(Stage::Launch));
        outcome.summary = "no server".into();
    }
    Observation {
        probe: ProbeId::from(probe.to_owned()),
        location: "here".into(),
        slot: at(second),
        lag: Duration::ZERO,
        confirms: false,
        outcome,
    }
}

/// Launches every minute from second 0 to `end`, failing in these stretches.
fn minutes(end: i64, bad: &[(i64, i64)]) -> Vec<Observation> {
    let fails = |s: i64| bad.iter().any(|(a, b)| *a <= s && s < *b);
    let verdict = |s| if fails(s) { Verdict::Failed } else { Verdict::Passed };
    (0..end / 60).map(|n| run("hub/launch", n * 60, verdict(n * 60))).collect()
}

fn outage(resolved: Option<i64>) -> Incident {
    let state = if resolved.is_some() { IncidentState::Resolved } else { IncidentState::Open };
    let firing = alert("launch", launchwatch_alerts::AlertState::Firing);
    let spell = Spell {
        alert: "launch-success-zero".into(),
        rule: "launch-success-zero".into(),
        series: firing.key.series.clone(),
        severity: Severity::Page,
        fired_at: at(ONSET + 60),
        resolved_at: resolved.map(at),
    };
    Incident {
        since: at(ONSET),
        opened_at: at(ONSET + 60),
        resolved_at: resolved.map(at),
        spells: vec![spell],
        ..incident("hub-1", ONSET, state)
    }
}

fn told(second: i64) -> Delivery {
    Delivery {
        notification: launchwatch_alerts::NotificationId("hub-1/1".into()),
        incident: launchwatch_alerts::IncidentId("hub-1".into()),
        kind: "opened".into(),
        channel: "mail".into(),
        state: DeliveryState::Delivered,
        attempts: 1,
        at: at(ONSET + 60),
        delivered_at: Some(at(second)),
        error: None,
        next: None,
        possible_duplicate: false,
        instead_of: None,
    }
}

fn material(incident: Incident, runs: Vec<Observation>) -> Material {
    let mut material = Material {
        incident,
        from: at(0),
        to: at(4 * 3_600),
        runs: std::collections::BTreeMap::new(),
        cut: false,
        deliveries: vec![told(ONSET + 65)],
        silences: Vec::new(),
        planned: Vec::new(),
        others: Vec::new(),
        now: at(4 * 3_600),
    };
    for run in runs {
        material.runs.entry(run.probe.clone()).or_default().push(run);
    }
    material
}

fn text(facts: Facts) -> String {
    draft(facts, &Wording::plain()).markdown
}

#[test]
fn minutes_at_zero_are_those_in_which_nothing_worked() {
    let (hour, end) = (ONSET + 3_600, 4 * 3_600);
    for (name, bad, resolved, zero, bounds, degraded) in [
        ("an hour", vec![(ONSET, hour)], Some(hour), 60.0, (59.0, 61.0), 0.0),
        ("still open", vec![(ONSET, end)], None, 120.0, (119.0, 121.0), 0.0),
        ("one failure alone", vec![(ONSET, ONSET + 60)], Some(hour), 0.0, (0.0, 0.0), 1.0),
        ("twice", vec![(ONSET, ONSET + 600), (hour, hour + 600)], Some(end), 20.0, (18.0, 22.0), 0.0),
        ("never", vec![], Some(hour), 0.0, (0.0, 0.0), 0.0),
    ] {
        let made = facts(&material(outage(resolved), minutes(end, &bad)), &[]);
        let impact = &made.impact[0];
        assert_eq!((impact.zero_minutes.value, impact.zero_bounds), (zero, bounds), "{name}");
        assert_eq!(impact.degraded_minutes.value, degraded, "{name}");
        assert_eq!(made.recovery.first_good.is_none(), name == "still open" || name == "never", "{name}");
    }
}

#[test]
fn a_build_that_fails_between_launches_that_work_is_not_zero() {
    let mut runs = minutes(4 * 3_600, &[]);
    runs.extend((0..8).map(|n| run("hub/build", n * 1_800 + 30, Verdict::Failed)));
    let made = facts(&material(outage(Some(ONSET + 3_600)), runs), &[]);
    assert_eq!(made.impact[0].zero_minutes.value, 0.0);
    assert!(made.impact[0].degraded_minutes.value > 30.0);
}

#[test]
fn a_message_of_the_moment_of_its_alert_is_told_of_it_though_only_microseconds_are_kept() {
    let mut incident = outage(Some(ONSET + 3_600));
    let runs = minutes(14_400, &[(ONSET, ONSET + 3_600)]);
    let owed = material(incident.clone(), runs.clone()).deliveries[0].at;
    incident.spells[0].fired_at = owed + jiff::SignedDuration::from_nanos(999);
    assert!(facts(&material(incident, runs), &[]).detection.told_page.is_some());
}

#[test]
fn the_onset_is_a_bracket_with_its_sources() {
    let made = facts(&material(outage(Some(ONSET + 3_600)), minutes(14_400, &[(ONSET, ONSET + 3_600)])), &[]);
    let (good, bad) = (made.onset.last_good.unwrap(), made.onset.first_bad.unwrap());
    assert_eq!((good.value, bad.value), (at(ONSET - 60), at(ONSET)));
    assert_eq!(bad.source, format!("run {} of hub/launch", run("hub/launch", ONSET, Verdict::Failed).run()));
    assert_eq!(made.recovery.first_good.unwrap().value, at(ONSET + 3_600));
    assert_eq!(made.detection.told.unwrap().source, "delivery hub-1/1 through mail");
    assert_eq!(made.detection.page.unwrap().source, "alert launch-success-zero over hub/launch");
}

#[test]
fn what_is_not_known_stays_unknown() {
    let bad = [(ONSET, ONSET + 3_600)];
    let all = |incident, runs| text(facts(&material(incident, runs), &[]));
    let never = all(outage(Some(ONSET + 3_600)), minutes(14_400, &bad));
    assert!(never.contains("Acknowledged by a person: nobody did"), "{never}");
    assert!(never.contains("either it healed by itself, or somebody mended it without saying so"), "{never}");
    assert!(never.contains("No figures of the cluster"), "{never}");
    assert!(never.contains("No cause was named"), "{never}");
    let open = all(outage(None), minutes(14_400, &[(ONSET, 14_400)]));
    assert!(open.contains("It is not fixed as far as is known") && open.contains("and counting"), "{open}");
    assert!(open.contains("First run that worked again: none yet"), "{open}");
    let nothing = all(outage(Some(ONSET + 3_600)), Vec::new());
    assert!(nothing.contains("is not known: no run of a launching probe is on record"), "{nothing}");
    assert!(nothing.contains("Last run that worked: not known"), "{nothing}");
}

#[test]
fn a_stretch_in_which_nobody_looked_is_a_gap_and_no_outage() {
    let mut runs = minutes(14_400, &[(ONSET, ONSET + 600)]);
    runs.retain(|r| !(ONSET + 600..ONSET + 3_600).contains(&(r.slot.as_second() - at(0).as_second())));
    let made = facts(&material(outage(Some(ONSET + 3_600)), runs), &[]);
    assert_eq!(made.impact[0].zero_minutes.value, 9.0, "from the first that failed to the last");
    assert!(made.impact[0].zero[0].unseen_after);
    assert_eq!(made.gaps.len(), 1);
    assert_eq!((made.gaps[0].from, made.gaps[0].to), (at(ONSET + 540), at(ONSET + 3_600)));
}

#[test]
fn every_target_of_an_incident_has_its_impact() {
    let mut both = outage(Some(ONSET + 3_600));
    both.targets.insert("other".into());
    let mut runs = minutes(14_400, &[(ONSET, ONSET + 600)]);
    runs.extend((0..240).map(|n| run("other/launch", n * 60, Verdict::Passed)));
    runs.extend((0..240).map(|n| run("third/launch", n * 60, Verdict::Failed)));
    let made = facts(&material(both, runs), &[]);
    let zero: Vec<_> = made.impact.iter().map(|i| (i.target.as_str(), i.zero_minutes.value)).collect();
    assert_eq!(zero, [("hub", 10.0), ("other", 0.0)]);
}

#[test]
fn names_of_people_stay_out_unless_asked_for() {
    let mut seen = outage(Some(ONSET + 3_600));
    let entry = |second, what: &str| Entry { at: at(second), by: Some("ada".into()), what: what.into() };
    seen.timeline = vec![entry(ONSET + 300, "acknowledged"), entry(ONSET + 400, "assigned to ada")];
    seen.ack = Some(Ack { by: "ada".into(), at: at(ONSET + 300), until: at(ONSET + 9_000) });
    seen.label = Some(Label::FalseAlarm);
    let made = facts(&material(seen, minutes(14_400, &[(ONSET, ONSET + 3_600)])), &[]);
    assert_eq!(made.detection.acknowledged.as_ref().map(|m| m.value), Some(at(ONSET + 300)));
    let without = draft(made.clone(), &Wording::plain());
    assert!(!without.markdown.contains("ada") && without.markdown.contains("somebody: Acknowledged"));
    assert!(without.markdown.contains("false alarm"));
    assert!(!serde_json::to_string(&without.facts).unwrap().contains("ada\""));
    let with = draft(made, &Wording { zone: TimeZone::UTC, names: true });
    assert!(with.markdown.contains("ada: Acknowledged"), "{}", with.markdown);
}

#[test]
fn hostile_text_stays_text_and_is_bounded() {
    let evil = "</pre><script>x</script> ![p](http://x.example) # h\n\n## Summary\n| a | \u{202e}evil\u{0} 192.0.2.9 @all `";
    let long = format!("{evil}{}", "<b>".repeat(1_000_000));
    let mut seen = outage(Some(ONSET + 3_600));
    seen.target = long.clone();
    seen.targets.insert(long.clone());
    seen.timeline = vec![Entry { at: at(ONSET + 300), by: Some(long.clone()), what: long.clone() }];
    seen.named =
        vec![Named { at: at(ONSET + 60), label: evil.into(), rank: 1, evidence: vec![long.clone()] }];
    let mut runs = minutes(14_400, &[(ONSET, ONSET + 3_600)]);
    runs.iter_mut().for_each(|r| r.outcome.summary = evil.into());
    let mut material = material(seen, runs);
    material.deliveries[0].channel = long.clone();
    let late = [Late { at: at(ONSET + 500), what: long }];
    for names in [false, true] {
        let made = draft(facts(&material, &late), &Wording { zone: TimeZone::UTC, names });
        let text = &made.markdown;
        assert!(text.len() < 40_000, "{}", text.len());
        assert_eq!(text.matches("\n## Summary\n").count(), 1);
        assert!(!text.contains('\u{202e}') && !text.contains('\0') && !text.contains("192.0.2.9"));
        for line in text.lines().filter(|l| l.contains("<script>")) {
            let bare = line.replace("\\<script\\>", "");
            let code: String = bare.split('`').step_by(2).collect();
            assert!(!code.contains("<script>"), "{line}");
        }
        assert!(made.file.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c)), "{}", made.file);
        assert!(made.pictures.iter().all(|p| !p.svg.contains("<script")));
    }
}

#[test]
fn the_day_and_the_hours_are_those_of_the_zone_also_when_the_clocks_change() {
    // The store's day begins at 2026-01-01; the clocks of New York change on 8 March.
    let shift = 66 * 86_400 + 6 * 3_600 - ONSET;
    let mut seen = outage(Some(ONSET + 3_600));
    let moved = |t: &mut Timestamp| *t += jiff::SignedDuration::from_secs(shift);
    seen.spells.iter_mut().for_each(|s| {
        moved(&mut s.fired_at);
        s.resolved_at.iter_mut().for_each(moved);
    });
    [&mut seen.since, &mut seen.opened_at].into_iter().for_each(moved);
    seen.resolved_at.iter_mut().for_each(moved);
    let mut runs = minutes(14_400, &[(ONSET, ONSET + 3_600)]);
    runs.iter_mut().for_each(|r| moved(&mut r.slot));
    let mut material = material(seen, runs);
    [&mut material.from, &mut material.to, &mut material.now].into_iter().for_each(moved);
    material.deliveries.clear();
    let wording = Wording { zone: super::zone("America/New_York").unwrap(), names: false };
    let made = draft(facts(&material, &[]), &wording);
    assert_eq!(made.file, "2026-03-08-no-launches-hub.md");
    let text = &made.markdown;
    assert!(text.contains("(EST, UTC-05:00, then EDT, UTC-04:00)"), "{text}");
    assert!(text.contains("\n### 01:00 EST\n") && text.contains("\n### 03:00 EDT\n"), "{text}");
    assert!(text.contains("Nobody was told"));
    assert!(super::zone("Mars/Olympus").is_err());
}

#[test]
fn the_report_has_the_headings_of_the_form() {
    let text =
        text(facts(&material(outage(Some(ONSET + 3_600)), minutes(14_400, &[(ONSET, ONSET + 3_600)])), &[]));
    let parts: Vec<&str> = text.lines().filter(|l| l.starts_with("## ")).collect();
    assert_eq!(parts, ["## Summary", "## Timeline", "## Lessons learnt", "## Action items"]);
    for part in [
        "### What went well",
        "### What went wrong",
        "### Where we got lucky",
        "### Process improvements",
        "### Documentation improvements",
        "### Technical improvements",
        "### Onset",
        "### Detection",
        "### Actions",
        "### Recovery",
        "### Data gaps",
    ] {
        assert_eq!(text.lines().filter(|l| *l == part).count(), 1, "{part}");
    }
    assert!(text.starts_with("# 2026-01-01, no launches, hub\n\n> **Draft**"));
    assert!(text.contains("\nAll times in UTC (UTC+00:00).\n\n### 2026-01-01 01:59\n"), "{text}");
}
