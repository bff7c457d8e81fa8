//! A drawing as PNG, without its words: fonts are not to be relied on.

use resvg::{tiny_skia, usvg};

use super::mark::{Drawing, Mark};

/// A picture of more pixels than this in either direction is a mistake.
const MOST: f64 = 4_000.0;

impl Drawing {
    /// PNG at `scale` pixels a unit; `None` where there is nothing to draw.
    pub fn png(&self, scale: f32) -> Option<Vec<u8>> {
        let marks = self.marks.iter().filter(|m| !matches!(m, Mark::Word { .. })).cloned().collect();
        let wordless = Self { marks, ..self.clone() };
        let (w, h) = (self.width * f64::from(scale), self.height * f64::from(scale));
        if !(1.0..=MOST).contains(&w) || !(1.0..=MOST).contains(&h) {
            return None;
        }
        let tree = usvg::Tree::from_str(&wordless.picture(), &usvg::Options::default()).ok()?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 1 and MOST")]
        let mut pixels = tiny_skia::Pixmap::new(w.ceil() as u32, h.ceil() as u32)?;
        resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixels.as_mut());
        pixels.encode_png().ok()
    }
}
