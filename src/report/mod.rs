//! Reports: what happened in an incident, from facts, in the form in which people file it; and how a month went.
//!
//! # Why
//! Facts first, words after: [`Facts`] hold every number and moment with its source, so that a reader can check them, and the
//! words are made from them alone. What a machine cannot know is marked as `TODO(human)` and never invented; what is not known
//! stays unknown. Names of people, addresses and tokens stay out unless somebody asks for the names.

mod assemble;
mod course;
mod events;
mod facts;
mod impact;
mod markdown;
mod material;
mod pictures;
mod questions;
mod scrub;
mod sections;
pub mod slo;
#[cfg(test)]
mod tests;
mod words;

use std::path::Path;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

pub use assemble::facts;
pub use facts::{
    Cause, Deed, Detection, Event, EventKind, FACTS_SCHEMA, Facts, Figure, Gap, Impact, Late, Moment, Onset,
    Period, ProbeImpact, Quiet, Recovery, Related, Shape, Sourced, Troubles, Zero,
};
pub use material::{Material, Subject, gather};
pub use pictures::Picture;

/// How a report is to be worded.
#[derive(Debug, Clone)]
pub struct Wording {
    /// The zone of all clock times.
    pub zone: TimeZone,
    /// Whether people are named.
    pub names: bool,
}

impl Wording {
    /// UTC, without names.
    #[must_use]
    pub fn plain() -> Self {
        Self { zone: TimeZone::UTC, names: false }
    }
}

/// A report, drafted: text, facts and pictures that belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// Name of the Markdown file: `yyyy-mm-dd-slug.md`, the date in the chosen zone.
    pub file: String,
    /// Places that only a person can fill; it is a draft while there are any.
    pub open: usize,
    /// The report.
    pub markdown: String,
    /// What it was made from.
    pub facts: Facts,
    /// What the text shows by name.
    pub pictures: Vec<Picture>,
}

/// Words for facts.
#[must_use]
pub fn draft(facts: Facts, wording: &Wording) -> Draft {
    let facts = if wording.names { facts } else { facts.nameless() };
    let stem = markdown::stem(&facts, &wording.zone);
    let pictures = pictures::pictures(&facts, &stem, &wording.zone);
    let markdown = markdown::markdown(&facts, &pictures, wording);
    let open = markdown.matches(words::TODO).count();
    Draft { file: format!("{stem}.md"), open, markdown, facts, pictures }
}

impl Draft {
    /// Writes report, pictures and facts into a folder; answers the name of the report's file.
    ///
    /// # Errors
    /// The folder or a file cannot be written.
    pub fn write(&self, folder: &Path) -> std::io::Result<std::path::PathBuf> {
        std::fs::create_dir_all(folder)?;
        // Names are made of letters, digits, `-` and `.`; from afar they may not lead elsewhere.
        let inside = |name: &str| folder.join(Path::new(name).file_name().unwrap_or_default());
        for picture in &self.pictures {
            std::fs::write(inside(&picture.name), &picture.svg)?;
        }
        let facts = serde_json::to_string_pretty(&self.facts).map_err(std::io::Error::other)?;
        std::fs::write(inside(&self.file.replace(".md", ".facts.json")), format!("{facts}\n"))?;
        let report = inside(&self.file);
        std::fs::write(&report, &self.markdown)?;
        Ok(report)
    }
}

/// The time zone of this name.
///
/// # Errors
/// There is none; the words say what is expected.
pub fn zone(name: &str) -> Result<TimeZone, String> {
    let known = TimeZone::get(name).map_err(|_| ());
    known.map_err(|()| {
        let name = launchwatch_alerts::text::one_line(name, 60);
        format!("there is no time zone `{name}`: expected a name such as `Europe/Berlin` or `UTC`")
    })
}
