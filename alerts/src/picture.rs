//! The last hours of one probe as a small picture that speaks by height and shape as well as by colour.
//!
//! There is no text in it: fonts are not to be relied on, and the words stand beside it.

use resvg::{tiny_skia, usvg};

use crate::text::one_line;
use crate::{Cell, Notification, Strip};

/// Pixels of a picture at its natural size; drawn at twice that for sharp screens.
pub(crate) const WIDTH: u32 = 480;
/// As [`WIDTH`].
pub(crate) const HEIGHT: u32 = 32;
/// More cells than this are a blur: the newest are shown.
const CELLS: usize = 96;

const GROUND: &str = "#f4f4f2";
const PASSED: &str = "#0a7d8c";
const DEGRADED: &str = "#e0a100";
const FAILED: &str = "#c2330f";
const UNKNOWN: &str = "#8a8a8a";

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

/// The strip as PNG. `None` where there is nothing to draw.
pub(crate) fn png(strip: &Strip) -> Option<Vec<u8>> {
    let tree = usvg::Tree::from_str(&svg(shown(strip))?, &usvg::Options::default()).ok()?;
    let mut pixels = tiny_skia::Pixmap::new(WIDTH * 2, HEIGHT * 2)?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(2.0, 2.0), &mut pixels.as_mut());
    pixels.encode_png().ok()
}

/// The strip in words: `41 runs in 6 h: 35 passed, 6 failed`.
pub(crate) fn words(strip: &Strip) -> String {
    counts(strip, &format!(" in {}:", span(strip))).replace("no runs", &format!("no runs in {}", span(strip)))
}

/// `41 runs`, what is to stand behind it, and how they ended.
fn counts(strip: &Strip, behind: &str) -> String {
    let cells = shown(strip);
    let sum = |of: fn(&Cell) -> u32| cells.iter().map(|c| u64::from(of(c))).sum::<u64>();
    let counts = [
        (sum(|c| c.passed), "passed"),
        (sum(|c| c.degraded), "slow"),
        (sum(|c| c.failed), "failed"),
        (sum(|c| c.unknown), "without a finding"),
    ];
    let runs: u64 = counts.iter().map(|(n, _)| n).sum();
    let named: Vec<_> =
        counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    match runs {
        0 => "no runs".to_owned(),
        1 => format!("1 run{behind} {}", named.join(", ")),
        _ => format!("{runs} runs{behind} {}", named.join(", ")),
    }
}

/// The time that is shown: `6 h`.
pub(crate) fn span(strip: &Strip) -> String {
    let seconds = shown(strip).len() as u64 * u64::from(strip.cell_seconds);
    match seconds {
        0..3600 => format!("{} min", seconds / 60),
        _ => format!("{} h", (seconds + 1800) / 3600),
    }
}

fn shown(strip: &Strip) -> &[Cell] {
    strip.cells.get(strip.cells.len().saturating_sub(CELLS)..).unwrap_or_default()
}

fn svg(cells: &[Cell]) -> Option<String> {
    let step = (f64::from(WIDTH) - 8.0) / (cells.len().max(12)) as f64;
    if cells.is_empty() {
        return None;
    }
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\">\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"4\" fill=\"{GROUND}\"/>"
    );
    // The newest cell is at the right edge, however few there are.
    let left = f64::from(WIDTH) - 4.0 - step * cells.len() as f64;
    for (at, cell) in cells.iter().enumerate() {
        let x = left + step * at as f64;
        bar(&mut out, cell, x, (step * 0.8).max(1.5));
    }
    out.push_str("</svg>");
    Some(out)
}

/// Failed: full height. Degraded: two thirds. Passed: one third. Nothing but unknown: a dot. No run: nothing.
/// Where some runs of a cell passed and others failed, the foot of the failed bar shows the share that passed.
fn bar(out: &mut String, cell: &Cell, x: f64, width: f64) {
    let all = f64::from(cell.passed) + f64::from(cell.degraded) + f64::from(cell.failed);
    let (height, colour) = match cell {
        Cell { failed: 1.., .. } => (26.0, FAILED),
        Cell { degraded: 1.., .. } => (17.0, DEGRADED),
        Cell { passed: 1.., .. } => (9.0, PASSED),
        Cell { unknown: 1.., .. } => {
            let (middle, radius) = (x + width / 2.0, (width / 2.0).min(2.0));
            out.push_str(&format!(
                "<circle cx=\"{middle:.2}\" cy=\"26\" r=\"{radius:.2}\" fill=\"{UNKNOWN}\"/>"
            ));
            return;
        }
        _ => return,
    };
    rect(out, x, width, height, colour);
    if cell.failed > 0 {
        let good = f64::from(cell.passed) + f64::from(cell.degraded);
        rect(out, x, width, height * good / all, PASSED);
    }
}

fn rect(out: &mut String, x: f64, width: f64, height: f64, colour: &str) {
    if height > 0.0 {
        let y = f64::from(HEIGHT) - 3.0 - height;
        out.push_str(&format!(
            "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" fill=\"{colour}\"/>"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn words_say_what_the_picture_shows() {
        let mut cells = vec![GOOD; 30];
        cells.extend([BAD, Cell { unknown: 1, ..Cell::default() }]);
        assert_eq!(words(&strip(cells)), "63 runs in 5 h: 60 passed, 2 failed, 1 without a finding");
        assert_eq!(words(&strip(vec![])), "no runs in 0 min");
    }
}
