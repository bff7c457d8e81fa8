//! How much of an event stream is let in before it is called a flood.

/// Longest line, and longest event.
const LONGEST: usize = 1 << 20;
/// All bytes of one stream.
const MOST_BYTES: usize = 64 << 20;
/// All lines of one stream.
const MOST_LINES: usize = 200_000;

/// Counts what has been let in.
#[derive(Default)]
pub(super) struct Bounds {
    line: usize,
    event: usize,
    lines: usize,
    bytes: usize,
}

impl Bounds {
    /// Counts a piece that holds at most one line end, as its last byte.
    pub(super) fn take(&mut self, piece: &[u8]) -> Result<(), String> {
        self.bytes += piece.len();
        self.line += piece.len();
        self.event += piece.len();
        if self.line > LONGEST || self.event > LONGEST {
            return Err(format!("a line or event longer than {LONGEST} bytes"));
        }
        if piece.last() == Some(&b'\n') {
            self.lines += 1;
            // An empty line (or CR LF) ends an event.
            if self.line <= 2 {
                self.event = 0;
            }
            self.line = 0;
        }
        if self.bytes > MOST_BYTES {
            return Err(format!("more than {MOST_BYTES} bytes"));
        }
        if self.lines > MOST_LINES {
            return Err(format!("more than {MOST_LINES} lines"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_an_end_is_stopped_at_a_mebibyte() {
        let mut bounds = Bounds::default();
        let piece = vec![b'x'; 1000];
        let let_in = (0..2000).take_while(|_| bounds.take(&piece).is_ok()).count();
        assert_eq!(let_in, LONGEST / 1000);
    }

    #[test]
    fn an_event_of_many_lines_is_stopped_too_but_many_events_are_not() {
        let mut endless = Bounds::default();
        assert!((0..200_000).any(|_| endless.take(b"data: xxxxxxxxxxxx\n").is_err()));
        let mut many = Bounds::default();
        for _ in 0..90_000 {
            assert_eq!(many.take(b"data: xxxxxxxxxxxx\n"), Ok(()));
            assert_eq!(many.take(b"\n"), Ok(()));
        }
    }
}
