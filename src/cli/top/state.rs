//! What the live view knows: rows, incidents, the last events, and where the person is.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde_json::Value;

use super::feed::News;
use crate::cli::shown::{at, list, word};

/// Events that are remembered.
const EVENTS: usize = 200;

/// A probe.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub(super) target: String,
    pub(super) probe: String,
    pub(super) verdict: String,
    pub(super) stale: bool,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) seconds: Option<f64>,
    pub(super) summary: String,
    /// The last hours, oldest first: runs that worked, and those that did not.
    pub(super) strip: Vec<(u64, u64)>,
}

/// An open incident.
#[derive(Debug, Clone, Default)]
pub(super) struct Trouble {
    pub(super) id: String,
    pub(super) target: String,
    pub(super) since: Option<Timestamp>,
    pub(super) what: String,
    pub(super) acknowledged: String,
}

/// What the person does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mode {
    /// Looks at all.
    All,
    /// Looks at one probe.
    Details,
    /// Types a filter.
    Filter,
    /// Types the name that is put on record with an acknowledgement of this incident.
    Name(String),
}

/// What the live view knows.
pub(super) struct State {
    /// Where the service is.
    pub(super) root: String,
    /// Colours may be used.
    pub(super) colours: bool,
    /// The date of the last answer, by the service's clock.
    pub(super) told_at: Option<Timestamp>,
    /// The recorder is silent.
    pub(super) stale: bool,
    /// Why the service does not answer.
    pub(super) lost: Option<String>,
    pub(super) rows: Vec<Row>,
    pub(super) troubles: Vec<Trouble>,
    /// Newest last.
    pub(super) events: VecDeque<String>,
    /// The one that is selected, among those that are shown: `target/probe`.
    pub(super) selected: Option<String>,
    pub(super) filter: String,
    pub(super) mode: Mode,
    /// What is typed.
    pub(super) typed: String,
    /// Who sits here, once they have said so.
    pub(super) name: Option<String>,
    /// A word for the last line.
    pub(super) word: String,
    /// What was fetched of a probe: `target/probe`, run, incident.
    pub(super) details: Option<(String, Value, Value)>,
}

impl State {
    pub(super) fn new(root: String) -> Self {
        Self {
            root,
            colours: true,
            told_at: None,
            stale: false,
            lost: None,
            rows: Vec::new(),
            troubles: Vec::new(),
            events: VecDeque::new(),
            selected: None,
            filter: String::new(),
            mode: Mode::All,
            typed: String::new(),
            name: None,
            word: String::new(),
            details: None,
        }
    }

    /// Takes in news.
    pub(super) fn take(&mut self, news: News) {
        match news {
            News::Status { status, incidents } => {
                self.lost = None;
                self.told_at = at(&status, "/at");
                self.stale = status.get("stale").and_then(Value::as_bool).unwrap_or_default();
                self.rows = list(&status, "/targets").iter().flat_map(rows).collect();
                self.troubles = list(&incidents, "/incidents").iter().map(trouble).collect();
                self.reselect();
            }
            News::Event(event) => {
                self.events.extend(line(&event));
                while self.events.len() > EVENTS {
                    self.events.pop_front();
                }
            }
            News::Details { of, run, incident } => self.details = Some((of, run, incident)),
            News::Lost(why) => self.lost = Some(why),
            News::Word(word) => self.word = word,
        }
    }

    /// The rows that pass the filter.
    pub(super) fn shown(&self) -> Vec<&Row> {
        let wanted = self.filter.to_lowercase();
        self.rows.iter().filter(|row| row.id().to_lowercase().contains(&wanted)).collect()
    }

    /// Where the selection is among the rows that are shown.
    pub(super) fn position(&self) -> Option<usize> {
        let selected = self.selected.as_ref()?;
        self.shown().iter().position(|row| row.id() == *selected)
    }

    /// Selects the row so many further down.
    pub(super) fn go(&mut self, by: isize) {
        let (now, shown) = (self.position().unwrap_or_default(), self.shown());
        let to = now.saturating_add_signed(by).min(shown.len().saturating_sub(1));
        self.selected = shown.get(to).map(|row| row.id());
    }

