//! What is said of ourselves, and how often: at every change, and once a minute while something is wrong.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::inbox::Ourselves;

/// While something is wrong it is said again this often.
const AGAIN: SignedDuration = SignedDuration::from_secs(60);
/// Trouble known from before the start is over when nobody has spoken of it for so long.
const INHERITED: SignedDuration = SignedDuration::from_mins(5);

#[derive(Debug)]
struct State {
    good: bool,
    summary: String,
    said: Timestamp,
    /// When it is over by itself.
    over: Option<Timestamp>,
    /// Whether it is to be said again: also what is good, until it is believed.
    again: bool,
}

impl State {
    /// When it is said again. What was only known before the start has no words of its own.
    fn repeats(&self) -> Option<Timestamp> {
        (self.good || !self.summary.is_empty()).then(|| self.said + AGAIN)
    }
}

/// How we stand, by probe of the target that stands for us.
#[derive(Debug, Default)]
pub(super) struct Report(BTreeMap<String, State>);

impl Report {
    /// Trouble that was known before the start.
    pub(super) fn inherit(&mut self, probe: String, now: Timestamp) {
        let state = State {
            good: false,
            summary: String::new(),
            said: now,
            over: Some(now + INHERITED),
            again: true,
        };
        self.0.insert(probe, state);
    }

    /// Takes a word; says it if it is news.
    pub(super) fn hear(&mut self, word: Ourselves, now: Timestamp) -> Option<Ourselves> {
        self.put(word, None, now)
    }

    /// Takes note of trouble that is over by itself when it has not been noted again for so long.
    pub(super) fn trouble(
        &mut self,
        probe: &str,
        summary: String,
        lasts: SignedDuration,
        now: Timestamp,
    ) -> Option<Ourselves> {
        self.put(Ourselves { probe: probe.to_owned(), good: false, summary }, Some(now + lasts), now)
    }

    fn put(&mut self, word: Ourselves, over: Option<Timestamp>, now: Timestamp) -> Option<Ourselves> {
        match self.0.get_mut(&word.probe) {
            // What is good and was never otherwise is no news.
            None if word.good => None,
            Some(state) if state.good == word.good => {
                state.over = over;
                // After a start, the first words for what was known before.
                if !word.good && state.summary.is_empty() {
                    state.summary.clone_from(&word.summary);
                }
                None
            }
            _ => {
                let summary = word.summary.clone();
                self.0.insert(
                    word.probe.clone(),
                    State { good: word.good, summary, said: now, over, again: true },
                );
                Some(word)
            }
        }
    }

    /// Whether anything that begins so is in trouble.
    pub(super) fn any_bad(&self, prefix: &str) -> bool {
        let from = self.0.range(prefix.to_owned()..);
        from.take_while(|(probe, _)| probe.starts_with(prefix)).any(|(_, s)| !s.good)
    }

    /// When there is something to say without anything new.
    pub(super) fn next(&self) -> Option<Timestamp> {
        let open = self.0.values().filter(|s| s.again);
        open.filter_map(|s| s.over.into_iter().chain(s.repeats()).min()).min()
    }

    /// What is to be said at this moment: what is over by itself, what still is wrong, and what is good again but still
    /// doubted.
    pub(super) fn due(&mut self, now: Timestamp, doubted: impl Fn(&str) -> bool) -> Vec<Ourselves> {
        let mut words = Vec::new();
        for (probe, state) in self.0.iter_mut().filter(|(_, s)| s.again) {
            let over = !state.good && state.over.is_some_and(|over| over <= now);
            if over {
                (state.good, state.over, state.summary) = (true, None, "it is over".into());
            } else if state.repeats().is_none_or(|at| at > now) {
                continue;
            }
            state.again = !state.good || over || doubted(probe);
            if state.again {
                state.said = now;
                let (probe, summary) = (probe.clone(), state.summary.clone());
                words.push(Ourselves { probe, good: state.good, summary });
            }
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_530_988_200 + second).unwrap()
    }

    fn word(good: bool) -> Ourselves {
        Ourselves { probe: "store".into(), good, summary: "the disk is full".into() }
    }

    fn said(words: &[Ourselves]) -> Vec<bool> {
        words.iter().map(|w| w.good).collect()
    }

    #[test]
    fn changes_are_said_at_once_and_what_lasts_once_a_minute() {
        let mut report = Report::default();
        assert_eq!(report.hear(word(true), at(0)), None, "good from the beginning is no news");
        assert_eq!(report.hear(word(false), at(1)), Some(word(false)));
        assert_eq!(report.hear(word(false), at(2)), None);
        assert_eq!(report.next(), Some(at(61)));
        assert_eq!(said(&report.due(at(60), |_| false)), [] as [bool; 0]);
        assert_eq!(report.due(at(61), |_| false), [word(false)]);
        assert_eq!(report.hear(word(true), at(70)), Some(word(true)));
        assert_eq!(said(&report.due(at(130), |_| true)), [true], "it is not believed yet");
        assert_eq!(said(&report.due(at(200), |_| false)), [] as [bool; 0]);
        assert_eq!(report.next(), None);
    }

    #[test]
    fn trouble_without_an_end_of_its_own_is_over_when_it_is_not_seen_again() {
        let mut report = Report::default();
        let minute = SignedDuration::from_secs(60);
        assert!(report.trouble("inbox", "full".into(), minute, at(0)).is_some());
        assert!(report.trouble("inbox", "full".into(), minute, at(30)).is_none());
        assert_eq!(said(&report.due(at(60), |_| false)), [false]);
        assert_eq!(said(&report.due(at(90), |_| false)), [true]);
        assert!(!report.any_bad("inbox"));
    }

    #[test]
    fn what_was_known_before_a_start_ends_with_the_first_good_word_or_after_five_minutes() {
        let mut report = Report::default();
        report.inherit("store".into(), at(0));
        report.inherit("token-hub-launch".into(), at(0));
        assert!(report.any_bad("token-"));
        assert_eq!(report.hear(word(true), at(10)), Some(word(true)));
        assert_eq!(said(&report.due(at(300), |_| false)), [true]);
        assert!(!report.any_bad("token-"));
    }
}
