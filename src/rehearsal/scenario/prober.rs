//! Prober: what one launch request meets, and when which of it is likely.

use std::collections::BTreeMap;

use super::Scenario;
use super::desk::{At, Desk};

/// What a probe asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An image that is in the registry.
    Cached,
    /// One that must be built.
    Uncached,
    /// Either.
    Any,
}

/// Why there is no HTTP answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAnswer {
    /// Silence.
    Timeout,
    /// The connection is refused.
    Refused,
    /// The handshake fails.
    Tls,
    /// The name does not resolve.
    Dns,
}

/// The head of the answer.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpAnswer {
    /// HTTP status; 0 like an error `timeout`.
    pub status: u16,
    /// Type of the body.
    pub content_type: String,
    /// Seconds until the head comes (or the error shows).
    pub after: f64,
    /// No answer at all.
    pub error: Option<NoAnswer>,
}

/// One event of the stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Seconds after the request was sent.
    pub at: f64,
    /// Its phase; none on some build lines.
    pub phase: Option<String>,
    /// Text with placeholders (`<pod>`, `<ts>` …).
    pub message: Option<String>,
    /// Of failures.
    pub status_code: Option<u16>,
}

/// What the server does after the last event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamEnd {
    /// Closes at once.
    Closes,
    /// Closes a minute later.
    ClosesLate,
    /// Keeps it open.
    HoldsOpen,
}

/// What a test user's kernel does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Works.
    Works,
    /// Does not.
    Fails,
}

/// What the server behind `ready` is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ServerUse {
    /// Status of `api/status`; 0 for no answer.
    pub api_status: u16,
    /// Its kernel.
    pub kernel: Fate,
    /// Answer to the shutdown; 0 for none.
    pub shutdown_status: u16,
    /// Seconds from there until the pod is gone.
    pub pod_gone_after: f64,
}

/// What the cluster shows of the pod of this very launch.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnPod {
    /// `Running`, `Pending`, `absent` …
    pub phase: String,
    /// Seconds until it is ready, if ever.
    pub ready_after: Option<f64>,
    /// Whether a failed launch takes it away.
    pub deleted_after_failure: bool,
}

/// A behaviour of one launch request.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Its name in the file.
    pub name: String,
    /// For which probes.
    pub probe: Kind,
    /// Head of the answer.
    pub http: HttpAnswer,
    /// Events, in order of time.
    pub sse: Vec<Line>,
    /// Comment lines, every so many seconds.
    pub keepalive: f64,
    /// After the last event.
    pub end: StreamEnd,
    /// After `ready`.
    pub server: ServerUse,
    /// What the cluster shows, where the file says so.
    pub own_pod: Option<OwnPod>,
}

/// What launches that start within an interval meet.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// First second.
    pub from: f64,
    /// End.
    pub to: f64,
    /// Member, `any` or `all`.
    pub target: String,
    /// For which probes.
    pub probe: Kind,
    /// Names of outcomes and how likely each is.
    pub mix: Vec<(String, f64)>,
}

/// What launch requests meet.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Prober {
    /// Seconds between cached probes, where written.
    pub cadence: Option<f64>,
    /// Seconds between uncached probes, where written.
    pub uncached_cadence: Option<f64>,
    /// Patience of a cached probe, seconds, where written.
    pub deadline: Option<f64>,
    /// Patience of an uncached probe, seconds, where written.
    pub uncached_deadline: Option<f64>,
    /// Behaviours by name.
    pub outcomes: BTreeMap<String, Outcome>,
    /// When which is likely.
    pub segments: Vec<Segment>,
}

