//! What a drawing is made of.

/// What a mark means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// It worked.
    Passed,
    /// It worked, but not well.
    Degraded,
    /// It failed.
    Failed,
    /// We could not look.
    Unknown,
    /// Nothing was looked at.
    Nothing,
    /// Planned work.
    Planned,
    /// The measured thing itself: a line, a bar of duration.
    Figure,
    /// The same, less likely: the range around it.
    Range,
    /// Axes and their words.
    Axis,
    /// The ground of a picture of its own; a page has its own.
    Ground,
}

impl Tone {
    /// Name of the class in the page's style.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Nothing => "nothing",
            Self::Planned => "planned",
            Self::Figure => "figure",
            Self::Range => "range",
            Self::Axis => "axis",
            Self::Ground => "ground",
        }
    }

    /// Colour in a picture of its own; told apart also by those who see red and green alike.
    pub const fn colour(self) -> &'static str {
        match self {
            Self::Passed => "#0a7d8c",
            Self::Degraded => "#e0a100",
            Self::Failed => "#c2330f",
            Self::Unknown => "#8a8a8a",
            Self::Nothing => "#dcdcd8",
            Self::Planned => "#5b6ee1",
            Self::Figure => "#22577a",
            Self::Range => "#a9c6d8",
            Self::Axis => "#5b626b",
            Self::Ground => "#f4f4f2",
        }
    }
}

/// Where a word stands relative to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// One thing drawn. Lengths are in units of the drawing, y grows downwards.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// A filled box.
    Bar {
        /// Left edge.
        x: f64,
        /// Upper edge.
        y: f64,
        /// Width.
        width: f64,
        /// Height.
        height: f64,
        /// What it means.
        tone: Tone,
        /// Words shown when somebody points at it; empty for none.
        says: String,
    },
    /// A line through points.
    Line {
        /// The points.
        points: Vec<(f64, f64)>,
        /// Width of the line.
        width: f64,
        /// What it means.
        tone: Tone,
    },
    /// Upright lines of one tone and width: hundreds of bars in few bytes.
    Strokes {
        /// Of each its middle, its upper and its lower end.
        lines: Vec<(f64, f64, f64)>,
        /// Width of all.
        width: f64,
        /// What they mean.
        tone: Tone,
    },
    /// A filled shape between points.
    Area {
        /// The points, around.
        points: Vec<(f64, f64)>,
        /// What it means.
        tone: Tone,
    },
    /// A filled circle.
    Dot {
        /// Centre.
        x: f64,
        /// Centre.
        y: f64,
        /// Radius.
        radius: f64,
        /// What it means.
        tone: Tone,
    },
    /// A word. Not in a PNG: fonts are not to be relied on.
    Word {
        /// Its point.
        x: f64,
        /// Its base line.
        y: f64,
        /// Where it stands relative to the point.
        anchor: Anchor,
        /// What it says.
        text: String,
    },
}

/// A drawing: marks in the order they are laid on each other.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Drawing {
    /// Width in units.
    pub width: f64,
    /// Height in units.
    pub height: f64,
    /// What it shows, in words, for whoever does not see it.
    pub says: String,
    /// Stretched to the width of where it stands: for drawings without words in them.
    pub stretches: bool,
    /// What is drawn.
    pub marks: Vec<Mark>,
}
