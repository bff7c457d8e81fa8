//! What several causes ask of a scene: the state of Hub, binder and builds, failures by node, what was deployed.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{Look, Scene, said_in};
use crate::Health;
use crate::diagnosis::figures::Name;

/// A change of version explains what begins within this time after it.
const AFTER_DEPLOY: SignedDuration = SignedDuration::from_mins(90);
/// No answer, or one that only something before the application gives.
const SILENT: [&str; 9] = [
    "connect",
    "timeout",
    "stalled",
    "http_status",
    "hub_unavailable",
    "stream_cut",
    "dns",
    "tls",
    "garbled",
];

/// Stages in which only BinderHub itself has a part.
const BINDERS_OWN: [&str; 6] = ["token", "resolve", "connect", "first_byte", "body", "tls"];

/// Another version than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deployed {
    /// What: `binderhub`, `builder` or `image`.
    pub(crate) what: String,
    /// The version before.
    pub(crate) from: String,
    /// The version now.
    pub(crate) to: String,
    /// When it was first seen.
    pub(crate) at: Timestamp,
}

impl<'a> Scene<'a> {
    /// Words about a measurement that is at least this.
    pub(crate) fn when(&self, name: &str, bound: f64, say: impl Fn(f64) -> String) -> Option<String> {
        self.value(name).filter(|v| *v >= bound).map(say)
    }

    /// Words about a measurement that is below this.
    pub(crate) fn below(&self, name: &str, bound: f64, say: impl Fn(f64) -> String) -> Option<String> {
        self.value(name).filter(|v| *v < bound).map(say)
    }

    /// Words about a measurement that was at least this within the last hour: its largest value.
    pub(crate) fn lately(&self, name: &str, bound: f64, say: impl Fn(f64) -> String) -> Option<String> {
        self.largest.get(Name::of(name)?).filter(|v| *v >= bound).map(say)
    }

    /// The smallest of the newest values, where several probes read it.
    pub(crate) fn least(&self, name: &str) -> Option<f64> {
        let name = Name::of(name)?;
        self.fresh_looks().filter_map(|l| l.figures.get(name)).min_by(f64::total_cmp)
    }

    /// Whether a rule of this name fires.
    pub(crate) fn fires(&self, alert: &str) -> bool {
        self.alerts.contains(alert)
    }

    /// Whether more than half of at least two launches that fail now have one of these reasons.
    pub(crate) fn mostly_because(&self, reasons: &[&str]) -> Option<(usize, usize)> {
        Some(self.share_because(reasons)).filter(|(such, of)| *of >= 2 && such * 2 > *of)
    }

    /// Whether more than half of at least two launches that fail now said one of these texts (lower case).
    pub(crate) fn mostly_said(&self, texts: &[&str]) -> Option<(usize, usize)> {
        Some(self.share_said(texts)).filter(|(such, of)| *of >= 2 && such * 2 > *of)
    }

    /// How many of the launches that fail now heard not a word after BinderHub's own first line, if more than half.
    pub(crate) fn mute(&self) -> Option<(usize, usize)> {
        let failing = self.failing_launches();
        let mute = |look: &&&Look| {
            let last = look.evidence.last().map(|l| l.to_lowercase());
            look.summary.to_lowercase().contains("`launching server...`")
                || last.is_some_and(|l| l.contains("launching server..."))
        };
        let (such, of) = (failing.iter().filter(mute).count(), failing.len());
        (of > 0 && such * 2 > of).then_some((such, of))
    }

    /// The Hub's own answer, seen from outside: whether it answers, and within two seconds. `None` when nobody asked.
    pub(crate) fn hub_well(&self) -> Option<bool> {
        if self.hub_dead().is_some() {
            return Some(false);
        }
        self.value("hub_latency_seconds").map(|s| s < 2.0)
    }

    /// In words, that the Hub itself does not answer.
    pub(crate) fn hub_dead(&self) -> Option<String> {
        let look = self.newest("jupyterhub-servers").or_else(|| self.newest("hub-drift"))?;
        let silent =
            look.health == Health::Bad && look.reason.as_deref().is_some_and(|r| SILENT.contains(&r));
        silent.then(|| match look.summary.as_str() {
            "" => "the Hub does not answer when asked directly".to_owned(),
            said => format!("the Hub does not answer: {}", crate::text::one_line(said, 120)),
        })
    }

    /// In words, that the Hub answers quickly.
    pub(crate) fn hub_fast(&self) -> Option<String> {
        let well = self.hub_well()?;
        let seconds = self.value("hub_latency_seconds")?;
        well.then(|| format!("the Hub itself answers in {:.0} ms", seconds * 1000.0))
    }

    /// In words, that BinderHub's own pages do not answer in time, as opposed to errors.
    pub(crate) fn binder_silent(&self) -> Option<String> {
        let look = self.newest("binderhub-health")?;
        let late = matches!(look.reason.as_deref(), Some("timeout" | "stalled" | "slow"));
        (late && look.health != Health::Good)
            .then(|| "BinderHub's own health page does not answer in time".to_owned())
    }

