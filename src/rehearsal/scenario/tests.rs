use proptest::prelude::*;

use super::{Hindsight, Kind, NoAnswer, Scenario, StreamEnd};
use crate::config::told;

const HEAD: &str = "schema: incident-scenario/1
clock: {t0: '2026-03-01T12:00:00+01:00', replay: {start: -600, end: {a: 3600}}}
";

fn read(rest: &str) -> Scenario {
    Scenario::read("x.yaml", &format!("{HEAD}{rest}")).unwrap_or_else(|p| panic!("{}", told(&p)))
}

fn wrong(text: &str) -> Vec<String> {
    let problems = Scenario::read("x.yaml", text).unwrap_err();
    problems.iter().map(|p| format!("{}:{}: {} {}", p.line, p.column, p.path, p.what)).collect()
}

#[test]
fn a_file_with_nothing_but_schema_and_clock_is_a_scenario() {
    let scenario = read("");
    assert_eq!(scenario.t0.to_string(), "2026-03-01T11:00:00Z");
    assert_eq!((scenario.start, scenario.end), (-600.0, 3600.0));
    assert_eq!(scenario.deployment.members, ["prod"]);
    assert!(scenario.prober.outcome(0.0, "prod", Kind::Cached, 0.0).is_none());
}

#[test]
fn numbers_may_be_marked_and_unknown_keys_and_prose_are_left_aside() {
    let scenario = read(
        "deployment: {kind: federation, members: [a, b], node_limit: {a: 10, why: guess}, weather: fine}
channels:
  astrology: [{t: soon}]
  kubernetes:
    snapshots:
      - {t: {r: -600, approx: true}, user_pods: {running: {a: 5}, pending: 1, mood: good}, nodes: {total: 3}}
      - {t: 0, components: {hub: {ready: false, restarts: 3, reason: CrashLoopBackOff}}}
      - {t: 60, components: {hub: {ready: true, age_s: 10}}, conditions: {node_n1_DiskPressure: true}}
expect: {alerts: nonsense}
",
    );
    assert_eq!(scenario.deployment.node_limit, Some(10.0));
    let [first, second, third] = scenario.snapshots.as_slice() else { panic!("three") };
    assert_eq!((first.user_pods.running, second.user_pods.running), (5.0, 5.0), "what is absent stays");
    assert_eq!(second.nodes.map(|n| (n.total, n.ready)), Some((3.0, 3.0)));
    let hub = &third.components["hub"];
    assert_eq!((hub.ready, hub.restarts, hub.since, &hub.reason), (true, 3.0, Some(50.0), &None));
    assert!(third.conditions["n1"].contains("DiskPressure"));
}

const OUTCOMES: &str = "channels:
  prober:
    outcomes:
      ok: {probe: cached, sse: [{at: 1, phase: built}, {at: 8, phase: ready}], stream_end: server-closes-after-ready}
      gone: {probe: any, http: {error: refused}}
      open: {probe: uncached, stream_end: server-holds-open}
    segments:
";

#[test]
fn outcomes_are_drawn_from_the_segment_of_the_moment() {
    let scenario = read(&format!(
        "{OUTCOMES}      - {{from: -600, to: 0, target: a, mix: [{{outcome: ok, p: 1}}]}}
      - {{from: 0, to: 60, target: a, probe: cached, mix: [{{outcome: ok, p: {{a: 0.25}}}}, {{outcome: gone, p: 0.75}}]}}
      - {{from: 0, to: 60, target: all, probe: uncached, mix: [{{outcome: open, p: 0.5}}]}}
"
    ));
    let table = [
        (-1.0, "a", Kind::Cached, 0.9, Some("ok")),
        (0.0, "a", Kind::Cached, 0.2, Some("ok")),
        (0.0, "a", Kind::Cached, 0.3, Some("gone")),
        (59.9, "a", Kind::Cached, 0.999, Some("gone")),
        (60.0, "a", Kind::Cached, 0.3, None),
        (0.0, "b", Kind::Cached, 0.3, None),
        (0.0, "b", Kind::Uncached, 0.3, Some("open")),
        (0.0, "b", Kind::Uncached, 0.7, None),
    ];
    for (t, member, kind, chance, expected) in table {
        let outcome = scenario.prober.outcome(t, member, kind, chance).map(|o| o.name.as_str());
        assert_eq!(outcome, expected, "{t} {member} {kind:?} {chance}");
    }
    assert_eq!(scenario.prober.outcomes["gone"].http.error, Some(NoAnswer::Refused));
    assert_eq!(scenario.prober.outcomes["open"].end, StreamEnd::HoldsOpen);
    assert!(
        scenario.deployment.members.contains(&"a".to_owned()),
        "whoever launches are sent to is a member"
    );
}

