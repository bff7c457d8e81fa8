//! THE TABLE: what the kit knows of each service and cannot ask the channel, one row a channel.

use serde_json::Value;

use super::checks;

/// What a service takes, and what must never reach it.
pub(super) struct Service {
    /// The channel.
    pub(super) name: &'static str,
    /// A reference of the form that the channel gives out; `None` where it names no messages.
    pub(super) thread: Option<&'static str>,
    /// Most bytes of a request, pictures not counted.
    pub(super) most: usize,
    /// Where text in the service's markup stands (JSON pointers), and its most characters (as UTF-16 counts).
    pub(super) texts: &'static [(&'static str, usize)],
    /// Whether a backslash takes the meaning from the next sign.
    pub(super) backslash: bool,
    /// What would be markup, a mention or a link, outside of code.
    pub(super) never: &'static [&'static str],
    /// Statuses that may mean "later" although they usually mean "never".
    pub(super) later: &'static [u16],
    /// What else must hold of a body, and what to call it.
    pub(super) check: fn(&Value, &str),
}

const fn row(name: &'static str, thread: Option<&'static str>, most: usize) -> Service {
    Service { name, thread, most, texts: &[], backslash: false, never: &[], later: &[], check: |_, _| () }
}

/// What Markdown would read.
const MARKDOWN: &[&str] =
    &["*bold*", "_it_", "[x](", "](", "||", "~~", "`c`", "<@", "<!", "<users", "#general"];

const SERVICES: &[Service] = &[
    Service { check: checks::slack, ..row("slack", Some("C0123456789:1714760951.000100"), 40_000) },
    row("matrix", Some("!room:example.org $first"), 60_000),
    row("gitter", Some("!room:example.org $first"), 60_000),
    row("email", Some("<mybinder-20240503-1@example.org>"), 300_000),
    Service {
        texts: &[("/content", 10_000)],
        never: &["*bold*", "[x](", "](j", "@**", "@_**", "#**", "<time:", "$$", "!avatar(", "~~y~~", " `c`"],
        ..row("zulip", Some("42"), 60_000)
    },
    Service {
        texts: &[("/message", 16_383), ("/text", 16_383)],
        backslash: true,
        never: MARKDOWN,
        ..row("mattermost", Some("k5ts0tx1kfrq8p7xo4ghq6yczc"), 40_000)
    },
    Service {
        texts: &[("/content", 2000), ("/embeds/0/description", 4096)],
        backslash: true,
        never: MARKDOWN,
        check: checks::discord,
        ..row("discord", Some("1100000000000000001/1100000000000000002"), 20_000)
    },
    Service { check: checks::teams, ..row("teams", None, 21_000) },
    Service {
        texts: &[("/text", 4096)],
        never: &["<users", "<!", "<@", "<https://evil", "*bold*", " _it_", "~y~", " `c`"],
        ..row("google_chat", Some("spaces/AAAAexample/threads/B"), 32_000)
    },
    Service {
        texts: &[("/text", 4096), ("/caption", 1024), ("/media/caption", 1024)],
        never: &["<script", "</td", "<users", "/start", "#tag"],
        check: checks::telegram,
        ..row("telegram", Some("-1001234567890/42/picture"), 20_000)
    },
    Service {
        texts: &[("/message", 4095), ("/title", 250)],
        check: checks::ntfy,
        ..row("ntfy", None, 20_000)
    },
    row("webhook", None, 300_000),
    Service { check: checks::pagerduty, ..row("pagerduty", None, 512_000) },
    Service { check: checks::opsgenie, ..row("opsgenie", None, 60_000) },
    row("incident_io", None, 65_000),
    Service { check: checks::alertmanager, ..row("alertmanager", None, 65_000) },
    Service {
        later: &[403],
        check: checks::github,
        ..row("github", Some("example/hub-operations#17"), 65_536)
    },
    row("command", None, 300_000),
];

/// The row of a channel.
pub(super) fn of(name: &str) -> &'static Service {
    SERVICES.iter().find(|s| s.name == name).unwrap_or_else(|| panic!("add a row for {name} to SERVICES"))
}
