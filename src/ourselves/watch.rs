//! What the recorder does about ourselves before it judges anybody else: sorts letters, and says how we stand.

use jiff::{SignedDuration, Timestamp};
use launchwatch_probes::{Outcome, Reason, Verdict};

use super::gate::Gate;
use super::report::Report;
use super::witnesses::Question;
use crate::inbox::{Drops, Letter, Ourselves};
use crate::observation::{Observation, ProbeId};

/// A clock that was set, and an inbox that was full, are told for so long.
const FOR_A_WHILE: SignedDuration = SignedDuration::from_secs(60);
/// What others told later than this after it was over says nothing of how it is.
const LATE: SignedDuration = SignedDuration::from_mins(5);
/// Without a further sign of it, we have files enough again after this long.
const FILES: SignedDuration = SignedDuration::from_mins(3);
/// Writing must fail for so long before it is told: a backup may hold the file for a moment.
const STORE: SignedDuration = SignedDuration::from_secs(60);

/// Our own standing, as far as it bears on what may be said of others.
#[derive(Debug)]
pub struct SelfWatch {
    gate: Gate,
    report: Report,
    question: Question,
    drops: Drops,
    dropped: u64,
}

/// Letters, sorted.
#[derive(Debug, Default)]
pub struct Sorted {
    /// Observations and suspects that may be judged now, in order.
    pub letters: Vec<Letter>,
    /// What there is to say of ourselves; to be judged first.
    pub words: Vec<Ourselves>,
    /// Probes of which a failure waits for the witnesses: in doubt, though nothing is judged yet.
    pub waiting: Vec<ProbeId>,
}

impl SelfWatch {
    /// Nothing known yet. Without witnesses nobody can tell whether we are cut off.
    pub fn new(witnessed: bool, question: Question, drops: Drops) -> Self {
        Self { gate: Gate::new(witnessed), report: Report::default(), question, drops, dropped: 0 }
    }

    /// Trouble of ours that was known before the start, by probe.
    pub fn inherit(&mut self, probes: impl Iterator<Item = String>, now: Timestamp) {
        probes.for_each(|probe| self.report.inherit(probe, now));
    }

    /// Sorts letters. To be called in every round, also without any. `doubted` tells which of our own probes people
    /// still believe to be in trouble.
    pub fn sort(&mut self, letters: Vec<Letter>, now: Timestamp, doubted: impl Fn(&str) -> bool) -> Sorted {
        let mut sorted = Sorted::default();
        for letter in letters {
            match letter {
                Letter::Ourselves(word) if word.probe == "clock" && !word.good => {
                    sorted.words.extend(self.report.trouble("clock", word.summary, FOR_A_WHILE, now));
                }
                Letter::Ourselves(word) => sorted.words.extend(self.report.hear(word, now)),
                Letter::Witnesses(answered) => {
                    self.gate.answer(answered, now, &mut sorted.letters);
                    sorted.words.extend(self.report.hear(network(&self.gate), now));
                }
                letter => {
                    match &letter {
                        Letter::Observation(seen) => self.notice(seen, now, &mut sorted.words),
                        // What is told late says how it was.
                        Letter::Reported { observations, .. } => {
                            let late = |seen: &&Observation| now.duration_since(seen.ended()) < LATE;
                            for seen in observations.iter().filter(late) {
                                self.notice(seen, now, &mut sorted.words);
                            }
                        }
                        _ => {}
                    }
                    if self.gate.take(letter, now, &mut sorted.letters) {
                        self.question.ask();
                    }
                }
            }
        }
        self.gate.overdue(now, &mut sorted.letters);
        self.count_drops(now, &mut sorted.words);
        sorted.words.extend(self.report.due(now, doubted));
        sorted.waiting.extend(self.gate.waiting().cloned());
        sorted
    }

    /// What waits goes on at once: nobody will answer any more.
    pub fn last_words(&mut self) -> Vec<Letter> {
        let mut letters = Vec::new();
        self.gate.release(&mut letters);
        letters
    }

    /// When [`SelfWatch::sort`] has something to do without a letter.
    pub fn next(&self) -> Option<Timestamp> {
        self.gate.next().into_iter().chain(self.report.next()).min()
    }

    /// How writing goes: `failing` since when, and why.
    pub fn writing(&mut self, failing: Option<(Timestamp, &str)>, now: Timestamp) -> Option<Ourselves> {
        let word = |good, summary| Ourselves { probe: "store".into(), good, summary };
        match failing {
            None => self.report.hear(word(true, "results are written down again".into()), now),
            Some((since, why)) if now.duration_since(since) >= STORE => {
                let summary = format!("results cannot be written down, they are kept in memory: {why}");
                self.report.hear(word(false, summary), now)
            }
            Some(_) => None,
        }
    }

