//! Questions: what to ask after an incident, by its cause and by how it went. Action items begin as questions; people answer.

use jiff::SignedDuration;

use super::facts::Facts;
use super::words::between;

/// Questions of one section each.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Questions {
    pub(super) process: Vec<String>,
    pub(super) documentation: Vec<String>,
    pub(super) technical: Vec<String>,
}

/// A first message later than this after the onset is late.
const LATE: SignedDuration = SignedDuration::from_mins(5);

/// By cause: what would keep it from happening, or from lasting.
pub(super) const TECHNICAL: &[(&str, &str)] = &[
    (
        "binder-hub-connection-stuck",
        "Why does BinderHub not notice that its connection to the Hub hangs, and would a time-out on it help?",
    ),
    ("binder-overloaded", "What used BinderHub's CPU, and does its limit fit its load?"),
    ("build-queue-starved", "What held the build slots, and is the longest time of a build short enough?"),
    (
        "build-upstream-packages-missing",
        "Can builds go on when the upstream packages are away (a pinned base image, a mirror)?",
    ),
    ("cluster-full", "Was the node limit right, and do placeholders make room before users wait?"),
    ("culler-stalled", "Why did the culler stop, and what would restart it?"),
    ("deploy-failed-no-user-impact", "What made the deployment fail, and does staging see it first?"),
    (
        "federation-member-unhealthy",
        "Did the redirector take the member out in time, and did the others have room?",
    ),
    ("federation-prime-version-stale", "Why did the redirector keep the old version of the prime member?"),
    ("hot-repo-build", "Should one repository's builds be limited while it is in such demand?"),
    ("hub-overloaded", "What kept the Hub busy, and how many servers can it hold?"),
    (
        "hub-pod-reflector-stale",
        "Why did the Hub's watch on its pods end unnoticed: is there a version in which it starts anew or ends the Hub, and may `restart-hub` run unattended until then?",
    ),
    ("hub-unreachable", "Why was the Hub away, and what would have brought it back by itself?"),
    (
        "hub-volume-stuck",
        "Why did the Hub's volume stay with another node, and can it be attached faster or done without?",
    ),
    ("ingress-cordoned", "What keeps all ingress pods from standing on nodes that take no pods?"),
    ("ingress-down", "Why were all ingress pods away at once, and would spreading them over nodes help?"),
    ("launch-hang-unknown", "At which step did launches hang, and which log or figure would have told?"),
    (
        "log-stream-broken",
        "Why did the stream of the build's log break, and can the launch go on without it?",
    ),
    (
        "namespace-quota-exceeded",
        "Is the namespace's quota right for the number of users, and who is told before it is used up?",
    ),
    ("node-addresses-missing", "Why did the node run out of addresses for pods?"),
    ("node-disk-full", "What filled the disk, and does it get cleaned before it is full?"),
    (
        "node-filesystem-readonly",
        "Why did the file system become read-only, and is the node taken out by itself?",
    ),
    ("node-lost", "Why was the node lost, and did its pods move in time?"),
    ("node-network-broken", "Why was the node's network broken while the node was called ready?"),
    ("node-oom", "What used the memory, and do its limits fit?"),
    ("orphan-pods", "Why does the Hub not know these pods, and what deletes them from now on?"),
    (
        "proxy-crashloop",
        "What made the proxy end again and again, and does its memory limit fit the number of routes?",
    ),
    ("quota-object-corrupt", "Who made the quota object count wrongly, and who notices next time?"),
    ("regression-after-deploy", "What did the change break, and which test on staging would have shown it?"),
    ("server-unusable-after-ready", "Why are servers called ready before they can be used?"),
    ("tls-expiring", "Why was the certificate not renewed by itself, and who is told before it ends?"),
    (
        "traffic-surge",
        "Was it known beforehand (a workshop, an article), and does a limit per repository hold?",
    ),
];

/// The questions that these facts raise.
pub(super) fn questions(facts: &Facts) -> Questions {
    let mut all = Questions::default();
    process(facts, &mut all.process);
    let causes: Vec<&str> = facts.causes.iter().filter(|c| c.rank == 1).map(|c| c.label.as_str()).collect();
    for label in &causes {
        all.documentation
            .push(format!("Does the runbook `{label}` say what helped this time, and what was missing?"));
        all.technical.extend(TECHNICAL.iter().filter(|(l, _)| l == label).map(|(_, q)| (*q).to_owned()));
    }
    if causes.is_empty() {
        all.documentation
            .push("No cause was named: which sign would tell it next time, and is it written down?".into());
        all.technical.push("What was the root cause, and what keeps it from coming back?".into());
    }
    for deed in facts.deeds.iter().filter(|d| !d.executed && d.mode == "auto") {
        all.technical.push(format!(
            "`{}` was proposed as safe to run unattended and nobody ran it through launchwatch: should it?",
            deed.action
        ));
    }
    if !facts.gaps.is_empty() {
        all.technical
            .push("Why are there gaps in what was seen, and did monitoring go down with the service?".into());
    }
    all
}

fn process(facts: &Facts, out: &mut Vec<String>) {
    let onset = facts.onset.first_bad.as_ref().map(|m| m.value);
    let told = facts.detection.told_page.as_ref().or(facts.detection.told.as_ref()).map(|m| m.value);
    match onset.zip(told) {
        Some((onset, told)) if told.duration_since(onset) > LATE => out.push(format!(
            "The first message came {} after the onset: which rule would have spoken earlier?",
            between(onset, told)
        )),
        None if onset.is_some() => {
            out.push("Nobody was told: should this have been told, and through which channel?".into());
        }
        _ => {}
    }
    match (&facts.detection.acknowledged, told) {
        (None, Some(_)) => {
            out.push(
                "Nobody acknowledged the incident: whom did the messages reach, and who is on call?".into(),
            );
        }
        (Some(ack), Some(told)) if ack.value.duration_since(told) > LATE => out.push(format!(
            "It took {} from the first message until somebody saw to it: what would make that shorter?",
            between(told, ack.value)
        )),
        _ => {}
    }
    if facts.detection.lost > 0 {
        out.push("Some messages were not taken: is there a second channel for each first one?".into());
    }
    if !facts.related.is_empty() {
        out.push(format!(
            "This cause was named in {} other incident(s) on record: what became of their action items?",
            facts.related.len()
        ));
    }
    if !facts.not_first.is_empty() && facts.severity == launchwatch_alerts::Severity::Page {
        let all: Vec<String> = facts.not_first.iter().map(|(a, _)| format!("`{a}`")).collect();
        out.push(format!("Does everybody on call know what not to do first here ({})?", all.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use launchwatch_alerts::diagnosis::CAUSES;

    use super::*;

    #[test]
    fn every_cause_has_its_question() {
        let with: Vec<&str> = TECHNICAL.iter().map(|(label, _)| *label).collect();
        for cause in CAUSES {
            assert!(with.contains(&cause.label), "{}", cause.label);
        }
        assert!(
            TECHNICAL.iter().all(|(label, q)| q.ends_with('?') && CAUSES.iter().any(|c| c.label == *label))
        );
    }
}
