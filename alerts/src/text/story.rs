//! A notification as a headline and a few pieces, before any service's markup.

use super::causes;
use super::clean::{last_lines, one_line};
use super::headline::{judged, title};
use super::points::{items, more};
use super::time::moment;
use crate::{Facts, Failing, Notification, NotificationKind, OURSELVES, Severity, Words};

/// Failing probes that are named one by one; the rest is counted.
pub(super) const NAMED: usize = 10;
/// Failing probes whose last lines are shown.
const QUOTED: usize = 3;
/// Last lines of one probe.
const LINES: usize = 12;
/// Bytes of last lines of one probe: three probes, escaped, still fit into a Matrix event.
const LINE_BYTES: usize = 1500;

/// Lines of a template's text.
const OWN_LINES: usize = 60;
/// Bytes of a template's text: escaped, it still fits into a Matrix event.
const OWN_BYTES: usize = 6000;

/// A stretch of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    /// Clean text without markup.
    pub(crate) text: String,
    /// A name that catches the eye.
    pub(crate) strong: bool,
}

/// A part of the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A sentence of its own.
    Line(Vec<Span>),
    /// A point of a list.
    Item(Vec<Span>),
    /// Foreign text, shown letter for letter.
    Code {
        /// Whose last lines these are.
        of: String,
        /// Oldest first.
        lines: Vec<String>,
        /// Lines before them that are not shown.
        left_out: usize,
    },
}

/// What every channel tells, each in its own markup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Story {
    /// A sign that differs by shape, not only by colour.
    pub(crate) mark: &'static str,
    /// One word for a subject line.
    pub(crate) word: &'static str,
    /// The headline: one line, at most 140 bytes.
    pub(crate) title: String,
    /// The rest.
    pub(crate) pieces: Vec<Piece>,
    /// Page of the incident; http or https.
    pub(crate) link: Option<url::Url>,
    /// When this was so, how loud, which incident.
    pub(crate) footer: String,
}

impl Story {
    /// The story of a notification.
    pub(crate) fn of(n: &Notification) -> Self {
        let (mark, word) = match n.kind {
            NotificationKind::Opened if n.severity == Severity::Ticket => ("🟡", "TICKET"),
            NotificationKind::Opened => ("🔴", "DOWN"),
            NotificationKind::Update => ("🔶", "UPDATE"),
            NotificationKind::Reminder => ("⏰", "REMINDER"),
            NotificationKind::Acknowledged => ("👀", "SEEN"),
            NotificationKind::Resolved => ("✅", "OK"),
            NotificationKind::Test => ("🔔", "TEST"),
        };
        let incident = one_line(&n.incident.0, 80);
        let link = n.facts.link.as_deref().filter(|l| l.len() < 1000).and_then(|l| url::Url::parse(l).ok());
        Self {
            mark,
            word,
            title: one_line(&own(n, |w| w.title.as_ref()).unwrap_or_else(|| title(n)), 140),
            pieces: pieces(n),
            link: link.filter(|l| matches!(l.scheme(), "http" | "https") && l.as_str().len() < 1000),
            footer: format!("As of {} · {} · incident {incident}", moment(n.at, n.at), n.severity.as_str()),
        }
    }
}

/// What a template made instead of our words.
fn own(n: &Notification, which: impl Fn(&Words) -> Option<&String>) -> Option<String> {
    n.facts.words.as_ref().and_then(which).filter(|w| !w.trim().is_empty()).cloned()
}

fn pieces(n: &Notification) -> Vec<Piece> {
    let fault = n.facts.words.as_ref().and_then(|w| w.fault.as_ref());
    let fault = fault.map(|f| Piece::Line(vec![said(format!("Note: {}.", one_line(f, 300)))]));
    let told = own(n, |w| w.text.as_ref()).map_or_else(|| ours(n), |text| lines(&text));
    // Own words may not know that there are tests.
    let words = n.facts.words.as_ref().is_some_and(|w| w.title.is_some() || w.text.is_some());
    let test = (words && n.kind == NotificationKind::Test)
        .then(|| Piece::Line(vec![said("This is a test message: nothing is wrong.")]));
    test.into_iter().chain(fault).chain(told).collect()
}

