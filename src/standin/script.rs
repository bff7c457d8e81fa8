//! Script: a recorded stream as plain values, and the small text format in which recordings are kept.

/// A recorded answer: what was sent when, and how it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    /// Name of the recording.
    pub name: String,
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: String,
    /// What was sent, in order.
    pub pieces: Vec<Piece>,
    /// How it ended.
    pub ending: Ending,
}

/// Bytes and the moment they were sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// Seconds since the request.
    pub at: f64,
    /// As they were on the wire.
    pub bytes: Vec<u8>,
}

/// How a recorded answer ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ending {
    /// The server ended the answer properly, so many seconds after the request.
    Close(f64),
    /// The connection broke, so many seconds after the request.
    Cut(f64),
    /// It never ended: comments every 25 s from the request on, after the last piece.
    Stay,
    /// There was no answer: the connection was refused or closed.
    Refused,
}

/// A line of a script that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptError {
    line: usize,
    what: String,
}

impl std::fmt::Display for ScriptError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "script line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for ScriptError {}

impl Script {
    /// Reads a file of scripts.
    ///
    /// `[name]` begins a script; `# …` is a comment; `let word = text` makes `$word` stand for the text from there on.
    /// In a script: `status 404`, `type application/json`, then lines of seconds and what was sent:
    /// `event <json>` (`data: <json>` and an empty line), `log <json>` (one more newline), `keepalive` (a comment),
    /// `raw <bytes>` (with `\n`, `\r`, `\\`). The last line says how it ended: `close`, `cut`, `stay`, `refused`.
    ///
    /// # Errors
    /// Names the first line that is none of these, or a script without an end.
    pub fn read_all(text: &str) -> Result<Vec<Script>, ScriptError> {
        let mut reader = Reader::default();
        for (at, line) in text.lines().enumerate() {
            reader.line(line.trim()).map_err(|what| ScriptError { line: at + 1, what })?;
        }
        let line = text.lines().count();
        reader.finish().map_err(|what| ScriptError { line, what })
    }
}

#[derive(Default)]
struct Reader {
    words: Vec<(String, String)>,
    done: Vec<Script>,
    open: Option<Script>,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), String> {
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            self.begin(name)
        } else if let Some(pair) = line.strip_prefix("let ") {
            let (word, text) = pair.split_once(" = ").ok_or("`let` needs ` = `")?;
            let text = self.fill(text);
            self.words.push((word.to_owned(), text));
            // Longest first, so that `$user` does not eat the head of `$username`.
            self.words.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
            Ok(())
        } else {
            let line = self.fill(line);
            self.step(&line)
        }
    }

    fn begin(&mut self, name: &str) -> Result<(), String> {
        if let Some(open) = &self.open {
            return Err(format!("script {:?} has no end", open.name));
        }
        self.open = Some(Script {
            name: name.to_owned(),
            status: 200,
            content_type: "text/event-stream".to_owned(),
            pieces: Vec::new(),
            ending: Ending::Stay,
        });
        Ok(())
    }

    fn step(&mut self, line: &str) -> Result<(), String> {
        let Some(open) = &mut self.open else {
            return Err("stands outside of any script".to_owned());
        };
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        match first {
            "status" => open.status = rest.parse().map_err(|_| format!("{rest:?} is no status"))?,
            "type" => rest.clone_into(&mut open.content_type),
            "stay" => return self.end(Ending::Stay),
            "refused" => return self.end(Ending::Refused),
            _ => {
                let at: f64 = first.parse().map_err(|_| format!("{first:?} is no number of seconds"))?;
                let (what, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                let bytes = match what {
                    "event" => format!("data: {rest}\n\n").into_bytes(),
                    "log" => format!("data: {rest}\n\n\n").into_bytes(),
                    "keepalive" => b":keepalive\n\n".to_vec(),
                    "raw" => raw(rest),
                    "close" => return self.end(Ending::Close(at)),
                    "cut" => return self.end(Ending::Cut(at)),
                    _ => return Err(format!("{what:?} is nothing that can be sent")),
                };
                if open.pieces.last().is_some_and(|last| last.at > at) {
                    return Err(format!("{at} lies before the line above"));
                }
                open.pieces.push(Piece { at, bytes });
            }
        }
        Ok(())
    }

    fn end(&mut self, ending: Ending) -> Result<(), String> {
        let mut script = self.open.take().ok_or("no script to end")?;
        script.ending = ending;
        self.done.push(script);
        Ok(())
    }

    fn finish(self) -> Result<Vec<Script>, String> {
        match self.open {
            Some(open) => Err(format!("script {:?} has no end", open.name)),
            None => Ok(self.done),
        }
    }

    fn fill(&self, text: &str) -> String {
        self.words.iter().fold(text.to_owned(), |text, (word, with)| text.replace(&format!("${word}"), with))
    }
}

fn raw(text: &str) -> Vec<u8> {
    text.replace("\\n", "\n").replace("\\r", "\r").replace("\\\\", "\\").into_bytes()
}
