//! What still works, in words: what a probe looks at, whether that works, and since when not.

use std::collections::BTreeMap;

use jiff::Timestamp;
use launchwatch_alerts::text::one_line;

/// What a probe looks at, as users would call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subject {
    /// `cached repositories`
    pub(super) name: String,
    works: &'static str,
    fails: &'static str,
    /// What users come for stands first, what only operators know last.
    pub(super) rank: u8,
}

/// From this rank on it is of no use to users by itself: it is named when it does not work.
pub(super) const INNER: u8 = 5;

/// Type, whether it builds, name, words when it works and when it does not, rank.
const SUBJECTS: &[(&str, bool, &str, &str, &str, u8)] = &[
    ("binder-launch", false, "cached repositories", "launch", "do not launch", 0),
    ("binder-launch", true, "new builds", "work", "fail", 1),
    ("jupyterhub-launch", false, "servers", "start", "do not start", 2),
    ("http", false, "the site", "answers", "does not answer as it should", 3),
    (
        "federation",
        false,
        "the federation",
        "sends people to members that serve",
        "is at odds with its members",
        4,
    ),
    ("tcp", false, "the port", "is open", "cannot be reached", 5),
    ("dns", false, "the name", "resolves", "does not resolve", 6),
    ("tls", false, "the certificate", "is in order", "is not in order", 6),
    ("binderhub-health", false, "the BinderHub", "says it is well", "says it is not well", 6),
    ("jupyterhub-servers", false, "the Hub", "answers", "does not answer as it should", 6),
    ("kubernetes", false, "the cluster", "is well", "is in trouble", 7),
    ("hub-drift", false, "the Hub's records", "agree with the cluster", "do not agree with the cluster", 8),
    ("kubernetes-logs", false, "the logs", "are quiet", "tell of trouble", 8),
    ("metrics", false, "the figures", "are as they should be", "are not as they should be", 8),
    ("heartbeat", false, "the job", "runs when it should", "does not run as it should", 7),
    ("alertmanager", false, "their alerts", "are quiet", "tell of trouble", 8),
    ("prometheus", false, "the figures", "are as they should be", "are not as they should be", 8),
];

impl Subject {
    /// What a probe of this type looks at; `probe` is its name, for types that are not known here.
    pub(super) fn of(kind: &str, fresh: bool, probe: &str) -> Self {
        let known = SUBJECTS.iter().filter(|row| row.0 == kind);
        let best = known.clone().find(|row| row.1 == fresh).or_else(|| known.clone().next());
        match best {
            Some((_, _, name, works, fails, rank)) => {
                Self { name: (*name).to_owned(), works, fails, rank: *rank }
            }
            None => Self { name: one_line(probe, 60), works: "works", fails: "fails", rank: INNER },
        }
    }

    /// The same in words of the operator's.
    #[must_use]
    pub(super) fn called(self, name: &str) -> Self {
        Self { name: one_line(name, 80), works: "work", fails: "fail", rank: self.rank.min(INNER - 1) }
    }

    /// Several of a target that would be called the same are told apart by the names of their probes.
    #[must_use]
    pub(super) fn apart(self, probe: &str) -> Self {
        Self { name: format!("{} ({})", self.name, one_line(probe, 60)), ..self }
    }

    /// One of several places from which it is looked at.
    #[must_use]
    pub(super) fn seen_from(self, place: &str) -> Self {
        Self { name: format!("{} from {}", self.name, one_line(place, 60)), ..self }
    }

    pub(super) fn works(&self) -> String {
        format!("{} {}", self.name, self.works)
    }

    pub(super) fn fails(&self) -> String {
        format!("{} {}", self.name, self.fails)
    }
}

/// How it is with one thing.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum State {
    /// It works; the median of the last hour in seconds.
    Works(Option<f64>),
    /// It works, but not well: why.
    Poorly(Option<String>),
    /// It fails: since when, why.
    Fails(Option<Timestamp>, Option<String>),
    /// We could not look: why.
    Unknown(Option<String>),
    /// The last result is too old to say anything: when it was.
    Stale(Timestamp),
    /// It was not looked at yet.
    Never,
}

/// One thing and how it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fact {
    pub(super) subject: Subject,
    pub(super) state: State,
}

impl Fact {
    /// A class of the style, and a sign that does not need colours.
    pub(super) const fn mark(&self) -> (&'static str, &'static str) {
        match self.state {
            State::Works(_) => ("passed", "✓"),
            State::Poorly(_) => ("degraded", "~"),
            State::Fails(..) => ("failed", "✕"),
            State::Unknown(_) | State::Stale(_) | State::Never => ("unknown", "?"),
        }
    }