/// The lines of a template's text; those that begin with a dash or star are points of a list.
fn lines(text: &str) -> Vec<Piece> {
    let (mut out, mut room) = (Vec::new(), OWN_BYTES);
    let mut all = text.lines().filter(|l| !l.trim().is_empty());
    for line in all.by_ref().take(OWN_LINES) {
        let line = one_line(line, room.min(1000));
        room -= line.len();
        out.push(match line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
            Some(item) => Piece::Item(vec![said(item)]),
            None => Piece::Line(vec![said(line)]),
        });
        if room < 100 {
            break;
        }
    }
    let left = all.count();
    out.extend((left > 0).then(|| Piece::Line(vec![said(format!("… and {left} more lines."))])));
    out
}

fn ours(n: &Notification) -> Vec<Piece> {
    let note =
        n.facts.note.as_ref().map(|note| Piece::Line(vec![said(format!("Note: {}.", one_line(note, 300)))]));
    let instead = n.facts.instead_of.as_ref().map(|broken| {
        let broken = one_line(broken, 60);
        Piece::Line(vec![said(format!(
            "Told here because the channel {broken} does not take it: see to it."
        ))])
    });
    instead.into_iter().chain(note).chain(by_kind(n)).collect()
}

fn by_kind(n: &Notification) -> Vec<Piece> {
    let facts = &n.facts;
    match n.kind {
        NotificationKind::Test => {
            vec![Piece::Line(vec![said("If you can read this, alerts reach you here.")])]
        }
        NotificationKind::Resolved => {
            let mut out = items(n, false);
            if !out.is_empty() {
                out.insert(0, Piece::Line(vec![said("What failed:")]));
            }
            out.extend(more(n));
            out.extend(named("Works now: ", &facts.working));
            out
        }
        NotificationKind::Acknowledged => {
            items(n, true).into_iter().chain(more(n)).chain(about_people(n)).collect()
        }
        NotificationKind::Opened | NotificationKind::Update | NotificationKind::Reminder => {
            let mut out = items(n, true);
            out.extend(more(n));
            let works = named("Still works: ", &facts.working);
            let down = facts.targets < 2 && facts.target != OURSELVES && !facts.failing.iter().all(judged);
            let none = || down.then(|| Piece::Line(vec![said("No check of it passes.")]));
            out.extend(works.or_else(none));
            out.extend(hushed(facts));
            out.extend(causes::lines(facts));
            out.extend(about_people(n));
            out.extend(facts.failing.iter().filter_map(code).take(QUOTED));
            out
        }
    }
}

/// What fails as well, because it depends on this.
fn hushed(facts: &Facts) -> Option<Piece> {
    let names: Vec<String> = facts.hushed.iter().map(|h| h.target.clone()).collect();
    named("Fails as well, because it depends on this: ", &names)
}

/// Who sees to it, and who is told.
fn about_people(n: &Notification) -> Option<Piece> {
    match (&n.facts.ack, n.kind) {
        (_, NotificationKind::Test | NotificationKind::Resolved) => None,
        (Some(ack), _) => {
            let words = format!(
                "{} sees to it since {}; reminders rest until {}.",
                one_line(&ack.by, 80),
                moment(ack.at, n.at),
                moment(ack.until, n.at)
            );
            Some(Piece::Line(vec![said(words)]))
        }
        (None, _) => named("On call: ", &n.facts.people),
    }
}

pub(super) fn said(text: impl Into<String>) -> Span {
    Span { text: text.into(), strong: false }
}

fn named(lead: &str, names: &[String]) -> Option<Piece> {
    let shown: Vec<_> = names.iter().take(NAMED).map(|n| one_line(n, 80)).collect();
    let rest = match names.len().checked_sub(NAMED) {
        None | Some(0) => ".".to_owned(),
        Some(rest) => format!(" and {rest} more."),
    };
    (!shown.is_empty()).then(|| Piece::Line(vec![said(format!("{lead}{}{rest}", shown.join(", ")))]))
}

