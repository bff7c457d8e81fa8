//! The last hours of one probe as a small picture that speaks by height and shape as well as by colour: the drawing that the
//! pages show too.
//!
//! There is no text in it: fonts are not to be relied on, and the words stand beside it.

pub(crate) use crate::chart::{HEIGHT, WIDTH, span, words};
use crate::chart::{counts, strip};
use crate::text::one_line;
use crate::{Notification, Strip};

/// The last hours of one probe, for chats that show a picture beside a message.
pub(crate) struct Shown<'a>(&'a Strip);

/// The last hours of the first failing probe, else of the first one that there is.
pub(crate) fn shown_first(n: &Notification) -> Option<Shown<'_>> {
    let strips = &n.facts.strips;
    let of = |probe: &str| strips.iter().find(|s| s.probe == probe);
    let strip = n.facts.failing.iter().find_map(|f| of(&f.probe)).or_else(|| strips.first());
    strip.filter(|s| !s.cells.is_empty()).map(Shown)
}

impl Shown<'_> {
    /// PNG.
    pub(crate) fn png(&self) -> Option<Vec<u8>> {
        png(self.0)
    }

    /// `Last 6 h of launch: 41 runs, 35 passed, 6 failed`.
    pub(crate) fn words(&self) -> String {
        format!("Last {} of {}: {}", span(self.0), one_line(&self.0.probe, 80), counts(self.0, ","))
    }
}

/// The strip as PNG, at twice its size for sharp screens. `None` where there is nothing to draw.
pub(crate) fn png(shown: &Strip) -> Option<Vec<u8>> {
    if shown.cells.is_empty() { None } else { strip(shown).png(2.0) }
}

#[cfg(test)]
mod tests {
    use resvg::tiny_skia;

    use super::*;
    use crate::Cell;

    fn strip(cells: Vec<Cell>) -> Strip {
        Strip { probe: "launch".into(), cells, cell_seconds: 600 }
    }

    const GOOD: Cell = Cell { passed: 2, degraded: 0, failed: 0, unknown: 0 };
    const BAD: Cell = Cell { passed: 0, degraded: 0, failed: 2, unknown: 0 };

    #[test]
    fn any_strip_is_a_small_png_or_nothing() {
        let wild = Cell { passed: u32::MAX, degraded: u32::MAX, failed: u32::MAX, unknown: u32::MAX };
        for cells in [vec![GOOD; 30], vec![wild; 5000], vec![Cell::default(); 3], vec![BAD]] {
            let png = png(&strip(cells)).unwrap();
            assert!(png.starts_with(b"\x89PNG") && png.len() < 30_000, "{} bytes", png.len());
        }
        assert_eq!(png(&strip(vec![])), None);
    }

    #[test]
    fn failure_stands_higher_than_success() {
        let heights = |cell| {
            let png = png(&strip(vec![cell; 12])).unwrap();
            let pixels = tiny_skia::Pixmap::decode_png(&png).unwrap();
            let ground = pixels.pixel(20, 3);
            (0..HEIGHT * 2).filter(|y| pixels.pixel(WIDTH, *y) != ground).count()
        };
        let slow = Cell { degraded: 1, ..GOOD };
        let nothing = Cell::default();
        assert!(heights(BAD) > heights(slow) && heights(slow) > heights(GOOD));
        assert!(heights(GOOD) > heights(nothing) && heights(nothing) == 0);
    }
}
