//! A small world for the engine: looks and commands come in, time passes as the recorder lets it, what is told comes out.

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::{
    Command, Disobeyed, IncidentState, Maintenance, Notification, NotificationKind, Rule, Selector, Severity,
    When, Window,
};

mod ack;
mod basics;
mod cost;
mod deploys;
mod fold;
mod lifecycle;
mod look_again;
mod maintenance;
mod merge;
mod quiet_days;
mod quorum;
mod recovered;
mod rename;
mod restart;
mod silence;
mod split;
mod storm;
mod whence;
mod why;

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_530_988_200 + second).unwrap()
}

/// A series from `target/probe` or `target/probe@location`.
pub(super) fn id(path: &str) -> SeriesId {
    let (path, location) = path.split_once('@').unwrap_or((path, "here"));
    let (target, probe) = path.split_once('/').unwrap();
    SeriesId { target: target.into(), probe: probe.into(), location: location.into() }
}

/// A look that ends as a character says: `.` good, `~` poor, `?` unknown, `x` a failure, any other letter a failure of
/// that reason.
pub(super) fn look(path: &str, says: char, second: i64) -> Sample {
    let (health, reason) = match says {
        '.' => (Health::Good, None),
        '~' => (Health::Poor, None),
        '?' => (Health::Unknown, None),
        't' => (Health::Bad, Some("tls")),
        _ => (Health::Bad, Some("timeout")),
    };
    let good = Sample::good(Arc::new(id(path)), at(second), at(second), at(second));
    Sample { health, reason, stage: reason.map(|_| "launch"), ..good }
}

/// A series of the one target that simple stories are about.
pub(super) fn series(probe: &str) -> Arc<SeriesId> {
    Arc::new(id(&format!("hub/{probe}")))
}

pub(super) fn sample(probe: &str, health: Health, second: i64) -> Sample {
    let says = match health {
        Health::Good => '.',
        Health::Poor => '~',
        Health::Bad => 'x',
        Health::Unknown => '?',
    };
    look(&format!("hub/{probe}"), says, second)
}

pub(super) fn told(changes: &[Change]) -> Vec<&Notification> {
    changes.iter().filter_map(|c| if let Change::Notify(n) = c { Some(n) } else { None }).collect()
}

/// One failure fires, one success is enough.
pub(super) fn quick(name: &str) -> Rule {
    Rule::new(name, When::Failures { failures: 1, successes: 1 })
}

pub(super) fn plan(rules: Vec<Rule>, paths: &[&str]) -> Plan {
    let known = paths.iter().map(|p| Known { series: id(p), every: Duration::from_secs(30) });
    Plan::simple(rules, known.collect(), ["ops".to_owned()])
}

/// Everything that came out, and the means to go on.
pub(super) struct World {
    pub(super) engine: Engine,
    pub(super) plan: Plan,
    pub(super) second: i64,
    pub(super) changes: Vec<Change>,
    pub(super) past: Vec<Sample>,
}

impl World {
    pub(super) fn new(plan: Plan) -> Self {
        let mut engine = Engine::new(plan.clone(), Memory::default());
        let changes = engine.start(at(0));
        Self { engine, plan, second: 0, changes, past: Vec::new() }
    }

    /// Lets time pass: ticks whenever the engine wants to.
    pub(super) fn until(&mut self, second: i64) -> &mut Self {
        while let Some(due) = self.engine.next_tick().filter(|due| *due <= at(second)) {
            let due = due.max(at(self.second));
            self.changes.extend(self.engine.tick(due));
            assert!(self.engine.next_tick().is_none_or(|next| next > due), "a tick leaves nothing due");
        }
        self.second = second;
        self
    }

    /// One look now.
    pub(super) fn look(&mut self, path: &str, says: char) -> &mut Self {
        let sample = look(path, says, self.second);
        self.changes.extend(self.engine.observe(&sample, at(self.second)));
        self.past.push(sample);
        self
    }

    /// Looks at several series side by side, one character each a step; a blank is no look.
    pub(super) fn play(&mut self, step: i64, rows: &[(&str, &str)]) -> &mut Self {
        let begin = self.second;
        let longest = rows.iter().map(|(_, row)| row.chars().count()).max().unwrap_or(0);
        for i in 0..longest {
            self.until(begin + step * i64::try_from(i).unwrap());
            for (path, row) in rows {
                if let Some(says) = row.chars().nth(i).filter(|c| *c != ' ') {
                    self.look(path, says);
                }
            }
        }
        self.until(begin + step * i64::try_from(longest).unwrap())
    }

    pub(super) fn obey(&mut self, command: Command) -> Result<(), Disobeyed> {
        self.engine.obey(command, at(self.second))?;
        self.changes.extend(self.engine.flush());
        Ok(())
    }

    /// Stops and starts again, with what was remembered and what the judges look back on.
    pub(super) fn restart(&mut self) -> &mut Self {
        let memory = serde_json::from_str(&serde_json::to_string(&self.engine.memory()).unwrap()).unwrap();
        self.engine = Engine::new(self.plan.clone(), memory);
        self.past.iter().for_each(|sample| self.engine.recall(sample));
        self.changes.extend(self.engine.start(at(self.second)));
        self
    }

    pub(super) fn told(&self) -> Vec<&Notification> {
        told(&self.changes)
    }

    /// What was told, such as `30 opened hub`.
    pub(super) fn story(&self) -> Vec<String> {
        let line = |n: &&Notification| {
            let second = n.at.duration_since(at(0)).as_secs();
            format!("{second} {} {}", n.kind.as_str(), n.facts.target)
        };
        self.told().iter().map(line).collect()
    }

    pub(super) fn last(&self) -> &Notification {
        self.told().last().unwrap()
    }

    pub(super) fn note(&self) -> &str {
        self.last().facts.note.as_deref().unwrap_or_default()
    }

    pub(super) fn incident(&self, target: &str) -> &Incident {
        self.engine.incident_of(target).unwrap()
    }

    pub(super) fn timeline(&self, target: &str) -> String {
        self.incident(target).timeline.iter().map(|e| e.what.as_str()).collect::<Vec<_>>().join("\n")
    }

    pub(super) fn hidden(&self) -> Vec<String> {
        let hidden =
            self.changes.iter().filter_map(|c| if let Change::Hidden(h) = c { Some(h) } else { None });
        hidden.map(|h| format!("{} by {}", h.series, h.by)).collect()
    }
}

pub(super) fn ack(incident: &str, by: &str, seconds: Option<i64>) -> Command {
    Command::Acknowledge { incident: IncidentId(incident.into()), by: by.into(), seconds }
}

pub(super) fn silence(name: &str, of: Selector, seconds: std::ops::Range<i64>) -> Command {
    Command::Silence { silence: wish(name, of, seconds) }
}

pub(super) fn wish(name: &str, of: Selector, seconds: std::ops::Range<i64>) -> Silence {
    Silence {
        id: name.into(),
        of,
        by: "ada".into(),
        reason: "known".into(),
        from: at(seconds.start),
        until: at(seconds.end),
        with: None,
        maintenance: false,
        warned: false,
        ended: None,
        hid: 0,
    }
}

/// `child` depends on `parent`, and so on.
pub(super) fn depends(plan: &mut Plan, pairs: &[(&str, &str)]) {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (child, parent) in pairs {
        all.entry((*child).to_owned()).or_default().push((*parent).to_owned());
    }
    plan.depends_on = all;
}
