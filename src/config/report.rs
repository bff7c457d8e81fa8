//! Gathers everything that is wrong, so that the operator hears it all at once.

use std::fmt::Display;

use super::problem::{Problem, Severity};
use super::source::{self, Source};
use super::tree::Place;

/// Most errors, and most warnings, that are told; whoever has more has one mistake, many times.
const MOST: usize = 100;

/// What was found so far.
pub(crate) struct Report<'a> {
    sources: &'a [Source],
    found: Vec<(Place, Problem)>,
    secrets: Vec<Place>,
    /// More was wrong than is told.
    unseen: bool,
}

impl<'a> Report<'a> {
    /// Nothing found yet.
    pub(crate) fn new(sources: &'a [Source]) -> Self {
        Self { sources, found: Vec::new(), secrets: Vec::new(), unseen: false }
    }

    /// Notes something that makes the configuration unusable.
    pub(crate) fn error(
        &mut self,
        place: Place,
        path: impl Display,
        what: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.note(Severity::Error, place, path.to_string(), what.into(), hint.into());
    }

    /// Notes something that is probably not meant.
    pub(crate) fn warning(
        &mut self,
        place: Place,
        path: impl Display,
        what: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.note(Severity::Warning, place, path.to_string(), what.into(), hint.into());
    }

    /// Forbids quoting what stands there.
    pub(crate) fn hide(&mut self, place: Place) {
        self.secrets.push(place);
    }

    /// Names a place to a person: `config.yaml:3:7`.
    pub(crate) fn name(&self, place: Place) -> String {
        let file = self.sources.get(place.file).map_or("", |s| s.name.as_str());
        format!("{file}:{}:{}", place.line, place.column)
    }

    fn note(&mut self, severity: Severity, place: Place, path: String, what: String, hint: String) {
        let file = self.sources.get(place.file).map_or("", |s| s.name.as_str()).to_owned();
        let (line, column) = (place.line, place.column);
        let problem = Problem { severity, file, line, column, path, what, hint, excerpt: None };
        // Errors and warnings are counted apart, so that many warnings never hide that a file cannot be used.
        let alike = self.found.iter().filter(|(_, known)| known.severity == severity);
        let (count, again) = alike.fold((0, false), |(count, again), (at, known)| {
            (count + 1, again || (*at == place && *known == problem))
        });
        if !again && count < MOST {
            self.found.push((place, problem));
        }
        self.unseen |= !again && count >= MOST;
    }

    /// Everything, in the order of the files, with source lines.
    pub(crate) fn finish(mut self) -> Vec<Problem> {
        self.found.sort_by(|(a, p), (b, q)| (a, p.severity, &p.path).cmp(&(b, q.severity, &q.path)));
        if self.unseen {
            let what = format!("there are more than {MOST} problems; mend these first");
            let file = self.sources.first().map_or("", |s| s.name.as_str()).to_owned();
            let (severity, path, hint) = (Severity::Warning, String::new(), String::new());
            let problem = Problem { severity, file, line: 0, column: 0, path, what, hint, excerpt: None };
            self.found.push((Place::default(), problem));
        }
        let Self { sources, found, secrets, .. } = self;
        found
            .into_iter()
            .map(|(place, mut problem)| {
                problem.excerpt =
                    sources.get(place.file).and_then(|source| source::excerpt(source, place, &secrets));
                problem
            })
            .collect()
    }
}
