//! A badge as a picture: two words side by side, legible on any ground.

use maud::{Markup, PreEscaped, html};

/// Widths of the characters from blank to `~` in tenths of a unit, at the size we write in (DejaVu Sans, of which Verdana
/// has the measures).
const WIDTHS: [u16; 95] = [
    35, 44, 51, 92, 70, 105, 86, 30, 43, 43, 55, 92, 35, 40, 35, 37, 70, 70, 70, 70, 70, 70, 70, 70, 70, 70,
    37, 37, 92, 92, 92, 58, 110, 75, 75, 77, 85, 70, 63, 85, 83, 32, 32, 72, 61, 95, 82, 87, 66, 87, 76, 70,
    67, 81, 75, 109, 75, 67, 75, 43, 37, 43, 92, 55, 55, 67, 70, 60, 70, 68, 39, 70, 70, 31, 31, 64, 31, 107,
    70, 67, 70, 70, 45, 57, 43, 70, 65, 90, 65, 65, 58, 70, 37, 70, 92,
];
/// Of all others: rather too wide than cut off.
const OTHERS: u16 = 110;
/// Room before and after a word, in tenths.
const ROOM: u32 = 60;
/// Ground of the left half: white on it has a contrast of 8.6.
const LEFT: &str = "#444c56";

/// How wide a text is, in tenths of a unit.
pub(super) fn width(text: &str) -> u32 {
    let one = |c: char| {
        let at = u32::from(c).checked_sub(32).and_then(|at| usize::try_from(at).ok());
        u32::from(at.and_then(|at| WIDTHS.get(at)).copied().unwrap_or(OTHERS))
    };
    text.chars().map(one).sum()
}

/// The picture; `colour` must carry white words.
pub(super) fn badge(label: &str, message: &str, colour: &str) -> String {
    let (left, right) = (width(label), width(message));
    let split = (left + 2 * ROOM).div_ceil(10);
    let whole = split + (right + 2 * ROOM).div_ceil(10);
    let says = format!("{label}: {message}");
    let words = html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(whole) height="20" viewBox=(format!("0 0 {whole} 20")) role="img" aria-label=(says) {
            title { (says) }
            clipPath id="r" { rect width=(whole) height="20" rx="3" {} }
            g clip-path="url(#r)" {
                rect width=(split) height="20" fill=(LEFT) {}
                rect x=(split) width=(whole - split) height="20" fill=(colour) {}
            }
            g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11" aria-hidden="true" {
                (word(ROOM, left, label))
                (word(split * 10 + ROOM, right, message))
            }
        }
    };
    words.into_string()
}

/// A word at a place, as wide as we think it is.
fn word(x: u32, width: u32, text: &str) -> Markup {
    let tenths = |n: u32| PreEscaped(format!("{}.{}", n / 10, n % 10));
    html! { text x=(tenths(x).0) y="14" textLength=(tenths(width).0) lengthAdjust="spacingAndGlyphs" { (text) } }
}
