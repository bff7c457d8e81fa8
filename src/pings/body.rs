//! What a job sends along: its last words, as evidence.

use launchwatch_probes::cleaned;

/// Bytes that are kept of it.
const MOST: usize = 10_000;
/// Lines that are kept: the last ones say how it ended.
const LINES: usize = 40;

/// Text that came with a ping: its first bytes.
#[derive(Debug, Clone, Default)]
pub struct Body {
    bytes: Vec<u8>,
    /// There was more.
    cut: bool,
}

impl Body {
    /// Keeps more of it, as far as there is room.
    pub fn push(&mut self, bytes: &[u8]) {
        let room = MOST - self.bytes.len().min(MOST);
        self.cut |= bytes.len() > room;
        self.bytes.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
    }

    /// Its last lines, without the key and control characters.
    pub(super) fn lines(&self, key: &str) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.bytes);
        let lines: Vec<String> =
            text.split(['\n', '\r']).map(|line| cleaned(line, &[key])).filter(|l| !l.is_empty()).collect();
        let room = LINES - usize::from(self.cut);
        let mut kept = lines.get(lines.len().saturating_sub(room)..).unwrap_or_default().to_vec();
        if self.cut {
            kept.push(format!("… (only the first {MOST} bytes are kept)"));
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_megabytes_of_control_characters_a_few_clean_lines_are_left() {
        let mut body = Body::default();
        for _ in 0..1_000 {
            body.push("\u{1b}[31mred\u{7}\u{0} ".repeat(100).as_bytes());
        }
        assert_eq!(body.bytes.len(), MOST);
        let lines = body.lines("k");
        assert!(lines.len() <= LINES && lines.iter().all(|l| l.chars().count() <= 401));
        assert!(lines.iter().all(|l| !l.chars().any(char::is_control)), "{lines:?}");
        assert!(lines.last().unwrap().contains("only the first"));
    }

    #[test]
    fn the_last_lines_are_kept_and_the_key_is_not() {
        let mut body = Body::default();
        let text: Vec<String> = (0..100).map(|n| format!("line {n} of s3cret-key-0123456789")).collect();
        body.push(text.join("\r\n").as_bytes());
        body.push(&[0xff, 0xfe, b'\n']);
        let lines = body.lines("s3cret-key-0123456789");
        assert_eq!(lines.len(), LINES);
        assert!(lines.iter().all(|l| !l.contains("s3cret")));
        assert!(lines.iter().any(|l| l.starts_with("line 99")));
    }
}
