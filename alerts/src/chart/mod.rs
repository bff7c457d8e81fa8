//! Drawings of measurements: bars of days, bands of quantiles, heat, waterfalls. One drawing serves a page (SVG that the page's
//! style colours) and a message (PNG).
//!
//! # Why
//! What is drawn is a list of marks with a *tone* each, which says what a mark means and not how it looks: the page's style
//! sheet gives it a colour for light and dark, the PNG has colours of its own. A drawing always says in words what it shows,
//! and never by colour alone.

mod days;
mod heat;
mod mark;
mod png;
mod quantiles;
mod reasons;
mod shares;
mod spark;
mod strip;
mod svg;
mod waterfall;

pub use days::{Day, days};
pub use heat::{Hour, Row, heat};
pub use mark::{Anchor, Drawing, Mark, Tone};
pub use quantiles::{Axes, Moment, quantiles};
pub use reasons::{Lane, reasons, times};
pub use shares::{Share, Shares, shares};
pub use spark::spark;
pub(crate) use strip::{HEIGHT, WIDTH, counts};
pub use strip::{span, strip, words};
pub use waterfall::{Step, waterfall};
