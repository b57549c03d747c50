//! What is marked in the conversation, as places in its text, so that neither scrolling nor new text nor another width moves it. It
//! holds no text.

/// What a mark grows by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    #[default]
    Letter,
    Word,
    /// A line of the text, however many rows it takes.
    Line,
}

/// A stretch of the text of one part of an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stretch {
    /// Position of the entry in the log, and the part of it.
    pub entry: usize,
    pub part: usize,
    /// Bytes of the part's text without the drawing.
    pub start: usize,
    pub end: usize,
    /// A hash of that text up to `end`: with another text before it, the stretch would be another one.
    pub print: u64,
}

/// What is marked: all from the place that was pressed to the place that the pointer was drawn to, both included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    pub unit: Unit,
    pub from: Stretch,
    /// `None` while the button is only held.
    pub to: Option<Stretch>,
}

/// A place in the text: entry, part, byte.
pub type Spot = (usize, usize, usize);

impl Mark {
    /// Beginning and end of what is marked; `None` while that is nothing.
    pub fn bounds(&self) -> Option<(Spot, Spot)> {
        let (from, to) = (self.from, self.to?);
        let start = |stretch: Stretch| (stretch.entry, stretch.part, stretch.start);
        let end = |stretch: Stretch| (stretch.entry, stretch.part, stretch.end);
        let (first, last) = (start(from).min(start(to)), end(from).max(end(to)));
        (first < last).then_some((first, last))
    }
}
