use super::*;
use crate::config::{self, Registries};

const CONFIG: &str = "version: 1\nagents: [{ name: frankfurt, silent_after: 3m }, { name: oslo }]\ntargets:\n  - name: hub\n    url: http://hub.example\n    locations: [here, frankfurt, oslo]\n    probes: [{ type: http, name: site }]\n";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_530_988_200 + second).unwrap()
}

fn agents() -> Agents {
    let (config, _) = config::load_text("t.yaml", CONFIG, Registries::BUILT_IN, &|_| None).unwrap();
    Agents::of(&config, at(0))
}

fn hear(agents: &Agents, second: i64, report: Report) {
    agents.heard_of("frankfurt", &report, at(second), &Metrics::new(&[]).unwrap());
}

/// What is bad, in the order of the words.
fn bad(agents: &Agents, second: i64) -> Vec<String> {
    let stand = agents.stand("frankfurt", at(second)).unwrap();
    stand.words.into_iter().filter(|w| !w.good).map(|w| w.probe).collect()
}

#[test]
fn who_says_nothing_for_longer_than_is_allowed_is_silent() {
    let agents = agents();
    let state = |second| agents.stand("frankfurt", at(second)).unwrap().state;
    assert_eq!((state(0), state(180), state(181)), (State::Awaited, State::Awaited, State::Silent));
    hear(&agents, 200, Report::default());
    assert_eq!((state(200), state(380)), (State::Well, State::Well));
    assert_eq!(bad(&agents, 381), ["agent-frankfurt"]);
    let stand = agents.stand("frankfurt", at(381)).unwrap();
    let said: Vec<&str> = stand.trouble().collect();
    assert!(
        said[0].starts_with("nothing has been heard from frankfurt since 2018-07-07 18:33:20 UTC"),
        "{said:?}"
    );
}

#[test]
fn after_a_start_the_record_says_who_was_silent_before_but_not_while_nobody_listened() {
    let slot = |id: &str, second| (ProbeId::from(id.to_owned()), at(second));
    // We went down at 0 and came back at 10,000. Frankfurt had been heard just before, oslo had not for 150 s.
    let slots = [slot("hub/site", 0), slot("hub/site@frankfurt", -10), slot("hub/site@oslo", -150)];
    let agents = agents();
    agents.recall(&BTreeMap::from(slots), at(10_000), &Metrics::new(&[]).unwrap());
    let silent = |name: &str, second| agents.stand(name, at(second)).unwrap().state == State::Silent;
    assert!(!silent("frankfurt", 10_000) && !silent("oslo", 10_030));
    assert!(silent("oslo", 10_031), "it had been silent before");
    assert!(!silent("frankfurt", 10_170) && silent("frankfurt", 10_171));
}

#[test]
fn a_clock_is_wrong_beyond_two_seconds_on_either_side() {
    let agents = agents();
    let clock = |ms| Report { clock_ahead_ms: Some(ms), ..Report::default() };
    for (second, ms, expected) in [
        (0, 2_000, false),
        (1, 2_001, true),
        (2, 1_600, true),
        (3, 1_500, false),
        (4, -3_000, true),
        (5, 0, false),
    ] {
        hear(&agents, second, clock(ms));
        assert_eq!(bad(&agents, second) == ["agent-frankfurt-clock"], expected, "{ms}");
    }
    // Without a measurement: it cannot have been sent after it came.
    hear(&agents, 6, Report { sent_at: Some(at(16)), ..Report::default() });
    assert_eq!(bad(&agents, 6), ["agent-frankfurt-clock"]);
    hear(&agents, 7, Report { sent_at: Some(at(-100)), ..Report::default() });
    assert!(bad(&agents, 7).is_empty(), "it may have been long on its way");
}

#[test]
fn what_is_lost_is_told_once_for_ten_minutes_and_added_up_over_restarts_of_the_agent() {
    let agents = agents();
    let lost = |lost| Report { lost, ..Report::default() };
    for (second, count, expected, total) in [
        (0, 0, false, 0),
        (10, 7, true, 7),
        (200, 7, true, 7),
        (400, 7, true, 7),
        (600, 7, true, 7),
        (610, 7, false, 7),
        (620, 2, true, 9),
    ] {
        hear(&agents, second, lost(count));
        assert_eq!(bad(&agents, second) == ["agent-frankfurt-lost"], expected, "{second}");
        assert_eq!(agents.stand("frankfurt", at(second)).unwrap().heard.lost_since_start, total);
    }
}
