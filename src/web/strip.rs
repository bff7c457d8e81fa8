//! The last hours of a probe as a small picture in the page: height and pattern tell as much as colour.

use launchwatch_alerts::{Cell, Strip};
use maud::{Markup, html};

const WIDTH: u32 = 4;
const HEIGHT: u32 = 26;

/// The picture. Full bar: worked; half bar: degraded; low bar at the foot: failed; dot: unknown; nothing: no run.
pub(super) fn svg(strip: &Strip) -> Markup {
    let count = u32::try_from(strip.cells.len()).unwrap_or(0);
    let hours = count * strip.cell_seconds / 3_600;
    let total: Cell = strip.cells.iter().fold(Cell::default(), |a, c| Cell {
        passed: a.passed + c.passed,
        degraded: a.degraded + c.degraded,
        failed: a.failed + c.failed,
        unknown: a.unknown + c.unknown,
    });
    let label = format!(
        "last {hours} hours: {} passed, {} degraded, {} failed, {} unknown",
        total.passed, total.degraded, total.failed, total.unknown
    );
    html! {
        svg.strip role="img" aria-label=(label) viewBox=(format!("0 0 {} {HEIGHT}", count * WIDTH)) preserveAspectRatio="none" {
            title { (label) }
            @for (x, cell) in (0..).step_by(WIDTH as usize).zip(&strip.cells) { (bar(x, cell)) }
        }
    }
}

fn bar(x: u32, cell: &Cell) -> Markup {
    let known = cell.passed + cell.degraded + cell.failed;
    let (class, height) = match (known, cell) {
        (0, c) if c.unknown == 0 => ("none", 2),
        (0, _) => ("unknown", 4),
        (_, c) if c.failed * 2 > known => ("failed", HEIGHT),
        (_, c) if c.failed > 0 || c.degraded > 0 => ("degraded", HEIGHT * 2 / 3),
        _ => ("passed", HEIGHT / 2),
    };
    html! { rect class=(class) x=(x) y=(HEIGHT - height) width=(WIDTH - 1) height=(height) {} }
}
