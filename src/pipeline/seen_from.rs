//! The same probe from several places: what each calls it, and what each last said of it.

use jiff::Timestamp;
use launchwatch_alerts::{SeriesId, Whence};
use launchwatch_probes::Verdict;

use super::board::{Board, ProbeState};
use crate::observation::ProbeId;

impl Board {
    /// The same probe from every place that looks at it, this one included.
    pub fn same<'a>(&'a self, id: &'a ProbeId) -> impl Iterator<Item = &'a ProbeState> {
        let bare = ProbeId::new(id.target(), id.bare());
        let own = self.probes.get(&bare);
        let from = ProbeId::from(format!("{bare}@"));
        let theirs = self.probes.range(from..).map(|(_, p)| p);
        own.into_iter()
            .chain(theirs.take_while(move |p| p.id.target() == id.target() && p.id.bare() == id.bare()))
    }

    /// The probe that a series is about; of what several places say together, ours, or the first of theirs.
    pub fn id_of(&self, series: &SeriesId) -> ProbeId {
        let id = ProbeId::of(series, &self.here);
        if self.probes.contains_key(&id) {
            return id;
        }
        let other = self.same(&id).next().map(|p| p.id.clone());
        other.filter(|_| series.location.is_empty()).unwrap_or(id)
    }

    /// Whether a series is about this probe.
    pub fn is_about(&self, series: &SeriesId, id: &ProbeId) -> bool {
        let same = series.target == id.target() && series.probe == id.bare();
        same && (series.location.is_empty() || series.location == self.location(id))
    }

    /// From where a probe is looked at.
    pub fn location<'a>(&'a self, id: &'a ProbeId) -> &'a str {
        id.elsewhere().unwrap_or(&self.here)
    }

    /// Its name within its target; with the place, where there are several.
    pub fn called(&self, id: &ProbeId) -> String {
        match self.same(id).nth(1) {
            Some(_) => format!("{} from {}", id.bare(), self.location(id)),
            None => id.bare().to_owned(),
        }
    }

    /// What each place last said of a probe; `None` where only one looks.
    pub fn whence(&self, id: &ProbeId, now: Timestamp) -> Option<Whence> {
        let mut whence = Whence::default();
        for state in self.same(id) {
            let last = state.last.as_ref().filter(|(at, _)| !state.stale(*at, now));
            let list = match last.map(|(_, outcome)| outcome.verdict) {
                Some(Verdict::Failed) => &mut whence.fails,
                Some(Verdict::Passed | Verdict::Degraded) => &mut whence.works,
                Some(Verdict::Unknown) | None => &mut whence.unknown,
            };
            list.push(self.location(&state.id).to_owned());
        }
        (whence.places() > 1).then_some(whence)
    }
}

#[cfg(test)]
mod tests {
    use launchwatch_probes::Outcome;

    use super::*;
    use crate::config::{self, Registries};
    use crate::observation::Observation;
    use crate::pipeline::board::{CELLS, SharedBoard};

    const CONFIG: &str = "version: 1\nservice: { location: home }\nagents: [{ name: oslo }]\ntargets:\n  - name: hub\n    url: http://h.example\n    probes: [{ type: http, name: site, locations: [home, oslo] }, { type: http, name: site-2 }, { type: http, name: far, locations: [oslo] }]\n";

    fn board() -> SharedBoard {
        let (config, _) = config::load_text("t.yaml", CONFIG, Registries::BUILT_IN, &|_| None).unwrap();
        SharedBoard::new(&config)
    }

    fn series(probe: &str, location: &str) -> SeriesId {
        SeriesId { target: "hub".into(), probe: probe.into(), location: location.into() }
    }

    #[test]
    fn a_series_leads_to_the_probe_it_is_about_and_back() {
        let board = board();
        let board = board.read();
        for (probe, location, id, called) in [
            ("site", "home", "hub/site", "site from home"),
            ("site", "oslo", "hub/site@oslo", "site from oslo"),
            ("site", "", "hub/site", "site from home"),
            ("site-2", "home", "hub/site-2", "site-2"),
            ("far", "oslo", "hub/far@oslo", "far"),
            ("far", "", "hub/far@oslo", "far"),
        ] {
            let series = series(probe, location);
            let found = board.id_of(&series);
            assert_eq!((found.as_str(), board.called(&found).as_str()), (id, called));
            assert!(board.is_about(&series, &found));
        }
        assert!(!board.is_about(&series("site", "oslo"), &ProbeId::new("hub", "site")));
        assert!(!board.is_about(&series("site", ""), &ProbeId::new("hub", "site-2")));
    }

    #[test]
    fn what_comes_late_is_counted_where_it_belongs_and_does_not_stand_for_now() {
        let board = board();
        let at = |minute: i64| Timestamp::from_second(1_530_988_200 + minute * 60).unwrap();
        let seen = |minute, verdict| Observation {
            probe: ProbeId::from("hub/far@oslo".to_owned()),
            location: "oslo".into(),
            slot: at(minute),
            lag: std::time::Duration::ZERO,
            confirms: false,
            outcome: Outcome::bare(verdict, None, ""),
        };
        let cells = |now| {
            let board = board.read();
            let strip = board.probes[&ProbeId::from("hub/far@oslo".to_owned())].strip(at(now));
            strip.cells.iter().rev().take(5).map(|c| (c.passed, c.failed)).collect::<Vec<_>>()
        };
        for (minute, verdict) in [
            (20, Verdict::Passed),
            (1, Verdict::Failed),
            (11, Verdict::Failed),
            (2, Verdict::Failed),
            (21, Verdict::Passed),
            (16, Verdict::Failed),
        ] {
            board.write(|board| board.saw(&seen(minute, verdict)));
        }
        assert_eq!(cells(21), [(2, 0), (0, 1), (0, 1), (0, 0), (0, 2)]);
        let state = board.read().probes[&ProbeId::from("hub/far@oslo".to_owned())].clone();
        assert_eq!((state.slot, state.last.unwrap().1.verdict), (Some(at(21)), Verdict::Passed));
        let width = i64::try_from(CELLS).unwrap() * 5;
        board.write(|board| (0..width).for_each(|m| board.saw(&seen(30 + m, Verdict::Passed))));
        assert_eq!(cells(30 + width - 1), [(5, 0); 5]);
    }
}
