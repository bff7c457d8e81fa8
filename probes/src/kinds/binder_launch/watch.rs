//! Follows the events of one launch: stages, facts, proofs, attempts, and how it ends.

use std::time::Duration;

use secrecy::SecretString;
use tokio::time::Instant;
use url::Url;

use super::Mode;
use crate::hub::{BinderEvent, Phase, Trouble, Vigil, Weight, prove, tidy};
use crate::{Cx, Reason, Stage, Verdict};

/// BinderHub's pauses between four tries to reach its Hub add up to 28 s: an attempt that takes that long without
/// a word from the Hub never reached it.
const HUB_UNREACHED: Duration = Duration::from_millis(27_500);
/// An attempt that ends sooner was refused and not tried.
const AT_ONCE: Duration = Duration::from_secs(5);

/// A server that was handed out.
pub(super) struct Handed {
    pub(super) url: String,
    pub(super) token: SecretString,
}

/// What an event means for the run.
pub(super) enum Step {
    /// Read on.
    On,
    /// A server is there.
    Ready(Handed),
    /// The launch has ended without a server.
    Ended(Trouble),
    /// The launch has ended, and nobody can say with what.
    Lost(Trouble),
    /// The launch counts as failed although BinderHub goes on trying.
    Enough(Trouble),
}

/// What has been seen of a launch.
pub(super) struct Watch {
    mode: Mode,
    base: String,
    patience: Duration,
    stage: Stage,
    built: bool,
    pushing: bool,
    hub_spoke: bool,
    attempt_since: Instant,
    attempts_failed: u32,
    give_up_at: Option<Instant>,
    /// What is seen beside the phases.
    pub(super) vigil: Vigil,
    /// The reason guessed from the mere fact that an attempt failed.
    guess: bool,
}

impl Watch {
    pub(super) fn new(mode: Mode, base: &str, patience: Duration, vigil: Vigil) -> Self {
        let now = Instant::now();
        Self {
            mode,
            base: base.to_owned(),
            patience,
            stage: Stage::Resolve,
            built: false,
            pushing: false,
            hub_spoke: false,
            attempt_since: now,
            attempts_failed: 0,
            give_up_at: None,
            vigil,
            guess: false,
        }
    }

    /// Whether build lines came.
    pub(super) fn saw_build(&self) -> bool {
        self.built
    }

    /// How many attempts BinderHub gave up.
    pub(super) fn attempts_failed(&self) -> u32 {
        self.attempts_failed
    }

    /// When the patience with BinderHub's own retry ends.
    pub(super) fn give_up_at(&self) -> Option<Instant> {
        self.give_up_at
    }

    /// Takes an event.
    pub(super) fn take(&mut self, cx: &mut Cx, event: BinderEvent) -> Step {
        // The message of `ready` is the address of the server, and is told otherwise.
        if event.phase() != Phase::Ready && !event.message().is_empty() {
            cx.line(event.message());
        }
        self.vigil.heard(event.message());
        if let Some(image) = event.image() {
            cx.fact("image", image);
        }
        match event.phase() {
            Phase::Waiting if event.message().to_ascii_lowercase().contains("build") => {
                self.building(cx, Stage::Build)
            }
            Phase::Fetching | Phase::Building => self.building(cx, Stage::Build),
            Phase::Pushing => self.building(cx, Stage::Push),
            Phase::Built => self.enter(cx, Stage::Launch),
            Phase::Launching => return self.launching(cx, event.message()),
            Phase::Ready => return self.ready(event),
            Phase::Failed => return Step::Ended(self.failed(cx, &event)),
            Phase::Waiting | Phase::Other => {}
        }
        self.pushing |= event.message().starts_with("Pushing image");
        Step::On
    }

    fn building(&mut self, cx: &mut Cx, stage: Stage) {
        if self.mode == Mode::Cached && !self.built {
            cx.fact("image_missing", "a build began although the image should be there");
        }
        self.built = true;
        self.pushing |= stage == Stage::Push;
        self.enter(cx, stage);
    }

    /// Stages only go forward: old builders repeat themselves.
    fn enter(&mut self, cx: &mut Cx, stage: Stage) {
        if stage.code() > self.stage.code() && stage != Stage::Resolve {
            self.stage = stage;
            self.attempt_since = Instant::now();
            cx.stage(stage);
        }
    }

    fn launching(&mut self, cx: &mut Cx, line: &str) -> Step {
        self.enter(cx, Stage::Launch);
        if let Some(attempt) = failed_attempt(line) {
            return self.attempt_failed(cx, attempt, line);
        }
        if line != "Launching server..." {
            self.hub_spoke = true;
        }
        if let Some(proof) = self.vigil.prove(cx, line) {
            if proof.weight == Weight::Final {
                cx.suspect(proof.reason, line);
                return Step::Enough(Trouble::failed(proof.reason, tidy(line)));
            }
            cx.suspect(proof.reason, line);
            // A spawn that failed may only be retried.
            if proof.reason == Reason::SpawnFailed || line.starts_with("Spawn failed") {
                self.start_patience();
            }
        }
        Step::On
    }

