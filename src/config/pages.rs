//! How the pages that everybody sees are called, look and are arranged, as believed.

use std::collections::BTreeSet;

use bytes::Bytes;
use jiff::tz::TimeZone;
use url::Url;

/// How the pages that everybody sees are called, look and are arranged.
#[derive(Debug, Clone, PartialEq)]
pub struct Pages {
    /// What they are called; `launchwatch` by default.
    pub title: String,
    /// Shown before the title.
    pub logo: Option<Logo>,
    /// Targets that belong together, in order; those in none come last.
    pub groups: Vec<Group>,
    /// In which days and clock times are shown; UTC by default.
    pub time_zone: TimeZone,
    /// In the head of every page.
    pub links: Vec<Link>,
    /// Targets that the status page does not show.
    pub hide: BTreeSet<String>,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            title: "launchwatch".into(),
            logo: None,
            groups: Vec::new(),
            time_zone: TimeZone::UTC,
            links: Vec::new(),
            hide: BTreeSet::new(),
        }
    }
}

/// A small picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    /// The file.
    pub bytes: Bytes,
    /// SVG; PNG otherwise.
    pub svg: bool,
}

/// Targets that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What they are called together.
    pub name: String,
    /// Their names.
    pub targets: Vec<String>,
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What is shown.
    pub title: String,
    /// Where it leads: http, https or mailto.
    pub url: Url,
}