    /// Something is selected as long as there is something.
    pub(super) fn reselect(&mut self) {
        if self.position().is_none() {
            self.selected = self.shown().first().map(|row| row.id());
        }
    }

    /// The row that is selected.
    pub(super) fn row(&self) -> Option<&Row> {
        self.shown().get(self.position()?).copied()
    }

    /// The open incident of a target.
    pub(super) fn trouble(&self, target: &str) -> Option<&Trouble> {
        self.troubles.iter().find(|trouble| trouble.target == target)
    }
}

impl Row {
    /// `target/probe`.
    pub(super) fn id(&self) -> String {
        format!("{}/{}", self.target, self.probe)
    }
}

fn rows(target: &Value) -> Vec<Row> {
    let row = |probe: &Value| Row {
        target: clean(word(target, "/name")),
        probe: clean(word(probe, "/name")),
        verdict: word(probe, "/verdict").to_owned(),
        stale: probe.get("stale").and_then(Value::as_bool).unwrap_or_default(),
        ended_at: at(probe, "/ended_at"),
        seconds: probe.get("seconds").and_then(Value::as_f64),
        summary: clean(word(probe, "/summary")),
        strip: list(probe, "/strip/cells").iter().map(cell).collect(),
    };
    list(target, "/probes").iter().map(row).collect()
}

fn cell(cell: &Value) -> (u64, u64) {
    let count = |name: &str| cell.get(name).and_then(Value::as_u64).unwrap_or_default();
    (count("passed") + count("degraded"), count("failed"))
}

fn trouble(incident: &Value) -> Trouble {
    let first = list(incident, "/alerts").first().map(|alert| word(alert, "/summary")).unwrap_or_default();
    let cause = word(incident, "/diagnosis/0/title");
    Trouble {
        id: word(incident, "/id").to_owned(),
        target: clean(word(incident, "/target")),
        since: at(incident, "/since"),
        what: if cause.is_empty() { clean(first) } else { format!("likely {}", clean(cause)) },
        acknowledged: clean(word(incident, "/acknowledged/by")),
    }
}

/// An event as a line, if people care.
fn line(event: &Value) -> Option<String> {
    let time =
        |pointer: &str| at(event, pointer).map_or_else(String::new, |at| at.strftime("%H:%M:%S").to_string());
    let said = |pointer: &str| clean(word(event, pointer));
    Some(match word(event, "/type") {
        "observation" => {
            let took = seconds(event.get("seconds").and_then(Value::as_f64).unwrap_or_default());
            let (target, probe, verdict) = (said("/target"), said("/probe"), said("/verdict"));
            format!("{} {target}/{probe} {verdict} in {took}  {}", time("/ended_at"), said("/summary"))
        }
        "alert" => {
            let (rule, target, probe) = (said("/rule"), said("/target"), said("/probe"));
            format!("{} alert {rule} of {target}/{probe} is {}", time("/at"), said("/state"))
        }
        "incident" => {
            let (id, target, state) = (said("/id"), said("/target"), said("/state"));
            format!("incident {id} of {target} is {state}  {}", said("/cause"))
        }
        "delivery" => {
            let (channel, state) = (said("/channel"), said("/state"));
            format!("{} told through {channel}: {state}  {}", time("/at"), said("/error"))
        }
        "lagged" => {
            let lost = event.get("lost").and_then(Value::as_u64).unwrap_or_default();
            format!("… {lost} events were missed")
        }
        _ => return None,
    })
}

/// A duration: `40 ms`, `1.5 s`, `61 s`.
pub(super) fn seconds(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => format!("{:.0} ms", s * 1000.0),
        s if s < 10.0 => format!("{s:.1} s"),
        s => format!("{s:.0} s"),
    }
}

/// Text from outside as one harmless line.
pub(super) fn clean(text: &str) -> String {
    launchwatch_alerts::text::one_line(text, 500)
}