impl Prober {
    /// The outcome of a request to `member` that starts at `t`, by a chance in `[0, 1)`; `None` where the file has no
    /// data.
    #[must_use]
    pub fn outcome(&self, t: f64, member: &str, kind: Kind, chance: f64) -> Option<&Outcome> {
        let fits = |s: &&Segment| {
            t >= s.from && t < s.to && Scenario::concerns(&s.target, member) && covers(s.probe, kind)
        };
        let segment =
            self.segments.iter().filter(fits).max_by_key(|s| (s.target == member, s.probe == kind))?;
        let mut left = chance;
        for (name, p) in &segment.mix {
            left -= p;
            if left < 0.0 {
                return self.outcomes.get(name);
            }
        }
        // Sums of shares may fall short of 1 by a rounding; a real remainder means that there is no data.
        let (name, _) = segment.mix.last().filter(|_| left < 0.02)?;
        self.outcomes.get(name)
    }

    /// Whether anything is said about probes of this kind at this member.
    #[must_use]
    pub fn knows(&self, member: &str, kind: Kind) -> bool {
        self.segments.iter().any(|s| Scenario::concerns(&s.target, member) && covers(s.probe, kind))
    }
}

fn covers(said: Kind, asked: Kind) -> bool {
    said == Kind::Any || said == asked
}

pub(super) fn read(at: &At<'_>, desk: &mut Desk<'_>) -> Prober {
    let mut prober = Prober {
        cadence: desk.count(at, "cadence_s"),
        uncached_cadence: desk.count(at, "uncached_cadence_s"),
        deadline: desk.count(at, "client_deadline_s"),
        uncached_deadline: desk.count(at, "uncached_deadline_s"),
        ..Prober::default()
    };
    for (name, at) in at.get("outcomes").map(|o| o.entries()).unwrap_or_default() {
        prober.outcomes.insert(name.to_owned(), outcome(name, &at, desk));
    }
    for at in at.get("segments").map(|s| s.items()).unwrap_or_default() {
        prober.segments.extend(segment(&at, &prober.outcomes, desk));
    }
    prober
}

fn kind(at: &At<'_>, otherwise: Kind, desk: &mut Desk<'_>) -> Kind {
    let Some(at) = at.get("probe") else { return otherwise };
    match at.text() {
        Some("cached") => Kind::Cached,
        Some("uncached") => Kind::Uncached,
        Some("any" | "all") => Kind::Any,
        _ => {
            desk.error(&at, "not a kind of probe", "`cached`, `uncached` or `any`");
            otherwise
        }
    }
}

fn outcome(name: &str, at: &At<'_>, desk: &mut Desk<'_>) -> Outcome {
    let mut sse: Vec<Line> = Vec::new();
    for at in at.get("sse").map(|s| s.items()).unwrap_or_default() {
        let when = desk.need(&at, "at").unwrap_or(0.0);
        if sse.last().is_some_and(|before| before.at > when) || when < 0.0 {
            desk.error(&at, "earlier than the event before it", "`at` counts seconds since the request");
        }
        let text = |key: &str| at.get(key).and_then(|t| t.text().map(str::to_owned));
        sse.push(Line {
            at: when,
            phase: text("phase"),
            message: text("message"),
            status_code: desk.status(&at, "status_code"),
        });
    }
    Outcome {
        name: name.to_owned(),
        probe: kind(at, Kind::Any, desk),
        http: http(at.get("http").as_ref(), desk),
        sse,
        keepalive: desk.count(at, "keepalive_every_s").filter(|s| *s > 0.0).unwrap_or(25.0),
        end: end(at, desk),
        server: server(at, desk),
        own_pod: at.get("own_pod").map(|at| OwnPod {
            phase: at.get("phase").and_then(|p| p.text()).unwrap_or("Running").to_owned(),
            ready_after: desk.count(&at, "ready_after_s"),
            deleted_after_failure: at.get("deleted_after_failure").and_then(|d| d.flag()).unwrap_or(true),
        }),
    }
}

