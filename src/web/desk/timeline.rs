//! Everything that was known when, of one incident, as one list: looks, alerts, causes, proposals, messages, people, deployments.

use jiff::{SignedDuration, Timestamp};
use launchwatch_alerts::text::one_line;
use launchwatch_alerts::{Incident, SeriesId};

use crate::store::{Delivery, DeliveryState};

/// What kind of thing a line tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    /// A run.
    Run,
    /// An alert fires.
    Alert,
    /// Something is well.
    Well,
    /// A cause was named.
    Cause,
    /// An action was proposed.
    Proposal,
    /// A message to people, and what came of it.
    Told,
    /// Somebody said something.
    Person,
    /// A deployment.
    Deploy,
    /// The service about the incident.
    Note,
}

impl Tag {
    /// One word; also a class of the style.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Alert => "alert",
            Self::Well => "well",
            Self::Cause => "cause",
            Self::Proposal => "proposal",
            Self::Told => "told",
            Self::Person => "said",
            Self::Deploy => "deploy",
            Self::Note => "note",
        }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) at: Timestamp,
    pub(super) tag: Tag,
    /// Who, where it was a person.
    pub(super) by: Option<String>,
    pub(super) what: String,
    /// More of it: what spoke for a cause, why something was proposed.
    pub(super) more: Vec<String>,
    /// A run to look at.
    pub(super) run: Option<(SeriesId, Timestamp)>,
}

impl Line {
    fn new(at: Timestamp, tag: Tag, what: String) -> Self {
        Self { at, tag, by: None, what, more: Vec::new(), run: None }
    }
}

/// The list, oldest first; things of one moment in the order in which they follow from each other. `first` is the first run
/// that failed.
pub(super) fn timeline(
    incident: &Incident,
    deliveries: &[Delivery],
    first: Option<(SeriesId, Timestamp)>,
) -> Vec<Line> {
    let begin =
        Line { run: first, ..Line::new(incident.since, Tag::Run, "the first failing run began".to_owned()) };
    let mut lines = vec![begin];
    // What follows from something comes after it.
    lines.extend(
        incident.timeline.iter().filter(|e| !better_told(e.at, &e.what, incident, deliveries)).map(|e| {
            Line { by: e.by.clone(), ..Line::new(e.at, tag(e.by.is_some(), &e.what), e.what.clone()) }
        }),
    );
    lines.extend(spells(incident));
    lines.extend(causes(incident));
    lines.extend(proposals(incident));
    lines.extend(deliveries.iter().map(delivery));
    if let Some(at) = incident.resolved_at {
        let word =
            if incident.merged_into.is_some() { "closed here: it goes on elsewhere" } else { "resolved" };
        lines.push(Line::new(at, Tag::Well, word.to_owned()));
    }
    lines.sort_by_key(|line| line.at);
    lines
}

/// The same for the public: what fired, what was named, when it was over; no names, no evidence, no words of people.
pub(super) fn public(incident: &Incident) -> Vec<Line> {
    let bare = Incident { timeline: Vec::new(), proposed: Vec::new(), ..incident.clone() };
    let mut lines = timeline(&bare, &[], None);
    lines.retain(|line| line.tag != Tag::Proposal);
    lines.iter_mut().for_each(|line| line.more.clear());
    lines
}

/// What an entry is about, as far as its form tells.
fn tag(said: bool, what: &str) -> Tag {
    match () {
        () if what.starts_with("deployed to ") || what.starts_with("deployment to ") => Tag::Deploy,
        () if said => Tag::Person,
        () if what.contains(" fires: ") => Tag::Alert,
        () if what.ends_with(" is well") => Tag::Well,
        () if what.starts_with("likely cause: ") => Tag::Cause,
        () if what.contains(" told to ") || what.contains(" not told: ") => Tag::Told,
        () => Tag::Note,
    }
}