fn code(f: &Failing) -> Option<Piece> {
    let (lines, left_out) = last_lines(&f.evidence, LINES, LINE_BYTES);
    (!lines.is_empty()).then(|| Piece::Code { of: one_line(&f.probe, 80), lines, left_out })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::fixture::flood;

    fn lines(n: &Notification) -> Vec<String> {
        let text = |spans: &[Span]| spans.iter().map(|s| s.text.as_str()).collect();
        let line = |piece: &Piece| match piece {
            Piece::Line(spans) | Piece::Item(spans) => Some(text(spans)),
            Piece::Code { .. } => None,
        };
        Story::of(n).pieces.iter().filter_map(line).collect()
    }

    #[test]
    fn targets_that_fail_alike_are_one_point_and_nobody_is_lost_in_the_count() {
        let mut n = flood();
        n.facts.failing[3].reason = Some("dns".into());
        n.facts.more = 0;
        let told = lines(&n);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(
            told[0].contains("on hub-000, hub-001, hub-002, hub-004") && told[0].contains("and 41 more: the")
        );
        assert!(
            told[0].ends_with("did not start in 600 s”")
                && told[1].starts_with("hub-003/launch-requirements: its")
        );
        // What differs from one to the next is left out.
        n.facts.failing[7].summary = "another".into();
        assert!(lines(&n)[0].ends_with("more: the Hub could not start the server."), "{}", lines(&n)[0]);
        for (at, f) in n.facts.failing.iter_mut().enumerate() {
            f.probe = at.to_string();
        }
        assert_eq!(lines(&n).last().unwrap(), "… and 40 more.");
    }

    #[test]
    fn an_incident_that_nobody_watches_any_more_is_not_said_to_work_again() {
        let mut n = crate::conformance::fixture::resolved();
        n.facts.note = Some("closed because the configuration no longer watches it".into());
        let story = Story::of(&n);
        assert!(!story.title.contains("works again"), "{}", story.title);
        assert!(
            matches!(&story.pieces[0], Piece::Line(spans) if spans[0].text.contains("no longer watches"))
        );
    }

    #[test]
    fn who_is_told_in_the_place_of_a_broken_channel_is_told_so_and_still_of_the_end() {
        let mut n = crate::conformance::fixture::resolved();
        n.facts.instead_of = Some("ops".into());
        let story = Story::of(&n);
        assert!(story.title.contains("works again"), "{}", story.title);
        let Piece::Line(spans) = &story.pieces[0] else { panic!("{:?}", story.pieces[0]) };
        assert_eq!(spans[0].text, "Told here because the channel ops does not take it: see to it.");
    }

    #[test]
    fn trouble_of_our_own_and_figures_are_not_said_to_be_down() {
        let mut n = crate::conformance::fixture::opened();
        n.facts.failing.truncate(1);
        let one = &mut n.facts.failing[0];
        (one.reason, one.stage, one.summary) = (None, None, String::new());
        one.says = "p95 of launch 45 s over 1 h, limit 30 s".into();
        n.facts.working.clear();
        n.severity = Severity::Ticket;
        let plain = super::super::plain(&n);
        assert!(
            plain.starts_with(
                "🟡 mybinder: launch-requirements: p95 of launch 45 s over 1 h, limit 30 s since"
            ),
            "{plain}"
        );
        assert!(!plain.contains("fails") && !plain.contains("No check of it passes"), "{plain}");
        n.facts.target = OURSELVES.into();
        let one = &mut n.facts.failing[0];
        (one.probe, one.summary) = ("network".into(), "cut off from the network: no witness answers".into());
        let plain = super::super::plain(&n);
        assert!(plain.contains("launchwatch: cut off from the network: no witness answers since"), "{plain}");
        assert!(!plain.contains("in a row") && !plain.contains("nothing works"), "{plain}");
    }
}
