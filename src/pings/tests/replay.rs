use proptest::prelude::*;

use super::*;

/// Something that happens to a job, and how many seconds after the last.
#[derive(Debug, Clone)]
enum Happens {
    Said(Word, Option<&'static str>),
    Looked,
    Restarted,
}

fn happens() -> impl Strategy<Value = (i64, Happens)> {
    let word =
        prop_oneof![Just(Word::Start), Just(Word::Success), Just(Word::Fail), (0..3_u8).prop_map(Word::Exit)];
    let rid = prop::sample::select(vec![None, Some("a"), Some("b"), Some("c")]);
    let what = prop_oneof![
        4 => (word, rid).prop_map(|(word, rid)| Happens::Said(word, rid)),
        4 => Just(Happens::Looked),
        1 => Just(Happens::Restarted),
    ];
    (prop_oneof![0..3_i64, 0..5_000_i64], what)
}

fn schedule() -> impl Strategy<Value = Schedule> {
    prop_oneof![
        (60..7_200_u64).prop_map(|s| Schedule::Every(secs(s))),
        prop::sample::select(vec!["*/5 * * * *", "30 2 * * *", "0 */3 * * 1-5"])
            .prop_map(|text| cron(text, "Europe/Berlin")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_slots_go_up_nothing_ends_in_the_future_and_the_record_is_all_there_is(
        schedule in schedule(),
        longest in prop::option::of(1..9_000_u64),
        story in prop::collection::vec(happens(), 1..60),
    ) {
        let mut job = Job::new(beat(schedule.clone(), None, longest, at(0)));
        let mut now = 0;
        let mut since = 0;
        for (pause, what) in story {
            now += pause;
            match what {
                Happens::Said(word, rid) => {
                    job.say(now, word, rid);
                    // To be told again changes nothing.
                    if rid.is_some() {
                        prop_assert_eq!(job.say(now, word, rid), 0);
                    }
                }
                Happens::Looked => {
                    let before = job.record.len();
                    prop_assert!(job.look(now) <= 66, "it accuses without end");
                    for seen in &job.record[before..] {
                        let grace = i64::try_from(job.beat.grace().as_secs()).unwrap();
                        let expected = seen.outcome.facts.get("expected").map(|at| at.parse::<Timestamp>().unwrap());
                        let fair = seen.outcome.reason != Some(launchwatch_probes::Reason::Silent)
                            || (expected.unwrap() <= at(now - grace) && now - since >= grace);
                        prop_assert!(fair, "accused too early at {now}: {seen:?}");
                    }
                }
                Happens::Restarted => {
                    let mut again = beat(schedule.clone(), None, longest, at(0));
                    job.record.iter().for_each(|seen| again.saw(seen));
                    prop_assert_eq!(again.expected(), job.beat.expected());
                    prop_assert_eq!(again.running_since(), job.beat.running_since());
                    prop_assert_eq!(again.heard, job.beat.heard);
                    // Hearing what is known already changes nothing.
                    job.record.iter().for_each(|seen| again.saw(seen));
                    prop_assert_eq!(again.expected(), job.beat.expected());
                    again.forgive(at(now));
                    since = now;
                    job.beat = again;
                }
            }
            prop_assert!(job.record.is_sorted_by(|a, b| a.slot < b.slot));
            prop_assert!(job.record.iter().all(|seen| seen.ended() <= at(now + 1)));
        }
    }
}
