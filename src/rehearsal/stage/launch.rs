//! Launch: one own launch: its outcome, its attempts, and what becomes of their pods and servers.

use crate::rehearsal::scenario::{Kind, Line, Outcome};

use super::house::House;

/// Longest life of a server that nobody shuts down, seconds.
const LIFE: f64 = 1200.0;
/// The Hub's poll: a server that ended is gone from its list after this, seconds.
const POLL: f64 = 30.0;
const NEVER: f64 = f64::INFINITY;

/// One own launch.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    pub(crate) outcome: Outcome,
    /// Second of the request.
    pub(crate) begun: f64,
    pub(crate) repo: String,
    /// Provider and spec as requested.
    pub(crate) spec: String,
    pub(crate) token: String,
    pub(crate) attempts: Vec<Attempt>,
    /// When the server was asked to end.
    pub(crate) shutdown: Option<f64>,
}

/// One attempt: a user, a server, a pod. Times are seconds of the scenario.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    pub(crate) user: String,
    pub(crate) uid: String,
    pub(crate) node: usize,
    pub(crate) address: u64,
    /// The user is made and the server asked for.
    pub(crate) begun: f64,
    /// The pod is there; never, if it is absent.
    pub(crate) created: f64,
    pub(crate) scheduled: f64,
    pub(crate) pod_ready: f64,
    /// The Hub says ready.
    pub(crate) server_ready: f64,
    /// The Hub gives the server up.
    pub(crate) server_gone: f64,
    pub(crate) pod_gone: f64,
}

impl Attempt {
    pub(crate) fn pod(&self) -> String {
        format!("jupyter-{}", self.user)
    }
}

impl Launch {
    /// A request for `spec` at second `t`, the `number`th at this member.
    pub(crate) fn new(house: &House, outcome: &Outcome, spec: &str, t: f64, number: u64) -> Self {
        let mut dice = house.dice(7, number);
        let (user, repo) = names(spec);
        let mut attempts = Vec::new();
        for (from, to) in stretches(outcome) {
            attempts.push(Attempt {
                user: format!("{user}-{}", dice.word(8)),
                uid: dice.uuid(),
                node: usize::try_from(dice.below(997)).unwrap_or(0),
                address: dice.below(60_000),
                ..attempt(outcome, t, from, to)
            });
        }
        let token = dice.token();
        Self {
            outcome: outcome.clone(),
            begun: t,
            repo,
            spec: spec.to_owned(),
            token,
            attempts,
            shutdown: None,
        }
    }

    /// The server was told to end at second `t`, by itself or through the Hub.
    pub(crate) fn shut_down(&mut self, t: f64) {
        if self.shutdown.is_some() {
            return;
        }
        self.shutdown = Some(t);
        let after = self.outcome.server.pod_gone_after;
        if let Some(last) = self.attempts.last_mut() {
            last.server_gone = last.server_gone.min(t + after.min(POLL));
            last.pod_gone = t + after;
        }
    }

    /// Whether its server comes up.
    pub(crate) fn succeeds(&self) -> bool {
        succeeds(&self.outcome)
    }
}

/// Whether an outcome ends with a server.
pub(crate) fn succeeds(outcome: &Outcome) -> bool {
    outcome.sse.iter().any(|l| l.phase.as_deref() == Some("ready"))
}

/// `<org>-<repo>` of a spec, as in user names, and the repository's URL.
fn names(spec: &str) -> (String, String) {
    let mut steps = spec.split('/').skip(1);
    let (org, repo) = (steps.next().unwrap_or("x"), steps.next().unwrap_or("x"));
    let plain = |s: &str| s.to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    (format!("{}-{}", plain(org), plain(repo)), format!("https://github.com/{org}/{repo}"))
}

/// The stretches of the stream that belong to one attempt each, in seconds of the stream.
fn stretches(outcome: &Outcome) -> Vec<(f64, f64)> {
    let asked = |l: &&Line| l.message.as_deref().is_some_and(|m| m.starts_with("Server requested"));
    let mut begins: Vec<f64> = outcome.sse.iter().filter(asked).map(|l| l.at).collect();
    if begins.is_empty() {
        begins.extend(outcome.sse.iter().find(|l| l.phase.as_deref() == Some("launching")).map(|l| l.at));
    }
    let ends: Vec<f64> = begins.iter().skip(1).copied().chain([NEVER]).collect();
    begins.into_iter().zip(ends).collect()
}