    /// In words, that most launches that fail now waited for BinderHub itself: in stages in which nothing else has a part, or until
    /// its stream began.
    pub(crate) fn binder_late(&self) -> Option<String> {
        let failing = self.failing_launches();
        let opened = Name::of("stream_open_seconds");
        let late = |l: &&&Look| {
            let quiet = matches!(l.reason.as_deref(), Some("timeout" | "stalled" | "slow"));
            let own = l.stage.as_deref().is_some_and(|s| BINDERS_OWN.contains(&s));
            quiet && own || opened.and_then(|name| l.figures.get(name)).is_some_and(|s| s >= 10.0)
        };
        let such = failing.iter().filter(late).count();
        (such >= 2 && such * 2 > failing.len())
            .then(|| format!("{such} of {} test launches waited for binder's own pages", failing.len()))
    }

    /// Whether BinderHub answers and finds nothing wrong.
    pub(crate) fn binder_well(&self) -> Option<bool> {
        self.newest("binderhub-health").map(|l| matches!(l.health, Health::Good | Health::Poor))
    }

    /// The newest look of a type of probe that says something.
    pub(crate) fn newest(&self, kind: &str) -> Option<&'a Look> {
        let last = self.tracks(kind).filter_map(|(_, t)| t.looks.back());
        last.filter(|l| l.health != Health::Unknown && self.is_fresh(l)).max_by_key(|l| l.at)
    }

    /// The launches that must build and fail now at building, newest first; they are rare, so of the last two hours.
    pub(crate) fn failing_builds(&self) -> &[&'a Look] {
        &self.failing_builds
    }

    pub(super) fn find_failing_builds(&self) -> Vec<&'a Look> {
        let all = self.launches(true, SignedDuration::from_hours(2));
        let builds = |l: &&Look| {
            matches!(l.stage.as_deref(), Some("build" | "push"))
                || matches!(l.reason.as_deref(), Some("build_failed" | "push_failed"))
        };
        all.into_iter().take_while(|l| l.health == Health::Bad).filter(builds).collect()
    }

    /// A line (lower-case texts) of a build that fails now.
    pub(crate) fn build_said(&self, texts: &[&str]) -> Option<&'a str> {
        self.failing_builds.iter().find_map(|l| said_in(l, texts))
    }

    /// Whether the newest launch of an image that is there already worked.
    pub(crate) fn cached_works(&self) -> Option<bool> {
        let newest = self.launches(false, SignedDuration::from_mins(10)).into_iter().next()?;
        Some(newest.health != Health::Bad)
    }

    /// The node on which launches fail while they work elsewhere: its name, failures there, launches that worked elsewhere.
    /// At least three failed there and none worked.
    pub(crate) fn worst_node(&self) -> Option<(&'a str, usize, usize)> {
        let mut by_node: BTreeMap<&'a str, (usize, usize)> = BTreeMap::new();
        for look in self.launches(false, SignedDuration::from_mins(30)) {
            let Some(node) = look.facts.get("node") else { continue };
            let (bad, good) = by_node.entry(node.as_str()).or_default();
            *(if look.health == Health::Bad { bad } else { good }) += 1;
        }
        let worked: usize = by_node.values().map(|(_, good)| good).sum();
        let worst = by_node.iter().filter(|(_, (bad, good))| *bad >= 3 && *good == 0);
        worst.max_by_key(|(_, (bad, _))| *bad).map(|(node, (bad, _))| (*node, *bad, worked))
    }

    /// Since when launches, or builds, fail; else since when the trouble lasts.
    pub(crate) fn began(&self) -> Timestamp {
        let first = |looks: &[&Look]| looks.last().map(|l| l.slot);
        first(self.failing_launches()).or_else(|| first(self.failing_builds())).unwrap_or(self.since)
    }

    /// The last change of version before the trouble, if it explains it by its time.
    pub(crate) fn deployed(&self) -> Option<Deployed> {
        let began = self.began();
        let changes = self.tracks("binderhub-health").flat_map(|(_, track)| {
            ["binderhub", "builder", "image"].into_iter().filter_map(|what| {
                let known = || track.looks.iter().filter_map(|l| Some((l.at, l.facts.get(what)?)));
                let (_, now) = known().next_back()?;
                // What came and went again while a deployment rolled on is not taken for a change of its own.
                let (_, from) = known().rfind(|(_, v)| *v != now)?;
                let at = known().skip_while(|(_, v)| *v == from || *v != now).map(|(at, _)| at).next()?;
                Some(Deployed { what: what.to_owned(), from: from.clone(), to: now.clone(), at })
            })
        });
        let soon = SignedDuration::from_mins(5);
        changes
            .filter(|d| began.duration_since(d.at) <= AFTER_DEPLOY && d.at.duration_since(began) <= soon)
            .max_by_key(|d| d.at)
    }

    /// Pods that are really there, of all that the probes count.
    pub(crate) fn real_pods(&self) -> Option<f64> {
        let parts = ["build_pods", "component_hub_pods", "component_proxy_pods", "component_binder_pods"];
        let users = self.value("user_pods")? + self.value("user_pods_finished").unwrap_or(0.0);
        Some(users + parts.iter().filter_map(|n| self.value(n)).sum::<f64>())
    }
}
