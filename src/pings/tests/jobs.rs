use launchwatch_probes::{Reason, Stage, Verdict};

use super::*;

const SILENT: (Verdict, Option<Reason>) = (Verdict::Failed, Some(Reason::Silent));

fn how(job: &Job) -> (Verdict, Option<Reason>) {
    (job.last().verdict, job.last().reason)
}

#[test]
fn one_that_is_late_is_told_once_a_slot_and_only_after_its_grace() {
    let mut job = Job::new(hourly());
    assert_eq!(job.say(0, Word::Success, None), 1);
    assert_eq!(job.look(3_600 + 599), 0);
    assert_eq!(job.look(3_600 + 600), 1);
    assert_eq!(how(&job), SILENT);
    assert_eq!(
        job.last().summary,
        "no ping since 2018-07-07 12:00:00 UTC; expected at 2018-07-07 13:00:00 UTC with 10m of grace"
    );
    assert_eq!(job.record.last().unwrap().slot, at(3_600), "the slot is when it was expected");
    assert_eq!(job.look(7_200 + 599), 0);
    assert_eq!(job.look(7_200 + 600), 1);
    job.say(8_000, Word::Success, None);
    assert_eq!(job.last().verdict, Verdict::Passed);
    assert_eq!(job.look(8_000 + 3_600 + 599), 0, "an interval after the last ping, whenever that was");
}

#[test]
fn one_that_never_came_is_missed_too() {
    let mut job = Job::new(hourly());
    assert_eq!(job.look(3_600 + 600), 1);
    assert!(job.last().summary.starts_with("no ping ever came; expected at "), "{}", job.last().summary);
}

#[test]
fn a_run_that_never_ends_is_told_when_it_has_taken_too_long_and_its_silence_does_not_count_meanwhile() {
    let mut job = Job::new(beat(Schedule::Every(secs(600)), Some(60), Some(7_200), at(0)));
    job.say(10, Word::Start, None);
    assert_eq!((job.last().verdict, job.last().reason), (Verdict::Unknown, Some(Reason::Running)));
    assert_eq!(job.look(7_209), 0, "it is running");
    // From now on it is also late.
    assert_eq!(job.look(7_210), 2);
    assert_eq!(job.record[1].outcome.reason, Some(Reason::Timeout));
    assert_eq!(job.record[1].outcome.failed_stage, Some(Stage::Job));
    assert_eq!(how(&job), SILENT);
}

#[test]
fn what_a_run_took_is_measured_from_its_start_to_its_end_by_name() {
    let mut job = Job::new(hourly());
    job.say(0, Word::Start, Some("a"));
    job.say(60, Word::Start, Some("b"));
    job.say(100, Word::Exit(3), Some("b"));
    assert_eq!(how(&job), (Verdict::Failed, Some(Reason::Reported)));
    assert_eq!(job.last().measurements[0].value, 40.0);
    assert_eq!(job.last().facts["exit_code"], "3");
    job.say(300, Word::Success, Some("a"));
    assert_eq!(job.last().measurements[0].value, 300.0);
    let slots: Vec<_> = job.record.iter().map(|seen| seen.slot).collect();
    assert!(slots.is_sorted_by(|a, b| a < b), "{slots:?}");
    assert!(job.record.iter().all(|seen| seen.ended() <= at(300)), "nothing ends in the future");
    assert_eq!(job.look(1_900), 0, "no run is left open");
}

#[test]
fn the_same_word_about_the_same_run_counts_once() {
    let mut job = Job::new(hourly());
    let words =
        [(Word::Start, 1), (Word::Start, 0), (Word::Success, 1), (Word::Success, 0), (Word::Start, 0)];
    for (second, (word, new)) in words.into_iter().enumerate() {
        assert_eq!(job.say(i64::try_from(second).unwrap(), word, Some("run-7")), new, "{word:?}");
    }
    // It first said that all is well, and now that it is not.
    assert_eq!(job.say(9, Word::Fail, Some("run-7")), 1);
    assert_eq!(job.say(10, Word::Fail, Some("run-7")), 0);
}

#[test]
fn a_start_that_is_said_twice_within_minutes_is_one_and_a_job_that_begins_ever_anew_never_ended() {
    let mut job = Job::new(hourly());
    assert_eq!(job.say(0, Word::Start, None), 1);
    assert_eq!(job.say(20, Word::Start, None), 0, "the answer was lost");
    assert_eq!(job.say(1_700, Word::Start, None), 2);
    assert_eq!(job.record[1].outcome.reason, Some(Reason::Timeout));
    assert!(job.record[1].outcome.summary.contains("never said how the run of"), "{:?}", job.record[1]);
    job.say(1_760, Word::Success, None);
    assert_eq!(job.last().measurements[0].value.round(), 60.0);
}

#[test]
fn after_a_restart_nobody_is_accused_before_a_whole_grace_and_the_words_say_why() {
    let mut job = Job::new(hourly());
    job.say(0, Word::Success, None);
    // We come back five hours later: it may have said something meanwhile.
    let mut later = Job::new(beat(Schedule::Every(secs(3_600)), Some(600), Some(1_800), at(18_100)));
    job.record.iter().for_each(|seen| later.beat.saw(seen));
    later.beat.forgive(at(18_100));
    assert_eq!(later.look(18_100 + 599), 0);
    assert_eq!(later.look(18_100 + 600), 1, "one word, not five");
    assert_eq!(later.record[0].slot, at(18_000));
    let said = &later.last().summary;
    assert!(said.ends_with("; launchwatch listens only since 2018-07-07 17:01:40 UTC"), "{said}");
}

#[test]
fn cron_counts_as_the_wall_clock_shows_it_also_when_the_clock_is_turned() {
    // The clocks go forward at 01:00 UTC on the 25th: 03:30 comes an hour earlier.
    let since = "2018-03-24T12:00:00Z".parse().unwrap();
    let mut beat = beat(cron("30 3 * * *", "Europe/Berlin"), Some(600), None, since);
    let ping = |beat: &mut Beat, when: &str| {
        let when: Timestamp = when.parse().unwrap();
        let found = beat.would(Word::Success, None, Vec::new(), when);
        found.into_iter().map(seen).for_each(|one| beat.saw(&one));
        beat.expected().unwrap().to_string()
    };
    assert_eq!(ping(&mut beat, "2018-03-24T02:30:20Z"), "2018-03-25T01:30:00Z");
    assert_eq!(
        ping(&mut beat, "2018-03-25T01:29:30Z"),
        "2018-03-26T01:30:00Z",
        "a clock that is half a minute fast"
    );
    assert_eq!(ping(&mut beat, "2018-10-27T01:30:01Z"), "2018-10-28T02:30:00Z", "and back in autumn");
}

#[test]
fn words_are_read_and_others_are_not() {
    for (text, word) in [
        ("start", Some(Word::Start)),
        ("success", Some(Word::Success)),
        ("fail", Some(Word::Fail)),
        ("0", Some(Word::Exit(0))),
        ("255", Some(Word::Exit(255))),
        ("256", None),
        ("-1", None),
        ("+1", None),
        ("0000", None),
        ("", None),
        ("Start", None),
    ] {
        assert_eq!(Word::read(text), word, "{text}");
    }
}