fn attempt(outcome: &Outcome, t: f64, from: f64, to: f64) -> Attempt {
    let inside = || outcome.sse.iter().filter(|l| l.at >= from && l.at < to);
    let says =
        |text: &str| inside().find(|l| l.message.as_deref().is_some_and(|m| m.contains(text))).map(|l| l.at);
    let phase = |name: &str| inside().find(|l| l.phase.as_deref() == Some(name)).map(|l| l.at);
    let ready = says("Server ready at").or_else(|| phase("ready"));
    let started = says("Started container");
    let assigned = says("Successfully assigned");
    let own = outcome.own_pod.as_ref();
    let first = stretches(outcome).first().map_or(from, |(f, _)| *f);
    // The file tells of the first attempt's pod; later ones take as long from their own beginning.
    let told = own.and_then(|o| o.ready_after).map(|after| (after - first).max(0.0) + from);
    let (absent, waits) = own.map_or(
        (
            ready.is_none()
                && started.is_none()
                && assigned.is_none()
                && says("nodes are available").is_none(),
            false,
        ),
        |o| (o.phase == "absent", o.phase == "Pending"),
    );
    let pod_ready = if absent || waits {
        NEVER
    } else {
        told.or(started.map(|s| s + 0.5)).or(ready.map(|r| r - 0.5)).unwrap_or(NEVER)
    };
    let scheduled = match assigned {
        _ if waits || (assigned.is_none() && says("nodes are available").is_some() && ready.is_none()) => {
            NEVER
        }
        Some(at) => at,
        None => from + 1.0,
    };
    let failed = says("Spawn failed").or_else(|| says("Launch attempt")).or_else(|| phase("failed"));
    let end = ready.map_or_else(|| failed.unwrap_or(900.0_f64.max(from + 300.0)), |r| r + LIFE);
    let leaks = ready.is_none() && own.is_some_and(|o| !o.deleted_after_failure);
    let created = (from + 0.3).min(scheduled).min(pod_ready);
    Attempt {
        user: String::new(),
        uid: String::new(),
        node: 0,
        address: 0,
        begun: t + from,
        created: if absent { NEVER } else { t + created },
        scheduled: t + scheduled.min(pod_ready),
        pod_ready: t + pod_ready,
        server_ready: t + ready.unwrap_or(NEVER),
        server_gone: t + end,
        pod_gone: if leaks { NEVER } else { t + end + 1.0 },
    }
}

impl House {
    /// What the next launch request for `spec` will meet, without it having been made.
    pub(crate) fn peek(&self, spec: &str) -> Option<Outcome> {
        let number = self.own().requests;
        self.draw(spec, number)
    }

    fn draw(&self, spec: &str, number: u64) -> Option<Outcome> {
        let kind =
            if spec.contains("/cached/") || !spec.contains("fresh") { Kind::Cached } else { Kind::Uncached };
        let chance = self.dice(3, number).unit();
        let prober = &self.scenario.prober;
        prober.outcome(self.t(), &self.name, kind, chance).cloned()
    }

    /// Takes a launch request: its number, and the launch; `None` where the file has no data.
    pub(crate) fn begin(&self, spec: &str) -> Option<(usize, Launch)> {
        let number = {
            let mut own = self.own();
            own.requests += 1;
            own.requests - 1
        };
        let outcome = self.draw(spec, number)?;
        let t = self.t();
        let launch = Launch::new(self, &outcome, spec, t, number);
        let mut own = self.own();
        own.launches.push(launch.clone());
        own.version += 1;
        Some((own.launches.len() - 1, launch))
    }

    /// Ends the server of a user: by its own hand or the Hub's. Whether there was one.
    pub(crate) fn end_server(&self, user: &str) -> bool {
        let t = self.t();
        let mut own = self.own();
        own.version += 1;
        let found = own.launches.iter_mut().rev().find(|l| l.attempts.iter().any(|a| a.user == user));
        match found {
            Some(launch) if launch.attempts.last().is_some_and(|a| a.user == user) => {
                launch.shut_down(t);
                true
            }
            Some(launch) => {
                for attempt in launch.attempts.iter_mut().filter(|a| a.user == user) {
                    attempt.server_gone = attempt.server_gone.min(t + 2.0);
                }
                true
            }
            None => false,
        }
    }
}
