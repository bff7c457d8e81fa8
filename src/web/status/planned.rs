//! Planned work that goes on or lies ahead: what the configuration plans and what people announced. No names of people.

use jiff::Timestamp;
use launchwatch_alerts::text::one_line;
use launchwatch_alerts::{Selector, SeriesId};
use maud::{Markup, html};

use super::Scene;

/// More of it than so much is for those who plan.
const SHOWN: usize = 8;

/// One piece of work.
struct Work {
    name: String,
    from: Timestamp,
    until: Timestamp,
    targets: Vec<String>,
}

impl Scene<'_> {
    /// Planned work of all targets that are shown, or of one.
    pub(super) fn planned(&self, target: Option<&str>) -> Markup {
        let mut all: Vec<Work> = self.works().into_iter().filter(|w| self.concerns(w, target)).collect();
        all.sort_by_key(|w| (w.from, w.until));
        let (clock, now) = (self.clock(), self.now.at);
        html! {
            @if !all.is_empty() {
                section.planned {
                    h2 { "Planned work" }
                    ul.stories {
                        @for work in all.iter().take(SHOWN) {
                            li {
                                strong { (work.name) } " "
                                @if work.from <= now { span.badge.planned { "going on" } }
                                p {
                                    @if work.from > now { (clock.moment(work.from)) " to " } @else { "until " }
                                    (clock.moment(work.until)) ": " (self.about(work))
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn works(&self) -> Vec<Work> {
        let now = self.now.at;
        let configured = self.sources.planned.iter().flat_map(|m| {
            // Of what comes every week, the next time.
            let next = m.when.coming(now).into_iter().take(1);
            next.map(|(from, until)| self.work(one_line(&m.name, 80), &m.of, (from, until)))
        });
        let announced = self.known.past.announced.iter().filter(|s| s.until > now);
        let announced = announced.map(|s| self.work("Maintenance".into(), &s.of, (s.from, s.until)));
        configured.chain(announced).collect()
    }

    fn work(&self, name: String, of: &Selector, (from, until): (Timestamp, Timestamp)) -> Work {
        let about = |target: &&String| {
            let series = |probe: &str| SeriesId {
                target: (*target).clone(),
                probe: probe.to_owned(),
                location: String::new(),
            };
            self.site.probes(target).any(|probe| of.matches(&series(probe)))
        };
        Work { name, from, until, targets: self.site.targets.iter().filter(about).cloned().collect() }
    }

    fn concerns(&self, work: &Work, target: Option<&str>) -> bool {
        match target {
            Some(target) => work.targets.iter().any(|t| t == target),
            None => !work.targets.is_empty(),
        }
    }

    fn about(&self, work: &Work) -> String {
        match work.targets.as_slice() {
            all if all.len() == self.site.targets.len() && all.len() > 1 => "everything".into(),
            all if all.len() > super::story::NAMED => format!("{} targets", all.len()),
            all => all.join(", "),
        }
    }
}
