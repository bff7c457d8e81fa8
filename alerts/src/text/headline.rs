//! The headline: what users are without, for whom, since when.

use super::clean::one_line;
use super::phrase::{Loss, loss};
use super::time::{between, lasted, moment};
use crate::{Facts, Failing, Notification, NotificationKind, NotificationKind as Kind, OURSELVES};

/// What, for whom, since when.
pub(super) fn title(n: &Notification) -> String {
    let target = one_line(&n.facts.target, 60);
    let since = || format!("since {} ({})", moment(n.facts.since, n.at), lasted(n.facts.since, n.at));
    let rest = if n.facts.urgent { "still" } else { "what is left can wait" };
    let left = |at| format!("works again since {}; {rest}: {}", moment(at, n.at), left(&n.facts));
    match (n.kind, n.facts.recovered) {
        (Kind::Update, Some(at)) => return format!("{target}: {}", left(at)),
        (Kind::Reminder, Some(at)) => return format!("{target}, still: {}", left(at)),
        _ => {}
    }
    match n.kind {
        NotificationKind::Test => format!("{target}: test message, nothing is wrong"),
        NotificationKind::Opened => format!("{target}: {} {}", trouble(&n.facts).0, since()),
        NotificationKind::Update => format!("{target}, update: {} {}", trouble(&n.facts).0, since()),
        NotificationKind::Reminder => format!("{target}, still: {} {}", trouble(&n.facts).0, since()),
        NotificationKind::Acknowledged => {
            let by = n.facts.ack.as_ref().map_or("somebody", |a| a.by.as_str());
            format!("{target}: {} sees to it, {} {}", one_line(by, 40), trouble(&n.facts).0, since())
        }
        // Nobody has seen it work.
        NotificationKind::Resolved if n.facts.note.is_some() => {
            format!("{target}: closed, was in trouble {}", spell(n))
        }
        NotificationKind::Resolved => {
            let was = if trouble(&n.facts).1 { "was down" } else { "was in trouble" };
            format!("{target}: works again, {was} {}", spell(n))
        }
    }
}

/// `18:27–19:09 UTC (42 min)`.
fn spell(n: &Notification) -> String {
    let until = n.facts.until.unwrap_or(n.at);
    format!("{} ({})", between(n.facts.since, until, n.at), lasted(n.facts.since, until))
}

/// What goes on when users have their service back.
fn left(facts: &Facts) -> String {
    match facts.failing.as_slice() {
        [] => "nothing".to_owned(),
        [one] => format!("{}, {}", one_line(&one.probe, 30), one_line(&one.says, 50)),
        many => format!("{} checks", many.len()),
    }
}

/// What users are without, as far as the failing stages tell, and whether that is all of it. Says `nobody` only
/// where no other launch works.
fn trouble(facts: &Facts) -> (String, bool) {
    if facts.targets > 1 && facts.failing.iter().any(|f| f.target.is_some()) {
        return (format!("{} fail at once", facts.targets), false);
    }
    if facts.target == OURSELVES || facts.failing.iter().all(judged) && !facts.failing.is_empty() {
        return (unlike_it_should(facts), false);
    }
    // After the end, what failed is among what works.
    let others = || facts.working.iter().filter(|w| facts.failing.iter().all(|f| f.probe != **w));
    let launches_work = others().any(|w| w.to_ascii_lowercase().contains("launch"));
    let worst = facts.failing.iter().map(|f| loss(f.stage.as_deref())).min();
    let (words, all) = match (worst, others().next().is_none()) {
        (None, _) => ("is in trouble", false),
        (Some(Loss::Launch), _) if launches_work => ("some launches fail", false),
        (Some(Loss::Launch), _) | (Some(Loss::Build), true) => ("nobody can launch", true),
        (Some(Loss::Use), _) => ("servers start but cannot be used", true),
        (Some(Loss::Build), false) => ("new images cannot be built", false),
        (Some(Loss::Teardown), _) => ("servers cannot be shut down", false),
        (Some(Loss::Reach), true) => ("cannot be reached", true),
        (Some(Loss::Other), true) => ("nothing works", true),
        (Some(Loss::Reach | Loss::Other), false) => match facts.failing.as_slice() {
            [one] => return (format!("{} fails", one_line(&one.probe, 40)), false),
            many => {
                return (format!("{} of {} checks fail", many.len(), many.len() + others().count()), false);
            }
        },
    };
    (words.to_owned(), all)
}

/// Whether no run failed: a rule judged a figure, or that nothing is known.
pub(super) fn judged(f: &Failing) -> bool {
    f.reason.is_none() && f.stage.is_none() && !f.says.is_empty()
}

/// What is wrong where no run failed, or with ourselves.
fn unlike_it_should(facts: &Facts) -> String {
    match facts.failing.as_slice() {
        [] => "is in trouble".to_owned(),
        [one] if facts.target == OURSELVES => one_line(&one.summary, 80),
        [one] => format!("{}: {}", one_line(&one.probe, 40), one_line(&one.says, 60)),
        many if facts.target == OURSELVES => format!("{} parts of it are in trouble", many.len()),
        many => format!("{} checks are not as they should be", many.len()),
    }
}
