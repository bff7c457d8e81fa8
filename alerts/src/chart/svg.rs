//! A drawing as SVG: for a page, where classes give the colours, or as a picture of its own, which brings them.

use std::fmt::Write as _;

use super::mark::{Anchor, Drawing, Mark, Tone};

impl Drawing {
    /// For a page: tones become classes, no style of its own (so that a strict content policy holds).
    pub fn svg(&self) -> String {
        self.write(false)
    }

    /// As a file of its own, with colours, ground and size.
    pub fn picture(&self) -> String {
        self.write(true)
    }

    fn write(&self, alone: bool) -> String {
        let (w, h) = (number(self.width), number(self.height));
        let stretched = if self.stretches { r#" preserveAspectRatio="none""# } else { "" };
        let head = if alone {
            format!(r#" xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}""#)
        } else {
            String::new()
        };
        let says = escaped(&self.says);
        let mut out = format!(
            r#"<svg{head} class="chart" role="img" aria-label="{says}" viewBox="0 0 {w} {h}"{stretched}>"#
        );
        if alone {
            let _ = write!(out, r#"<rect width="{w}" height="{h}" {}/>"#, paint(Tone::Ground, true, "fill"));
        }
        for mark in &self.marks {
            one(&mut out, mark, alone);
        }
        out.push_str("</svg>");
        out
    }
}

fn one(out: &mut String, mark: &Mark, alone: bool) {
    // Writing to a string does not fail.
    let _ = match mark {
        Mark::Bar { x, y, width, height, tone, says } => {
            let (x, y, w, h) = (number(*x), number(*y), number(width.max(0.0)), number(height.max(0.0)));
            let paint = paint(*tone, alone, "fill");
            let shape = format!(r#"<rect x="{x}" y="{y}" width="{w}" height="{h}" {paint}"#);
            match says.as_str() {
                "" => write!(out, "{shape}/>"),
                says => write!(out, "{shape}><title>{}</title></rect>", escaped(says)),
            }
        }
        Mark::Line { points, width, tone } => {
            let (points, paint) = (list(points), paint(*tone, alone, "stroke"));
            write!(
                out,
                r#"<polyline fill="none" stroke-width="{}" points="{points}" {paint}/>"#,
                number(*width)
            )
        }
        Mark::Strokes { lines, width, tone } => {
            let (lines, width, paint) = (uprights(lines), number(*width), paint(*tone, alone, "stroke"));
            write!(out, r#"<path fill="none" stroke-width="{width}" d="{lines}" {paint}/>"#)
        }
        Mark::Area { points, tone } => {
            write!(out, r#"<polygon points="{}" {}/>"#, list(points), paint(*tone, alone, "fill"))
        }
        Mark::Dot { x, y, radius, tone } => {
            let (x, y, r) = (number(*x), number(*y), number(*radius));
            write!(out, r#"<circle cx="{x}" cy="{y}" r="{r}" {}/>"#, paint(*tone, alone, "fill"))
        }
        Mark::Word { x, y, anchor, text } => {
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            let font = if alone { r#" font-family="sans-serif" font-size="11""# } else { "" };
            let (x, y, paint, text) =
                (number(*x), number(*y), paint(Tone::Axis, alone, "fill"), escaped(text));
            write!(out, r#"<text x="{x}" y="{y}" text-anchor="{anchor}"{font} {paint}>{text}</text>"#)
        }
    };
}

/// In a page a class: `passed` for what is filled, `passed-line` for lines.
fn paint(tone: Tone, alone: bool, what: &str) -> String {
    match (alone, what) {
        (true, what) => format!(r#"{what}="{}""#, tone.colour()),
        (false, "stroke") => format!(r#"class="{}-line""#, tone.class()),
        (false, _) => format!(r#"class="{}""#, tone.class()),
    }
}

fn list(points: &[(f64, f64)]) -> String {
    let pairs: Vec<String> = points.iter().map(|(x, y)| format!("{},{}", number(*x), number(*y))).collect();
    pairs.join(" ")
}

fn uprights(lines: &[(f64, f64, f64)]) -> String {
    lines.iter().fold(String::new(), |mut out, (x, upper, lower)| {
        let _ = write!(out, "M{} {}V{}", number(*x), number(*lower), number(*upper));
        out
    })
}

/// Two places behind the point are finer than any screen; what is no number is 0.
fn number(of: f64) -> String {
    if !of.is_finite() {
        return "0".into();
    }
    let text = format!("{of:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_word_says_it_stays_a_word() {
        let word =
            Mark::Word { x: 1.0, y: f64::NAN, anchor: Anchor::End, text: "</text><script>\u{202e}\0".into() };
        let bar =
            Mark::Bar { x: 0.0, y: 0.0, width: -1.0, height: 2.0, tone: Tone::Failed, says: "<b>&\"".into() };
        let drawing = Drawing {
            width: 10.0,
            height: 10.5,
            says: "\"><i>".into(),
            stretches: false,
            marks: vec![word, bar],
        };
        let svg = drawing.svg();
        assert!(!svg.contains("<script") && !svg.contains("<b>") && !svg.contains("<i>"), "{svg}");
        assert!(svg.contains(r#"y="0""#) && svg.contains(r#"viewBox="0 0 10 10.5""#), "{svg}");
        assert!(!svg.contains("style=") && !svg.contains('#'), "a page's policy forbids style: {svg}");
    }
}
