//! What the kit must know of each channel and cannot ask it: one line a channel.

/// How a channel is to be judged.
pub(crate) struct Known {
    /// Name in the registry.
    pub(crate) name: &'static str,
    /// A reference of the form that the channel itself gives out; `None` if it gives none.
    pub(crate) thread: Option<&'static str>,
    /// Most bytes of one request that the service is sure to take.
    pub(crate) most: usize,
    /// Statuses that may mean "later" although they usually mean "never".
    pub(crate) later: &'static [u16],
}

const MATRIX: Option<&str> = Some("!room:example.org $first");

#[rustfmt::skip]
const KNOWN: &[Known] = &[
    Known { name: "slack", thread: Some("C0123456789:1714760951.000100"), most: 40_000, later: &[] },
    Known { name: "email", thread: Some("<mybinder-20240503-1@example.org>"), most: 300_000, later: &[] },
    Known { name: "matrix", thread: MATRIX, most: 60_000, later: &[] },
    Known { name: "gitter", thread: MATRIX, most: 60_000, later: &[] },
    Known { name: "webhook", thread: None, most: 300_000, later: &[] },
    Known { name: "pagerduty", thread: None, most: 512_000, later: &[] },
    Known { name: "opsgenie", thread: None, most: 60_000, later: &[] },
    Known { name: "incident_io", thread: None, most: 65_000, later: &[] },
    Known { name: "alertmanager", thread: None, most: 65_000, later: &[] },
    Known { name: "github", thread: Some("example/hub-operations#17"), most: 65_536, later: &[403] },
    Known { name: "command", thread: None, most: 300_000, later: &[] },
];

/// What is known of a channel.
pub(crate) fn known(name: &str) -> &'static Known {
    KNOWN.iter().find(|k| k.name == name).unwrap_or_else(|| panic!("add a line for {name} to KNOWN"))
}