    /// In words. `clock` says moments.
    pub(super) fn says(&self, clock: impl Fn(Timestamp) -> String) -> String {
        let why = |reason: &Option<String>| reason.as_deref().map(|r| format!(" ({r})")).unwrap_or_default();
        match &self.state {
            State::Works(None) => self.subject.works(),
            State::Works(Some(median)) => {
                let median = crate::web::words::seconds(*median);
                format!("{}, median {median} in the last hour", self.subject.works())
            }
            State::Poorly(reason) => format!("{}, but poorly{}", self.subject.works(), why(reason)),
            State::Fails(None, reason) => format!("{}{}", self.subject.fails(), why(reason)),
            State::Fails(Some(since), reason) => {
                let why = reason.as_deref().map(|r| format!(": {r}")).unwrap_or_default();
                format!("{} since {}{why}", self.subject.fails(), clock(*since))
            }
            State::Unknown(reason) => {
                format!("whether {} is not known{}", self.subject.works(), why(reason))
            }
            State::Stale(at) => format!("{}: nothing heard since {}", self.subject.name, clock(*at)),
            State::Never => format!("{}: not looked at yet", self.subject.name),
        }
    }
}

/// The first letter large.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What is worth saying: what users come for, and whatever else does not work; those that work first, so that the eye ends at
/// what does not. The number of things that are well and were left out comes along.
pub(super) fn worth_saying(mut facts: Vec<Fact>) -> (Vec<Fact>, usize) {
    let outer = facts.iter().any(|f| f.subject.rank < INNER);
    let all = facts.len();
    facts.retain(|f| !outer || f.subject.rank < INNER || !matches!(f.state, State::Works(_)));
    let left = all - facts.len();
    facts.sort_by_key(|f| (!matches!(f.state, State::Works(_)), f.subject.rank));
    (facts, left)
}

/// Subjects of the probes of one target, told apart where need be: by name of probe.
pub(super) fn told_apart(subjects: Vec<(String, Subject)>) -> BTreeMap<String, Subject> {
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for (_, subject) in &subjects {
        *names.entry(subject.name.clone()).or_default() += 1;
    }
    let several = |subject: &Subject| names.get(&subject.name).is_some_and(|n| *n > 1);
    subjects
        .into_iter()
        .map(|(probe, subject)| {
            let subject = if several(&subject) { subject.apart(&probe) } else { subject };
            (probe, subject)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_probe_has_words_of_its_own() {
        for kind in launchwatch_probes::KINDS {
            assert!(SUBJECTS.iter().any(|row| row.0 == kind.name), "no words for {}", kind.name);
        }
    }

    #[test]
    fn what_works_and_what_does_not_is_said_in_words() {
        let at: Timestamp = "2018-07-07T18:27:00Z".parse().unwrap();
        let push = || Some("push failed".to_owned());
        let table = [
            (
                "binder-launch",
                false,
                State::Works(Some(7.04)),
                "Cached repositories launch, median 7.0 s in the last hour",
            ),
            (
                "binder-launch",
                true,
                State::Fails(Some(at), push()),
                "New builds fail since 18:27: push failed",
            ),
            ("binder-launch", true, State::Poorly(None), "New builds work, but poorly"),
            ("jupyterhub-launch", false, State::Fails(None, None), "Servers do not start"),
            ("jupyterhub-launch", true, State::Never, "Servers: not looked at yet"),
            (
                "http",
                false,
                State::Unknown(Some("rate limited".into())),
                "Whether the site answers is not known (rate limited)",
            ),
            ("tls", false, State::Stale(at), "The certificate: nothing heard since 18:27"),
            ("tcp", false, State::Works(None), "The port is open"),
            ("something-new", false, State::Works(None), "Probe works"),
        ];
        for (kind, fresh, state, expected) in table {
            let fact = Fact { subject: Subject::of(kind, fresh, "probe"), state };
            let said = fact.says(|at| at.strftime("%H:%M").to_string());
            assert_eq!(sentence(&said), expected);
        }
    }

    #[test]
    fn what_works_inside_is_not_worth_saying_unless_there_is_nothing_else() {
        let fact = |kind: &str, state| Fact { subject: Subject::of(kind, false, "p"), state };
        let good = || State::Works(None);
        let bad = || State::Fails(None, None);
        let kinds = |facts: &[Fact]| facts.iter().map(|f| f.subject.name.clone()).collect::<Vec<_>>();
        let (said, left) =
            worth_saying(vec![fact("kubernetes", good()), fact("tls", bad()), fact("binder-launch", good())]);
        assert_eq!(
            (kinds(&said), left),
            (vec!["cached repositories".to_owned(), "the certificate".into()], 1)
        );
        let (said, left) = worth_saying(vec![fact("kubernetes", good())]);
        assert_eq!((said.len(), left), (1, 0));
    }

    #[test]
    fn two_of_the_same_are_told_apart_and_an_operator_may_name_them() {
        let cached = || Subject::of("binder-launch", false, "a");
        let told = told_apart(vec![
            ("numpy".into(), cached()),
            ("r".into(), cached()),
            ("matlab".into(), cached().called("Matlab notebooks\u{202e}\n")),
        ]);
        assert_eq!(told["numpy"].works(), "cached repositories (numpy) launch");
        assert_eq!(told["matlab"].fails(), "Matlab notebooks fail");
    }
}
