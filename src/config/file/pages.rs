//! The section `pages` as written. The comments here are the manual.

use schemars::JsonSchema;
use serde::Deserialize;

/// How the pages that everybody sees are called, look and are arranged.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct PagesKeys {
    /// What the pages are called: in the head of every page and in the title of the window.
    #[schemars(extend("default" = "launchwatch"))]
    pub(crate) title: Option<String>,
    /// File of a picture shown before the title, SVG or PNG of at most 64 KiB; relative to the folder of this file.
    pub(crate) logo: Option<String>,
    /// Targets that belong together, in the order in which they are shown. Those in no group come last.
    pub(crate) groups: Option<Vec<GroupKeys>>,
    /// IANA name of the time zone of days and clock times on the status page; where it is not UTC, UTC is said as well.
    #[schemars(extend("default" = "UTC"))]
    pub(crate) time_zone: Option<String>,
    /// Links in the head of every page: where to ask, where to read on.
    pub(crate) links: Option<Vec<LinkKeys>>,
    /// Names of targets that the status page does not show.
    pub(crate) hide: Option<Vec<String>>,
}

/// Targets that belong together.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct GroupKeys {
    /// What they are called together.
    pub(crate) name: String,
    /// Their names.
    pub(crate) targets: Vec<String>,
}

/// A link.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct LinkKeys {
    /// What is shown.
    pub(crate) title: String,
    /// Where it leads.
    pub(crate) url: String,
}
