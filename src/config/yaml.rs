//! Reads YAML into a tree: one document, no key twice, aliases bounded, nothing nested without end.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::scalar;
use super::source;
use super::tree::{Content, Key, Node, Place};

/// Deepest nesting that is read. Settings need six levels.
const DEPTH: usize = 64;
/// Most nodes that aliases may copy, all together: a few lines of aliases to aliases could name billions.
const COPIES: usize = 100_000;

/// Why a text could not be read.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) place: Place,
    pub(crate) what: String,
    pub(crate) hint: String,
}

impl Unreadable {
    fn new(place: Place, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { place, what: what.into(), hint: hint.into() }
    }
}

/// A key that stands twice in a mapping; the second one was left out of the tree.
#[derive(Debug)]
pub(crate) struct Twice {
    pub(crate) first: Place,
    pub(crate) second: Key,
}

/// The tree of a file (`None` if nothing is written there) and its doubled keys.
///
/// # Errors
/// The first thing that is not YAML, or not YAML that is understood here.
pub(crate) fn read(file: usize, text: &str) -> Result<(Option<Node>, Vec<Twice>), Unreadable> {
    let mut builder = Builder { file, lines: source::lines(text).collect(), ..Builder::default() };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|e| {
            let mark = *e.marker();
            Unreadable::new(
                builder.place(Span::empty(mark)),
                format!("not YAML: {}", e.info()),
                tabs(text, mark.line()),
            )
        })?;
        builder.take(event, span)?;
    }
    Ok((builder.root, builder.twice))
}

/// A hint for the most frequent mistake: tabs where YAML wants spaces.
fn tabs(text: &str, line: usize) -> &'static str {
    let around = text.lines().skip(line.saturating_sub(2)).take(2);
    let indented = around
        .filter_map(|l| l.split(|c: char| !c.is_whitespace()).next())
        .any(|indent| indent.contains('\t'));
    if indented { "YAML is indented by spaces; there is a tab here" } else { "" }
}

#[derive(Default)]
struct Builder<'t> {
    file: usize,
    lines: Vec<&'t str>,
    open: Vec<Frame>,
    anchors: BTreeMap<usize, Node>,
    copied: usize,
    root: Option<Node>,
    documents: usize,
    twice: Vec<Twice>,
}

/// A list or mapping that is not closed yet.
struct Frame {
    anchor: usize,
    place: Place,
    inside: Inside,
}

enum Inside {
    List(Vec<Node>),
    Map { entries: Vec<(Key, Node)>, seen: BTreeMap<String, Place>, key: Option<Key> },
}

