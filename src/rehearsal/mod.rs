//! Rehearsal: an outage that somebody wrote down, played to the whole service in simulated time.

mod captured;
mod drafts;
mod mapped;
mod own;
mod play;
mod report;
pub mod scenario;
pub mod stage;
mod timeline;
mod words;

pub use drafts::{drafts, joined};
pub use play::{Played, play};
pub use report::{Fired, Posted, Report, Said, Suggested, report};
pub use scenario::{Hindsight, Scenario};
pub use stage::{Member, Stage};
pub use timeline::timeline;