#[test]
fn mistakes_are_told_with_their_place_all_at_once() {
    let table: [(&str, String, &[&str]); 9] = [
        ("empty", String::new(), &["0:0:  nothing is written there"]),
        (
            "no YAML",
            "a: [".into(),
            &["2:1:  not YAML: while parsing a node, did not find expected node content"],
        ),
        ("schema", HEAD.replace("/1", "/2"), &["1:9: schema this schema is not understood"]),
        ("no clock", "schema: incident-scenario/1\n".into(), &["1:1:  `clock` is missing"]),
        (
            "times",
            "schema: incident-scenario/1\nclock: {t0: noon, replay: {start: .nan, end: x}}".into(),
            &[
                "2:13: clock.t0 not an instant with offset",
                "2:35: clock.replay.start not a number",
                "2:46: clock.replay.end not a number",
            ],
        ),
        (
            "shares",
            format!(
                "{HEAD}{OUTCOMES}      - {{from: 9, to: 8, mix: [{{outcome: ok, p: 0.4}}, {{outcome: okay, p: 0.5}}]}}"
            ),
            &[
                "10:23: channels.prober.segments[0].to ends before it begins",
                "10:31: channels.prober.segments[0].mix the probabilities add up to 0.9",
                "10:65: channels.prober.segments[0].mix[1].outcome there is no such outcome",
            ],
        ),
        (
            "more than all",
            format!("{HEAD}{OUTCOMES}      - {{from: 0, probe: uncached, mix: [{{outcome: open, p: 1.5}}]}}"),
            &[
                "10:41: channels.prober.segments[0].mix the probabilities add up to 1.5",
                "10:42: channels.prober.segments[0].mix[0] `p` is not between 0 and 1",
            ],
        ),
        (
            "order",
            format!(
                "{HEAD}channels:\n  kubernetes: {{snapshots: [{{t: 5}}, {{t: 4}}]}}\n  hub_api: [{{t: 5}}, {{}}]\n"
            ),
            &[
                "4:36: channels.kubernetes.snapshots[1] earlier than the one before it",
                "5:21: channels.hub_api[1] `t` is missing",
            ],
        ),
        (
            "status",
            format!("{HEAD}channels: {{health: [{{from: 0, to: 1, health: {{status: 1000}}}}]}}\n"),
            &["3:55: channels.health[0].health.status not an HTTP status"],
        ),
    ];
    for (what, text, expected) in table {
        assert_eq!(wrong(&text), expected, "{what}");
    }
}

#[test]
fn a_hint_says_what_there_is() {
    let problems = Scenario::read(
        "x.yaml",
        &format!("{HEAD}{OUTCOMES}      - {{from: 0, to: 8, mix: [{{outcome: okay, p: 1}}]}}"),
    );
    let told = told(&problems.unwrap_err());
    assert!(
        told.starts_with(
            "x.yaml:10:42: channels.prober.segments[0].mix[0].outcome: there is no such outcome"
        ),
        "{told}"
    );
    assert!(told.contains("hint: there are: gone, ok, open"), "{told}");
}

#[test]
fn hindsight_is_read_apart_and_may_be_absent() {
    assert_eq!(Hindsight::read(HEAD), Hindsight::default());
    let text = "clock: {human_noticed: {r: 90}, human_noticed_by: a user}
channels: {operator_actions: [{t: 200, action: restart-hub}, {t: 100, action: none, target: x}, {action: lost}]}";
    let hindsight = Hindsight::read(text);
    assert_eq!((hindsight.human_noticed, hindsight.mitigated), (Some(90.0), None));
    let deeds: Vec<(f64, &str)> = hindsight.deeds.iter().map(|d| (d.t, d.action.as_str())).collect();
    assert_eq!(deeds, [(100.0, "none"), (200.0, "restart-hub")]);
}

#[test]
fn verdicts_expectations_and_what_people_did_change_nothing() {
    let plain = read(&format!("{OUTCOMES}      - {{from: 0, to: 8, mix: [{{outcome: ok, p: 1}}]}}"));
    let text = format!(
        "{HEAD}{OUTCOMES}      - {{from: 0, to: 8, mix: [{{outcome: ok, p: 1}}]}}
  operator_actions: [{{t: 5, action: restart-hub}}]
expect: {{alerts: [{{id: x}}]}}
"
    )
    .replace("ok: {probe", "ok: {verdict: failed, failure_stage: connect, early_signal: none, probe")
    .replace("clock: {", "clock: {human_noticed: 5, mitigated: 6, ");
    assert_eq!(Scenario::read("x.yaml", &text).unwrap(), plain);
}

/// Lines of which some make sense together.
fn lines() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("schema: incident-scenario/1"),
        Just("clock: {t0: '2026-03-01T12:00:00Z', replay: {start: 0, end: 9}}"),
        Just("clock: [{t0: 1}]"),
        Just("channels:"),
        Just("  prober: {outcomes: {a: {sse: [{at: {r: 1e300}}]}, b: 7}, segments: [{mix: {p: 1}}, 3]}"),
        Just("  kubernetes: {snapshots: [{t: -1e308, nodes: {total: 1e300}}, []], events: {t: 1}}"),
        Just("  hub_api: [{t: 1}, {t: .inf}, null]"),
        Just("  federation: {active_hosts: [a, {t: 1}], redirect_share: 5}"),
        Just("  tls: {not_after: 1e308}"),
        Just("deployment: {members: [1, {name: x}], pod_quota: 3}"),
    ];
    prop::collection::vec(line, 0..12).prop_map(|l| l.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics_the_reader(text in "\\PC{0,200}") {
        let _ = (Scenario::read("x", &text), Hindsight::read(&text));
    }

    #[test]
    fn no_mixture_of_lines_panics_the_reader(text in lines(), cut in 0usize..800) {
        let text: String = text.chars().take(cut).collect();
        let _ = (Scenario::read("x", &text), Hindsight::read(&text));
    }
}