impl Builder<'_> {
    fn place(&self, span: Span) -> Place {
        let (start, end) = (span.start, span.end);
        let length = if start.line() == end.line() { end.col().saturating_sub(start.col()) } else { 1 };
        Place { file: self.file, line: start.line(), column: start.col() + 1, length: length.max(1) }
    }

    /// The place of a quoted text without what follows it on the line: the parser counts blanks and comments in.
    fn trimmed(&self, place: Place, style: ScalarStyle) -> Place {
        let quote = match style {
            ScalarStyle::SingleQuoted => '\'',
            ScalarStyle::DoubleQuoted => '"',
            ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded => return place,
        };
        let line = self.lines.get(place.line.saturating_sub(1)).copied().unwrap_or_default();
        let mut escaped = false;
        let end = line.chars().skip(place.column).position(|c| {
            let closes = c == quote && !escaped;
            escaped = c == '\\' && quote == '"' && !escaped;
            closes
        });
        // A doubled single quote ends it early, which only shortens the carets.
        Place { length: end.map_or(place.length, |end| end + 2).min(place.length), ..place }
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Unreadable> {
        let place = self.place(span);
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    let hint = "put it into a file of its own and name the folder";
                    return Err(Unreadable::new(place, "a second document begins here", hint));
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let content = content(&text, style, tag.as_deref())
                    .map_err(|what| Unreadable::new(place, what, "leave the tag off"))?;
                let place = self.trimmed(place, style);
                self.put(Node { place, content }, anchor, span.is_empty())?;
            }
            Event::Alias(anchor) => self.copy(anchor, place)?,
            Event::SequenceStart(anchor, tag) => {
                self.begin(anchor, place, tag.as_deref(), Inside::List(Vec::new()))?;
            }
            Event::MappingStart(anchor, tag) => {
                let inside = Inside::Map { entries: Vec::new(), seen: BTreeMap::new(), key: None };
                self.begin(anchor, place, tag.as_deref(), inside)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end()?,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn begin(
        &mut self,
        anchor: usize,
        place: Place,
        tag: Option<&Tag>,
        inside: Inside,
    ) -> Result<(), Unreadable> {
        if let Some(tag) = tag {
            return Err(Unreadable::new(place, format!("the tag `{tag}` is not understood"), "leave it off"));
        }
        if self.open.len() >= DEPTH {
            return Err(Unreadable::new(place, format!("nested deeper than {DEPTH} levels"), ""));
        }
        self.open.push(Frame { anchor, place, inside });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Unreadable> {
        let Some(Frame { anchor, place, inside }) = self.open.pop() else { return Ok(()) };
        let content = match inside {
            Inside::List(items) => Content::List(items),
            Inside::Map { entries, .. } => Content::Map(entries),
        };
        self.put(Node { place, content }, anchor, false)
    }

    fn copy(&mut self, anchor: usize, place: Place) -> Result<(), Unreadable> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(Unreadable::new(place, "an alias inside of what it stands for", ""));
        };
        self.copied = self.copied.saturating_add(node.size());
        if self.copied > COPIES {
            return Err(Unreadable::new(place, format!("aliases make more than {COPIES} copies"), ""));
        }
        // Nesting by aliases counts like nesting by hand, or copies of copies would be deeper than the stack.
        if self.open.len() + depth(node) > DEPTH {
            return Err(Unreadable::new(place, format!("nested deeper than {DEPTH} levels"), ""));
        }
        self.put(node.clone(), 0, false)
    }

    /// Adds a finished node to what is open: as a key, a value, an element, or the whole document.
    fn put(&mut self, mut node: Node, anchor: usize, empty: bool) -> Result<(), Unreadable> {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut().map(|frame| &mut frame.inside) {
            None => self.root = (node.content != Content::Null).then_some(node),
            Some(Inside::List(items)) => items.push(node),
            Some(Inside::Map { entries, seen, key: pending }) => match pending.take() {
                None => *pending = Some(key(node)?),
                Some(key) => {
                    if empty {
                        // Nothing is written there; the key is what can be pointed at.
                        node.place = key.place;
                    }
                    if let Some(first) = seen.get(&key.name) {
                        self.twice.push(Twice { first: *first, second: key });
                    } else {
                        seen.insert(key.name.clone(), key.place);
                        entries.push((key, node));
                    }
                }
            },
        }
        Ok(())
    }
}

fn depth(node: &Node) -> usize {
    match &node.content {
        Content::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Content::Map(entries) => 1 + entries.iter().map(|(_, node)| depth(node)).max().unwrap_or(0),
        _ => 0,
    }
}

fn key(node: Node) -> Result<Key, Unreadable> {
    let name = match node.content {
        Content::Text(text) => text,
        Content::Number(number) => number.to_string(),
        Content::Bool(truth) => truth.to_string(),
        Content::Null | Content::List(_) | Content::Map(_) => {
            return Err(Unreadable::new(node.place, "a key must be a word", ""));
        }
    };
    if name == "<<" {
        let hint =
            "merge keys are not part of YAML 1.2: write the settings out, or use an alias as a whole value";
        return Err(Unreadable::new(node.place, "the merge key `<<` is not understood", hint));
    }
    Ok(Key { name, place: node.place })
}

fn content(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Content, String> {
    match tag {
        None if style == ScalarStyle::Plain => Ok(scalar::resolve(text)),
        None => Ok(Content::Text(text.to_owned())),
        Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => Ok(Content::Text(text.to_owned())),
        Some(tag) => Err(format!("the tag `{tag}` is not understood")),
    }
}