fn http(at: Option<&At<'_>>, desk: &mut Desk<'_>) -> HttpAnswer {
    let error = at.and_then(|a| a.get("error")).and_then(|at| match at.text() {
        Some("timeout") => Some(NoAnswer::Timeout),
        Some("refused" | "reset" | "connect") => Some(NoAnswer::Refused),
        Some("tls") => Some(NoAnswer::Tls),
        Some("dns") => Some(NoAnswer::Dns),
        _ => {
            desk.error(&at, "not a kind of silence", "`timeout`, `refused`, `tls` or `dns`");
            None
        }
    });
    let kind = at.and_then(|a| a.get("content_type")).and_then(|c| c.text());
    HttpAnswer {
        status: at.and_then(|a| desk.status(a, "status")).unwrap_or(200),
        content_type: kind.unwrap_or("text/event-stream").to_owned(),
        after: at.and_then(|a| desk.count(a, "after_s")).unwrap_or(0.0),
        error,
    }
}

fn end(at: &At<'_>, desk: &mut Desk<'_>) -> StreamEnd {
    let Some(at) = at.get("stream_end") else { return StreamEnd::Closes };
    match at.text() {
        Some("server-closes-after-ready" | "server-closes-after-failed" | "never-opened") => {
            StreamEnd::Closes
        }
        Some("server-holds-60s-after-ready" | "server-holds-60s-after-failed") => StreamEnd::ClosesLate,
        Some("server-holds-open" | "client-gives-up") => StreamEnd::HoldsOpen,
        _ => {
            desk.error(
                &at,
                "not an end of a stream",
                "such as `server-closes-after-ready` or `server-holds-open`",
            );
            StreamEnd::Closes
        }
    }
}

fn server(at: &At<'_>, desk: &mut Desk<'_>) -> ServerUse {
    let (server, teardown) = (at.get("server"), at.get("teardown"));
    let kernel = server.as_ref().and_then(|s| s.get("kernel_execute"));
    let fails = kernel.as_ref().and_then(|k| k.text()) == Some("failed");
    let server_status = server.and_then(|s| desk.status(&s, "api_status"));
    let shutdown = teardown.as_ref().and_then(|t| desk.status(t, "shutdown_status"));
    ServerUse {
        api_status: server_status.unwrap_or(200),
        kernel: if fails { Fate::Fails } else { Fate::Works },
        shutdown_status: shutdown.unwrap_or(200),
        pod_gone_after: teardown.and_then(|t| desk.count(&t, "pod_gone_after_s")).unwrap_or(45.0),
    }
}

fn segment(at: &At<'_>, outcomes: &BTreeMap<String, Outcome>, desk: &mut Desk<'_>) -> Option<Segment> {
    let span = desk.span(at);
    let probe = kind(at, Kind::Cached, desk);
    let target = at.get("target").or_else(|| at.get("member")).and_then(|t| t.text()).unwrap_or("all");
    let mut mix = Vec::new();
    let mut sum = 0.0;
    for at in at.get("mix").map(|m| m.items()).unwrap_or_default() {
        let share = at.get("p").map_or(Some(1.0), |p| desk.number(&p)).unwrap_or(0.0);
        if !(0.0..=1.0).contains(&share) {
            desk.error(&at, "`p` is not between 0 and 1", "a probability");
        }
        sum += share;
        match at.get("outcome") {
            None => desk.error(&at, "`outcome` is missing", "the name of one of `outcomes`"),
            Some(named) => match named.text().filter(|n| outcomes.contains_key(*n)) {
                Some(name) => mix.push((name.to_owned(), share)),
                None => desk.error(&named, "there is no such outcome", &among(outcomes)),
            },
        }
    }
    let short = probe != Kind::Uncached && (sum - 1.0_f64).abs() > 0.01;
    if short || sum > 1.01 {
        let what = format!("the probabilities add up to {sum}");
        desk.error(&at.get("mix").unwrap_or_else(|| at.clone()), &what, "they must add up to 1");
    }
    let (from, to) = span?;
    Some(Segment { from, to, target: target.to_owned(), probe, mix })
}

fn among(outcomes: &BTreeMap<String, Outcome>) -> String {
    let names: Vec<&str> = outcomes.keys().map(String::as_str).collect();
    format!("there are: {}", names.join(", "))
}