    /// What a result says of ourselves.
    fn notice(&mut self, seen: &Observation, now: Timestamp, words: &mut Vec<Ourselves>) {
        let outcome = &seen.outcome;
        if outcome.verdict == Verdict::Unknown && outcome.reason == Some(Reason::ProbeAuth) {
            let summary = format!("{} is not let in: {}; give it a new token", seen.probe, outcome.summary);
            words
                .extend(self.report.hear(Ourselves { probe: token(&seen.probe), good: false, summary }, now));
        } else if self.report.any_bad("token-") && looked(outcome) {
            let summary = format!("{} is let in again", seen.probe);
            words.extend(self.report.hear(Ourselves { probe: token(&seen.probe), good: true, summary }, now));
        }
        if out_of_files(outcome) && seen.probe.elsewhere().is_none() {
            let summary =
                format!("launchwatch is out of files or buffers: {}; raise its limits", outcome.summary);
            words.extend(self.report.trouble("files", summary, FILES, now));
        }
    }

    fn count_drops(&mut self, now: Timestamp, words: &mut Vec<Ourselves>) {
        let dropped = self.drops.count();
        if dropped > self.dropped {
            let summary =
                format!("results come faster than they can be written down: {dropped} were dropped");
            words.extend(self.report.trouble("inbox", summary, FOR_A_WHILE, now));
            self.dropped = dropped;
        }
    }
}

fn network(gate: &Gate) -> Ourselves {
    let good = gate.isolated().is_none();
    let summary = if good {
        "the witnesses answer again".to_owned()
    } else {
        "launchwatch is cut off from the network: neither targets nor witnesses answer. Failures seen meanwhile count \
         against nobody"
            .to_owned()
    };
    Ourselves { probe: "network".into(), good, summary }
}

fn token(probe: &ProbeId) -> String {
    format!("token-{}-{}", probe.target(), probe.probe())
}

/// Whether the target was really asked.
fn looked(outcome: &Outcome) -> bool {
    use Reason::{Aborted, Missed, Prober, ProberIsolated};
    outcome.verdict != Verdict::Unknown
        || !matches!(outcome.reason, Some(Aborted | Missed | Prober | ProberIsolated))
}

/// Whether a run could not look because files, ports or buffers ran out here: the network says so in these words.
fn out_of_files(outcome: &Outcome) -> bool {
    const SIGNS: [&str; 3] = ["out of resources on our side", "no free local port", "Too many open files"];
    let said = |text: &str| SIGNS.iter().any(|sign| text.contains(sign));
    outcome.reason == Some(Reason::Prober)
        && (said(&outcome.summary) || outcome.evidence.iter().any(|e| said(e)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::inbox;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_530_988_200 + second).unwrap()
    }

    fn seen(verdict: Verdict, reason: Option<Reason>, summary: &str) -> Letter {
        Letter::Observation(Observation {
            probe: ProbeId::new("hub", "direct"),
            location: "here".into(),
            slot: at(0),
            lag: Duration::ZERO,
            confirms: false,
            outcome: Outcome::bare(verdict, reason, summary),
        })
    }

    /// `probe good` of what is said.
    fn said(sorted: &Sorted) -> Vec<String> {
        sorted.words.iter().map(|w| format!("{} {}", w.probe, w.good)).collect()
    }

    fn watch(drops: Drops) -> SelfWatch {
        SelfWatch::new(false, Question::default(), drops)
    }

    #[test]
    fn a_full_inbox_is_told_although_no_letter_gets_through() {
        let (inbox, _letters) = inbox::inbox();
        let mut watch = watch(inbox.drops());
        let full = |_: usize| !inbox.put(seen(Verdict::Passed, None, ""));
        assert_eq!((0..inbox::CAPACITY + 3).filter(|n| full(*n)).count(), 3);
        let sorted = watch.sort(Vec::new(), at(0), |_| true);
        assert_eq!(said(&sorted), ["inbox false"]);
        assert!(sorted.words[0].summary.contains("3 were dropped"), "{}", sorted.words[0].summary);
        assert_eq!(said(&watch.sort(Vec::new(), at(59), |_| true)), [] as [&str; 0]);
        assert_eq!(said(&watch.sort(Vec::new(), at(60), |_| true)), ["inbox true"]);
    }

    #[test]
    fn a_token_is_bad_until_a_run_was_let_in() {
        let mut watch = watch(Drops::default());
        let unknown = |reason| seen(Verdict::Unknown, Some(reason), "401");
        for (second, letter, expected) in [
            (0, seen(Verdict::Passed, None, ""), vec![]),
            (1, unknown(Reason::ProbeAuth), vec!["token-hub-direct false"]),
            (2, unknown(Reason::ProbeAuth), vec![]),
            (3, unknown(Reason::Missed), vec![]),
            (4, unknown(Reason::Aborted), vec![]),
            (5, unknown(Reason::Quota), vec!["token-hub-direct true"]),
            (6, seen(Verdict::Failed, Some(Reason::Timeout), ""), vec![]),
        ] {
            assert_eq!(said(&watch.sort(vec![letter], at(second), |_| true)), expected, "{second}");
        }
    }

    #[test]
    fn writing_must_fail_for_a_minute_before_it_is_told() {
        let mut watch = watch(Drops::default());
        assert_eq!(watch.writing(Some((at(0), "disk full")), at(59)), None);
        let word = watch.writing(Some((at(0), "disk full")), at(60)).unwrap();
        assert!(!word.good && word.summary.contains("disk full"));
        assert!(watch.writing(None, at(70)).unwrap().good);
        assert_eq!(watch.writing(None, at(71)), None);
    }
}