    fn start_patience(&mut self) {
        if self.give_up_at.is_none() {
            self.give_up_at = Some(Instant::now() + self.patience);
        }
    }

    fn attempt_failed(&mut self, cx: &mut Cx, attempt: u32, line: &str) -> Step {
        self.attempts_failed = self.attempts_failed.max(attempt);
        cx.fact("attempts_failed", &self.attempts_failed.to_string());
        let (spoke, took) = (std::mem::take(&mut self.hub_spoke), self.attempt_since.elapsed());
        self.attempt_since = Instant::now();
        self.vigil.attempt_over();
        if self.vigil.grows() {
            // The Hub has less patience than it takes to make a node; the next attempt may find it.
            return Step::On;
        }
        self.vigil.blame_warning(cx);
        if cx.suspicion().is_none() {
            let (reason, why) = guess_reason(spoke, took);
            self.guess = true;
            cx.suspect(reason, &format!("{line} ({why})"));
        }
        self.start_patience();
        if self.attempts_failed >= 2 { Step::Enough(self.verdict(cx)) } else { Step::On }
    }

    fn ready(&self, event: BinderEvent) -> Step {
        let url = event.url.as_deref().and_then(|url| server_url(&self.base, url));
        match (url, event.token) {
            (Some(url), Some(token)) => Step::Ready(Handed { url, token }),
            _ => Step::Lost(Trouble::failed(
                Reason::Garbled,
                "`ready` came without the address or token of a server",
            )),
        }
    }

    fn failed(&mut self, cx: &mut Cx, event: &BinderEvent) -> Trouble {
        if self.stage == Stage::Launch {
            self.vigil.give_up(cx);
        }
        let message = tidy(event.message());
        let said = |otherwise: &str| if message.is_empty() { otherwise.to_owned() } else { message.clone() };
        if self.stage == Stage::Launch
            && let Some((reason, line)) = cx.suspicion()
            && !self.guess
        {
            return Trouble::failed(reason, line);
        }
        if matches!(self.stage, Stage::Build | Stage::Push) && event.status_code.is_none() {
            return match prove(&message)
                .filter(|p| p.verdict() == Verdict::Unknown && p.reason == Reason::Quota)
            {
                Some(proof) => Trouble::unknown(proof.reason, message),
                None if self.pushing => {
                    Trouble::failed(Reason::PushFailed, said("the image could not be pushed"))
                }
                None => Trouble::failed(
                    Reason::BuildFailed,
                    said(&format!("the build failed after `{}`", tidy(self.vigil.last()))),
                ),
            };
        }
        if let Some(proof) = prove(&message) {
            // An "Internal Server Error" says less than how the attempts failed.
            let vague = self.guess && message.eq_ignore_ascii_case("internal server error");
            let whose_fault = if vague { cx.suspicion() } else { None };
            let reason = whose_fault.map_or(proof.reason, |(reason, _)| reason);
            return Trouble { verdict: proof.verdict(), reason, stage: None, summary: message };
        }
        match event.status_code {
            Some(401 | 403) => Trouble::unknown(Reason::ProbeAuth, said("not admitted")),
            Some(429) => Trouble::unknown(Reason::RateLimited, said("too many requests")),
            Some(400..=499) => Trouble::unknown(Reason::Prober, said("the request was refused")),
            _ => match cx.suspicion() {
                Some((reason, line)) => Trouble::failed(reason, line),
                None if self.stage == Stage::Launch => {
                    Trouble::failed(Reason::SpawnFailed, said("the launch failed without a word"))
                }
                None => Trouble::failed(Reason::HubUnavailable, said("failed without a word")),
            },
        }
    }

    /// The finding when we wait no longer.
    pub(super) fn verdict(&self, cx: &Cx) -> Trouble {
        self.vigil.verdict(cx)
    }
}

/// Why an attempt failed when nobody says: by whether the Hub spoke, and how long it took.
fn guess_reason(hub_spoke: bool, took: Duration) -> (Reason, &'static str) {
    if hub_spoke {
        (Reason::HubUnavailable, "the Hub fell silent in the middle of the launch")
    } else if took >= HUB_UNREACHED {
        (Reason::HubUnavailable, "not a word from the Hub")
    } else if took < AT_ONCE {
        (
            Reason::SpawnFailed,
            "refused at once, no reason given: too many servers starting, or a missing right",
        )
    } else {
        (Reason::SpawnFailed, "no reason given")
    }
}

/// `N` of `Launch attempt N failed, retrying...`.
fn failed_attempt(line: &str) -> Option<u32> {
    let rest = line.strip_prefix("Launch attempt ")?;
    let (number, rest) = rest.split_once(' ')?;
    rest.starts_with("failed").then(|| number.parse().ok()).flatten()
}

/// The server's address, absolute and with its trailing slash; only http and https.
pub(super) fn server_url(base: &str, url: &str) -> Option<String> {
    let url = Url::parse(base).ok()?.join(url).ok()?;
    let fits = matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none();
    fits.then(|| format!("{}/", url.as_str().trim_end_matches('/')))
}