/// What deliveries and named causes say in more detail need not stand there twice.
fn better_told(at: Timestamp, what: &str, incident: &Incident, deliveries: &[Delivery]) -> bool {
    // The store keeps microseconds.
    let same = |other: Timestamp| other.duration_since(at).abs() < SignedDuration::from_millis(1);
    let told = |d: &Delivery| same(d.at) && what.starts_with(&format!("{} told to ", d.kind));
    let named = |label: &str| what.starts_with("likely cause: ") && what.ends_with(&format!("({label})"));
    deliveries.iter().any(told) || incident.named.iter().any(|n| same(n.at) && named(&n.label))
}

/// When alerts fired and were over, where the entries do not say so (of very many they do not).
fn spells(incident: &Incident) -> Vec<Line> {
    let mut lines = Vec::new();
    for spell in &incident.spells {
        let name = format!("{} over {}", spell.rule, spell.series);
        let says = |e: &launchwatch_alerts::Entry, how: &str| {
            e.by.is_none() && e.what.starts_with(&name) && e.what.contains(how)
        };
        if !incident.timeline.iter().any(|e| says(e, " fires: ")) {
            lines.push(Line::new(spell.fired_at, Tag::Alert, format!("{name} fires")));
        }
        if let Some(at) = spell.resolved_at
            && !incident.timeline.iter().any(|e| says(e, " is well"))
        {
            lines.push(Line::new(at, Tag::Well, format!("{name} is well")));
        }
    }
    lines
}

fn causes(incident: &Incident) -> Vec<Line> {
    let title = |label: &str| {
        launchwatch_alerts::diagnosis::cause(label)
            .map_or_else(|| label.to_owned(), |c| format!("{} ({label})", c.title))
    };
    let line = |named: &launchwatch_alerts::Named| {
        let rank = if named.rank == 1 {
            "likely cause".to_owned()
        } else {
            format!("possible cause, number {}", named.rank)
        };
        let what = format!("{rank}: {}", title(&named.label));
        Line { more: named.evidence.clone(), ..Line::new(named.at, Tag::Cause, what) }
    };
    incident.named.iter().map(line).collect()
}

fn proposals(incident: &Incident) -> Vec<Line> {
    let line = |p: &launchwatch_alerts::Proposed| {
        let verb = if p.executed { "done" } else { "proposed" };
        let what = format!("{verb}: {} ({})", p.proposal.action.as_str(), p.proposal.mode.as_str());
        Line { more: vec![p.proposal.why.clone()], ..Line::new(p.at, Tag::Proposal, what) }
    };
    incident.proposed.iter().map(line).collect()
}

fn delivery(d: &Delivery) -> Line {
    let tries = match d.attempts {
        0 | 1 => String::new(),
        many => format!(", {many} attempts"),
    };
    let why = d.error.as_deref().map_or_else(String::new, |e| format!(": {}", one_line(e, 200)));
    let instead =
        d.instead_of.as_deref().map_or_else(String::new, |broken| format!(" in the place of {broken}"));
    let twice = if d.possible_duplicate { " (perhaps twice)" } else { "" };
    let after = |at: Timestamp| at.duration_since(d.at).as_secs().max(0);
    let (at, came) = match (d.state, d.delivered_at) {
        (DeliveryState::Delivered, Some(at)) => {
            (at, format!("told through {}{instead} after {} s{tries}{twice}", d.channel, after(at)))
        }
        (DeliveryState::Delivered, None) => {
            (d.at, format!("told through {}{instead}{tries}{twice}", d.channel))
        }
        (DeliveryState::Owed, _) => (d.at, format!("owed through {}{instead}{tries}{why}", d.channel)),
        (DeliveryState::Refused, _) => (d.at, format!("refused by {}{tries}{why}", d.channel)),
        (DeliveryState::Superseded, _) => {
            (d.at, format!("not sent through {}: a later message tells it as well", d.channel))
        }
    };
    Line::new(at, Tag::Told, format!("{}: {came}", d.kind))
}
